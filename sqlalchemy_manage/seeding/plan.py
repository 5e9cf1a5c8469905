"""What a seed creates: how many rows of each factory, parents before their referrers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from .. import advice
from ..databases.engines import require_tables
from ..errors import SeedError, UsageError, did_you_mean
from ..models import is_managed
from .dependencies import drawn_from, require_fakers, require_targets
from .discovery import looked_in
from .factories import Factory
from .factory_boy_internals import declarations_of, declared_names, model_of, own_hook
from .generating.model_info import model_info
from .generating.unique import require_room
from .lookup import (
    all_factories,
    by_dotted_name,
    dotted_name,
    factory_of,
    is_elsewhere,
    named,
    why_foreign,
)
from .order import in_order
from .profiles import Reference, Rows, profile
from .reference_rows.declared_names import require_agreement, require_row_names
from .scaffolding.auto import add_factories, require_no_problems
from .scaffolding.room import counts

if TYPE_CHECKING:
    from ..project import Project

DEFAULT_COUNT = 10


@dataclass(frozen=True)
class SeedRequest:
    """What was asked for; picklable, so that another process comes to the same plans.

    ``added``: factories, by dotted name, that others need and that were not asked for.
    ``auto``: models without a factory get one. ``fitted``: factory, by dotted name, and the
    number of rows that there is room for, or that others need.
    """

    profile: str | None = None
    counts: tuple[tuple[str, int], ...] = ()
    scale: float = 1.0
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    auto: bool = False
    fitted: tuple[tuple[str, int], ...] = ()

    @classmethod
    def loaded(cls, values: Mapping[str, Any]) -> SeedRequest:
        """What ``asdict()`` gave, after it has been JSON."""
        counts, fitted = (
            tuple((name, count) for name, count in values.get(each, ()))
            for each in ("counts", "fitted")
        )
        only, exclude, added = (tuple(values[each]) for each in ("only", "exclude", "added"))
        auto = values.get("auto", False)
        return cls(values["profile"], counts, values["scale"], only, exclude, added, auto, fitted)


@dataclass(frozen=True)
class FactoryPlan:
    """How many rows a factory is to make; ``asked`` is False for one that others need.

    ``reference``: rows that must exist, instead of a count. ``label``: what tells the factory
    from another of its name.
    """

    factory: Factory
    count: int
    asked: bool = True
    overrides: Mapping[str, Any] = field(default_factory=dict)
    reference: Reference | None = None
    label: str | None = None

    @property
    def name(self) -> str:
        return self.label or str(self.factory.__name__)

    @property
    def model(self) -> type:
        found: type = model_of(self.factory)
        return found


def factory_plans(project: Project, request: SeedRequest) -> list[FactoryPlan]:
    """A plan for each factory, in the order of creation; looks at no database.

    ``counts`` names models or factories; they replace those of the profile. Without a
    profile and counts, each model with a factory gets 10 rows. Raises UsageError for a name
    that nothing has, and for a model that several factories make.
    """
    if request.auto:
        add_factories(project)
    plans: list[FactoryPlan] = []
    if request.profile is not None:
        declared = profile(project, request.profile)
        plans = [_factory_plan(project, each, request.scale) for each in declared]
    elif not request.counts:
        plans = [FactoryPlan(f, _scaled(DEFAULT_COUNT, request.scale)) for f in _one_each(project)]
    of_profile = len(plans)
    twice: set[Factory] = set()
    for name, count in request.counts:
        factory = named(project, name)
        if factory in twice:
            raise UsageError(f"{name} is named twice.")
        twice.add(factory)
        matching = [i for i, plan in enumerate(plans) if plan.factory is factory]
        if not matching and name.rpartition(".")[2] != factory.__name__:
            models = [plan.model for plan in plans[:of_profile]]
            matching = [i for i, model in enumerate(models) if model is model_of(factory)]
        if matching:
            plans[matching[0]] = replace(plans[matching[0]], count=count)
        else:
            plans.append(FactoryPlan(factory, count))
    if request.only:
        only = {model_of(named(project, name)) for name in request.only}
        plans = [plan for plan in plans if plan.model in only]
    exclude = {model_of(named(project, name)) for name in request.exclude}
    plans = [plan for plan in plans if plan.model not in exclude]
    added = [by_dotted_name(project, name) for name in request.added]
    plans += [FactoryPlan(factory, DEFAULT_COUNT, asked=False) for factory in added]
    fitted = dict(request.fitted)
    plans = [replace(p, count=fitted.get(dotted_name(p.factory), p.count)) for p in plans]
    plans = _labelled(project, plans)
    for plan in plans:
        _require_managed(project, plan)
        require_targets(plan.factory, plan.overrides)
        _require_names(plan)
    require_agreement([plan.reference for plan in plans if plan.reference is not None])
    return in_order(project, plans)


def plan_seed(
    project: Project, connection: sa.Connection, request: SeedRequest
) -> tuple[SeedRequest, list[FactoryPlan]]:
    """The plans, with 10 rows for each model that others draw from and whose table is empty.

    Raises DatabaseError for missing tables, SeedError where a unique column has too few values.
    """
    require_tables(connection, project.tables)
    if request.auto:
        add_factories(project)
    if request.profile is None and not all_factories(project):
        raise SeedError(
            "There are no factories to seed with.",
            f"Looked in {looked_in(project)}. Write SQLAlchemyModelFactory classes of "
            "factory_boy in an app's factories.py, or name their module in FACTORIES. "
            f"{advice.WRITE_FACTORIES} writes them; {advice.SEED_WITHOUT_FACTORIES} needs none.",
        )
    plans = factory_plans(project, request)
    excluded = {model_of(named(project, name)) for name in request.exclude}
    while added := _needed(project, connection, plans, excluded):
        request = replace(request, added=(*request.added, *added))
        plans = factory_plans(project, request)
    if request.auto:
        made = add_factories(project)
        require_no_problems(made, [plan.model for plan in plans if plan.count])
        asked = [named(project, name) for name, _ in request.counts]
        request = replace(request, fitted=counts(connection, made, plans, asked))
        plans = factory_plans(project, request)
    for plan in plans:
        if plan.count and plan.reference is None:
            require_fakers(plan.factory, plan.overrides)
            if own_hook(plan.factory) is None:  # which may leave out or change what is taken
                require_room(plan.factory, plan.overrides, plan.count)
    return request, plans


def _needed(
    project: Project, connection: sa.Connection, plans: Sequence[FactoryPlan], excluded: set[type]
) -> list[str]:
    """Factories, by dotted name, whose empty tables others draw from, and that have no plan."""
    needed: dict[str, None] = {}
    for plan in plans:
        for _, declaration in drawn_from(plan.factory, plan.overrides) if plan.count else ():
            target = model_of(declaration.factory)
            made = any(issubclass(s.model, target) for s in plans) or target in excluded
            if not (made or issubclass(plan.model, target)) and _empty(connection, target):
                needed.setdefault(dotted_name(_maker(project, target) or declaration.factory))
    return list(needed)


def _maker(project: Project, model: type) -> Factory | None:
    """The project's factory of a model that is called after it; of one that has only
    subclasses, the first of theirs."""
    known = all_factories(project).values()
    found = [f for f in known if model_of(f) is model]
    usual = next((f for f in found if f.__name__ == f"{model.__name__}Factory"), None)
    if usual is None and sa.inspect(model).polymorphic_identity is None:
        return next((f for f in known if issubclass(model_of(f), model)), None)
    return usual


def _factory_plan(project: Project, each: Rows | Reference, scale: float) -> FactoryPlan:
    factory = each.factory
    if isinstance(factory, str):
        factory = named(project, factory)
    if isinstance(each, Reference):
        each = copy(each)
        each.factory = factory
        return FactoryPlan(factory, len(each.rows), reference=each)
    return FactoryPlan(factory, _scaled(each.count, scale), overrides=each.overrides)


def _labelled(project: Project, plans: Sequence[FactoryPlan]) -> list[FactoryPlan]:
    """The plans by names that tell their factories apart."""
    known = all_factories(project)
    labels = {factory: name for name, factory in known.items()}
    return [
        replace(plan, label=labels.get(plan.factory))
        if plan.factory in labels or plan.name not in known
        else replace(plan, label=dotted_name(plan.factory))
        for plan in plans
    ]


def _scaled(count: int, scale: float) -> int:
    return max(1, round(count * scale)) if count and scale else 0


def _one_each(project: Project) -> list[Factory]:
    """A factory for each model that has one, and whose rows are ours to make."""
    own = [f for f in all_factories(project).values() if why_foreign(project, f) is None]
    models = dict.fromkeys(model_of(f) for f in own if _managed(f))
    return [factory_of(project, model) for model in models]


def left_out(project: Project, request: SeedRequest) -> list[str]:
    """Factories that a seed of every model leaves out, each with the reason.

    Not those of models in another database, which a seed of that one makes.
    """
    if request.profile is not None or request.counts:
        return []
    found = (
        (n, why_foreign(project, f))
        for n, f in all_factories(project).items()
        if not is_elsewhere(project, f)
    )
    return [f"{name} {why}." for name, why in found if why is not None]


def _managed(factory: Factory) -> bool:
    return all(map(is_managed, model_info(factory).tables))


def _require_managed(project: Project, plan: FactoryPlan) -> None:
    if why := why_foreign(project, plan.factory):
        if is_elsewhere(project, plan.factory):
            raise SeedError(f"{plan.name} {why}. Nothing was written.", "Seed it with --database.")
        raise SeedError(
            f"{plan.name} {why}. Nothing was written.",
            "Add the package of its model to INSTALLED_APPS, or set Meta.model to another.",
        )
    if not _managed(plan.factory):
        raise SeedError(
            f"{plan.name} makes rows of {plan.model.__name__}, which is a view, or is left to "
            "another program. Nothing was written.",
            'Such a table has info={"managed": False} in the models, or UNMANAGED in the '
            "settings names it.",
        )


def _require_names(plan: FactoryPlan) -> None:
    """Each override names an attribute of the model, a declaration, a parameter or a trait."""
    if plan.reference is not None:
        require_row_names(plan.factory, plan.reference, plan.name)
        return
    known = declared_names(plan.factory)
    for name in plan.overrides:
        first = name.split("__")[0]
        if first not in known and not hasattr(plan.model, first):
            raise SeedError(
                f"{plan.name} has no attribute, parameter or trait '{first}'. Nothing was written."
                + did_you_mean(first, known),
                f"It has: {', '.join(sorted(known))}.",
            )
        declarations_of(plan.factory, plan.overrides)


def _empty(connection: sa.Connection, model: type) -> bool:
    return not connection.scalar(sa.select(sa.exists(sa.select(sa.inspect(model).local_table))))
