"""A chunk: some thousand rows of one factory, with the rows they bring along.

What a chunk holds depends on the random seed, the factory's plan, the number of the chunk and the
rows that were there before the factory's turn; not on other chunks, processes, or the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from factory import Maybe, RelatedFactoryList
from sqlalchemy.orm.interfaces import MANYTOONE

from ...errors import SeedError
from ..dependencies import waits
from ..factory_boy_internals import (
    follows,
    is_declaration,
    looked_up,
    model_of,
    needs_object,
)
from ..generating.chunk_progress import ChunkProgress, weight
from ..generating.columns import MadeRows, RowBatch, RowReference
from ..generating.drawing import Drawing
from ..generating.evaluators import EVALUATORS
from ..generating.failures import NotColumnwise
from ..generating.finding import Finder
from ..generating.model_info import model_info
from ..generating.numbering import Counters, iterator_name, key_name, sequence_name
from ..generating.pools import Pool, Pools
from ..generating.randomness import seeded
from ..generating.rows import Assembled
from ..generating.unique import meet
from ..generating.unique_sets import Refused
from ..links import Link, Links

if TYPE_CHECKING:
    import random

SIZE = 10_000
"""Rows in a chunk: enough to be fast, few enough for memory. Equal rows depend on it."""


@dataclass(frozen=True)
class DeferredLink:
    """Links of a chunk's rows along ``attribute`` that are drawn when all rows exist.

    ``place``: of the first row. ``keys``: a sequence for each column that identifies the rows:
    the primary key for a reference to one row, else what the other side stores.
    """

    attribute: str
    place: int
    keys: list[Sequence[Any]]


@dataclass(frozen=True)
class PlanFacts:
    """What a chunk must know of its factory plan and of the run; picklable."""

    index: int
    name: str
    random_seed: int
    after: frozenset[str] = frozenset()  # models that are seeded later, by dotted name


def told_by(prop: Any) -> list[Any]:
    """The columns by which a row's links along the relationship are written afterwards: the key
    of the row that refers, or what the many rows of the other side store of this one."""
    if prop.direction is MANYTOONE:
        return list(prop.synchronize_pairs[0][1].table.primary_key)
    return [parent for parent, _ in prop.synchronize_pairs]


class Chunk:
    """The :class:`~.columns.ValueSource` of its batches."""

    evaluators: Mapping[type, Callable[..., list[Any]]] = EVALUATORS

    def __init__(
        self,
        facts: PlanFacts,
        counters: Counters,
        pools: Pools,
        rng: random.Random,
        seen: dict[Any, set[Any]],
        refused: Refused | None = None,
        progress: ChunkProgress | None = None,
    ) -> None:
        self.facts = facts
        self.counters = counters
        self.pools = pools
        self.rng = rng
        self.seen = seen
        self.refused = refused or Refused()
        self.progress = progress or ChunkProgress()
        self.batches: list[RowBatch] = []
        self._deferred: dict[str, None] = {}
        self._finder = Finder(pools.connection)
        self._ways: dict[sa.Table, tuple[str, ...]] = {}  # what rows of a table are looked up by
        self._base = rng.getrandbits(64)
        self._draws: Counter[str] = Counter()

    def make(self, owner: Any, count: int, overrides: Mapping[str, Any]) -> None:
        """The chunk's own rows, with all that comes along."""
        self.admit(owner)
        batch = RowBatch(owner, self, count, self.numbers(owner, count), overrides)
        batch.fill()
        self.made(batch)

    def forget(self) -> None:
        """Release the batches, which know this chunk, and so would wait for the collector."""
        for batch in self.batches:
            batch.columns.clear()
            batch.assembled = None
        self.batches.clear()
        self._finder.forget()

    @property
    def own(self) -> RowBatch | None:
        """The chunk's own rows; None where all of them are found."""
        return next((batch for batch in self.batches if batch.parent is None), None)

    # --- what batches ask for

    def admit(self, owner: Any) -> None:
        if why := model_info(owner).own_way:
            raise NotColumnwise(owner, why, by_objects=True)

    def numbers(self, owner: Any, count: int) -> range:
        return self.counters.take(sequence_name(owner), owner, count)

    def keys(self, table: sa.Table, count: int) -> range:
        """New values of the table's autoincrement column."""
        return self.counters.take(key_name(table), table, count)

    def taken(self, iterator: str, count: int) -> int:
        return self.counters.take(iterator_name(iterator), None, count).start

    def made(self, batch: RowBatch) -> None:
        names = looked_up(batch.factory)
        table = model_info(batch.factory).tables[0]
        if self._ways.setdefault(table, names) != names:
            raise NotColumnwise(batch.factory, f"others make rows of {table.name}, which one finds")
        if names and not model_info(batch.factory).one_by_one(batch.given):
            batch.found = self._finder.find(batch, partial(self._new, batch))
        else:
            self._assemble(batch)
        self._all_afterwards(batch)

    def _assemble(self, batch: RowBatch) -> None:
        batch.assembled = Assembled(batch, self)
        meet(batch, self)
        self.batches.append(batch)

    def _new(self, batch: RowBatch, rows: list[int]) -> Assembled:
        """``rows`` of the batch, which are the ones that are not found."""
        new = batch.part(rows, map(batch.given.__getitem__, looked_up(batch.factory)))
        self._assemble(new)
        made: Assembled = new.assembled
        return made

    def _all_afterwards(self, batch: RowBatch) -> None:
        left = sum(weight(it) for it, _ in batch.after.values())
        for name, (declaration, context) in batch.after.items():
            own = weight(declaration)
            end = self.progress.enter(min(own / left, 1.0) if left > 0 else 1.0)
            try:
                self._afterwards(batch, name, declaration, dict(context), list(batch.rows))
            finally:
                self.progress.end = end
            left -= own

    def _afterwards(
        self, batch: RowBatch, name: str, it: Any, context: dict[str, Any], rows: list[int]
    ) -> None:
        """What is declared to happen when ``rows`` of the batch are made."""
        if not rows:
            return
        if isinstance(it, Maybe):
            if not is_declaration(it.decider):
                raise NotColumnwise(batch.factory, f"'{name}' is decided with each object")
            chosen = batch.evaluate(it.decider, {}, rows, name)
            for side, wanted in ((it.yes, True), (it.no, False)):
                some = [r for r, choice in zip(rows, chosen, strict=True) if bool(choice) is wanted]
                self._afterwards(batch, name, side, context, some)
        else:
            self._follow(batch, name, it, context, rows)

    def _follow(
        self, batch: RowBatch, name: str, it: Any, context: dict[str, Any], rows: list[int]
    ) -> None:
        if why := needs_object(name, it):
            raise NotColumnwise(batch.factory, why, by_objects=True)
        if follows(it) and "" not in context:  # else a value was passed in its place
            self._related(batch, it, context, rows)

    def _related(
        self, batch: RowBatch, it: Any, context: dict[str, Any], rows: list[int]
    ) -> RowBatch | None:
        """The rows that RelatedFactory makes for each of ``rows`` of the batch."""
        owner = it.get_factory()
        overrides = {**it.defaults, **context}
        if isinstance(it, RelatedFactoryList):
            sizes = [it.size if isinstance(it.size, int) else it.size() for _ in rows]
            rows = [row for row, size in zip(rows, sizes, strict=True) for _ in range(size)]
        if not rows:
            return None
        self.admit(owner)
        preset = {}
        if it.name:
            made = MadeRows(batch)
            overrides[it.name] = None
            preset[it.name] = [RowReference(made, row) for row in rows]
        sequences = self.numbers(owner, len(rows))
        related = RowBatch(owner, self, len(rows), sequences, overrides, (batch, rows), preset)
        related.fill()
        self.made(related)
        return related

    # --- links

    def drawn(self, batch: RowBatch, name: str, link: Link, rows: Sequence[int]) -> list[Any]:
        prop = model_info(batch.factory).relation(name)
        count = len(rows)
        target = sa.inspect(model_of(link.factory))
        if link.attribute is not None:
            columns = [target.get_property(link.attribute).columns[0]]
        elif prop is None or prop.direction is not MANYTOONE:
            raise SeedError(
                f"{batch.factory.__name__}.{name} is a Link, which is for a relationship to one "
                "row. Nothing was written.",
                "Use Links for the many side, and Link(..., attribute='id') for a column.",
            )
        else:
            columns = [parent for parent, _ in prop.synchronize_pairs]
        kept = [True] * count
        label = f"{batch.factory.__name__}.{name}"
        drawing = self._drawing(label)
        if link.none:
            kept = [drawing.rng.random() >= link.none for _ in range(count)]
        own = issubclass(model_of(batch.factory), target.class_)
        if prop is not None and waits(batch.factory, prop, link, self.facts.after):
            self._defer(batch, name)
            return [None] * count
        pool = self.pools.of(columns[0].table, columns, target)
        if link.unique and (filled := self._linking(batch, name, prop, columns[0])):
            pool = self._free(pool, filled)
        if not pool.size and own:
            return [None] * count
        chosen = drawing.one_each(link, pool, count, label, self._place_of(batch, rows))
        if link.attribute is not None:
            values = pool.keys[0]
            return [values[row] if keep else None for row, keep in zip(chosen, kept, strict=True)]
        pairs = zip(chosen, kept, strict=True)
        return [RowReference(pool, row) if keep else None for row, keep in pairs]

    def linked(self, batch: RowBatch, name: str, links: Links, rows: Sequence[int]) -> Any:
        prop = model_info(batch.factory).relation(name)
        label = f"{batch.factory.__name__}.{name}"
        if prop is None or prop.direction is MANYTOONE:
            raise SeedError(
                f"{label} is a Links, which is for a relationship to many rows. Nothing was "
                "written.",
                "Use Link for a relationship to one row.",
            )
        if waits(batch.factory, prop, links, self.facts.after):
            self._defer(batch, name)
            return [None] * len(rows)
        columns = [target for target, _ in prop.secondary_synchronize_pairs]
        target = sa.inspect(model_of(links.factory))
        pool = self.pools.of(columns[0].table, columns, target)
        if links.unique:
            pool = self._free(pool, [own for _, own in prop.secondary_synchronize_pairs])
        return self._drawing(label).several(
            links, pool, len(rows), label, self._place_of(batch, rows)
        )

    def choose(
        self, batch: RowBatch, targets: Sequence[Any], own: Sequence[Any], unique: bool
    ) -> Mapping[Any, list[Any]]:
        """Values for the foreign key ``own`` of rows that declare none."""
        pool = self.pools.of(targets[0].table, targets)
        if unique:
            pool = self._free(pool, own)
        label = ", ".join(f"{column.table.name}.{column.name}" for column in own)
        drawing, place = self._drawing(label), self._place_of(batch, batch.rows)
        label = f"{batch.factory.__name__} ({label})"
        rows = drawing.one_each(None, pool, batch.count, label, place, unique)
        return {
            column: [keys[row] for row in rows] for column, keys in zip(own, pool.keys, strict=True)
        }

    def _linking(self, batch: RowBatch, name: str, prop: Any, target: Any) -> list[Any]:
        """The columns of the batch's own rows that a Link fills."""
        if prop is not None:
            return [own for _, own in prop.synchronize_pairs]
        found = model_info(batch.factory).key_column(name, target)
        return [] if found is None else [found]

    def _free(self, pool: Pool, own: Sequence[Any]) -> Pool:
        table = own[0].table
        counted = table.autoincrement_column is not None
        return self.pools.free(
            pool, own, self.counters.turn.get(key_name(table)) if counted else None
        )

    def _drawing(self, label: str) -> Drawing:
        """Numbers of their own for the links of an attribute.

        They depend on no other values: Faker's lists are others in each release.
        """
        self._draws[label] += 1
        numbers = seeded(self._base, label, self._draws[label])
        return Drawing(self.facts.random_seed, numbers, self.pools)

    def _place_of(self, batch: RowBatch, rows: Sequence[int]) -> int:
        """Which of its factory's rows in this turn the first of ``rows`` is, from 0."""
        if not len(rows):
            return 0
        return batch.sequences[rows[0]] - self.counters.turn[sequence_name(batch.factory)]

    def _defer(self, batch: RowBatch, name: str) -> None:
        """The attribute is linked when all rows exist; of rows that come along, not at all."""
        prop = model_info(batch.factory).relation(name)
        needed = [own for _, own in prop.synchronize_pairs if not own.nullable]
        if prop.direction is MANYTOONE and needed:
            raise SeedError(
                f"{batch.factory.__name__}.{name} refers to rows that are seeded later, and "
                f"{needed[0]} cannot be NULL until then. Nothing was written.",
                "Let one of the two columns be NULL, or link from the other side only.",
            )
        if looked_up(batch.factory):
            raise NotColumnwise(batch.factory, f"'{name}' is linked when all rows exist")
        if batch.parent is None:
            self._deferred.setdefault(name)
        elif prop.direction is not MANYTOONE:
            raise NotColumnwise(batch.factory, f"'{name}' of rows that come along with others")

    def deferred(self) -> list[DeferredLink]:
        """What is to be linked when all rows exist."""
        own = self.own
        if own is None:
            return []
        found = []
        for name in self._deferred:
            columns = told_by(model_info(own.factory).relation(name))
            keys = [own.assembled.values_of(column) for column in columns]
            found.append(DeferredLink(name, self._place_of(own, own.rows), keys))
        return found
