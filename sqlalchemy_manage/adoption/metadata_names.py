"""The dotted names of MetaData objects, and which modules have to be imported for their tables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

from sqlalchemy import MetaData, Table

from ..module_contents import is_a, stored
from .fresh_process import Imported

_LIBRARIES = (
    "__main__",
    "_pytest",
    "advanced_alchemy",
    "alembic",
    "env_py",
    "flask_migrate",
    "flask_sqlalchemy",
    "pytest",
    "sqlalchemy",
    "sqlalchemy_continuum",
    "sqlalchemy_manage",
    "sqlalchemy_utils",
    "sqlmodel",
)
"""Modules that lead to a MetaData and whose import alone brings no model."""

_ATTEMPTS = 4


class MetadataNames(NamedTuple):
    """``entries`` of METADATA; ``missing``: tables that they do not bring, ``why`` if none."""

    entries: tuple[str, ...]
    missing: frozenset[str] = frozenset()
    why: str | None = None


def named(
    metadatas: Iterable[MetaData],
    first: Sequence[str],
    imported: Callable[[Sequence[str]], Imported],
) -> MetadataNames:
    """Entries of METADATA for these, after whatever uses them has been imported here.

    ``first``: entries to try before others. ``imported`` tells the tables that entries bring in
    a process in which nothing is imported yet.
    """
    found: list[str] = []
    missing: set[str] = set()
    for metadata in metadatas:
        wanted = frozenset(metadata.tables)
        if not wanted:
            continue
        modules = sorted(set(_modules_of(metadata)))
        names = [*first, *_names(metadata, modules)]
        names = [name for name in dict.fromkeys(names) if _leads_to(name, metadata)]
        one, lacks = _one(names, wanted, imported)
        if lacks:
            more = [*one, *(_in_modules(metadata, modules))]
            more = list(dict.fromkeys(more))
            result = imported(more)
            if not result.failed and len(wanted - result.tables) < len(lacks):
                one, lacks = _without_needless(more, wanted, result, imported)
        found += one
        missing |= lacks
    return MetadataNames(tuple(dict.fromkeys(found)), frozenset(missing))


def _one(
    names: list[str], wanted: frozenset[str], imported: Callable[[Sequence[str]], Imported]
) -> tuple[list[str], frozenset[str]]:
    """The first of ``names`` that brings all tables, else the one that brings the most."""
    best: tuple[list[str], frozenset[str]] = ([], wanted)
    for name in names[:_ATTEMPTS]:
        lacks = wanted - imported([name]).tables
        if len(lacks) < len(best[1]):
            best = [name], lacks
        if not lacks:
            break
    return best


def _without_needless(
    entries: list[str],
    wanted: frozenset[str],
    result: Imported,
    imported: Callable[[Sequence[str]], Imported],
) -> tuple[list[str], frozenset[str]]:
    """``entries`` without halves that bring nothing that the rest does not."""
    lacks = wanted - result.tables
    size = len(entries) // 2
    while size:
        at = 1  # the first names the MetaData
        while at < len(entries):
            fewer = entries[:at] + entries[at + size :]
            if wanted - imported(fewer).tables <= lacks:
                entries = fewer
            else:
                at += size
        size //= 2
    return entries, lacks


def _modules_of(metadata: MetaData) -> Iterable[str]:
    """The modules of the classes that are mapped to its tables."""
    for module in _candidates():
        for value in list(vars(module).values()):
            table = stored(value, "__table__") if is_a(value, type) else None
            if table is not None and getattr(table, "metadata", None) is metadata:
                yield value.__module__


def _names(metadata: MetaData, modules: Sequence[str]) -> list[str]:
    """Where it can be had, the likeliest to bring all tables first."""
    above = {name.rpartition(".")[0] for name in modules}

    def likelihood(name: str) -> tuple[bool, bool, int, int, str]:
        module = name.partition(":")[0]
        last = module.rpartition(".")[2]
        return (
            last not in ("models", "model", "orm", "schemas", "tables", "entities"),
            module not in above,
            -sum(each == module or each.startswith(f"{module}.") for each in modules),
            len(name),
            name,
        )

    found = {name for module in _candidates() if (name := _name_in(module, metadata))}
    defined = [name for name in found if _is_home(name)]
    return [*sorted(defined, key=likelihood)[:1], *sorted(found, key=likelihood)]


def _in_modules(metadata: MetaData, modules: Sequence[str]) -> list[str]:
    """An entry for each of these modules."""
    found = (sys.modules.get(name) for name in modules)
    names = (_name_in(module, metadata) for module in found if module is not None)
    return [name for name in names if name]


def _candidates() -> list[ModuleType]:
    return [
        module
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] not in _LIBRARIES
        and is_a(module, ModuleType)
        and getattr(module, "__name__", "") == name
    ]


def _name_in(module: ModuleType, metadata: MetaData) -> str | None:
    """``module:Base.metadata``; what is nearest to the MetaData, a base before a model."""
    found: list[tuple[int, str]] = []
    for name, value in list(vars(module).items()):
        if not name.isidentifier():
            continue
        if value is metadata:
            found.append((0, name))
        elif is_a(value, type):
            if stored(value, "metadata") is metadata:
                rank = 1 if "metadata" in vars(value) or stored(value, "__table__") is None else 3
                found.append((rank, f"{name}.metadata"))
        elif is_a(value, Table):
            found += [(4, f"{name}.metadata")] if value.metadata is metadata else []
        elif not is_a(value, ModuleType) and _leads(value, metadata):
            found.append((2, f"{name}.metadata"))
    return f"{module.__name__}:{min(found)[1]}" if found else None


def _leads(value: Any, metadata: MetaData) -> bool:
    """Whether an object such as Flask-SQLAlchemy's ``db`` has it as ``metadata``."""
    if stored(value, "metadata") is metadata:
        return True
    several = stored(value, "metadatas")
    return is_a(several, dict) and several.get(None) is metadata


def _is_home(name: str) -> bool:
    """Whether the module defines what the entry names."""
    module, _, path = name.partition(":")
    value = vars(sys.modules[module]).get(path.partition(".")[0])
    return is_a(value, type) and value.__module__ == module


def _leads_to(name: str, metadata: MetaData) -> bool:
    module, _, path = name.partition(":")
    value: Any = sys.modules.get(module)
    for part in path.split("."):
        try:
            value = getattr(value, part)
        except Exception:
            return False
    return value is metadata
