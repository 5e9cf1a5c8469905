"""Where the factories of a project are looked for, and by which names they go."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..conf import raised
from ..errors import SettingsError, UsageError
from ..module_contents import names_of_submodules
from .factories import Factory
from .factory_boy_internals import is_abstract, makes_rows

if TYPE_CHECKING:
    from ..apps import App
    from ..project import Project

PLACES = ("factories", "tests.factories", "testing.factories")
"""Modules or packages of an app. Only the first that is there counts: an app with factories of
its own has none of its tests imported."""

_added: WeakKeyDictionary[Project, list[ModuleType]] = WeakKeyDictionary()


def add_module(project: Project, module: ModuleType) -> None:
    """The factories of ``module``, which is in no file, count as the project's own."""
    _added.setdefault(project, []).append(module)


def project_factories(project: Project) -> dict[str, Factory]:
    """Name -> factory, for every factory of the apps and of the modules in FACTORIES.

    A package is searched with its submodules, but for those of tests (``test_*``,
    ``conftest``). A factory counts that is defined in a module searched, or that is imported
    there from any module of their packages. Abstract factories are left out.

    The name is that of the class; where several have it, ``label.Name``, and where an app has
    several of that name, the dotted name. Raises AppError or SettingsError for a module that
    cannot be imported.
    """
    found = dict.fromkeys(_found(project))
    names = [_names(project, each) for each in found]
    taken = Counter(name for each in names for name in each)
    return {
        next((name for name in each if taken[name] == 1), each[-1]): factory
        for each, factory in zip(names, found, strict=True)
    }


def named_factory(project: Project, factories: dict[str, Factory], name: str) -> Factory | None:
    """The factory of that name, also of its longer ones; None if there is none.

    Raises UsageError for the name of several.
    """
    found = {key: each for key, each in factories.items() if name in _names(project, each)}
    if len(found) > 1:
        raise UsageError(
            f"'{name}' is the name of several factories: {', '.join(found)}.",
            f"Name the one you mean: {next(iter(found))}.",
        )
    return next(iter(found.values()), None)


def modules(project: Project) -> list[ModuleType]:
    """The modules in which factories are looked for, imported."""
    found: dict[str, ModuleType] = {}
    for app in project.homes:
        place = next((place for place in PLACES if _is_there(app, place)), None)
        module = project.app_module(app, place) if place else None
        for each in _with_submodules(project, app, module) if module else ():
            found.setdefault(each.__name__, each)
    for name in project.settings.factories:
        for each in _listed(name, project.settings.file):
            found.setdefault(each.__name__, each)
    for each in _added.get(project, ()):
        found.setdefault(each.__name__, each)
    return list(found.values())


def looked_in(project: Project) -> str:
    """The names of all modules in which factories are looked for, there or not."""
    names = [app.dotted(place) for app in project.homes for place in PLACES]
    return (
        ", ".join([*names, *project.settings.factories])
        or "nothing: INSTALLED_APPS, METADATA and FACTORIES are empty"
    )


def home_of(app: App) -> tuple[str, Path]:
    """The module of an app in which its factories are, or are to be, and its file."""
    place = next((place for place in PLACES if _is_there(app, place)), PLACES[0])
    path = app.path.joinpath(*place.split("."))
    return place, path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _found(project: Project) -> Iterator[Factory]:
    searched = modules(project)
    homes = {module.__name__ for module in searched}
    for module in searched:
        for value in list(vars(module).values()):
            if not makes_rows(value):
                continue
            home = value.__module__
            own = home in homes or any(app.has(home) for app in project.homes)
            if own and not is_abstract(value):
                yield value


def _names(project: Project, each: Any) -> tuple[str, str, str]:
    """The class name, the same behind the label of its app, and the dotted name."""
    dotted = f"{each.__module__}.{each.__qualname__}"
    homes = [app for app in project.homes if app.has(each.__module__)]
    label = max(homes, key=lambda app: len(app.name)).label if homes else each.__module__
    return each.__name__, f"{label}.{each.__name__}", dotted


def _is_there(app: App, place: str) -> bool:
    """Without importing: ``tests`` would run the package of the tests."""
    path = app.path.joinpath(*place.split("."))
    return path.is_dir() or bool([*path.parent.glob(f"{path.name}.*")])


def _with_submodules(project: Project, app: App, module: ModuleType) -> Iterator[ModuleType]:
    yield module
    for name in names_of_submodules(module):
        found = project.app_module(app, name if app.alone else name.removeprefix(f"{app.name}."))
        if found is not None:
            yield from _with_submodules(project, app, found)


def _listed(name: str, file: Path) -> Iterator[ModuleType]:
    """A module of FACTORIES, and its submodules."""
    try:
        module = importlib.import_module(name)
    except Exception as error:
        raise SettingsError(
            f"FACTORIES of {file}: '{name}' cannot be imported: {raised(error)}."
        ) from error
    yield module
    for each in names_of_submodules(module):
        yield from _listed(each, file)
