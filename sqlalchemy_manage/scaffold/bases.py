"""The declarative base that a project has already, found in its source."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class FoundBase(NamedTuple):
    """A base class, and the module to import it from."""

    module: str
    name: str


def bases_in(modules: Iterable[tuple[str, Path]]) -> list[FoundBase]:
    """The bases that are declared at the top of these modules, given by name and file.

    ``class Base(DeclarativeBase)`` and ``Base = declarative_base()``; a file that cannot be read
    has none.
    """
    found = []
    for module, path in modules:
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (OSError, SyntaxError, ValueError):
            continue
        found += [FoundBase(module, name) for node in tree.body if (name := _declared(node))]
    return found


def _declared(node: ast.stmt) -> str | None:
    if isinstance(node, ast.ClassDef):
        return node.name if is_base(node) else None
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        target = node.targets[0]
        if _last(node.value.func) in _FUNCTIONS and isinstance(target, ast.Name):
            return target.id
    return None


def is_base(node: ast.ClassDef) -> bool:
    """Whether a class is a declarative base: derived from SQLAlchemy's own, without a table."""
    return any(_last(base) in _CLASSES for base in node.bases)


_CLASSES = ("DeclarativeBase", "DeclarativeBaseNoMeta")
_FUNCTIONS = ("declarative_base", "generate_base")


def _last(node: ast.expr) -> str | None:
    """The last name of ``orm.DeclarativeBase``."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)
