"""METADATA, and settings like it: the objects that the entries name, and each MetaData."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import MetaData

from .conf import failing_line, raised
from .errors import AppError, ManageError, did_you_mean
from .module_contents import has_content, is_a, metadatas_of, stored

_SORTS = (
    "a MetaData, a declarative base, a registry, Flask-SQLAlchemy's db, a list of those, or a "
    "function that returns one"
)


@dataclass(frozen=True)
class MetadataEntry:
    """An entry of METADATA, ``package.module:name``, the module, and what it names."""

    entry: str
    module: ModuleType
    metadatas: tuple[MetaData, ...]


def read_entries(
    entries: Sequence[str], file: Path, setting: str = "METADATA"
) -> list[MetadataEntry]:
    """What the entries of METADATA in ``file`` name; all modules are imported first.

    Raises AppError for a module that is not there or raises, for a name that it does not
    have, and for an object that has no MetaData.
    """
    where = f"{setting} of {file}"
    modules = [_module(entry, where) for entry in entries]
    return [
        MetadataEntry(entry, module, tuple(_found(entry, module, where)))
        for entry, module in zip(entries, modules, strict=True)
    ]


def require_content(entries: Iterable[MetadataEntry], file: Path) -> None:
    """Raises AppError for an entry in whose MetaData there is no table."""
    for each in entries:
        if not any(map(has_content, each.metadatas)):
            module, _, name = each.entry.partition(":")
            other = f"{module.partition('.')[0]}.models"
            other = "PACKAGE.MODULE" if other == module else other
            raise AppError(
                f"METADATA of {file}: '{each.entry}' has no tables; no module with models is "
                f"imported by {module}.",
                "Name the modules with the models too: "
                f'METADATA = ["{module}:{name}", "{other}:{name}"], '
                "or the packages with a models module in INSTALLED_APPS.",
            )


def _module(entry: str, where: str) -> ModuleType:
    name = entry.partition(":")[0]
    place = f"{where}: '{entry}'"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise AppError(
                f"{place}: there is no module '{error.name}'.",
                "It is imported as any other, from the folder of the settings or as an installed "
                "package.",
            ) from error
        raise AppError(
            f"{place}: {name} imports '{error.name}', which is not installed{failing_line(error)}."
        ) from error
    except ManageError as error:
        raise AppError(f"{place}: {raised(error)}.", error.hint) from error
    except Exception as error:
        raise AppError(f"{place}: {name} cannot be imported: {raised(error)}.") from error


def _found(entry: str, module: ModuleType, where: str) -> list[MetaData]:
    place, value = f"{where}: '{entry}'", _named(entry, module, where)
    found = _all_of(value)
    if not found and callable(value) and not is_a(value, type):
        try:
            value = value()
        except ManageError:
            raise
        except Exception as error:
            raise AppError(f"{place} cannot be called: {raised(error)}.") from error
        found = _all_of(value)
        if not found:
            raise AppError(f"{place} returns {_sort(value)}, which has no MetaData.", _expected())
    if not found:
        raise AppError(f"{place} is {_sort(value)}, which has no MetaData.", _expected())
    return found


def _named(entry: str, module: ModuleType, where: str) -> Any:
    """What ``Base.metadata`` of the entry is in its module: asked for as Python would."""
    value: Any = module
    path, owner = entry.partition(":")[2].split("."), module.__name__
    for part in path:
        try:
            value = getattr(value, part)
        except AttributeError as error:
            # The names of a proxy, or of what raises in its own code, are not looked at.
            names = [n for n in dir(value) if not n.startswith("_")] if error.name == part else []
            raise AppError(
                f"{where}: {owner} has no '{part}'." + did_you_mean(part, names)
                if error.name == part
                else f"{where}: '{entry}': {raised(error)}."
            ) from error
        except Exception as error:
            raise AppError(f"{where}: '{entry}': {raised(error)}.") from error
        owner += f".{part}"
    return value


def _all_of(value: Any) -> list[MetaData]:
    """The MetaData of what an entry names, each once."""
    values: Any = list(value.values()) if is_a(value, dict) else value
    values = values if is_a(values, list, tuple, set, frozenset) else [values]
    found: dict[int, MetaData] = {}
    for each in values:
        metadatas = list(metadatas_of(each))
        if not metadatas and is_a(computed := _computed(each), MetaData):
            metadatas = [computed]
        found |= {id(metadata): metadata for metadata in metadatas}
    return list(found.values())


def _computed(value: Any) -> Any:
    """``metadata`` of an object that the user named: it may be a property."""
    return value.metadata if is_a(stored(value, "metadata"), property) else None


def _sort(value: Any) -> str:
    return f"the class {value.__qualname__}" if is_a(value, type) else f"of {type(value)!r}"


def _expected() -> str:
    return f"It names {_SORTS}."
