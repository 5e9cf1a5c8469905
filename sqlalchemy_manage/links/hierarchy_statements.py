"""What finds rows that the ORM cannot read as the class that their discriminator stands for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from ..sql.dialects import MARIADB
from .hierarchies import Hierarchy, SubTable
from .statements import Followed, Row, RowCheck, shown_key


def of_hierarchy(link: Hierarchy, dialect: sa.Dialect) -> Followed:
    """Its rows are counted, and those of no class, of another, or without a part are found."""
    statements = _Statements(link, dialect)
    checks = [statements.unknown()]
    for sub in link.subs:
        checks += [statements.missing(sub), statements.wrong(sub)]
    return Followed(link.table, None, tuple(checks))


class _Statements:
    def __init__(self, link: Hierarchy, dialect: sa.Dialect) -> None:
        self.link, self.dialect = link, dialect
        # As it is stored: a value of no class may be one that the type cannot read.
        raw = sa.type_coerce(link.discriminator, sa.types.NullType())
        self.key = [c.label(c.name) for c in link.table.primary_key]
        self.shown = [*self.key, raw.label(link.told_by)]

    def unknown(self) -> RowCheck:
        """Of a value that stands for no class."""
        found = sa.select(*self.shown).where(~self._is_one(self.link.identities))

        def reason(row: Row) -> str:
            return f"no class has {shown_key({self.link.told_by: row[self.link.told_by]})}"

        return RowCheck("unknown discriminator", self.link.table.fullname, found, reason)

    def missing(self, sub: SubTable) -> RowCheck:
        """A part of the row is not there, and its tables above are."""
        line = sub.line()
        found = sa.select(*self.shown).where(self._is_one(sub.identities), ~self._there(sub))
        if sub.above:
            found = found.where(self._there(sub.above))
        for other in self.link.subs:
            # A row of another class's table is told of that table.
            if other.table not in line and sub.table not in other.line():
                found = found.where(~self._there(other))
        return RowCheck(
            "missing subclass row",
            self.link.table.fullname,
            found,
            lambda row: f"{sub.table.fullname} has no such row",
        )

    def wrong(self, sub: SubTable) -> RowCheck:
        """A part of the row is in the table of a class that the discriminator does not mean."""
        above = self._is_one(sub.above.identities if sub.above else self.link.identities)
        found = (
            sa.select(*self.shown)
            .select_from(self.link.table)
            .where(above, ~self._is_one(sub.identities), self._there(sub))
        )
        return RowCheck(
            "wrong discriminator",
            self.link.table.fullname,
            found,
            lambda row: f"{sub.table.fullname} has a row of it",
        )

    def _there(self, sub: SubTable) -> Any:
        same = [mine == root for mine, root in sub.pairs]
        wanted = sa.select(sa.literal(1)).select_from(sub.table).where(*same)
        return wanted.correlate(self.link.table).exists()

    def _is_one(self, identities: Iterable[Any]) -> Any:
        """The discriminator is one of these; never NULL."""
        values = [value for value in identities if value is not None]
        column, stored = self._exact(values)
        known = sa.case((column.in_(stored), 1), else_=0) == 1
        if None in set(identities):
            return sa.or_(self.link.discriminator.is_(None), known)
        return known

    def _exact(self, values: list[Any]) -> tuple[Any, Iterable[Any]]:
        """Compared letter by letter, as the ORM does it, whatever the collation says."""
        column = self.link.discriminator
        is_text = isinstance(column.type, sa.String) and not isinstance(column.type, sa.Enum)
        if is_text and self.dialect.name in MARIADB:
            return sa.cast(column, sa.LargeBinary), [str(v).encode() for v in values]
        if is_text and self.dialect.name == "sqlite":
            return sa.collate(column, "BINARY"), values
        return column, values
