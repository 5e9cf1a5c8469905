"""What a seed creates: how many rows of each factory, parents before their referrers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from factory import Factory as BaseFactory
from sqlalchemy.exc import NoInspectionAvailable

from ..databases.engines import require_tables
from ..errors import SeedError, UsageError, did_you_mean
from ..models import is_managed
from .dependencies import drawn_from, require_fakers
from .factories import Factory, project_factories
from .factory_boy_internals import declarations_of, declared_names, model_of
from .generating.model_info import model_info
from .generating.unique import require_room
from .profiles import Reference, Rows, profile

if TYPE_CHECKING:
    from ..project import Project

DEFAULT_COUNT = 10


@dataclass(frozen=True)
class SeedRequest:
    """What was asked for; picklable, so that another process comes to the same plans.

    ``added``: factories, by dotted name, that others need and that were not asked for.
    """

    profile: str | None = None
    counts: tuple[tuple[str, int], ...] = ()
    scale: float = 1.0
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    @classmethod
    def loaded(cls, values: Mapping[str, Any]) -> SeedRequest:
        """What ``asdict()`` gave, after it has been JSON."""
        counts = tuple((name, count) for name, count in values["counts"])
        lists = {name: tuple(values[name]) for name in ("only", "exclude", "added")}
        return cls(values["profile"], counts, values["scale"], **lists)


@dataclass(frozen=True)
class FactoryPlan:
    """How many rows a factory is to make; ``asked`` is False for one that others need.

    ``reference``: rows that must exist, instead of a count.
    """

    factory: Factory
    count: int
    asked: bool = True
    overrides: Mapping[str, Any] = field(default_factory=dict)
    reference: Reference | None = None

    @property
    def name(self) -> str:
        return str(self.factory.__name__)

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
    plans: list[FactoryPlan] = []
    if request.profile is not None:
        plans = [_factory_plan(each, request.scale) for each in profile(project, request.profile)]
    elif not request.counts:
        plans = [FactoryPlan(f, _scaled(DEFAULT_COUNT, request.scale)) for f in _one_each(project)]
    of_profile = len(plans)
    named: set[Factory] = set()
    for name, count in request.counts:
        factory = _named(project, name)
        if factory in named:
            raise UsageError(f"{name} is named twice.")
        named.add(factory)
        matching = [i for i, plan in enumerate(plans) if plan.factory is factory]
        if not matching and name != factory.__name__:
            models = [plan.model for plan in plans[:of_profile]]
            matching = [i for i, model in enumerate(models) if model is model_of(factory)]
        if matching:
            plans[matching[0]] = replace(plans[matching[0]], count=count)
        else:
            plans.append(FactoryPlan(factory, count))
    if request.only:
        only = {model_of(_named(project, name)) for name in request.only}
        plans = [plan for plan in plans if plan.model in only]
    exclude = {model_of(_named(project, name)) for name in request.exclude}
    plans = [plan for plan in plans if plan.model not in exclude]
    factories = {f"{f.__module__}.{n}": f for n, f in all_factories(project).items()}
    plans += [FactoryPlan(factories[name], DEFAULT_COUNT, asked=False) for name in request.added]
    for plan in plans:
        _require_managed(plan)
        _require_names(plan)
    return _sorted(project, plans)


def plan_seed(
    project: Project, connection: sa.Connection, request: SeedRequest
) -> tuple[SeedRequest, list[FactoryPlan]]:
    """The plans, with 10 rows for each model that others draw from and whose table is empty.

    Raises DatabaseError for missing tables, SeedError where a unique column has too few values.
    """
    require_tables(connection, project.tables)
    if request.profile is None and not all_factories(project):
        raise SeedError(
            "There are no factories to seed with.",
            "Write SQLAlchemyModelFactory classes of factory_boy in an app's factories.py.",
        )
    plans = factory_plans(project, request)
    excluded = {model_of(_named(project, name)) for name in request.exclude}
    while added := _needed(project, connection, plans, excluded):
        request = replace(request, added=(*request.added, *added))
        plans = factory_plans(project, request)
    for plan in plans:
        if plan.count and plan.reference is None:
            require_fakers(plan.factory, plan.overrides)
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
                name = f"{target.__name__}Factory"
                factory = all_factories(project).get(name, declaration.factory)
                needed.setdefault(f"{factory.__module__}.{factory.__name__}")
    return list(needed)


def all_factories(project: Project) -> dict[str, Factory]:
    """The project's factories; raises SeedError for one whose model is not mapped to a table."""
    found = project_factories(project)
    for name, each in found.items():
        try:
            sa.inspect(model_of(each))
        except NoInspectionAvailable:
            raise SeedError(
                f"{name} creates {model_of(each).__name__}, which is not mapped to a table.",
                "Set Meta.model to a mapped class, or derive it from factory.Factory.",
            ) from None
    return found


