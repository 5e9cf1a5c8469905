"""The imports of a revision: those of the template, and what it uses besides."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy.types import TypeEngine

from .editing import EditableText, parsed, unwritable

_DIALECTS = ("mssql", "mysql", "oracle", "postgresql", "sqlite")


@dataclass(frozen=True)
class Import:
    """``import module [as alias]``, or ``from module import name [as alias]``."""

    module: str
    name: str | None = None
    alias: str | None = None

    @property
    def binds(self) -> str:
        """The name that the import gives to the file."""
        return self.alias or self.name or self.module.partition(".")[0]

    @property
    def plain(self) -> bool:
        """Whether the file says the whole path: ``import a.b``."""
        return self.name is None and self.alias is None

    def __str__(self) -> str:
        alias = f" as {self.alias}" if self.alias else ""
        if self.name is None:
            return f"import {self.module}{alias}"
        return f"from {self.module} import {self.name}{alias}"


# What templates other than ours leave out, and what is in the repr() of a default.
_USUAL = {
    "op": Import("alembic", "op"),
    "sa": Import("sqlalchemy", None, "sa"),
    "Decimal": Import("decimal", "Decimal"),
    "UUID": Import("uuid", "UUID"),
} | {name: Import("sqlalchemy.dialects", name) for name in _DIALECTS}


def with_imports(text: str) -> str:
    """``text`` with an import for all that it uses; raises MigrationError where nothing has it."""
    tree, source = parsed(text), EditableText(text)
    _add(tree, source, missing_imports(tree, source))
    return source.edited()


def with_usual_imports(text: str) -> str:
    """The same, and with ``op`` and ``sa``, which are not used yet."""
    tree, source = parsed(text), EditableText(text)
    bound = set(_bound(tree))
    usual = {_USUAL[name] for name in ("op", "sa") if name not in bound}
    _add(tree, source, missing_imports(tree, source) | usual)
    return source.edited()


def without_unused_imports(text: str) -> str:
    """``text`` without the imports of ``op`` and ``sa``, those of the template, if it uses none."""
    tree, source = parsed(text), EditableText(text)
    used = {chain[0] for chain, _, _ in _chains(tree)}
    for node in import_nodes(tree):
        found = list(imports_of(node))
        if found in ([_USUAL["op"]], [_USUAL["sa"]]) and found[0].binds not in used:
            end = source.line_start((node.end_lineno or node.lineno) + 1)
            source.replace(source.line_start(node.lineno), end, "")
    return source.edited()


def _add(tree: ast.Module, source: EditableText, missing: set[Import]) -> None:
    if not missing:
        return
    # As isort has them.
    lines = sorted(map(str, missing), key=lambda line: (line.startswith("from"), line))
    block = "".join(f"{line}\n" for line in lines)
    if nodes := import_nodes(tree):
        source.insert(source.line_start((nodes[-1].end_lineno or 0) + 1), block)
    else:
        documented = ast.get_docstring(tree, clean=False) is not None
        source.insert(source.line_start(tree.body[documented].lineno), f"{block}\n")


def import_nodes(tree: ast.Module) -> list[ast.Import | ast.ImportFrom]:
    """The imports at the top level of a file."""
    return [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]


def imports_of(node: ast.Import | ast.ImportFrom) -> Iterator[Import]:
    """What one statement imports, name by name."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield Import(alias.name, None, alias.asname)
        else:
            yield Import("." * node.level + (node.module or ""), alias.name, alias.asname)


def missing_imports(tree: ast.Module, source: EditableText) -> set[Import]:
    """What a file has to import besides, for every name in it to be defined.

    A type of the project is rendered with its module's path; a type inside another's
    repr() without, and the edit that gives it one is noted in ``source``. Raises
    MigrationError for a name that nothing defines.
    """
    bound = set(_bound(tree)) | set(dir(builtins))
    imported = {i for node in import_nodes(tree) for i in imports_of(node)}
    missing = set()
    for chain, node, around in _chains(tree):
        first = chain[0]
        paths = [i.module for i in imported if i.plain and i.binds == first]
        defined = not paths or any(_within(chain, path) for path in paths)
        if (first in bound and defined) or first in ("__file__", "__name__", "__doc__"):
            continue
        if found := _origin(chain):
            missing.add(found)
        elif prefixed := _type(first, around):
            path, found = prefixed
            source.insert(source.start(node), f"{path}.")
            missing.add(found)
        elif "*" not in bound:
            line = source.line(node.lineno).strip()
            raise unwritable(line, f"nothing defines '{'.'.join(chain)}'")
    return missing


def _origin(chain: tuple[str, ...]) -> Import | None:
    """The module that a path of names begins with, or a name that everybody knows."""
    first = chain[0]
    if first in _USUAL:
        return _USUAL[first]
    if len(chain) == 1 or first == "__main__":
        return None
    for length in range(len(chain) - 1, 0, -1):
        # The models are loaded, and so is the module of any type in them.
        if (module := ".".join(chain[:length])) in sys.modules:
            return Import(module)
    return Import(".".join(chain[:-1])) if importlib.util.find_spec(first) else None


def _type(name: str, around: str) -> tuple[str, Import] | None:
    """The path of the one column type with this name, and the import for the path.

    Of the dialects, only that of the type that it is in, ``around``, is checked.
    """
    if hasattr(sqlalchemy, name):
        return "sa", _USUAL["sa"]
    found = set()
    for module in {c.__module__ for c in subclasses(TypeEngine) if c.__name__ == name}:
        if module.startswith("sqlalchemy.dialects."):
            dialect = _USUAL[module.split(".")[2]]
            found |= {(dialect.binds, dialect)} if dialect.binds == around else set()
        else:
            found.add((module, Import(module)))
    return found.pop() if len(found) == 1 else None


def subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    """The classes below ``cls``, at whatever depth."""
    for subclass in cls.__subclasses__():
        yield subclass
        yield from subclasses(subclass)


def _within(chain: tuple[str, ...], module: str) -> bool:
    parts = tuple(module.split("."))
    return chain[: len(parts)] == parts


def _chains(tree: ast.AST, around: str = "") -> Iterator[tuple[tuple[str, ...], ast.expr, str]]:
    """The names that are read, each with its attributes: ``a.b.c()`` gives a, b, c.

    And with the first name of the call that it is an argument of.
    """
    called = tree.func if isinstance(tree, ast.Call) else None
    inside = ast.unparse(called).partition(".")[0] if called else around
    for child in ast.iter_child_nodes(tree):
        place = around if child is called else inside
        node, names = child, []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Store):
                yield (node.id, *reversed(names)), node, place
        else:
            yield from _chains(child, place)


def _bound(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (i.binds for i in imports_of(node))
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
