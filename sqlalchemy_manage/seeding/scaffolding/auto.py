"""The factories that ``seed --auto`` uses: made of the same text that ``makefactories`` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ...errors import SeedError
from ...fitting import count
from ..discovery import add_module
from ..factories import Factory
from .inventing import Invention, ModelFactory, invent, known_factories
from .source import ModuleSource, places_of, run
from .table_classes import map_tables, name_classes

if TYPE_CHECKING:
    from ...project import Project

_made: WeakKeyDictionary[Project, Invention] = WeakKeyDictionary()


def add_factories(project: Project) -> Invention:
    """The project has a factory for every model, from now on and in this process only.

    So it has for every table without a class.
    """
    if project not in _made:
        name_classes(project)
        without_key = map_tables(project)
        existing = known_factories(project)
        invention = invent(project, existing)
        invention.skipped.update(without_key)
        modules = {a.name: a.dotted("factories_made_by_seed") for a in invention.apps(project)}
        for source in sources(project, invention, existing, modules).values():
            add_module(project, run(source))
        _made[project] = invention
    return _made[project]


def sources(
    project: Project,
    invention: Invention,
    existing: Mapping[str, Factory],
    modules: Mapping[str, str],
) -> dict[str, ModuleSource]:
    """App -> the module of its new factories, for the apps that need one.

    ``modules``: app -> what it is called. What cannot be imported is a problem of its factory.
    """
    places = places_of(project, invention)
    found: dict[str, ModuleSource] = {}
    for app in invention.apps(project):
        own = [f for f in invention.factories if f.app == app and f.model in places]
        if own:
            module = modules[app.name]
            found[app.name] = ModuleSource(module, own, invention, existing, modules, places)
    return found


def require_no_problems(invention: Invention, models: Sequence[type]) -> None:
    """Raises SeedError that names all of ``models`` that no rows can be made for."""
    bad = [each for each in invention.factories if each.problems and each.model in models]
    if bad:
        raise unmakable(bad)


def unmakable(bad: Sequence[ModelFactory]) -> SeedError:
    """The error for models whose rows cannot be invented, with the reason for each."""
    lines = [f"{each.model.__name__}: {'; '.join(each.problems)}." for each in bad]
    leave = " ".join(f"--exclude {each.model.__name__}" for each in bad)
    models = count(len(bad), "model")
    return SeedError(
        "\n  ".join([f"No rows can be invented for {models}. Nothing was written.", *lines]),
        f"Write factories for them, or leave them out: {leave}",
    )
