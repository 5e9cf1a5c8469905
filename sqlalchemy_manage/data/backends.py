"""What differs by database: how a transaction starts, and what a load has to set right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from .layout import Layout

_MYSQL = ("mysql", "mariadb")


@contextmanager
def reading(connection: sa.Connection) -> Iterator[None]:
    """One snapshot: all that is read inside the block is of one moment."""
    if connection.dialect.name == "sqlite":
        # The driver begins only before a write; without BEGIN each SELECT is a moment of its own.
        connection.exec_driver_sql("BEGIN")
    elif connection.dialect.name in ("postgresql", *_MYSQL):
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
    if name in ("postgresql", *_MYSQL):
        # An engine set to AUTOCOMMIT would write row by row.
        connection.execution_options(isolation_level=connection.default_isolation_level)
    try:
        if name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        elif name == "postgresql":
            connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
        with _session_settings(connection):
            yield
            connection.commit()
    finally:
        connection.rollback()


@contextmanager
def _session_settings(connection: sa.Connection) -> Iterator[None]:
    if connection.dialect.name not in _MYSQL:
        yield
        return
    row = connection.exec_driver_sql("SELECT @@sql_mode, @@foreign_key_checks").one()
    mode, checks = str(row[0]), int(row[1])
    # Otherwise a key of 0 would be replaced by the next free one.
    set_mode = sa.text("SET SESSION sql_mode = :mode")
    connection.execute(set_mode, {"mode": f"{mode},NO_AUTO_VALUE_ON_ZERO".lstrip(",")})
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(set_mode, {"mode": mode})
        connection.exec_driver_sql(f"SET SESSION foreign_key_checks = {checks}")


def defers(connection: sa.Connection, constraint: sa.ForeignKeyConstraint) -> bool:
    """Whether a foreign key is checked only at the end of a ``writing`` block."""
    if connection.dialect.name == "sqlite":
        return True
    return connection.dialect.name == "postgresql" and bool(constraint.deferrable)


def stop_checking(connection: sa.Connection) -> bool:
    """Switch foreign keys off for the ``writing`` block; False where that cannot be done."""
    if connection.dialect.name not in _MYSQL:
        return False
    connection.exec_driver_sql("SET SESSION foreign_key_checks = 0")
    return True


def check_deferred(connection: sa.Connection) -> None:
    """Check now what was put off; raises the driver's error."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")


def broken_on_sqlite(connection: sa.Connection, tables: Iterable[sa.Table]) -> list[str]:
    """Foreign keys of the database itself that do not hold, in words; other databases refuse."""
    if connection.dialect.name != "sqlite":
        return []
    found = []
    quote = connection.dialect.identifier_preparer.quote_identifier
    for table in tables:
        schema = f"{quote(table.schema)}." if table.schema else ""
        statement = f"PRAGMA {schema}foreign_key_check({quote(table.name)})"
        for name, rowid, parent, _ in connection.exec_driver_sql(statement).fetchmany(5):
            found.append(f"{name}: the row with rowid {rowid} refers to a missing row of {parent}.")
    return found


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


def tables_with_triggers(connection: sa.Connection) -> set[str] | None:
    """The names of the tables whose rows a trigger may change; None where that is not known."""
    statements = {
        "sqlite": "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": (
            "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE NOT t.tgisinternal"
        ),
        "mysql": (
            "SELECT event_object_table FROM information_schema.triggers "
            "WHERE event_object_schema = database()"
        ),
    }
    statements["mariadb"] = statements["mysql"]
    statement = statements.get(connection.dialect.name)
    if statement is None:
        return None
    return {str(row[0]) for row in connection.exec_driver_sql(statement)}


def advance_sequences(connection: sa.Connection, layouts: Iterable[Layout]) -> None:
    """Let every sequence of these tables stand at or after the largest number in its column.

    Never backwards: a number that was given out once is not given out again. SQLite and
    MariaDB move their counters themselves.
    """
    postgresql = connection.dialect.name == "postgresql"
    preparer = connection.dialect.identifier_preparer
    for layout in layouts:
        table = preparer.format_table(layout.table)
        for field in layout.all_fields:
            sequence = field.column.default if field.column.default is not None else None
            named = (
                preparer.format_sequence(sequence) if isinstance(sequence, sa.Sequence) else None
            )
            if field.codec.kind != "int":
                continue
            column = preparer.format_column(field.column)
            if postgresql and not field.column.foreign_keys:
                connection.execute(
                    sa.text(
                        f"SELECT setval(s, m) FROM (SELECT max({column}) AS m FROM {table}) AS x, "
                        "(SELECT CAST(coalesce(:named, pg_get_serial_sequence(:t, :c))"
                        " AS regclass) AS s) AS y "
                        "WHERE s IS NOT NULL AND m > coalesce(pg_sequence_last_value(s), 0)"
                    ),
                    {"named": named, "t": table, "c": field.column.name},
                )
            elif named and connection.dialect.name in _MYSQL:
                highest = connection.execute(sa.select(sa.func.max(field.column))).scalar()
                if highest is not None:
                    connection.exec_driver_sql(f"SELECT SETVAL({named}, {int(highest)})")
