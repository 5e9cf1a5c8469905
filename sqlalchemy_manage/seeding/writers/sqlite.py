"""SQLite: many rows in a statement; and those of a large link table in the order of their key.

Each row of a link table is a place in the index of its key. Where that index outgrows the
cache, rows that come in another order have its pages read and written again and again; in
its own order each is written once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa

from .values import Values, target

# Two thirds of the time of executemany(), which starts and ends the statement for each row;
# with more rows in one there is nothing to gain.
_ROWS = 100
_PARAMETERS = 999  # https://www.sqlite.org/limits.html: what an SQLite before 3.32 takes


def insert_rows(cursor: Any, insert: str, columns: Sequence[Values]) -> None:
    """Execute the INSERT of one row for all rows; ``columns``: the values of its parameters."""
    width = len(columns)
    rows = min(_ROWS, _PARAMETERS // width)
    if rows < 2 or not is_plain(insert, width):
        cursor.executemany(insert, zip(*columns, strict=True))
        return
    values = chain.from_iterable(zip(*columns, strict=True))
    while some := list(islice(values, rows * width)):
        cursor.execute(insert + f", {_parameters(width)}" * (len(some) // width - 1), some)


def is_plain(insert: str, width: int) -> bool:
    """Whether no type has SQL of its own around a value."""
    return insert.endswith(f"VALUES {_parameters(width)}")


def _parameters(width: int) -> str:
    return f"({', '.join('?' * width)})"


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
        if not is_plain(insert, len(columns)):
            return False
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
        return f"INSERT INTO {name} ({names}) VALUES {_parameters(len(columns))}"

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
            insert = f"{self._into(table)} VALUES {_parameters(len(names))}"
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
