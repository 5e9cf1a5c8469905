"""A table made again: the values of the old one that are others in the new one.

They are compared while both exist, in one query along the key, and nothing is kept of them.
A value that a step computes is the step's own affair; one that was only copied, cast, or
put into a column of another type has to be what it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ....databases.error_kinds import is_passing
from ....links.catalog import Name, StoredTable, quoted
from ....sql.dialects import MARIADB
from .effects import Copied
from .key_copies import NAMED, shown
from .loss import Loss

_ROWIDS = ("_rowid_", "rowid", "oid")
_LONGEST = 40


def changed_values(
    connection: sa.Connection, old: StoredTable, new: StoredTable, copied: Copied, origin: Name
) -> list[Loss]:
    """What ``copied`` did not leave as it was; ``origin``: what the old table is called.

    Nothing where the database cannot compare the types.
    """
    comparison = CopyComparison(connection, old, new, copied, tuple(filter(None, origin)))
    if not comparison.columns:
        return []
    # On PostgreSQL an error would end the transaction.
    nested = connection.begin_nested() if connection.dialect.name == "postgresql" else None
    try:
        found = comparison.losses()
    except DBAPIError as error:
        if is_passing(error) or (nested is None and connection.dialect.name not in MARIADB):
            raise
        found = []
    if nested is not None:
        nested.rollback()
    return found


@dataclass
class CopyComparison:
    """The old table ``s`` beside the new one ``t``; ``label``: the old one's name in words."""

    connection: sa.Connection
    old: StoredTable
    new: StoredTable
    copied: Copied
    label: tuple[str, ...]

    def __post_init__(self) -> None:
        pairs = self.copied.columns
        if self.copied.whole:  # columns in another order would be in each other's place
            pairs = tuple((name, name) for name in self.old.columns)
        names = [
            {name.lower(): name for name, column in table.columns.items() if not column.generated}
            for table in (self.old, self.new)
        ]
        found = {names[0].get(a.lower()): names[1].get(b.lower()) for a, b in reversed(pairs)}
        self.columns = {a: b for a in self.old.columns if (b := found.get(a))}
        self.key = [(a, self.columns[a]) for a in self.old.key if a in self.columns]
        if len(self.key) < len(self.old.key) or not self.old.key:
            self.key = [(a, b) for a, b in pairs if a.lower() in _ROWIDS and a not in self.columns]
        linked = {column for link in self.old.links for column in link.columns}  # seen as links
        left = [a for a, b in self.columns.items() if (a, b) not in self.key and a not in linked]
        self.columns = {a: self.columns[a] for a in left}

    def losses(self) -> list[Loss]:
        """What has changed, by column; by row where nothing tells which row was which."""
        if not self.key:
            return self._rows()
        columns = list(self.columns)
        either = " OR ".join(map(self._differs, columns))
        sums = ", ".join(f"sum(CASE WHEN {self._differs(c)} THEN 1 ELSE 0 END)" for c in columns)
        row = self._run(f"SELECT {sums} {self._joined} WHERE {either}").one() if columns else ()
        counts = dict(zip(columns, (int(count or 0) for count in row), strict=True))
        return [self._loss(column, count) for column, count in counts.items() if count]

    def _loss(self, column: str, count: int) -> Loss:
        key = [f"s.{self._quoted(a)}" for a, _ in self.key]
        wanted = ", ".join([*key, self._then(column), self._now(column)])
        rows = self._run(
            f"SELECT {wanted} {self._joined} WHERE {self._differs(column)}"
            f" ORDER BY {', '.join(key)} LIMIT {NAMED}"
        )
        names = (*(a for a, _ in self.key), column)
        examples = tuple(f"{shown(names, map(_cut, r[:-1]))} became {_cut(r[-1])!r}" for r in rows)
        labels = dict.fromkeys((*self.label, name) for name in (column, self.columns[column]))
        return Loss(tuple(labels), "values changed", count, None, examples, column=True)

    def _rows(self) -> list[Loss]:
        columns = [c for c in self.columns if self._is_same_type(c)]
        if not columns:
            return []
        sides = [
            f"SELECT {', '.join(f'{self._quoted(name)} AS c{i}' for i, name in enumerate(names))}"
            f" FROM {quoted(self.connection, table.name)}"
            for names, table in (
                (columns, self.old),
                ([self.columns[c] for c in columns], self.new),
            )
        ]
        rows = self._run(f"{sides[0]} EXCEPT {sides[1]} LIMIT {NAMED}").all()
        examples = tuple(shown(tuple(columns), map(_cut, row)) for row in rows)
        return [Loss((self.label,), "rows changed", None, None, examples)] if rows else []

    def _run(self, sql: str) -> sa.CursorResult[tuple[object, ...]]:
        return self.connection.exec_driver_sql(sql)

    def _quoted(self, name: str) -> str:
        return quoted(self.connection, name)

    def _then(self, column: str) -> str:
        return f"s.{self._quoted(column)}"

    def _now(self, column: str) -> str:
        return f"t.{self._quoted(self.columns[column])}"

    @property
    def _joined(self) -> str:
        on = " AND ".join(f"s.{self._quoted(a)} = t.{self._quoted(b)}" for a, b in self.key)
        tables = [quoted(self.connection, table.name) for table in (self.old, self.new)]
        return f"FROM {tables[0]} s JOIN {tables[1]} t ON {on}"

    def _type_of(self, column: str) -> str:
        return self.old.columns[column].type

    def _is_same_type(self, column: str) -> bool:
        return self._type_of(column) == self.new.columns[self.columns[column]].type

    def _differs(self, column: str) -> str:
        then, now = self._then(column), self._now(column)
        same_type = self._is_same_type(column)
        dialect = self.connection.dialect.name
        if dialect == "sqlite":
            if same_type:
                other = f"{then} IS NOT {now} COLLATE BINARY"
                return f"({other} OR typeof({then}) <> typeof({now}))"
            # A number may be a text now, and a text that is all of a number one.
            same = f"({then} = {now} OR hex({then}) = hex({now}))"
            both = f"{then} IS NOT NULL AND {now} IS NOT NULL"
            return f"(NOT ({then} IS {now} OR {both} AND {same}))"
        if dialect == "postgresql":
            if same_type:  # as text: some types have no equality
                return f"({then}::text IS DISTINCT FROM {now}::text)"
            return f"({then} IS DISTINCT FROM {now}::{self._type_of(column)})"
        if same_type:
            then, now = f"CAST({then} AS BINARY)", f"CAST({now} AS BINARY)"
        return f"(NOT ({then} <=> {now}))"


def _cut(value: object) -> object:
    if isinstance(value, str | bytes) and len(value) > _LONGEST:
        return value[:_LONGEST] + (b"..." if isinstance(value, bytes) else "...")  # type: ignore[operator]
    return value
