"""The order in which new rows are inserted, and the links that wait until all rows exist."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from .record_layout import Layout, may_be_null
from .record_rows import Key, Row, key_of

Defers = Callable[[sa.ForeignKeyConstraint], bool]
Pending = Mapping[sa.Table, tuple[Layout, list[Row]]]


@dataclass
class InsertOrder:
    """``order``: the rows, parents first. ``later``: row -> fields that are filled in at the end.

    ``stuck``: rows in a circle of links that must not be null, with the constraint.
    """

    order: list[Row] = field(default_factory=list)
    later: dict[Row, tuple[str, ...]] = field(default_factory=dict)
    stuck: list[tuple[Row, sa.ForeignKeyConstraint]] = field(default_factory=list)


def link_names(
    layout: Layout, target: Layout, constraint: sa.ForeignKeyConstraint
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The fields of a foreign key, and those that it refers to; None if some are no fields."""
    near = layout.names(constraint.columns)
    far = target.names(element.column for element in constraint.elements)
    count = len(constraint.elements)
    return (near, far) if len(near) == len(far) == count else None


def reference(row: Row, names: tuple[str, ...]) -> Key | None:
    """The values of ``names``; None if one is null or not in the row: then it refers to nothing."""
    if any(row.values.get(name) is None for name in names):
        return None
    return key_of(names, row.values)


def plan(layout: Layout, rows: list[Row], pending: Pending, defers: Defers) -> InsertOrder:
    """How to insert ``rows``, when the rows of ``pending`` tables are inserted after them.

    ``defers``: whether the database checks a constraint only at the commit.
    """
    result = InsertOrder()
    waits = _Waits(rows)
    for constraint in layout.table.foreign_key_constraints:
        if defers(constraint):
            continue
        if constraint.referred_table is layout.table:
            target, others = layout, rows
        elif constraint.referred_table in pending:
            target, others = pending[constraint.referred_table]
        else:
            continue
        names = link_names(layout, target, constraint)
        if names is None:
            continue
        near, far = names
        parents = {key: row for row in others if (key := reference(row, far)) is not None}
        for row in rows:
            key = reference(row, near)
            parent = None if key is None else parents.get(key)
            if parent is None or parent is row:
                continue
            if others is rows:
                waits.add(row, parent, constraint)
            else:
                _postpone(result, layout, row, constraint)
    result.order = waits.sorted(lambda row, link: _postpone(result, layout, row, link))
    return result


def _postpone(result: InsertOrder, layout: Layout, row: Row, link: sa.ForeignKeyConstraint) -> None:
    if not may_be_null(link):
        result.stuck.append((row, link))
        return
    names = layout.names(c for c in link.columns if c.nullable and not c.primary_key)
    result.later[row] = tuple(dict.fromkeys([*result.later.get(row, ()), *names]))


class _Waits:
    """Which rows of one table wait for which others of it."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.parents: dict[Row, dict[Row, list[sa.ForeignKeyConstraint]]] = {}
        self.children: dict[Row, list[Row]] = {}

    def add(self, row: Row, parent: Row, link: sa.ForeignKeyConstraint) -> None:
        self.parents.setdefault(row, {}).setdefault(parent, []).append(link)
        self.children.setdefault(parent, []).append(row)

    def sorted(self, broken: Callable[[Row, sa.ForeignKeyConstraint], None]) -> list[Row]:
        """The rows, parents first; ``broken`` gets each link given up to open a circle."""
        if not self.parents:
            return self.rows
        ready = deque(row for row in self.rows if row not in self.parents)
        stalled = deque(row for row in self.rows if row in self.parents)
        ordered: list[Row] = []
        while ready or stalled:
            if not ready:
                if not self.parents.get(stalled[0]):
                    stalled.popleft()
                    continue
                row, parent = self._in_circle(stalled[0])
                for link in self.parents[row].pop(parent):
                    broken(row, link)
                if self.parents[row]:
                    continue
                ready.append(row)
            row = ready.popleft()
            ordered.append(row)
            for child in self.children.get(row, ()):
                if self.parents[child].pop(row, None) and not self.parents[child]:
                    ready.append(child)
        return ordered

    def _in_circle(self, row: Row) -> tuple[Row, Row]:
        """A row and its parent in the circle above ``row``, by a link that may be null if any."""
        path: dict[Row, Row] = {}
        while row not in path:
            path[row] = next(iter(self.parents[row]))
            row = path[row]
        start, circle = row, [(row, path[row])]
        while (row := path[row]) is not start:
            circle.append((row, path[row]))
        return next(
            (edge for edge in circle if all(map(may_be_null, self.parents[edge[0]][edge[1]]))),
            circle[0],
        )
