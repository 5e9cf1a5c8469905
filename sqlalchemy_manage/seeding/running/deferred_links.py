"""The second pass: links to rows that did not exist when the row itself was written.

Trees within one table, circles of foreign keys, and the rows of a one-to-many relationship.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.interfaces import MANYTOONE

from ...errors import SeedError
from ..factory_boy_internals import declarations_of, model_of
from ..generating.drawing import Drawing
from ..generating.model_info import model_info
from ..generating.numbering import Counters, key_name
from ..generating.pools import Pool, Pools, read_keys
from ..generating.randomness import seeded
from ..links import Link
from ..plan import FactoryPlan
from ..writers.writer import BlockWriter
from .chunks import DeferredLink, PlanFacts


def link_afterwards(
    connection: sa.Connection,
    writer: BlockWriter,
    plan: FactoryPlan,
    facts: PlanFacts,
    deferred: Sequence[DeferredLink],
    counters: Counters,
) -> None:
    """Write the links of a plan's rows that had to wait, one UPDATE for each row."""
    for attribute in dict.fromkeys(each.attribute for each in deferred):
        chunks = [each for each in deferred if each.attribute == attribute]
        prop = model_info(plan.factory).relation(attribute)
        declaration = declarations_of(plan.factory, plan.overrides)[0][attribute][0]
        if prop.direction is MANYTOONE:
            _to_one(connection, writer, plan, facts, chunks, prop, declaration)
        else:
            _to_many(connection, writer, plan, facts, chunks, prop, declaration, counters)


def _to_one(
    connection: sa.Connection,
    writer: BlockWriter,
    plan: FactoryPlan,
    facts: PlanFacts,
    deferred: Sequence[DeferredLink],
    prop: Any,
    link: Link,
) -> None:
    targets = [target for target, _ in prop.synchronize_pairs]
    own = [column for _, column in prop.synchronize_pairs]
    table = own[0].table
    key = [column.key for column in table.primary_key]
    tree = link.depth is not None and issubclass(plan.model, prop.mapper.class_)
    total = sum(len(each.keys[0]) for each in deferred)
    pool = _pool_of_own(connection, deferred, targets, table) if tree else None
    levels = level_ends(total, link.depth or 1)
    pools = Pools(connection)
    for each in deferred:
        numbers = seeded(facts.random_seed, facts.name, facts.index, link_name(prop), each.place)
        count = len(each.keys[0])
        drawing = Drawing(facts.random_seed, numbers, pools)
        rows: list[int | None]
        if pool is not None:
            source = pool
            rows = _parents(levels, each.place, count, numbers)
        else:
            source = pools.of(targets[0].table, targets, sa.inspect(model_of(link.factory)))
            label = f"{plan.name}.{prop.key}"
            rows = list(drawing.one_each(link, source, count, label, each.place))
        kept = [
            (place, row)
            for place, row in enumerate(rows)
            if row is not None and not (link.none and numbers.random() < link.none)
        ]
        if kept:
            values = [[keys[row] for _, row in kept] for keys in source.keys]
            found = [[column[place] for place, _ in kept] for column in each.keys]
            writer.update(table, [column.key for column in own], values, key, found)


def link_name(prop: Any) -> str:
    return f"{prop.parent.class_.__name__}.{prop.key}"


def _pool_of_own(
    connection: sa.Connection,
    deferred: Sequence[DeferredLink],
    targets: Sequence[Any],
    table: sa.Table,
) -> Pool:
    """The keys of the plan's own rows, in the order in which they were made."""
    key = list(table.primary_key)
    made = [list(chain.from_iterable(each.keys[n] for each in deferred)) for n in range(len(key))]
    names = tuple(column.key for column in targets)
    if [column.key for column in key] == list(names):
        return Pool(table.fullname, names, list(made))
    stored = {
        tuple(row[: len(key)]): tuple(row[len(key) :])
        for row in connection.execute(sa.select(*key, *targets))
    }
    values = [stored[row] for row in zip(*made, strict=True)]
    return Pool(table.fullname, names, [list(column) for column in zip(*values, strict=True)])


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


def _to_many(
    connection: sa.Connection,
    writer: BlockWriter,
    plan: FactoryPlan,
    facts: PlanFacts,
    deferred: Sequence[DeferredLink],
    prop: Any,
    links: Any,
    counters: Counters,
) -> None:
    """Each row of the other side belongs to at most one row of this one."""
    own = [column for _, column in prop.synchronize_pairs]
    table: sa.Table = own[0].table
    free = [column.is_(None) for column in own]
    column = table.autoincrement_column
    if column is not None and key_name(table) in counters.first:
        free.append(column >= counters.first[key_name(table)])  # rows of this seed only
    keys = read_keys(connection, table, list(table.primary_key), *free)
    total = sum(len(each.keys[0]) for each in deferred)
    label = f"{plan.name}.{prop.key}"
    left, rows_left = len(keys[0]), total
    if left < links.min * total:
        raise SeedError(
            f"{label} links each of {total:,} rows to at least {links.min} rows of "
            f"{table.fullname}, and {left:,} are free. Nothing was written.",
            f"Seed more of {table.fullname}, or lower min.",
        )
    order = seeded(facts.random_seed, "order", label).sample(range(left), left)
    start = 0
    for each in deferred:
        numbers = seeded(facts.random_seed, facts.name, facts.index, link_name(prop), each.place)
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
            writer.update(
                table,
                [column.key for column in own],
                [[column[row] for row in parents] for column in each.keys],
                [column.key for column in table.primary_key],
                [[column[child] for child in children] for column in keys],
            )
