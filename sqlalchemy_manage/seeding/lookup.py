"""The factory that a name means, and the factory of a model."""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from factory import Factory as BaseFactory
from sqlalchemy.exc import NoInspectionAvailable

from ..errors import SeedError, UsageError, did_you_mean
from ..module_contents import is_a
from .discovery import modules, named_factory, project_factories
from .factories import Factory
from .factory_boy_internals import makes_rows, model_of

if TYPE_CHECKING:
    from ..project import Project


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


def is_elsewhere(project: Project, factory: Factory) -> bool:
    """Whether its model is in another database than that of the alias."""
    mapper = sa.inspect(model_of(factory), raiseerr=False)
    return mapper is not None and bool(project.elsewhere(mapper))


def why_foreign(project: Project, factory: Factory) -> str | None:
    """Why a factory is not this project's to seed: its model is in no app; None if it is."""
    model = model_of(factory)
    mapper = sa.inspect(model, raiseerr=False)
    if mapper in project.mappers:
        return None
    if mapper is not None and (names := project.elsewhere(mapper)):
        return f"makes rows of {model.__name__}, which is in another database: {', '.join(names)}"
    return f"makes rows of {model.__module__}.{model.__qualname__}, which is no model of the apps"


def shown_model(project: Project, model: type) -> str:
    """The name of a model, behind the label of its app where several models have it."""
    several = [m for m in project.mappers if m.class_.__name__ == model.__name__]
    label = f"{project.label_of(sa.inspect(model))}." if len(several) > 1 else ""
    return f"{label}{model.__name__}"


def named(project: Project, name: str) -> Factory:
    """The factory of that name, or of the model of that name.

    Raises UsageError for a name that nothing has, or several have, and for a model without.
    """
    factories = all_factories(project)
    found = named_factory(project, factories, name) or _dotted(name)
    if found is not None:
        return found
    for module in modules(project):
        other: Any = getattr(module, name, None)
        if is_a(other, type) and issubclass(other, BaseFactory) and model_of(other) is None:
            raise UsageError(
                f"{name} has no model.", "Give it class Meta: model = ..., or name another factory."
            )
    short = f"{name.rpartition('.')[2]}Factory"
    try:
        model = project.find_model(name).class_
    except UsageError as error:
        if short in factories and error.message.startswith("No model"):
            raise UsageError(
                f"No model '{name}', but there is a factory {short}.", f"Name that one: {short}."
            ) from None
        raise
    if not any(model_of(f) is model for f in factories.values()):
        raise UsageError(
            f"{name} has no factory." + did_you_mean(short, factories),
            f"Factories: {', '.join(factories)}.",
        )
    return factory_of(project, model)


def factory_of(project: Project, model: type) -> Factory:
    """The factory of a model; of several the one called ``<Model>Factory``, or the only one
    that is not derived from another of them. Raises UsageError where that leaves several."""
    found = {n: f for n, f in all_factories(project).items() if model_of(f) is model}
    usual = [f for f in found.values() if f.__name__ == f"{model.__name__}Factory"]
    if len(usual) == 1:
        return usual[0]
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


def dotted_name(factory: Factory) -> str:
    """The name by which any process finds the class again; see ``by_dotted_name``."""
    return f"{factory.__module__}.{factory.__qualname__}"


def by_dotted_name(project: Project, name: str) -> Factory:
    """The factory of that name, whether the apps have it or not."""
    known = {dotted_name(each): each for each in all_factories(project).values()}
    found = known.get(name) or _dotted(name)
    if found is None:
        raise SeedError(f"There is no factory {name} any more. Nothing was written.")
    return found


def _dotted(name: str) -> Factory | None:
    if "." not in name:
        return None
    try:
        found = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError):
        return None
    return found if makes_rows(found) and model_of(found) else None
