"""Rows that refer to themselves, directly or through others of their table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from .link_types import LinkColumns
from .statements import Row, any_guard, filled

_MANY = 10_000


def circles(connection: sa.Connection, link: LinkColumns) -> Iterator[tuple[Row, str]]:
    """Of each circle the key of one of its rows, and the way around; none between two tables.

    The keys of the rows that have a link are held in memory: a recursive query would stop at
    a depth that the server sets.
    """
    if link.child is not link.parent:
        return
    columns = [*link.targets, *link.columns]
    wanted = sa.select(*(c.label(f"c{i}") for i, c in enumerate(columns)))
    wanted = wanted.where(filled(link.columns), *any_guard(link.guard, {}))
    number, above = len(link.targets), {}
    for rows in connection.execute(wanted).partitions(_MANY):
        for row in rows:
            above[tuple(row[:number])] = tuple(row[number:])
    names = [target.name for target in link.targets]
    for circle in _closed(above):
        said = " -> ".join(_key(each) for each in (*circle, circle[0]))
        yield dict(zip(names, circle[0], strict=True)), said


def _closed(above: Mapping[Any, Any]) -> Iterator[list[Any]]:
    """The circles, each from its lowest key; a row leads to one other, so that no two meet."""
    seen: set[Any] = set()
    for start in above:
        way: dict[Any, None] = {}
        at = start
        while at in above and at not in seen:
            seen.add(at)
            way[at] = None
            at = above[at]
        if at in way:
            circle = list(way)[list(way).index(at) :]
            first = circle.index(min(circle))
            yield circle[first:] + circle[:first]


def _key(values: tuple[Any, ...]) -> str:
    return ", ".join(map(repr, values))
