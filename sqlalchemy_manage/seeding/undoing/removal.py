"""The order in which rows are removed, so that every foreign key always holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ...sql.dialects import MARIADB
from ..writers.values import without_defaults
from .keys import KeyTables
from .references import ForeignReference

_FEW = 100


@contextmanager
def remove(
    connection: sa.Connection, seeded: Mapping[str, KeyTables], pointing: list[ForeignReference]
) -> Iterator[Removal]:
    """A removal, with what it needs in the database for as long as the block lasts."""
    removal = Removal(connection, seeded, pointing)
    removal.guard()
    made = removal.add_indexes()
    yield removal
    if connection.dialect.name == "postgresql":
        # It drops no index of a table with checks that wait for the commit.
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    for index in made:
        connection.exec_driver_sql(f"DROP INDEX {index}")


@dataclass
class Removal:
    """Removes the rows of ``gone``, the referring ones before those that they refer to."""

    connection: sa.Connection
    seeded: Mapping[str, KeyTables]
    pointing: list[ForeignReference]

    def __post_init__(self) -> None:
        self._name = self.connection.dialect.name
        self._inner = [each for each in self.pointing if each.name in self.seeded]
        self._removed = dict.fromkeys(self.seeded, 0)

    def guard(self) -> None:
        """Let nobody refer to a row from now on whose removal would cascade; SQLite has one writer.

        Other references the database itself refuses, or the removal.
        """
        if self._name == "sqlite":
            return
        for name in {r.parent.fullname for r in self.pointing if r.acts}:
            keys = self.seeded[name]
            row = keys.table.alias()
            there = keys.match(row, keys.gone)
            if self._name in MARIADB:
                count = sa.select(sa.func.count()).where(there).with_for_update()
            else:
                one: sa.ColumnElement[int] = sa.literal_column("1")
                locked = sa.select(one.label("one")).where(there).with_for_update(of=row)
                count = sa.select(sa.func.count()).select_from(locked.subquery())
            self.connection.execute(count)

    def add_indexes(self) -> list[str]:
        """Indexes for the checks: without one each row that goes costs a look at a whole table.

        Returns their names, to be dropped. Who may not make one does without.
        """
        made = []
        quote = self.connection.dialect.identifier_preparer
        for number, reference in enumerate(self.pointing):
            keys = self.seeded[reference.parent.fullname]
            if reference.indexed or keys.count(keys.gone) < _FEW:
                continue
            name = f"sqlalchemy_manage_undo_{number}"
            child: Any = reference.child
            columns = ", ".join(quote.quote(child.c[c].name) for c in reference.columns)
            try:
                with self.connection.begin_nested():
                    self.connection.exec_driver_sql(
                        f"CREATE INDEX {name} ON {quote.format_table(child)} ({columns})"
                    )
            except sa.exc.DBAPIError:
                continue
            made.append(f"{quote.quote_schema(child.schema)}.{name}" if child.schema else name)
        return made

    def run(self) -> dict[str, int]:
        """Remove the rows; returns how many of each table."""
        left = {name for name, keys in self.seeded.items() if keys.count(keys.gone)}
        while left:
            free = [name for name in sorted(left) if not self._referring(name, left)]
            for name in free:
                self._delete(self.seeded[name], self.seeded[name].gone)
            left -= set(free)
            if not free:
                circle = self._circle(left)
                self._unravel(circle)
                left -= circle
        return self._removed

    def _circle(self, left: set[str]) -> set[str]:
        """Tables that all refer to each other, and that no other of ``left`` refers to."""
        reached = {name: self._reached(name, left) for name in left}
        return min((reached[name] for name in sorted(left)), key=len)

    def _referring(self, name: str, among: set[str]) -> set[str]:
        return {r.name for r in self._inner if r.parent.fullname == name and r.name in among}

    def _reached(self, name: str, among: set[str]) -> set[str]:
        """The tables that refer to a table, through others too."""
        found: set[str] = set()
        new = {name}
        while new:
            new = {other for each in new for other in self._referring(each, among)} - found
            found |= new
        return found

    def _unravel(self, names: set[str]) -> None:
        """Tables that refer to each other or themselves: the rows that nothing refers to first."""
        while left := [n for n in sorted(names) if self.seeded[n].count(self.seeded[n].gone)]:
            if sum(self._leaves(name, left) for name in left):
                continue
            if not self._cut(left):
                self._at_once(left)
                return

    def _leaves(self, name: str, among: list[str]) -> int:
        """Remove the rows that no other row of ``among`` refers to; returns how many."""
        keys = self.seeded[name]
        conditions = []
        for reference in self._inner:
            if reference.parent.fullname != name or reference.name not in among:
                continue
            own = self.seeded[reference.name]
            row, mine = reference.child.alias(), own.gone.alias()
            near = [row.c[column] for column in reference.columns]
            parts = [refers(keys, keys.gone, near, reference.referred), own.match(row, mine)]
            if reference.itself and self._name not in MARIADB:
                # InnoDB does not let go of a row that refers to itself.
                parts.append(~keys.equal(keys.of(mine), keys.of(keys.gone)))
            conditions.append(~sa.exists().where(*parts).correlate(keys.gone))
        names = [column.name for column in keys.some.c]
        select = sa.select(*keys.of(keys.gone)).where(*conditions)
        self.connection.execute(sa.insert(keys.some).from_select(names, select))
        found = self._delete(keys, keys.some)
        keys.strike(keys.some)
        self.connection.execute(sa.delete(keys.some))
        return found

    def _cut(self, names: list[str]) -> bool:
        """Set the links among rows that all go to NULL, those that can be; False without any."""
        cut = False
        for reference in self._inner:
            if reference.name not in names or reference.parent.fullname not in names:
                continue
            keys = self.seeded[reference.name]
            may = [
                column.name
                for column in (keys.table.c[name] for name in reference.columns)
                if column.nullable and column.key not in keys.columns
            ]
            if may:
                bare = without_defaults(keys.table)
                near = [bare.c[keys.table.c[name].name] for name in keys.columns]
                there = keys.equal(near, keys.of(keys.gone))
                if self._name not in MARIADB:
                    there = sa.exists().where(there).correlate(bare)
                links = [bare.c[name].is_not(None) for name in may]
                update = sa.update(bare).where(there, *links)
                done = self.connection.execute(update.values(dict.fromkeys(may, sa.null())))
                cut = cut or done.rowcount > 0
        return cut

    def _at_once(self, names: list[str]) -> None:
        """Links that cannot be NULL: the checks wait until both ends are gone."""
        run = self.connection.exec_driver_sql
        checks = 1
        if self._name == "postgresql":
            run("SET CONSTRAINTS ALL DEFERRED")
        elif self._name == "sqlite":
            run("PRAGMA defer_foreign_keys=ON")
        else:
            checks = int(run("SELECT @@foreign_key_checks").scalar() or 0)
            run("SET foreign_key_checks=0")
        try:
            for name in names:
                self._delete(self.seeded[name], self.seeded[name].gone)
        finally:
            if self._name in MARIADB:
                run(f"SET foreign_key_checks={checks}")

    def _delete(self, keys: KeyTables, target: sa.Table) -> int:
        count = keys.delete_rows(target)
        self._removed[keys.table.fullname] += count
        return count


def refers(
    keys: KeyTables, target: sa.FromClause, near: list[Any], referred: tuple[str, ...]
) -> sa.ColumnElement[bool]:
    """That ``near`` refers to ``referred`` of a row whose key is in ``target``."""
    if not keys.whole and set(referred) <= set(keys.columns):
        far = dict(zip(keys.columns, keys.of(target), strict=True))
        return sa.and_(*(a == far[name] for a, name in zip(near, referred, strict=True)))
    row = keys.table.alias()
    same = (a == row.c[name] for a, name in zip(near, referred, strict=True))
    return sa.and_(*same, keys.match(row, target))
