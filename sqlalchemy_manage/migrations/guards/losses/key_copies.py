"""The keys and links of a table as they were, in a temporary table, and what is gone of them.

A fingerprint shows that something is lost; to name it, the old keys must be there. A
second connection cannot be asked for them: PostgreSQL and MariaDB lock a table that is
altered against it, and SQLite may. A copy of the keys costs no more than their hash, and
comparing it by the primary key less.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ....databases.error_kinds import ErrorKind, error_kind, is_passing
from ....links.catalog import Name, StoredTable, quoted
from ....links.fingerprint import Fingerprint, fingerprint
from ....sql.dialects import MARIADB
from .loss import Loss

NAMED = 10
"""How many of the lost rows are named."""


@dataclass
class KeyCopy:
    """``copy`` is None where there is none: no right to make one, or nothing identifies the rows.

    ``values``: how many of each column's are not NULL, once a statement came that could drop
    one. ``origin``: what the table was called before the revision; ``now`` and ``columns``:
    what it and its columns are called in the meantime; ``filled``: columns that were filled
    from others.
    """

    stored: StoredTable
    rows: int
    copy: str | None
    before: Fingerprint | None = None
    values: dict[str, int] = field(default_factory=dict)
    origin: Name = (None, "")
    now: Name = (None, "")
    columns: dict[str, str] = field(default_factory=dict)
    filled: dict[str, str] = field(default_factory=dict)

    def name_of(self, column: str, now: StoredTable) -> str | None:
        """What a column is called now; None when it is gone."""
        if now.oid and now.oid == self.stored.oid:
            places = {c.place: c.name for c in now.columns.values()}
            if (place := self.stored.columns[column].place) in places:
                return places[place]
            if self.filled.get(column) in now.columns:
                return self.filled[column]
            # Copied and dropped, and the copy has the column's name: practically the same.
            known = {c.place for c in self.stored.columns.values()}
            same = now.columns.get(column)
            return column if same and same.place not in known else None
        names = (self.columns.get(column), column, self.filled.get(column))
        return next((name for name in names if name in now.columns), None)


def keep(connection: sa.Connection, table: StoredTable, copy: str) -> KeyCopy | None:
    """Remember a table's rows; None when it has none."""
    run = connection.exec_driver_sql
    source = quoted(connection, table.name)
    if run(f"SELECT 1 FROM {source} LIMIT 1").first() is None:
        return None
    columns = list(
        dict.fromkeys([*table.identity, *(c for link in table.links for c in link.columns)])
    )
    if columns:
        names = ", ".join(quoted(connection, column) for column in columns)
        create = f"CREATE TEMPORARY TABLE {quoted(connection, copy)} AS SELECT"
        if _tried(connection, f"{create} {names} FROM {source}"):
            rows = run(f"SELECT count(*) FROM {copy_of(connection, copy)}").scalar()
            return KeyCopy(table, int(rows or 0), copy, origin=table.name, now=table.name)
    found = fingerprint(connection, table)
    return KeyCopy(table, found.rows, None, found, origin=table.name, now=table.name)


def _tried(connection: sa.Connection, statement: str) -> bool:
    """Whether it could be run; a transaction of PostgreSQL's survives it in any case."""
    run = connection.exec_driver_sql
    autocommit = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
    savepoint = connection.dialect.name == "postgresql" and not autocommit
    if savepoint:
        run("SAVEPOINT sqlalchemy_manage_keep")
    try:
        run(statement)
    except DBAPIError as error:
        # After a deadlock MariaDB has no transaction any more. Rows that another session has
        # locked can still be read by the fingerprint.
        if is_passing(error) and error_kind(error) is not ErrorKind.LOCKED:
            raise
        if savepoint:
            run("ROLLBACK TO SAVEPOINT sqlalchemy_manage_keep")
        return False
    if savepoint:
        run("RELEASE SAVEPOINT sqlalchemy_manage_keep")
    return True


def copy_of(connection: sa.Connection, copy: str) -> str:
    """Its name in SQL, past any table of the same name on the search path."""
    schema = {"postgresql": "pg_temp", "sqlite": "temp"}.get(connection.dialect.name)
    return quoted(connection, (schema, copy))


def forget(connection: sa.Connection, kept: KeyCopy) -> None:
    """Drop the copy."""
    if kept.copy is not None:
        # MariaDB commits at a DROP TABLE, but for that of a temporary one that is called so.
        word = "TEMPORARY " if connection.dialect.name in MARIADB else ""
        connection.exec_driver_sql(f"DROP {word}TABLE {copy_of(connection, kept.copy)}")


def count_values(connection: sa.Connection, kept: KeyCopy) -> None:
    """Count what is in each column, before it could be dropped."""
    stored = kept.stored
    names = [c.name for c in stored.columns.values() if not c.generated]
    names = [name for name in names if name not in kept.values]
    current = [kept.columns.get(name, name) for name in names]
    if names:
        wanted = ", ".join(f"count({quoted(connection, name)})" for name in current)
        row = connection.exec_driver_sql(f"SELECT {wanted} FROM {quoted(connection, kept.now)}")
        kept.values |= dict(zip(names, map(int, row.one()), strict=True))


def gone(connection: sa.Connection, kept: KeyCopy) -> Loss:
    """The loss of the whole table."""
    examples: tuple[str, ...] = ()
    if kept.copy is not None and kept.stored.identity:
        identity = kept.stored.identity
        columns = ", ".join(quoted(connection, column) for column in identity)
        found = connection.exec_driver_sql(
            f"SELECT {columns} FROM {copy_of(connection, kept.copy)}"
            f" ORDER BY {columns} LIMIT {NAMED}"
        )
        examples = tuple(shown(identity, row) for row in found)
    names = labels(kept, kept.stored)
    return Loss(names, "rows", kept.rows, kept.rows, examples)


def labels(kept: KeyCopy, now: StoredTable) -> tuple[tuple[str, ...], ...]:
    """What the table may be called in a declaration, its name of before first."""
    names = (kept.origin, kept.stored.name, now.name)
    return tuple(dict.fromkeys(tuple(filter(None, name)) for name in names))


def shown(names: tuple[str, ...], values: object) -> str:
    """``id=1, name='x'``."""
    return ", ".join(f"{n}={v!r}" for n, v in zip(names, values, strict=True))  # type: ignore[call-overload]
