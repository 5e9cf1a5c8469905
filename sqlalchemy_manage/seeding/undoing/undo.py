"""Remove the rows that a run created, except those that something else needs now.

A row stays if a row that stays refers to it: that one rule, repeated until nothing changes,
keeps what a user's row refers to, and what the kept rows refer to in their turn. So no
foreign key that cascades ever meets a row of a user.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from ... import advice
from ...errors import SeedError
from ...links.declared_links import links_of
from . import ledger
from .keys import KeyTables
from .known_tables import reflected
from .references import (
    ForeignReference,
    ForeignReferences,
    UndeclaredReference,
    undeclared_references,
)
from .removal import refers, remove

MOST_NAMED = 100
_CHUNK = 20_000


@dataclass(frozen=True)
class KeptRow:
    """A row that stayed: its key (without a primary key, all of it), and the reason."""

    table: str
    key: dict[str, Any]
    because: str


@dataclass(frozen=True)
class Undone:
    """``removed``: table -> rows. ``kept`` names ``MOST_NAMED`` rows, ``kept_count`` has all.

    ``missing``: the tables that do not exist, with the rows that the run made there; the run
    is not undone then. ``gone``: how many rows were no longer there.
    """

    run: int
    removed: dict[str, int]
    kept: tuple[KeptRow, ...]
    kept_count: int
    missing: dict[str, int] = field(default_factory=dict)
    gone: int = 0

    @property
    def is_complete(self) -> bool:
        """False where rows were left and none was removed, or where a table is missing."""
        return not self.missing and (sum(self.removed.values()) > 0 or self.kept_count == 0)


def undo(
    connection: sa.Connection,
    run: int,
    tables: Mapping[str, sa.Table],
    mappers: Iterable[Mapper[Any]] = (),
) -> Undone:
    """Remove the rows of ``run`` in the caller's transaction, and record what is left of it.

    ``mappers``: a row to which one of somebody's refers by a relationship of theirs stays too.
    Raises SeedError if there is no such run, or if nothing is left of it to undo.
    """
    ledger.lock(connection, run)
    _check(connection, run)
    mappers = list(mappers)
    links = links_of(mappers, tables.values()) if mappers else ()
    tables = _with_reflected(connection, run, tables)
    references = ForeignReferences(connection, tables)
    there = {name: table for name, table in tables.items() if references.exists(table)}
    recorded = ledger.recorded_tables(connection, run)
    missing = {name: count for name, count in recorded.items() if name not in there}
    seeded = _load(connection, run, there)
    pointing = references.to([keys.table for keys in seeded.values()])
    try:
        undeclared = undeclared_references(connection, links, [k.table for k in seeded.values()])
        keeper = _Keeper(connection, seeded, [*pointing, *undeclared])
        with remove(connection, seeded, pointing) as removal:
            keeper.keep()
            removed = removal.run()
        kept_count = _record(connection, run, seeded)
    finally:
        _drop(connection, seeded)
    if not missing:
        ledger.finish(connection, run, "undone")
    gone = sum(recorded.values()) - sum(missing.values()) - sum(removed.values()) - kept_count
    return Undone(run, removed, tuple(keeper.named), kept_count, missing, max(gone, 0))


def _check(connection: sa.Connection, run: int) -> None:
    hint = f"{advice.LIST_RUNS} shows the runs and what is left of them."
    found = {each.id: each for each in ledger.runs(connection)}
    if run not in found:
        raise SeedError(f"There is no seed run {run}.", hint)
    if found[run].state == "undone" and not found[run].rows:
        raise SeedError(f"Seed run {run} is already undone.", hint)


def _with_reflected(
    connection: sa.Connection, run: int, tables: Mapping[str, sa.Table]
) -> dict[str, sa.Table]:
    """``tables``, and the tables of the run whose models are gone, as the database has them."""
    found = dict(tables)
    for name in ledger.recorded_tables(connection, run):
        schema, _, plain = name.rpartition(".")
        if name not in found and sa.inspect(connection).has_table(plain, schema or None):
            found[name] = reflected(connection, schema or None, plain)
    return found


def _load(
    connection: sa.Connection, run: int, tables: Mapping[str, sa.Table]
) -> dict[str, KeyTables]:
    seeded: dict[str, KeyTables] = {}
    for table, columns, values, _ in ledger.recorded_keys(connection, run, tables):
        if table.fullname not in seeded:
            seeded[table.fullname] = KeyTables(connection, table, columns, len(seeded))
        keys = seeded[table.fullname]
        keys.load(keys.gone, values)
    for keys in seeded.values():
        keys.loaded()
    # SQLite gives the number of a deleted row to another: a key is that of the last run with it.
    again = {name: keys.table for name, keys in seeded.items() if not keys.whole}
    for later in ledger.runs(connection):
        if later.id > run:
            for table, columns, values, _ in ledger.recorded_keys(connection, later.id, again):
                keys = seeded[table.fullname]
                if columns == keys.columns:
                    keys.load(keys.some, values)
                    keys.strike(keys.some)
                    connection.execute(sa.delete(keys.some))
    for keys in seeded.values():
        if not keys.whole:
            keys.strike_missing()
    return seeded


def _record(connection: sa.Connection, run: int, seeded: Mapping[str, KeyTables]) -> int:
    """Leave the keys of the kept rows, and only those, in the ledger; returns how many."""
    ledger.forget_keys(connection, run, seeded)
    total = 0
    for keys in seeded.values():
        if not keys.count(keys.kept):
            continue
        rows = keys.read(sa.select(*keys.of(keys.kept)))
        total += len(rows)
        for first, last in pairwise([*range(0, len(rows), _CHUNK), len(rows)]):
            values = list(zip(*rows[first:last], strict=True))
            ledger.record_keys(connection, run, keys.table, keys.columns, values)
    return total


def _drop(connection: sa.Connection, seeded: Mapping[str, KeyTables]) -> None:
    # After an error PostgreSQL takes no statement, and its rollback drops them.
    with suppress(sa.exc.DBAPIError):
        for keys in seeded.values():
            keys.drop()


@dataclass
class _Keeper:
    """Moves the keys of rows that have to stay from ``gone`` to ``kept``, round by round."""

    connection: sa.Connection
    seeded: Mapping[str, KeyTables]
    pointing: Sequence[ForeignReference | UndeclaredReference]
    named: list[KeptRow] = field(default_factory=list)

    def keep(self) -> None:
        moved = {name for name, keys in self.seeded.items() if keys.whole and self._more(keys)}
        for reference in self.pointing:
            if self._referred(reference, 0):
                moved.add(reference.parent.fullname)
        number = 0
        while moved:
            number += 1
            before, moved = moved, set()
            for reference in self.pointing:
                parent = reference.parent.fullname
                if reference.name in before and self._referred(reference, number):
                    moved.add(parent)
                if (
                    isinstance(reference, ForeignReference)
                    and reference.extends
                    and reference.name in self.seeded
                    and parent in before
                    and self._part(reference, number)
                ):
                    moved.add(reference.name)

    def _referred(self, reference: ForeignReference | UndeclaredReference, number: int) -> bool:
        """Keep what is referred to: in round 0 by any row that stays, later by newly kept rows."""
        keys = self.seeded[reference.parent.fullname]
        among: list[sa.ColumnElement[Any]] | None = None
        row: sa.FromClause
        if isinstance(reference, UndeclaredReference):
            row, parent = reference.statements.child, reference.statements.parent
            conditions = [reference.statements.equal, *reference.statements.follows]
            among = [parent.c[name] for name in keys.columns]
        else:
            row = reference.child.alias()
            near = [row.c[name] for name in reference.columns]
            conditions = [refers(keys, keys.gone, near, reference.referred)]
        own = self.seeded.get(reference.name)
        if own is not None and number:
            conditions += [own.match(row, own.kept), own.kept.c.round == number - 1]
        elif own is not None:
            mine = own.gone.alias()
            conditions.append(~sa.exists().where(own.match(row, mine)).correlate(row))
        shown = [row.c[name] for name in reference.shown]

        def because(values: tuple[Any, ...]) -> str:
            pairs = ", ".join(f"{n}={v}" for n, v in zip(reference.shown, values, strict=True))
            return f"{reference.name} ({pairs}) refers to it"

        return self._move(keys, conditions, number, shown, because, among)

    def _part(self, reference: ForeignReference, number: int) -> bool:
        """Keep the rest of an object whose row in a parent table stays."""
        keys = self.seeded[reference.name]
        parent = self.seeded[reference.parent.fullname]
        far = dict(zip(reference.columns, reference.referred, strict=True))
        own = dict(zip(keys.columns, keys.of(keys.gone), strict=True))
        other = dict(zip(parent.columns, parent.of(parent.kept), strict=True))
        conditions = [own[name] == other[far[name]] for name in keys.columns]
        conditions.append(parent.kept.c.round == number - 1)

        def because(values: tuple[Any, ...]) -> str:
            return f"the row of {reference.parent.fullname} that it belongs to is kept"

        return self._move(keys, conditions, number, [], because)

    def _more(self, keys: KeyTables) -> bool:
        """Keep rows without a key if the table has more of them than the run made."""
        row = keys.table.alias()
        names = [row.c[name] for name in keys.columns]
        sides = []
        for columns, source, one in ((names, row, 1), (keys.of(keys.gone), keys.gone, 0)):
            labels = [c.label(f"k{i}") for i, c in enumerate(keys.identity(columns))]
            for name, count in (("there", one), ("made", 1 - one)):
                labels.append(sa.literal(count, sa.Integer).label(name))
            sides.append(sa.select(*labels).select_from(source))
        both = sa.union_all(*sides).subquery()
        parts = [column for name, column in both.c.items() if name not in ("there", "made")]
        there, made = sa.func.sum(both.c.there), sa.func.sum(both.c.made)
        over = sa.select(*parts).group_by(*parts).having(sa.and_(made > 0, there > made)).subquery()
        own = keys.identity(keys.of(keys.gone))
        conditions = [a.is_not_distinct_from(b) for a, b in zip(own, over.c, strict=True)]

        def because(values: tuple[Any, ...]) -> str:
            return "the table holds more rows like it than the run made"

        return self._move(keys, conditions, 0, [], because)

    def _move(
        self,
        keys: KeyTables,
        conditions: list[sa.ColumnElement[bool]],
        number: int,
        shown: list[Any],
        because: Any,
        among: list[sa.ColumnElement[Any]] | None = None,
    ) -> bool:
        """Move the keys for which ``conditions`` hold; names them while there is room.

        ``among``: the conditions are not about the keys, but about rows with these keys.
        """
        gone, kept = keys.gone, keys.kept
        there: sa.ColumnElement[bool] = sa.exists().where(*conditions).correlate(gone)
        if among is not None:
            # Not an EXISTS: there need not be an index, and this is looked up once for all.
            rows = sa.select(*among).where(*conditions).distinct()
            conditions = [*conditions, keys.equal(among, keys.of(gone))]
            if not keys.whole:
                own = keys.of(gone)
                there = (own[0] if len(own) == 1 else sa.tuple_(*own)).in_(rows)
            else:
                same = keys.equal(list(rows.subquery().c), keys.of(gone))
                there = sa.exists().where(same).correlate(gone)
        select = sa.select(*keys.of(gone), sa.literal(number, sa.Integer)).where(there)
        names = [column.name for column in kept.c]
        before = keys.count(kept)
        self.connection.execute(sa.insert(kept).from_select(names, select))
        if keys.count(kept) == before:  # not every driver counts what an INSERT makes
            return False
        own = keys.of(gone)
        labels = [column.label(f"s{number}") for number, column in enumerate(shown)]
        place = sa.func.row_number().over(
            partition_by=keys.identity(own), order_by=shown or keys.identity(own)
        )
        found = sa.select(*own, *labels, place.label("place")).where(*conditions).subquery()
        query = sa.select(found).where(found.c.place == 1).limit(MOST_NAMED - len(self.named))
        for row in self.connection.execute(query) if len(self.named) < MOST_NAMED else ():
            key = dict(zip(keys.columns, row[: len(own)], strict=True))
            reason = because(tuple(row[len(own) : -1]))
            self.named.append(KeptRow(keys.table.fullname, key, reason))
        keys.strike(kept)
        return True
