"""Classes for the tables that have none, so that ``seed --auto`` can fill them too."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, registry

from ...models import is_in_its_module, tables_in

if TYPE_CHECKING:
    from ...apps import App
    from ...project import Project

_NAME = ".tables_made_by_seed"


def map_tables(project: Project) -> dict[str, str]:
    """Each table without a class gets one that is called as it is, a model of ``project``.

    From now on and in this process only. Not a link table that a relationship fills by
    itself, and not a table without a primary key: of these the names and the reason.
    """
    filled = set(_filled(project.mappers))
    skipped: dict[str, str] = {}
    made: list[Mapper[Any]] = []
    own = registry()
    for table in project.tables:
        if table in filled:
            continue
        if not table.primary_key.columns:
            skipped[table.name] = "its table has no primary key"
            continue
        made.append(own.map_imperatively(_class(project, table), table))
    own.configure()
    project.mappers.extend(made)
    return skipped


def _filled(mappers: Iterable[Mapper[Any]]) -> Iterable[Any]:
    for mapper in mappers:
        yield from tables_in(mapper)
        for relation in mapper.relationships:
            if relation.secondary is not None:
                yield from (t for t in sa.sql.visitors.iterate(relation.secondary))


def name_classes(project: Project) -> None:
    """Each class that no module has, as those of automap, gets a name to be imported by."""
    for mapper in project.mappers:
        if not is_in_its_module(mapper.class_):
            module = _module(project.home_of(mapper))
            setattr(module, _free(module, mapper.class_.__name__), mapper.class_)


def modules_of_tables() -> list[ModuleType]:
    """The modules in which these classes are, of this process."""
    return [module for name, module in list(sys.modules.items()) if name.endswith(_NAME)]


def _module(home: App) -> ModuleType:
    """A module beside that of the tables, which is there as long as the process."""
    place = f"{home.name}{_NAME}"
    return sys.modules.setdefault(place, ModuleType(place))


def _free(module: ModuleType, wanted: str) -> str:
    name = re.sub(r"\W", "_", f"_{wanted}" if wanted[:1].isdigit() else wanted)
    while hasattr(module, name):
        name += "_"
    return name


def _class(project: Project, table: sa.Table) -> type:
    module = _module(project.home_of_table(table))
    name = _free(module, table.name)
    made = type(name, (), {"__module__": module.__name__, "__init__": _with_values})
    setattr(module, name, made)
    return made


def _with_values(self: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(self, name, value)
