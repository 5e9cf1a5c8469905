"""Recorded keys in temporary tables, where the database can join them with the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ...databases.error_kinds import is_passing
from ...sql.dialects import MARIADB
from ..row_blocks import HeldValue, held, held_values, kinds
from ..writers.writer import BlockWriter, Encoder


class TableKeys:
    """Keys of one table in temporary tables.

    ``whole``: the table has no primary key, and a key is all its columns, compared with NULL
    equal to NULL.
    """

    def __init__(self, connection: sa.Connection, table: sa.Table, columns: Sequence[str]) -> None:
        self.table = table
        self.columns = tuple(columns)
        self.names = [f"k{number}" for number in range(len(columns))]
        self.whole = set(columns) != {column.key for column in table.primary_key}
        self._connection = connection
        self._name = connection.dialect.name

    def load(self, target: sa.Table, values: Sequence[Sequence[Any]]) -> None:
        """Put Python values, a sequence for each column, into one of the temporary tables."""
        if any(HeldValue in kinds(each) for each in values):
            columns = []
            for name, each in zip(self.names, values, strict=True):
                raw = HeldValue in kinds(each)
                columns.append(sa.Column(name, sa.types.NullType() if raw else target.c[name].type))
            target = sa.Table(target.name, sa.MetaData(), *columns)
            values = [[v.value if type(v) is HeldValue else v for v in each] for each in values]
        writer = BlockWriter(self._connection, {target.fullname: target})
        writer.send(Encoder(self._connection.dialect).encode(target, self.names, values))

    def read(self, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
        """The keys that a query of the key columns finds, as they can be found again."""
        dialect = self._connection.dialect
        found = query.subquery()
        columns = list(found.c)[: len(self.columns)]
        rows = self._connection.execute(sa.select(*(held(c, dialect) for c in columns))).all()
        return held_values(columns, rows, dialect)

    def of(self, keys: sa.FromClause) -> list[sa.ColumnElement[Any]]:
        """The key columns of a temporary table, or of an alias of it."""
        return [keys.c[name] for name in self.names]

    def match(self, row: sa.FromClause, keys: sa.FromClause) -> sa.ColumnElement[bool]:
        """That a row of the table has the key in ``keys``."""
        return self.equal([row.c[name] for name in self.columns], self.of(keys))

    def equal(
        self, one: Sequence[sa.ColumnElement[Any]], two: Sequence[sa.ColumnElement[Any]]
    ) -> sa.ColumnElement[bool]:
        if not self.whole:
            return sa.and_(*(a == b for a, b in zip(one, two, strict=True)))
        if self._name == "postgresql":
            return self.identity(one)[0] == self.identity(two)[0]
        return sa.and_(*(a.is_not_distinct_from(b) for a, b in zip(one, two, strict=True)))

    def identity(self, columns: Sequence[sa.ColumnElement[Any]]) -> list[sa.ColumnElement[Any]]:
        """What to group keys by."""
        if self.whole and self._name == "postgresql":
            # A text can be hashed; IS NOT DISTINCT FROM cannot, and a json has not even =.
            return [sa.cast(sa.func.row(*columns), sa.Text)]
        return list(columns)

    def temporary(self, name: str, *more: sa.Column[Any]) -> sa.Table:
        """A new, empty temporary table for keys, with ``more`` columns."""
        self.drop_table(name)
        found = [self.table.c[key] for key in self.columns]
        labels = [c.label(own) for c, own in zip(found, self.names, strict=True)]
        # A copy of the columns: their types, collations and signs are those of the database.
        select = sa.select(*labels, *(sa.literal_column("0").label(c.name) for c in more))
        text = str(select.where(sa.text("1 = 0")).compile(dialect=self._connection.dialect))
        if self._name not in MARIADB:
            self._run(f"CREATE TEMPORARY TABLE {name} AS {text}")
        else:
            simple = [
                f"k{number}"
                for number, column in enumerate(found)
                if not self.whole or isinstance(column.type, sa.Integer)
            ]
            key = f"(KEY ({', '.join(simple[:16])})) " if simple else ""
            try:
                self._run(f"CREATE TEMPORARY TABLE {name} {key}ENGINE=InnoDB AS {text}")
            except sa.exc.DBAPIError as error:  # a TEXT, or too long for an index
                if not key or is_passing(error):
                    raise
                self._run(f"CREATE TEMPORARY TABLE {name} ENGINE=InnoDB AS {text}")
        columns = [sa.Column(own, c.type) for own, c in zip(self.names, found, strict=True)]
        return sa.Table(name, sa.MetaData(), *columns, *more)

    def drop_table(self, name: str) -> None:
        """Drop a temporary table, and no other that has its name."""
        # Without the word MariaDB would commit; without the schema another table could go.
        word = "TEMPORARY " if self._name in MARIADB else ""
        place = {"sqlite": "temp.", "postgresql": "pg_temp."}.get(self._name, "")
        self._run(f"DROP {word}TABLE IF EXISTS {place}{name}")

    def _run(self, statement: str) -> None:
        self._connection.exec_driver_sql(statement)


class KeyTables(TableKeys):
    """Keys of one table: ``gone``, whose rows are to go, and ``kept``, whose rows stay.

    ``some`` is room for a selection.
    """

    def __init__(
        self, connection: sa.Connection, table: sa.Table, columns: Sequence[str], number: int
    ) -> None:
        super().__init__(connection, table, columns)
        self.gone = self.temporary(f"sqlalchemy_manage_undo_gone_{number}")
        self.some = self.temporary(f"sqlalchemy_manage_undo_some_{number}")
        kept_in = sa.Column("round", sa.Integer)
        self.kept = self.temporary(f"sqlalchemy_manage_undo_kept_{number}", kept_in)

    def loaded(self) -> None:
        """To be called once, when all keys to be removed are there."""
        if self._name in MARIADB:
            return  # it has its index from the beginning: CREATE INDEX would commit
        if not self.whole or self._name == "sqlite":
            for target in (self.gone, self.some, self.kept):
                columns = ", ".join(self.names)
                self._run(f"CREATE INDEX {target.name}_key ON {target.name} ({columns})")
        if self._name == "postgresql":
            self._run(f"ANALYZE {self.gone.name}")

    def drop(self) -> None:
        for target in (self.gone, self.some, self.kept):
            self.drop_table(target.name)

    def count(self, target: sa.Table) -> int:
        return self._connection.scalar(sa.select(sa.func.count()).select_from(target)) or 0

    def delete_rows(self, target: sa.Table) -> int:
        """Delete the rows that ``target`` names; returns how many."""
        if self._name == "sqlite" and not self.whole:
            row = sa.tuple_(*(self.table.c[name] for name in self.columns))
            one = self.table.c[self.columns[0]] if len(self.columns) == 1 else row
            condition: sa.ColumnElement[bool] = one.in_(sa.select(*self.of(target)))
        else:
            condition = self.match(self.table, target)
            if self._name not in MARIADB:  # which join: an EXISTS would be asked row by row
                condition = sa.exists().where(condition).correlate(self.table)
        return self._connection.execute(sa.delete(self.table).where(condition)).rowcount

    def strike(self, target: sa.Table) -> None:
        """Take the keys of ``target`` out of those that are to go."""
        condition = self.equal(self.of(self.gone), self.of(target))
        there = sa.exists().where(condition).correlate(self.gone)
        self._connection.execute(sa.delete(self.gone).where(there))

    def strike_missing(self) -> None:
        """Take out the keys whose rows are no longer there."""
        row = self.table.alias()
        there = sa.exists().where(self.match(row, self.gone)).correlate(self.gone)
        self._connection.execute(sa.delete(self.gone).where(~there))
