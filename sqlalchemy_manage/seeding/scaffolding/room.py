"""How many rows a model has room for: one for each free value, pair or row to refer to."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import factory
import sqlalchemy as sa

from ..factory_boy_internals import declarations_of, model_of
from ..generating.model_info import model_info
from ..generating.unique import domain, left_to_chance
from ..links import Link


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
        room = math.inf if known is None else known - self._taken(tables[0])
        before, _ = declarations_of(owner, {})
        for name, (declaration, _context) in before.items():
            if isinstance(declaration, Link) and declaration.unique:
                home = _home(owner, name, declaration)
                room = min(room, self._choices(declaration) - self._taken(home))
        for unique in left_to_chance(owner, before):
            product = math.prod(self._values(before[name][0]) for name in unique.attributes)
            room = min(room, product - self._taken(unique.table))
        self.before.append(model_of(owner))
        return max(0, room)

    def _taken(self, table: Any) -> int:
        """The rows of a table, with those that come before."""
        made = sum(self.planned[m] for m in self.before if table in sa.inspect(m).tables)
        return made + (self.connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)

    def _choices(self, link: Link) -> int:
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
            return self._choices(declaration)
        if isinstance(declaration, factory.Maybe):
            return self._values(declaration.yes) + 1
        values = domain(declaration)
        return math.inf if values is None else len(set(values))


def _home(owner: Any, name: str, link: Link) -> Any:
    """The table with the foreign key of a link."""
    info = model_info(owner)
    relation = info.relation(name)
    if relation is not None:
        return relation.synchronize_pairs[0][1].table
    target = sa.inspect(model_of(link.factory)).get_property(str(link.attribute))
    return info.key_column(name, target.columns[0]).table
