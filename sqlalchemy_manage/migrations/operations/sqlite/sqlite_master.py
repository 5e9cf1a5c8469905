"""SQLite: what it says of itself, and how its ALTER TABLE treats what mentions a table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa


@contextmanager
def references_follow(connection: sa.Connection) -> Iterator[None]:
    """Let RENAME and DROP COLUMN look at the foreign keys, views and triggers of all tables.

    The runner sets legacy_alter_table, without which a table that a view reads cannot be
    rebuilt; under it they stay as they are
    (https://sqlite.org/pragma.html#pragma_legacy_alter_table).
    """
    before = connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar()
    connection.exec_driver_sql("PRAGMA legacy_alter_table=OFF")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA legacy_alter_table={before}")


class SqliteMaster:
    """sqlite_master and sqlite_sequence of one database file."""

    def __init__(self, connection: sa.Connection, schema: str | None) -> None:
        self.connection = connection
        self.schema = schema
        self.quote = connection.dialect.identifier_preparer.quote
        self.where = f"{self.quote(schema)}." if schema else ""

    def of(self, table: str, kind: str) -> dict[str, str]:
        """Name and statement of what a table has of a kind, in the order they were made."""
        rows = self.connection.exec_driver_sql(
            f"SELECT name, sql FROM {self.where}sqlite_master WHERE type = ? AND sql IS NOT NULL"
            " AND tbl_name = ? COLLATE NOCASE ORDER BY rowid",
            (kind, table),
        )
        return {name: sql for name, sql in rows}

    def primary_key(self, table: str) -> tuple[str, ...]:
        """The columns of a table's key in their order, in lower case, as SQLite itself has it."""
        rows = self.connection.exec_driver_sql(
            "SELECT name FROM pragma_table_xinfo(?, ?) WHERE pk ORDER BY pk",
            (table, self.schema or "main"),
        )
        return tuple(name.casefold() for (name,) in rows)

    def last_numbers(self) -> dict[str, int]:
        """The last number that AUTOINCREMENT gave in each table, maybe to a row that is gone."""
        master = f"SELECT 1 FROM {self.where}sqlite_master WHERE name = 'sqlite_sequence'"
        if self.connection.exec_driver_sql(master).first() is None:
            return {}
        query = f"SELECT name, seq FROM {self.where}sqlite_sequence"
        return {name: number for name, number in self.connection.exec_driver_sql(query)}

    def last_number(self, table: str) -> int | None:
        """The same in one table; None where it gave none."""
        numbers = {name.casefold(): number for name, number in self.last_numbers().items()}
        return numbers.get(table.casefold())

    def set_last_number(self, table: str, number: int) -> None:
        sequence = f"{self.where}sqlite_sequence"
        delete = f"DELETE FROM {sequence} WHERE name = ? COLLATE NOCASE"
        self.connection.exec_driver_sql(delete, (table,))
        self.connection.exec_driver_sql(f"INSERT INTO {sequence} VALUES (?, ?)", (table, number))

    def hand_on_last_number(self, table: str, other: str) -> None:
        """Have ``other`` count on from where ``table`` is, if that has given a number.

        In SQL alone: shown for a database that is not there, it does the same.
        """
        sequence = f"{self.where}sqlite_sequence"
        there = f"SELECT ?, seq FROM {sequence} WHERE name = ? COLLATE NOCASE"
        self.connection.exec_driver_sql(
            f"DELETE FROM {sequence} WHERE name = ? AND EXISTS ({there})", (other, other, table)
        )
        self.connection.exec_driver_sql(f"INSERT INTO {sequence} {there}", (other, table))

    def take_away(self, kind: str, name: str) -> list[str]:
        """Drop a view, with its triggers, or a trigger; the statements that make them again."""
        rows = self.connection.exec_driver_sql(
            f"SELECT sql FROM {self.where}sqlite_master WHERE name = ? OR (tbl_name = ?"
            " AND ? = 'view' AND type = 'trigger') ORDER BY type DESC, rowid",
            (name, name, kind),
        )
        found = list(rows.scalars())
        self.connection.exec_driver_sql(f"DROP {kind} {self.where}{self.quote(name)}")
        return found
