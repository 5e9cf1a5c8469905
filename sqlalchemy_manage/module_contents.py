"""What a module holds, told from what is stored in it.

No attribute is asked for and no method is called: a proxy (``flask.current_app``, a lazy
setting) would look for what it stands for, and that is not there while a command runs.
"""

from __future__ import annotations

import inspect
import pkgutil
import sys
from collections.abc import Collection, Iterable, Iterator
from types import MemberDescriptorType, MethodType, ModuleType
from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.orm import registry

from .declare import declared


def is_a(value: Any, *kinds: type) -> bool:
    """``isinstance``, but a proxy is what it is itself, and no other thing."""
    return issubclass(type(value), kinds)


def stored(value: Any, name: str) -> Any:
    """An attribute of an object or a class as it is stored; None where it would be computed."""
    found = inspect.getattr_static(value, name, None)
    if is_a(found, MemberDescriptorType) and not is_a(value, type):
        try:
            return found.__get__(value)  # a slot
        except AttributeError:
            return None
    return found


def module_of(value: Any) -> str | None:
    """The name of the module that a class, a function or an object's class says it is from."""
    if is_a(value, MethodType):
        return module_of(value.__func__)
    found = type.__getattribute__(value, "__module__") if is_a(value, type) else None
    found = found or stored(value, "__module__")
    return found if is_a(found, str) else None


def reachable_metadatas(modules: Iterable[ModuleType]) -> list[MetaData]:
    """Every MetaData with content that a name in ``modules`` is or leads to, each once.

    These are: a MetaData, a Table, a declarative base or mapped class, a registry, and
    any object with ``metadata`` or ``metadatas`` (Flask-SQLAlchemy's ``db``, SQLModel).
    """
    found: dict[int, MetaData] = {}
    for module in modules:
        for value in list(vars(module).values()):
            for metadata in metadatas_of(value):
                if has_content(metadata):
                    found.setdefault(id(metadata), metadata)
    return list(found.values())


def has_content(metadata: MetaData) -> bool:
    """Whether a table, a view or anything else is declared in it."""
    return bool(metadata.tables or declared(metadata))


def metadatas_of(value: Any) -> Iterator[MetaData]:
    """The MetaData that ``value`` is or leads to; of a class, those of its bases count too."""
    if is_a(value, MetaData):
        yield value
    elif is_a(value, Table, registry):
        yield value.metadata
    else:
        several = stored(value, "metadatas")
        candidates = [stored(value, "metadata"), stored(value, "__table__")]
        candidates += several.values() if is_a(several, dict) else ()
        for each in candidates:
            if is_a(each, MetaData):
                yield each
            elif is_a(each, Table):
                yield each.metadata


def loaded_submodules(module: ModuleType) -> list[ModuleType]:
    """The modules of a package that are imported already, those of tests left out."""
    start = f"{module.__name__}."
    return [
        found
        for name, found in list(sys.modules.items())
        if name.startswith(start) and is_a(found, ModuleType) and not is_test(name)
    ]


def names_of_submodules(module: ModuleType) -> list[str]:
    """The names of the modules in a package, imported or not, without those of tests."""
    found = pkgutil.iter_modules(getattr(module, "__path__", ()))
    names = sorted(f"{module.__name__}.{each.name}" for each in found)
    return [name for name in names if not is_test(name)]


def is_test(name: str) -> bool:
    """Whether a module is one of tests, by its name."""
    return name.rpartition(".")[2].startswith(("test_", "conftest"))


def holders(
    modules: Iterable[ModuleType], named: Iterable[tuple[MetaData, ModuleType]]
) -> dict[int, str]:
    """The id of a Table or MetaData -> the first of ``modules`` that holds or leads to it.

    ``named``: modules that lead to a MetaData in another way.
    """
    found: dict[int, str] = {}
    for module in modules:
        for value in list(vars(module).values()):
            if is_a(value, Table):
                found.setdefault(id(value), module.__name__)
            for metadata in metadatas_of(value):
                found.setdefault(id(metadata), module.__name__)
    for metadata, module in named:
        found.setdefault(id(metadata), module.__name__)
    return found


def holders_anywhere(metadatas: Collection[MetaData]) -> dict[int, str]:
    """The id of a Table or MetaData -> an imported module that has it, for all of these."""
    found: dict[int, str] = {}
    wanted = {id(metadata) for metadata in metadatas}
    for name, module in list(sys.modules.items()):
        if name == "__main__" or not is_a(module, ModuleType):
            continue
        for value in list(vars(module).values()):
            home, metadata = name, value
            if is_a(value, Table):
                metadata = value.metadata
                if id(metadata) in wanted:
                    found.setdefault(id(value), home)
            elif is_a(value, type):
                metadata, home = vars(value).get("metadata"), value.__module__
            if id(metadata) in wanted:
                found.setdefault(id(metadata), home)
    return found
