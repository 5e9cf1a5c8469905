"""How many rows a model has room for: one for each free value, pair or row to refer to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import factory
import sqlalchemy as sa

from ..factory_boy_internals import declarations_of, model_of
from ..generating.unique import domain, left_to_chance
from ..links import Link


@dataclass(frozen=True)
class Room:
    """The rows that exist, and those that are to be made: model -> count."""

    connection: sa.Connection
    planned: dict[type, int]

    def left(self, owner: Any, known: int | None) -> float:
        """How many more rows of the factory there is room for; ``known``: values of its
        own that repeat after so many."""
        model = model_of(owner)
        stored = self._stored(model)
        room = math.inf if known is None else known - stored
        before, _ = declarations_of(owner, {})
        for declaration, _context in before.values():
            if isinstance(declaration, Link) and declaration.unique:
                room = min(room, self._choices(declaration) - stored)
        for unique in left_to_chance(owner, before):
            product = math.prod(self._values(before[name][0]) for name in unique.attributes)
            room = min(room, product - stored)
        return max(0, room)

    def _stored(self, model: type) -> int:
        table: Any = sa.inspect(model).local_table
        return self.connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0

    def _choices(self, link: Link) -> int:
        """How many rows the link can draw."""
        target = model_of(link.factory)
        planned = sum(n for model, n in self.planned.items() if issubclass(model, target))
        size = self._stored(target) + planned
        if callable(link.weights):
            return sum(1 for place in range(size) if link.weights(place))
        return size

    def _values(self, declaration: Any) -> float:
        if isinstance(declaration, Link):
            return self._choices(declaration)
        if isinstance(declaration, factory.Maybe):
            return self._values(declaration.yes) + 1
        values = domain(declaration)
        return math.inf if values is None else len(set(values))
