"""What differs by database: how a transaction starts, and what must be adjusted for a load."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from ..sql.dialects import MARIADB
from ..sql.raw import cut_name, undoubled


@contextmanager
def reading(connection: sa.Connection) -> Iterator[None]:
    """One snapshot: all that is read inside the block is of one moment."""
    if connection.dialect.name == "sqlite":
        # The driver begins only before a write; without BEGIN each SELECT is a moment of its own.
        connection.exec_driver_sql("BEGIN")
    elif connection.dialect.name in ("postgresql", *MARIADB):
        connection.execution_options(isolation_level="REPEATABLE READ")
    try:
        yield
    finally:
        connection.rollback()


@contextmanager
def writing(connection: sa.Connection) -> Iterator[None]:
    """One transaction, committed at the end of the block; nothing is written if it raises.

    Constraints that the database can defer are checked at its end.
    """
    name = connection.dialect.name
    if name in ("postgresql", *MARIADB):
        # An engine set to AUTOCOMMIT would write row by row.
        connection.execution_options(isolation_level=connection.default_isolation_level)
    try:
        if name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        elif name == "postgresql":
            connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
        with storing_zeros(connection), _session_settings(connection):
            yield
            connection.commit()
    finally:
        connection.rollback()


@contextmanager
def storing_zeros(connection: sa.Connection) -> Iterator[None]:
    """MariaDB and MySQL store a key of 0, and do not replace it by the next free one.

    They do so for an AUTO_INCREMENT column; other rows would refer to a 0 that is not there.
    The transaction ends with the block.
    """
    if connection.dialect.name not in MARIADB:
        yield
        return
    mode = str(connection.exec_driver_sql("SELECT @@sql_mode").scalar_one())
    set_mode = sa.text("SET SESSION sql_mode = :mode")
    connection.execute(set_mode, {"mode": f"{mode},NO_AUTO_VALUE_ON_ZERO".lstrip(",")})
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(set_mode, {"mode": mode})


@contextmanager
def _session_settings(connection: sa.Connection) -> Iterator[None]:
    if connection.dialect.name not in MARIADB:
        yield
        return
    checks = int(connection.exec_driver_sql("SELECT @@foreign_key_checks").scalar_one())
    try:
        yield
    finally:
        connection.rollback()
        connection.exec_driver_sql(f"SET SESSION foreign_key_checks = {checks}")


def defers(connection: sa.Connection, constraint: sa.ForeignKeyConstraint) -> bool:
    """Whether a foreign key is checked only at the end of a ``writing`` block."""
    if connection.dialect.name == "sqlite":
        return True
    return connection.dialect.name == "postgresql" and bool(constraint.deferrable)


def stop_checking(connection: sa.Connection) -> bool:
    """Switch foreign keys off for the ``writing`` block; False where that cannot be done."""
    if connection.dialect.name not in MARIADB:
        return False
    connection.exec_driver_sql("SET SESSION foreign_key_checks = 0")
    return True


def check_deferred(connection: sa.Connection) -> None:
    """Check now what was deferred; raises the driver's error."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")


@contextmanager
def giving_identities(
    connection: sa.Connection, columns: Iterable[sa.Column[Any]]
) -> Iterator[None]:
    """Let inserts inside the block name values for GENERATED ALWAYS AS IDENTITY columns."""
    always = any(c.identity is not None and c.identity.always for c in columns)
    if not always or connection.dialect.name != "postgresql":
        yield
        return

    def override(c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
        # SQLAlchemy's insert() has no place for the clause.
        clause = ") OVERRIDING SYSTEM VALUE VALUES ("
        if statement.startswith("INSERT INTO"):
            statement = statement.replace(") VALUES (", clause, 1)
        return statement, parameters

    event.listen(connection, "before_cursor_execute", override, retval=True)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", override)


_TRIGGERS = {
    "sqlite": "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT c.relname, concat_ws(' ', CASE WHEN t.tgtype & 4 > 0 THEN 'INSERT' END,"
        " CASE WHEN t.tgtype & 16 > 0 THEN 'UPDATE' END) "
        "FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal"
    ),
    "mysql": (
        "SELECT event_object_table, event_manipulation FROM information_schema.triggers "
        "WHERE event_object_schema = database()"
    ),
}


def triggers(connection: sa.Connection) -> set[tuple[str, str]]:
    """``(table, event)`` of the triggers in the database, event being INSERT or UPDATE."""
    name = connection.dialect.name
    statement = _TRIGGERS.get("mysql" if name in MARIADB else name)
    found = set()
    for table, text in connection.exec_driver_sql(statement) if statement else ():
        if name == "sqlite":
            # CREATE TRIGGER name [BEFORE|AFTER|INSTEAD OF] event [OF column, ...] ON table
            text = re.split(r"(?i)\bON\b", str(text), maxsplit=1)[0]
        found |= {(str(table), event) for event in ("INSERT", "UPDATE") if event in text.upper()}
    return found


def advance_sequences(connection: sa.Connection, columns: Iterable[sa.Column[Any]]) -> None:
    """Set every sequence of these whole-number columns to at least the largest number there,
    or to the smallest, where it counts down.

    Those of serial and identity columns, and those that a default of the model names. Never
    backwards: a number that was given out once is not given out again. SQLite and MariaDB move
    their counters themselves.
    """
    for column in columns:
        if not isinstance(plain_type(column), sa.Integer):
            continue
        if connection.dialect.name == "postgresql":
            _advance_postgresql(connection, column)
        elif connection.dialect.name in MARIADB and isinstance(column.default, sa.Sequence):
            name = connection.dialect.identifier_preparer.format_sequence(column.default)
            highest = connection.scalar(sa.select(sa.func.max(column)))
            if highest is not None:
                connection.exec_driver_sql(f"SELECT SETVAL({name}, {int(highest)})")


def plain_type(column: sa.Column[Any]) -> sa.types.TypeEngine[Any]:
    """The type of a column, without the decorators around it."""
    kind = column.type
    while isinstance(kind, sa.TypeDecorator):
        kind = kind.impl_instance
    return kind


_ADVANCE = """
SELECT setval(CAST(:name AS regclass), filled.last)
FROM (SELECT max({column}) AS last, 1 AS way FROM {table}
UNION ALL SELECT min({column}), -1 FROM {table}) AS filled, {sequence} AS sequence, pg_sequence
WHERE seqrelid = CAST(:name AS regclass) AND sign(seqincrement) = way
AND filled.last BETWEEN seqmin AND seqmax
AND (CASE way WHEN 1 THEN filled.last > last_value ELSE filled.last < last_value END
OR (filled.last = last_value AND NOT is_called))
"""


def _advance_postgresql(connection: sa.Connection, column: sa.Column[Any]) -> None:
    quote = connection.dialect.identifier_preparer
    table = undoubled(quote.format_table(column.table), connection.dialect)
    owned = connection.scalar(
        sa.text("SELECT pg_get_serial_sequence(:table, :column)"),
        {"table": table, "column": cut_name(column.name)},
    )
    names = {owned} if owned else set()
    if isinstance(column.default, sa.Sequence) and not (owned and column.default.optional):
        names.add(undoubled(quote.format_sequence(column.default), connection.dialect))
    for name in sorted(names):
        filled = undoubled(quote.quote(column.name), connection.dialect)
        parts = {"column": filled, "table": table, "sequence": name}
        # A colon would begin a parameter.
        safe = {k: part.replace(":", "\\:") for k, part in parts.items()}
        connection.execute(sa.text(_ADVANCE.format(**safe)), {"name": name})
