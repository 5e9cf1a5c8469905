"""SQLite: the rows of a large link table, inserted in the order of their key.

Each row of a link table is a place in the index of its key. Where that index outgrows the
cache, rows that come in another order have its pages read and written again and again; in
its own order each is written once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from .values import target


class Waiting:
    """Rows that wait, in temporary tables of the connection, to be sorted."""

    def __init__(self, connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
        self.connection = connection
        self.tables: dict[str, tuple[sa.Table, str]] = {}
        self._all = tables
        self._taken: dict[str, bool] = {}
        self._quote = connection.dialect.identifier_preparer.quote

    def takes(self, table: sa.Table, columns: Sequence[str], insert: str) -> bool:
        """Whether rows of these columns, which ``insert`` would write, may wait.

        Those of a table that is nothing but its key, to which no other refers, and which has
        no trigger that would see them come.
        """
        keys = {column.key for column in table.primary_key}
        if len(keys) < 2 or not keys == set(columns) == set(table.columns.keys()):
            return False
        if not insert.endswith(f"VALUES ({', '.join('?' * len(columns))})"):
            return False  # a type of theirs has SQL of its own around the value
        if table.fullname not in self._taken:
            self._taken[table.fullname] = not (table.schema or self._is_seen(table))
        return self._taken[table.fullname]

    def _is_seen(self, table: sa.Table) -> bool:
        if any(key.references(table) for other in self._all for key in other.foreign_keys):
            return True
        triggers = " UNION ALL ".join(
            f"SELECT 1 FROM {catalog} WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE"
            for catalog in ("sqlite_master", "sqlite_temp_master")
        )
        found = self.connection.exec_driver_sql(triggers, (table.name, table.name))
        return found.first() is not None

    def insert(self, table: sa.Table, columns: Sequence[str]) -> str:
        """The INSERT with which rows begin to wait, a parameter for each of ``columns``."""
        if table.fullname not in self.tables:
            name = f"temp.sqlalchemy_manage_waiting_{len(self.tables)}"
            self.connection.exec_driver_sql(f"CREATE TABLE {name} ({self._names(table)})")
            self.tables[table.fullname] = (table, name)
        names = ", ".join(self._quote(table.columns[key].name) for key in columns)
        _, name = self.tables[table.fullname]
        return f"INSERT INTO {name} ({names}) VALUES ({', '.join('?' * len(columns))})"

    def put_in(self) -> None:
        """Move all that wait into their tables. Raises DBAPIError for what they do not take."""
        (cache,) = self.connection.exec_driver_sql("PRAGMA cache_size").one()
        # SQLite sorts in as much memory as its cache may have; its default is as fast here.
        self.connection.exec_driver_sql("PRAGMA cache_size=-2000")
        try:
            for table, name in self.tables.values():
                self.connection.exec_driver_sql(f"{self._into(table)} {self._sorted(table, name)}")
                self.connection.exec_driver_sql(f"DROP TABLE {name}")
        finally:
            self.connection.exec_driver_sql(f"PRAGMA cache_size={cache}")
        self.tables.clear()

    def one_by_one(self) -> Iterator[tuple[sa.Table, dict[str, Any]]]:
        """Each row that waits, put in just after it is given: the last one given is to blame."""
        for table, name in self.tables.values():
            names = [column.name for column in table.primary_key]
            insert = f"{self._into(table)} VALUES ({', '.join('?' * len(names))})"
            for row in self.connection.exec_driver_sql(self._sorted(table, name)):
                yield table, dict(zip(names, row, strict=True))
                self.connection.exec_driver_sql(insert, tuple(row))

    def _names(self, table: sa.Table) -> str:
        return ", ".join(self._quote(column.name) for column in table.primary_key)

    def _into(self, table: sa.Table) -> str:
        keys = [column.key for column in table.primary_key]
        return f"INSERT INTO {target(table, keys, self.connection.dialect)}"

    def _sorted(self, table: sa.Table, name: str) -> str:
        return f"SELECT {self._names(table)} FROM {name} ORDER BY {self._names(table)}"
