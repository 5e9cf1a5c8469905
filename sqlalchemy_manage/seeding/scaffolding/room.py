"""How many rows a model has room for: one for each free value, pair or row to refer to."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import factory
import sqlalchemy as sa

from ..factory_boy_internals import declarations_of, model_of
from ..generating.model_info import model_info
from ..generating.unique import domain
from ..generating.unique_sets import left_to_chance
from ..links import Link
from ..lookup import dotted_name
from .inventing import Invention


@dataclass
class Room:
    """``planned``: the rows that are to be made, by model; ``before``: the models that were
    looked at, whose rows come first."""

    connection: sa.Connection
    planned: dict[type, int]
    before: list[type] = field(default_factory=list)

    def left(self, owner: Any, known: int | None) -> float:
        """How many more rows of the factory there is room for; ``known``: values of its
        own that repeat after so many."""
        tables = model_info(owner).tables
        room = math.inf if known is None else known - self.taken(tables[0])
        before, _ = declarations_of(owner, {})
        for name, (declaration, _context) in before.items():
            if isinstance(declaration, Link) and declaration.unique:
                home = _home(owner, name, declaration)
                room = min(room, self.choices(declaration) - self.taken(home))
        for unique in left_to_chance(owner, before):
            product = math.prod(self._values(before[name][0]) for name in unique.attributes)
            room = min(room, product - self.taken(unique.table))
        self.before.append(model_of(owner))
        return max(0, room)

    def taken(self, table: Any) -> int:
        """The rows of a table, with those that come before."""
        made = sum(self.planned[m] for m in self.before if table in sa.inspect(m).tables)
        return made + (self.connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)

    def choices(self, link: Link) -> int:
        """How many rows the link can draw."""
        target = model_of(link.factory)
        planned = sum(n for model, n in self.planned.items() if issubclass(model, target))
        stored = sa.select(sa.func.count()).select_from(sa.inspect(target).local_table)
        size = planned + (self.connection.scalar(stored) or 0)
        if callable(link.weights):
            return sum(1 for place in range(size) if link.weights(place))
        return size

    def _values(self, declaration: Any) -> float:
        if isinstance(declaration, Link):
            return self.choices(declaration)
        if isinstance(declaration, factory.Maybe):
            return self._values(declaration.yes) + 1
        values = domain(declaration)
        return math.inf if values is None else len(set(values))


def _home(owner: Any, name: str, link: Link) -> Any:
    """The table with the foreign key of a link."""
    return _own_column(owner, name, link).table


def _own_column(owner: Any, name: str, link: Link) -> Any:
    info = model_info(owner)
    relation = info.relation(name)
    if relation is not None:
        return relation.synchronize_pairs[0][1]
    target = sa.inspect(model_of(link.factory)).get_property(str(link.attribute))
    return info.key_column(name, target.columns[0])


def counts(
    connection: sa.Connection, made: Invention, plans: Sequence[Any], asked: Collection[Any]
) -> tuple[tuple[str, int], ...]:
    """Other counts for factories that were made for this seed, by dotted name: fewer rows where
    there is no room for as many, more where others need one row each. The count of a factory
    that was ``asked`` for stays."""
    room = Room(connection, {plan.model: plan.count for plan in plans})
    own = [
        plan
        for plan in plans
        if made.named(plan.model) and plan.factory not in asked and plan.reference is None
    ]
    _make_room(room, plans, {plan.model for plan in own})
    for plan in own:
        known = made.named(plan.model)
        left = room.left(plan.factory, known.room if known else None)
        room.planned[plan.model] = int(min(left, room.planned[plan.model]))
    return tuple(
        (dotted_name(plan.factory), room.planned[plan.model])
        for plan in own
        if room.planned[plan.model] != plan.count
    )


def _make_room(room: Room, plans: Sequence[Any], ours: Collection[type]) -> None:
    """More rows of the models to which the rows of others refer one to one."""
    users: dict[Any, list[tuple[type, Link]]] = {}
    for plan in plans:
        before, _ = declarations_of(plan.factory, plan.overrides)
        for name, (declaration, _context) in before.items():
            if isinstance(declaration, Link) and declaration.unique:
                column = _own_column(plan.factory, name, declaration)
                if column is not None:
                    users.setdefault(column, []).append((plan.model, declaration))
    for _ in plans:
        before_counts = dict(room.planned)
        for column, found in users.items():
            needed = sum(room.planned[model] for model, _ in found)
            missing = needed - (room.choices(found[0][1]) - room.taken(column.table))
            target = model_of(found[0][1].factory)
            target = (
                next((m for m in ours if issubclass(m, target)), None)
                if (target not in ours)
                else target
            )
            if missing > 0 and target is not None:
                room.planned[target] += missing
        if room.planned == before_counts:
            return
