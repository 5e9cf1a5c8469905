"""The second pass: links to rows that did not exist when the row itself was written.

Trees within one table, circles of foreign keys, and the rows of a one-to-many relationship.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm.interfaces import MANYTOONE

from ...errors import SeedError
from ...fitting import count as counted
from ..factory_boy_internals import declarations_of, model_of
from ..generating.drawing import Drawing
from ..generating.model_info import model_info
from ..generating.numbering import Counters, key_name
from ..generating.pools import Pool, Pools, read_keys
from ..generating.randomness import seeded
from ..links import Link, Links
from ..plan import FactoryPlan
from ..writers.writer import BlockWriter
from .chunks import DeferredLink, PlanFacts

if TYPE_CHECKING:
    import random


def link_afterwards(
    connection: sa.Connection,
    writer: BlockWriter,
    plan: FactoryPlan,
    facts: PlanFacts,
    deferred: Sequence[DeferredLink],
    counters: Counters,
) -> None:
    """Write the links of a factory's rows that had to wait, one UPDATE for each row."""
    for attribute in dict.fromkeys(each.attribute for each in deferred):
        chunks = [each for each in deferred if each.attribute == attribute]
        prop = model_info(plan.factory).relation(attribute)
        declaration = declarations_of(plan.factory, plan.overrides)[0][attribute][0]
        relation = _Relation(connection, writer, plan, facts, chunks, prop)
        if prop.direction is MANYTOONE:
            relation.link_to_one(declaration)
        else:
            relation.link_to_many(declaration, counters)


@dataclass(frozen=True)
class _Relation:
    """A relationship of a factory's rows, and the links along it that had to wait."""

    connection: sa.Connection
    writer: BlockWriter
    plan: FactoryPlan
    facts: PlanFacts
    deferred: Sequence[DeferredLink]
    prop: Any

    @property
    def label(self) -> str:
        return f"{self.plan.name}.{self.prop.key}"

    @property
    def own(self) -> list[sa.Column[Any]]:
        """The foreign key."""
        return [column for _, column in self.prop.synchronize_pairs]

    @property
    def total(self) -> int:
        """How many rows there are to link."""
        return sum(len(each.keys[0]) for each in self.deferred)

    def numbers(self, each: DeferredLink) -> random.Random:
        facts = self.facts
        name = f"{self.prop.parent.class_.__name__}.{self.prop.key}"
        return seeded(facts.random_seed, facts.name, facts.index, name, each.place)

    def link_to_one(self, link: Link) -> None:
        targets = [target for target, _ in self.prop.synchronize_pairs]
        table: Any = self.own[0].table
        key = [column.key for column in table.primary_key]
        tree = link.depth is not None and issubclass(self.plan.model, self.prop.mapper.class_)
        pool = self._pool_of_own(targets, table) if tree else None
        levels = level_ends(self.total, link.depth or 1)
        pools = Pools(self.connection)
        for each in self.deferred:
            numbers, count = self.numbers(each), len(each.keys[0])
            rows: list[int | None]
            if pool is not None:
                source = pool
                rows = _parents(levels, each.place, count, numbers)
            else:
                drawing = Drawing(self.facts.random_seed, numbers, pools)
                target = sa.inspect(model_of(link.factory))
                source = pools.of(targets[0].table, targets, target)
                if link.unique:
                    source = pools.free(source, self.own)
                rows = list(drawing.one_each(link, source, count, self.label, each.place))
            kept = [
                (place, row)
                for place, row in enumerate(rows)
                if row is not None and not (link.none and numbers.random() < link.none)
            ]
            if kept:
                values = [[keys[row] for _, row in kept] for keys in source.keys]
                found = [[column[place] for place, _ in kept] for column in each.keys]
                self.writer.update(table, [column.key for column in self.own], values, key, found)

    def _pool_of_own(self, targets: Sequence[Any], table: sa.Table) -> Pool:
        """The keys of the plan's own rows, in the order in which they were made."""
        key = list(table.primary_key)
        every = [each.keys for each in self.deferred]
        made = [list(chain.from_iterable(keys[n] for keys in every)) for n in range(len(key))]
        names = tuple(column.key for column in targets)
        if [column.key for column in key] == list(names):
            return Pool(table.fullname, names, list(made))
        stored = {
            tuple(row[: len(key)]): tuple(row[len(key) :])
            for row in self.connection.execute(sa.select(*key, *targets))
        }
        values = [stored[row] for row in zip(*made, strict=True)]
        return Pool(table.fullname, names, [list(column) for column in zip(*values, strict=True)])

    def link_to_many(self, links: Links, counters: Counters) -> None:
        """Each row of the other side belongs to at most one row of this one."""
        own, total = self.own, self.total
        table: Any = own[0].table
        free = [column.is_(None) for column in own]
        column = table.autoincrement_column
        if column is not None and key_name(table) in counters.first:
            first, down = (
                counters.first[key_name(table)],
                counters.steps.get(key_name(table), 1) < 0,
            )
            free.append(column <= first if down else column >= first)  # rows of this seed only
        keys = read_keys(self.connection, table, list(table.primary_key), *free)
        left, rows_left = len(keys[0]), total
        if left < links.min * total:
            raise SeedError(
                f"{self.label} links each of {counted(total, 'row')} to at least "
                f"{counted(links.min, 'row')} of {table.fullname}, and {left:,} "
                f"{'is' if left == 1 else 'are'} free. Nothing was written.",
                f"Seed more of {table.fullname}, or lower min.",
            )
        order = seeded(self.facts.random_seed, "order", self.label).sample(range(left), left)
        start = 0
        for each in self.deferred:
            numbers = self.numbers(each)
            parents: list[int] = []
            for row in range(len(each.keys[0])):
                rows_left -= 1
                most = min(links.max, left - links.min * rows_left)
                count = numbers.randint(links.min, max(links.min, most))
                left -= count
                parents += [row] * count
            children = order[start : start + len(parents)]
            start += len(parents)
            if children:
                self.writer.update(
                    table,
                    [column.key for column in own],
                    [[column[row] for row in parents] for column in each.keys],
                    [column.key for column in table.primary_key],
                    [[column[child] for child in children] for column in keys],
                )


def level_ends(count: int, depth: int) -> list[int]:
    """Where each level of a forest of ``count`` rows ends, its roots first: each level is
    as many times as large as the one above it, as near as whole rows allow."""
    ends = [round(count ** ((level + 1) / depth)) for level in range(depth)]
    for level in range(depth):
        ends[level] = min(count, max(ends[level], (ends[level - 1] if level else 0) + 1))
    ends[-1] = count
    return ends


def _parents(levels: list[int], place: int, count: int, numbers: Any) -> list[int | None]:
    """For each row the place of its parent, one level above it; None for a root."""
    rows: list[int | None] = []
    for row in range(place, place + count):
        level = bisect_right(levels, row)
        if level == 0:
            rows.append(None)
        else:
            start = levels[level - 2] if level > 1 else 0
            rows.append(numbers.randrange(start, levels[level - 1]))
    return rows
