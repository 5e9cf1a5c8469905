"""A chunk: some thousand rows of one share, with the rows they bring along.

What a chunk holds depends on the random seed, the share, its number and the rows that were
there before the share; not on other chunks, other processes, or the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import gcd
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from factory import RelatedFactoryList
from sqlalchemy.orm.interfaces import MANYTOONE, ONETOMANY

from ..errors import SeedError
from . import evaluators as evaluators  # fills columns.EVALUATORS
from .columns import Batch, CounterMissing, Made, NotColumnwise, Reference
from .links import Link, Links, weight_sums
from .pools import Linked, Pool, Pools
from .randomness import seeded
from .rows import Assembled
from .shapes import shape_of
from .unique import meet

if TYPE_CHECKING:
    import random

SIZE = 10_000
"""Rows in a chunk: enough to be quick, few enough to be held. Part of what makes rows equal."""


class Counters:
    """The next sequence number of each factory and the next key of each table."""

    def __init__(
        self, next_: Mapping[str, int], load: Callable[[str, Any], int] | None = None
    ) -> None:
        self.first: dict[str, int] = dict(next_)
        self.next = dict(next_)
        self._load = load

    def take(self, name: str, what: Any, count: int) -> range:
        """The next ``count`` numbers; raises CounterMissing in a worker."""
        if name not in self.next:
            if self._load is None:
                raise CounterMissing(name)
            self.next[name] = self._load(name, what)
        start = self.next[name]
        self.first.setdefault(name, start)
        self.next[name] = start + count
        return range(start, start + count)


def sequence_name(owner: Any) -> str:
    """The counter of a factory: of its base, where that has the same model or a base of it."""
    reference = owner._meta.counter_reference.factory
    return f"{reference.__module__}.{reference.__qualname__}"


def key_name(table: Any) -> str:
    return f"#{table.fullname}"


@dataclass(frozen=True)
class Later:
    """Links of a chunk's rows along ``attribute`` that are drawn when all rows are there.

    ``place``: of the first row. ``keys``: a sequence for each column that tells the rows:
    the primary key for a reference to one row, else what the other side stores.
    """

    attribute: str
    place: int
    keys: list[Sequence[Any]]


@dataclass(frozen=True)
class ShareFacts:
    """What a chunk has to know of its share and of the run; picklable."""

    index: int
    name: str
    random_seed: int
    after: frozenset[str] = frozenset()  # models that are seeded later, by dotted name


def model_name(model: type) -> str:
    return f"{model.__module__}.{model.__qualname__}"


class Chunk:
    """The :class:`~.columns.Source` of its batches."""

    def __init__(
        self,
        facts: ShareFacts,
        number: int,
        counters: Counters,
        pools: Pools,
        rng: random.Random,
        seen: dict[Any, set[Any]],
    ) -> None:
        self.facts = facts
        self.number = number
        self.counters = counters
        self.pools = pools
        self.rng = rng
        self.seen = seen
        self.batches: list[Batch] = []
        self._delayed: dict[str, None] = {}
        self._weights: dict[tuple[int, int], list[float] | None] = {}

    def make(self, owner: Any, count: int, overrides: Mapping[str, Any]) -> None:
        """The chunk's own rows, with all that comes along."""
        batch = Batch(owner, self, count, self.numbers(owner, count), overrides)
        for name in batch.before:
            batch.column(name)
        self.made(batch)

    def forget(self) -> None:
        """Let go of the batches, which know this chunk, and so would wait for the collector."""
        for batch in self.batches:
            batch.columns.clear()
            batch.assembled = None
        self.batches.clear()

    # --- what batches ask for

    def numbers(self, owner: Any, count: int) -> range:
        return self.counters.take(sequence_name(owner), owner, count)

    def keys(self, table: sa.Table, count: int) -> range:
        """New values of the table's autoincrement column."""
        return self.counters.take(key_name(table), table, count)

    def place(self, owner: Any, number: int) -> int:
        return number - self.counters.take(f"={sequence_name(owner)}", owner, 0).start

    def taken(self, iterator: str, count: int) -> int:
        return self.counters.take(f"~{iterator}", None, count).start

    def made(self, batch: Batch) -> None:
        batch.assembled = Assembled(batch, self)
        meet(batch, self)
        self.batches.append(batch)
        for name, (declaration, context) in batch.after.items():
            self._related(batch, name, declaration, dict(context))

    def _related(self, batch: Batch, name: str, it: Any, context: dict[str, Any]) -> None:
        """The rows that RelatedFactory makes for each row of the batch."""
        if "" in context:
            return  # a value was passed in its place
        owner = it.get_factory()
        overrides = {**it.defaults, **context}
        rows: list[int] = list(batch.rows)
        if isinstance(it, RelatedFactoryList):
            sizes = [it.size if isinstance(it.size, int) else it.size() for _ in rows]
            rows = [row for row, size in zip(rows, sizes, strict=True) for _ in range(size)]
        if not rows:
            return
        preset = {}
        if it.name:
            made = Made(batch)
            overrides[it.name] = None
            preset[it.name] = [Reference(made, row) for row in rows]
        sequences = self.numbers(owner, len(rows))
        related = Batch(owner, self, len(rows), sequences, overrides, (batch, rows), preset)
        for attribute in related.before:
            related.column(attribute)
        self.made(related)

    # --- links

    def drawn(self, batch: Batch, name: str, link: Link, rows: Sequence[int]) -> list[Any]:
        prop = self._relation(batch, name)
        count = len(rows)
        target = sa.inspect(link.factory._meta.model)
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
        if link.none:
            kept = [number >= link.none for number in map(self._random, repeat(None, count))]
        own = issubclass(batch.factory._meta.model, target.class_)
        if prop is not None and ((own and link.depth) or self._comes_later(batch, target)):
            self._delay(batch, name)
            return [None] * count
        pool = self.pools.of(columns[0].table, columns, target)
        label = f"{batch.factory.__name__}.{name}"
        if not pool.size and own:
            return [None] * count
        chosen = self.choose_for(link, pool, count, label, self._place_of(batch, rows))
        if link.attribute is not None:
            values = pool.keys[0]
            return [values[row] if keep else None for row, keep in zip(chosen, kept, strict=True)]
        pairs = zip(chosen, kept, strict=True)
        return [Reference(pool, row) if keep else None for row, keep in pairs]

    def linked(self, batch: Batch, name: str, links: Links, rows: Sequence[int]) -> Any:
        prop = self._relation(batch, name)
        label = f"{batch.factory.__name__}.{name}"
        if prop is None or prop.direction is MANYTOONE:
            raise SeedError(
                f"{label} is a Links, which is for a relationship to many rows. Nothing was "
                "written.",
                "Use Link for a relationship to one row.",
            )
        if prop.direction is ONETOMANY:
            self._delay(batch, name)
            return [None] * len(rows)
        columns = [target for target, _ in prop.secondary_synchronize_pairs]
        target = sa.inspect(links.factory._meta.model)
        pool = self.pools.of(columns[0].table, columns, target)
        if pool.size < links.min:
            raise SeedError(
                f"{label} links each row to at least {links.min} rows of {pool.table}, and there "
                f"are {pool.size}. Nothing was written.",
                f"Seed more of {pool.table} before, or lower min.",
            )
        most = min(links.max, pool.size)
        counts = self.rng.choices(range(links.min, most + 1), k=len(rows))
        if links.unique:
            return self._unique_links(pool, counts, most, label, self._place_of(batch, rows))
        sums = self._sums(links, pool)
        flat = self.rng.choices(range(pool.size), cum_weights=sums, k=sum(counts))
        start = 0
        for count in counts:
            if count > 1 and len(set(flat[start : start + count])) < count:
                drawn = flat[start : start + count]
                flat[start : start + count] = self._different(pool.size, sums, drawn)
            start += count
        return Linked(pool, counts, flat)

    def choose(self, pool: Pool, count: int, label: str, owner: str) -> list[int]:
        """Rows of a pool, each as likely as any other."""
        return self.choose_for(None, pool, count, f"{owner} ({label})", 0)

    def _random(self, _: None) -> float:
        return self.rng.random()

    def _relation(self, batch: Batch, name: str) -> Any:
        name = batch.factory._meta.rename.get(name, name)
        return shape_of(batch.factory).mapper.relationships.get(name)

    def _place_of(self, batch: Batch, rows: Sequence[int]) -> int:
        if not len(rows):
            return 0
        return self.place(batch.factory, batch.sequences[rows[0]])

    def _comes_later(self, batch: Batch, target: Any) -> bool:
        return model_name(target.class_) in self.facts.after and not issubclass(
            batch.factory._meta.model, target.class_
        )

    def _delay(self, batch: Batch, name: str) -> None:
        """The attribute is linked when all rows are there; of rows that come along, not at all."""
        prop = self._relation(batch, name)
        needed = [own for _, own in prop.synchronize_pairs if not own.nullable]
        if prop.direction is MANYTOONE and needed:
            raise SeedError(
                f"{batch.factory.__name__}.{name} refers to rows that are seeded later, and "
                f"{needed[0]} may not be NULL until then. Nothing was written.",
                "Let one of the two columns be NULL, or link from the other side only.",
            )
        if batch.parent is None:
            self._delayed.setdefault(name)
        elif self._relation(batch, name).direction is not MANYTOONE:
            raise NotColumnwise(batch.factory, f"'{name}' of rows that come along with others")

    def delayed(self) -> list[Later]:
        """What is to be linked when all rows are there."""
        own = next(batch for batch in self.batches if batch.parent is None)
        found = []
        for name in self._delayed:
            prop = self._relation(own, name)
            if prop.direction is MANYTOONE:
                columns = list(prop.synchronize_pairs[0][1].table.primary_key)
            else:
                columns = [parent for parent, _ in prop.synchronize_pairs]
            keys = [own.assembled.values_of(column) for column in columns]
            found.append(Later(name, self._place_of(own, own.rows), keys))
        return found

    def choose_for(
        self, link: Link | None, pool: Pool, count: int, label: str, place: int
    ) -> list[int]:
        """Rows of a pool for ``count`` rows from ``place`` on, as the link declares."""
        if not pool.size:
            raise SeedError(
                f"{label} refers to a row of {pool.table}, and there is none. Nothing was written.",
                f"Seed {pool.table} too, before or in the same command.",
            )
        if link is not None and link.unique:
            if place + count > pool.size:
                raise _too_few(label, place + count, pool)
            step, shift = self._permutation(pool, label)
            return [((place + n) * step + shift) % pool.size for n in range(count)]
        sums = None if link is None else self._sums(link, pool)
        return self.rng.choices(range(pool.size), cum_weights=sums, k=count)

    def _unique_links(
        self, pool: Pool, counts: list[int], most: int, label: str, place: int
    ) -> Linked:
        """Row n has places n * most ... of a permutation of the pool to itself."""
        if (place + len(counts)) * most > pool.size:
            raise _too_few(label, (place + len(counts)) * most, pool)
        step, shift = self._permutation(pool, label)
        flat = [
            (((place + row) * most + n) * step + shift) % pool.size
            for row, count in enumerate(counts)
            for n in range(count)
        ]
        return Linked(pool, counts, flat)

    def _permutation(self, pool: Pool, label: str) -> tuple[int, int]:
        """``n -> (n * step + shift) % size`` is one, where step and size share no factor."""
        numbers = seeded(self.facts.random_seed, "permutation", label)
        step = numbers.randrange(1, pool.size + 1)
        while gcd(step, pool.size) != 1:
            step = numbers.randrange(1, pool.size + 1)
        return step, numbers.randrange(pool.size)

    def _sums(self, link: Link | Links, pool: Pool) -> list[float] | None:
        key = (id(link), id(pool))
        if key not in self._weights:
            self._weights[key] = weight_sums(link.weights, pool.size)
        return self._weights[key]

    def _different(self, size: int, sums: list[float] | None, drawn: list[int]) -> list[int]:
        """As many different rows: those drawn, and more for the ones that came twice."""
        chosen = dict.fromkeys(drawn)
        for _ in range(10_000):
            chosen.setdefault(self.rng.choices(range(size), cum_weights=sums)[0])
            if len(chosen) == len(drawn):
                return list(chosen)
        raise SeedError(
            f"The weights of a link leave fewer than {len(drawn)} rows that are ever chosen. "
            "Nothing was written."
        )


def _too_few(label: str, wanted: int, pool: Pool) -> SeedError:
    return SeedError(
        f"{label} links no row twice and needs {wanted:,} rows of {pool.table}; there are "
        f"{pool.size:,}. Nothing was written.",
        f"Seed more of {pool.table}, or fewer of the others.",
    )