def _factory_plan(each: Rows | Reference, scale: float) -> FactoryPlan:
    if isinstance(each, Reference):
        return FactoryPlan(each.factory, len(each.rows), reference=each)
    return FactoryPlan(each.factory, _scaled(each.count, scale), overrides=each.overrides)


def _scaled(count: int, scale: float) -> int:
    return max(1, round(count * scale)) if count and scale else 0


def _one_each(project: Project) -> list[Factory]:
    """A factory for each model that has one, and whose rows are ours to make."""
    models = dict.fromkeys(model_of(f) for f in all_factories(project).values() if _managed(f))
    return [_factory_of(project, model) for model in models]


def _managed(factory: Factory) -> bool:
    return all(map(is_managed, model_info(factory).tables))


def _require_managed(plan: FactoryPlan) -> None:
    if not _managed(plan.factory):
        raise SeedError(
            f"{plan.name} makes rows of {plan.model.__name__}, which is a view, or is left to "
            "another program. Nothing was written.",
            'Such a table has info={"managed": False} in the models, or UNMANAGED in the '
            "settings names it.",
        )


def _factory_of(project: Project, model: type) -> Factory:
    """The factory of a model; of several the one called ``<Model>Factory``, or the only one
    that is not derived from another of them. Raises UsageError where that leaves several."""
    found = {n: f for n, f in all_factories(project).items() if model_of(f) is model}
    if f"{model.__name__}Factory" in found:
        return found[f"{model.__name__}Factory"]
    roots = [
        f
        for f in found.values()
        if not any(f is not g and issubclass(f, g) for g in found.values())
    ]
    if len(roots) == 1:
        return roots[0]
    raise UsageError(
        f"{model.__name__} has {len(found)} factories: {', '.join(found)}.",
        f"Name the one you mean: {next(iter(found))}=10; or call it {model.__name__}Factory.",
    )


def _named(project: Project, name: str) -> Factory:
    factories = all_factories(project)
    if name in factories:
        return factories[name]
    for app in project.apps:
        module = project.app_module(app, "factories")
        other: Any = getattr(module, name, None)
        if isinstance(other, type) and issubclass(other, BaseFactory) and model_of(other) is None:
            raise UsageError(
                f"{name} has no model.", "Give it class Meta: model = ..., or name another factory."
            )
    model = project.find_model(name).class_
    if not any(model_of(f) is model for f in factories.values()):
        raise UsageError(
            f"{model.__name__} has no factory." + did_you_mean(f"{name}Factory", factories),
            f"Factories: {', '.join(factories)}.",
        )
    return _factory_of(project, model)


def _require_names(plan: FactoryPlan) -> None:
    """Each override names an attribute of the model, a declaration, a parameter or a trait."""
    known = declared_names(plan.factory)
    rows = plan.reference.rows if plan.reference is not None else [plan.overrides]
    for name in {name for row in rows for name in row}:
        first = name.split("__")[0]
        if first not in known and not hasattr(plan.model, first):
            raise SeedError(
                f"{plan.name} has no attribute, parameter or trait '{first}'. Nothing was written."
                + did_you_mean(first, known),
                f"It has: {', '.join(sorted(known))}.",
            )
        if plan.reference is None:
            declarations_of(plan.factory, plan.overrides)


def _sorted(project: Project, plans: Sequence[FactoryPlan]) -> list[FactoryPlan]:
    """Parents first, by foreign keys, and what is drawn from before what draws from it."""
    position = {mapper.class_: index for index, mapper in enumerate(project.mappers)}
    ordered = sorted(plans, key=lambda plan: position.get(plan.model, -1))
    found: dict[int, FactoryPlan] = {}

    def put(plan: FactoryPlan, waiting: tuple[int, ...]) -> None:
        if id(plan) in found or id(plan) in waiting:
            return  # exists, or is in a circle: it is linked afterwards
        for name, declaration in drawn_from(plan.factory, plan.overrides):
            relation = model_info(plan.factory).relation(name)
            if relation is not None and relation.direction.name == "ONETOMANY":
                continue
            for other in ordered:
                if issubclass(other.model, model_of(declaration.factory)):
                    put(other, (*waiting, id(plan)))
        found[id(plan)] = plan

    for plan in ordered:
        put(plan, ())
    return list(found.values())


def _empty(connection: sa.Connection, model: type) -> bool:
    return not connection.scalar(sa.select(sa.exists(sa.select(sa.inspect(model).local_table))))
