"""Tables and columns to be dropped, with the number of rows and values they hold now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ...sql.raw import stored_name
from ..questions import many


@dataclass(frozen=True)
class Drop:
    """``kind``: ``table``, ``column``, ``rows`` for a DELETE or a TRUNCATE, or ``values``.

    The last is a column whose new type may cost some of its values.

    ``table`` and ``column`` are names of now, ``named`` is what the revision says, after
    the renames before it: ``table``, or ``table.column``. ``whole``: False for a DELETE that
    may have a condition. ``certain``: False where the name is put together while running, and
    this is one that the file mentions.
    """

    kind: str
    table: str
    column: str
    named: str
    whole: bool = True
    certain: bool = True

    @property
    def name(self) -> str:
        """What is dropped, by its current name."""
        return f"{self.table}.{self.column}" if self.column else self.table


@dataclass(frozen=True)
class CountedDrop:
    """A drop with its count. ``kind`` and ``certain`` are those of the drop.

    ``rows``: how many the table has; ``values``: how many of them have one in the column.
    None where they cannot be counted.
    """

    kind: str
    name: str
    rows: int | None
    values: int | None = None
    certain: bool = True

    def __bool__(self) -> bool:
        """Whether anything goes; what cannot be counted may be something."""
        return self.rows != 0 and self.values != 0

    def __str__(self) -> str:
        rows = many(self.rows, "row")
        if self.kind in ("column", "values"):
            of = "values of " if self.kind == "values" else ""
            return f"{of}column {self.name} ({many(self.values, 'value')} in {rows})"
        return f"{'the rows of ' if self.kind == 'rows' else ''}table {self.name} ({rows})"

    @property
    def sentence(self) -> str:
        """What the revision does to it."""
        rows = many(self.rows, "row")
        if self.kind == "rows":
            verb = "deletes" if self.certain else "may delete"
            return f"{verb} from {self.name}, which has {rows}"
        if self.kind == "values":
            held = f"{many(self.values, 'value')} in {rows}"
            return f"changes the type of column {self.name} with {held}, and may lose some"
        drops = f"{'drops' if self.certain else 'may drop'} {self.kind} {self.name}"
        if not self:
            return f"{drops}, which is empty"
        if self.kind == "table":
            return f"{drops} with {rows}"
        return f"{drops} with {many(self.values, 'value')} in {rows}"


class StoredTables:
    """The tables that a database has now, and how full they are; none without a database."""

    def __init__(self, connection: sa.Connection | None) -> None:
        self.connection = connection
        self.dialect = connection.dialect.name if connection is not None else ""
        self._names: dict[str | None, list[str]] = {}
        self._found: dict[str, sa.TableClause | None] = {}
        self._columns: dict[str, dict[str, bool]] = {}
        self._counts: dict[tuple[str, str], int | None] = {}

    def tables(self, schema: str | None = None) -> list[str]:
        """The names of the tables of a schema."""
        if self.connection is None:
            return []
        if schema not in self._names:
            try:
                self._names[schema] = sa.inspect(self.connection).get_table_names(schema)
            except DBAPIError:
                self._names[schema] = []
        return self._names[schema]

    def has(self, table: str) -> bool:
        """Whether there is a table, or a view, of this name, which may have a schema."""
        return self._table(table) is not None

    def columns(self, table: str) -> dict[str, bool]:
        """Each column by its name, and whether it is computed."""
        if table not in self._columns:
            found: list[Any] = []
            if (where := self._table(table)) is not None:
                found = sa.inspect(self.connection).get_columns(where.name, where.schema)
            self._columns[table] = {c["name"]: bool(c.get("computed")) for c in found}
        return self._columns[table]

    def rows(self, table: str) -> int | None:
        """How many rows a table has; None if they may not be read."""
        return self._count(table, "")

    def losses(self, drop: Drop, name: str) -> Iterator[CountedDrop]:
        """What goes with a drop, called ``name``; nothing for what is not there.

        Nothing either for a computed column: its values come from others.
        """
        if not self.has(drop.table):
            return
        if not drop.column:
            yield CountedDrop(drop.kind, name, self.rows(drop.table), certain=drop.certain)
            return
        columns = self.columns(drop.table)
        column = _named(drop.column, columns)
        if column is not None and not columns[column]:
            values = self._count(drop.table, column)
            yield CountedDrop(drop.kind, name, self.rows(drop.table), values, drop.certain)

    def _table(self, table: str) -> sa.TableClause | None:
        if table not in self._found:
            schema, _, name = table.rpartition(".")
            if self.connection is not None:
                name = stored_name(name, self.connection.dialect)
            found = _named(name, self.tables(schema or None))
            if found is None and self._is_view(name, schema or None):
                found = name
            self._found[table] = None if found is None else sa.table(found, schema=schema or None)
        return self._found[table]

    def _is_view(self, name: str, schema: str | None) -> bool:
        if self.connection is None or not name:
            return False
        try:
            return sa.inspect(self.connection).has_table(name, schema=schema)
        except DBAPIError:
            return False

    def _count(self, table: str, column: str) -> int | None:
        where = self._table(table)
        if (table, column) not in self._counts and where is not None:
            assert self.connection is not None
            what = sa.func.count(sa.column(column)) if column else sa.func.count()
            query = sa.select(what).select_from(where)
            try:
                with self._apart():
                    self._counts[table, column] = self.connection.scalar(query)
            except DBAPIError:
                self._counts[table, column] = None
        return self._counts.get((table, column))

    def _apart(self) -> AbstractContextManager[Any]:
        """A savepoint on PostgreSQL, where a statement that fails ends the transaction."""
        assert self.connection is not None
        if self.dialect != "postgresql" or self.connection.get_isolation_level() == "AUTOCOMMIT":
            return nullcontext()
        return self.connection.begin_nested()


def _named(name: str, names: Iterable[str]) -> str | None:
    """The exact name among ``names``, else one that differs only in case."""
    known = list(names)
    if name in known:
        return name
    return next((other for other in known if other.lower() == name.lower()), None)
