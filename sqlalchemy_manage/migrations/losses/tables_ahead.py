"""The tables of a database in the course of a plan: how many rows, and under which name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ..revisions.opcalls import OperationCall


@dataclass(frozen=True)
class Loss:
    """A drop: ``kind`` is ``table``, ``column``, or ``rows`` for a DELETE or a TRUNCATE.

    ``rows``: how many the table has; ``values``: how many of them have one in the column.
    None where it cannot be counted.
    """

    kind: str
    name: str
    rows: int | None
    values: int | None = None

    def __str__(self) -> str:
        rows = many(self.rows, "row")
        if self.kind == "rows":
            return f"deletes from {self.name}, which has {rows}"
        if self.rows == 0 or self.values == 0:
            return f"drops {self.kind} {self.name}, which is empty"
        if self.kind == "table":
            return f"drops table {self.name} with {rows}"
        return f"drops column {self.name} with {many(self.values, 'value')} in {rows}"


def many(count: int | None, what: str) -> str:
    """``3 rows``, ``1 row``, ``uncounted rows``."""
    return f"uncounted {what}s" if count is None else f"{count:,} {what}{'s' * (count != 1)}"


class Tables:
    """The tables of the database under the names that they have in the course of a plan."""

    def __init__(self, connection: sa.Connection | None) -> None:
        self.connection = connection
        self.dialect = connection.dialect.name if connection is not None else ""
        self._tables: dict[str, str | None] = {}
        self._columns: dict[tuple[str, str], str | None] = {}
        self._counts: dict[tuple[str, str], int | None] = {}

    def real(self, name: str) -> str | None:
        """What a table is called now; None if it is not there, or not with these rows."""
        if name not in self._tables:
            self._tables[name] = name if self._exists(name) else None
        return self._tables[name]

    def _exists(self, name: str) -> bool:
        if self.connection is None:
            return False
        schema, _, table = name.rpartition(".")
        return bool(table) and sa.inspect(self.connection).has_table(table, schema=schema or None)

    def column(self, table: str, name: str) -> str | None:
        """What a column is called now; None if it is not there."""
        if (real := self.real(table)) is None:
            return None
        if (table, name) not in self._columns:
            schema, _, plain = real.rpartition(".")
            found = sa.inspect(self.connection).get_columns(plain, schema=schema or None)
            there = name.lower() in {column["name"].lower() for column in found}
            self._columns[table, name] = name if there else None
        return self._columns[table, name]

    def rows(self, table: str) -> int | None:
        return self._count(str(self.real(table)), "")

    def loss_of_table(self, table: str) -> Iterator[Loss]:
        if self.real(table) is not None:
            yield Loss("table", table, self.rows(table))

    def loss_of_column(self, table: str, name: str) -> Iterator[Loss]:
        if (real := self.column(table, name)) is not None:
            values = self._count(str(self.real(table)), real)
            yield Loss("column", f"{table}.{name}", self.rows(table), values)

    def _count(self, table: str, column: str) -> int | None:
        if (table, column) not in self._counts:
            assert self.connection is not None
            schema, _, plain = table.rpartition(".")
            what = sa.func.count(sa.column(column)) if column else sa.func.count()
            query = sa.select(what).select_from(sa.table(plain, schema=schema or None))
            try:
                with self.connection.begin_nested():
                    self._counts[table, column] = self.connection.scalar(query)
            except DBAPIError:  # it may not be read
                self._counts[table, column] = None
        return self._counts[table, column]

    def follow(self, call: OperationCall) -> None:
        """Know tables and columns by the names that they have after ``call``."""
        new = call.names[1] if len(call.names) > 1 else ""
        old = call.names[0]
        if call.kind == "table" and call.verb in ("create_table", "drop_table", "rename_table"):
            real = self.real(call.table)
            self._tables[call.table] = None
            if call.verb == "rename_table":
                renamed = [thing[1] for thing in call.changes()][1:]
                for name in renamed:
                    self._rename(call.table, name, real)
        elif call.kind == "column" and call.verb in ("add_column", "drop_column"):
            self._columns[call.table, old] = None
        elif call.kind == "column" and new:
            self._columns[call.table, new] = self.column(call.table, old)
            self._columns[call.table, old] = None

    def _rename(self, old: str, new: str, real: str | None) -> None:
        schema = old.rpartition(".")[0]
        new = f"{schema}.{new}" if schema and "." not in new else new
        self._tables[new] = real
        for (table, column), name in list(self._columns.items()):
            if table == old:
                self._columns[new, column] = name
