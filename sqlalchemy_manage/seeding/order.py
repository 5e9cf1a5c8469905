"""The order in which factories have their turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from .dependencies import drawn_from
from .factory_boy_internals import model_of
from .generating.model_info import model_info
from .links import Links
from .reference_rows.declared_names import linked_models

if TYPE_CHECKING:
    from ..project import Project

Plan = TypeVar("Plan", bound=Any)
"""A FactoryPlan."""


def in_order(project: Project, plans: Sequence[Plan]) -> list[Plan]:
    """What is drawn from before what draws from it, else in the order of the tables.

    In a circle a link that may be NULL gives way: it is written afterwards.
    """
    position = {mapper.class_: index for index, mapper in enumerate(project.mappers)}
    plans = sorted(plans, key=lambda plan: position.get(plan.model, -1))
    before = {id(plan): _before(plan, plans) for plan in plans}
    waiting: list[Plan] = []
    placed: set[int] = set()

    def put(plan: Plan, on_the_way: tuple[int, ...]) -> None:
        if id(plan) in placed or id(plan) in on_the_way:
            return
        for other, _ in before[id(plan)]:
            put(other, (*on_the_way, id(plan)))
        placed.add(id(plan))
        waiting.append(plan)

    for plan in plans:
        put(plan, ())
    found: list[Plan] = []
    while waiting:
        left = set(map(id, waiting))
        needed = ((p, {id(other) for other, must in before[id(p)] if must}) for p in waiting)
        found.append(next((p for p, others in needed if not left & others), waiting[0]))
        waiting = [plan for plan in waiting if plan is not found[-1]]
    return found


def _before(plan: Any, plans: Sequence[Any]) -> list[tuple[Any, bool]]:
    """The plans whose rows a plan draws, and whether it cannot do without them at first.

    In the order of the declarations."""
    found: list[tuple[Any, bool]] = []
    if plan.reference is not None:
        for model in linked_models(plan.factory, plan.reference):
            for other in plans:
                # Rows of one kind name each other: those of a base come before a subclass's.
                if issubclass(other.model, model) and not issubclass(other.model, plan.model):
                    found.append((other, True))
    for name, declaration in drawn_from(plan.factory, plan.overrides):
        relation = model_info(plan.factory).relation(name)
        if relation is not None and relation.direction.name == "ONETOMANY":
            continue
        target = model_of(declaration.factory)
        later = isinstance(declaration, Links) and declaration.min == 0
        if relation is not None and relation.direction.name == "MANYTOONE":
            later = all(own.nullable for _, own in relation.synchronize_pairs)
        for other in plans:
            if other is not plan and issubclass(other.model, target):
                found.append((other, not later and other.model is target))
    needed = {
        key.referred_table
        for table in model_info(plan.factory).tables
        for key in table.foreign_key_constraints
        if not any(column.nullable for column in key.columns)
    }
    for other in plans:
        if other is not plan and sa.inspect(other.model).local_table in needed:
            found.append((other, True))
    return found
