"""The Python files of a project, read and not run: which modules have models, which an app."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..scaffold.bases import is_base
from .configs import folders_below

_TESTS = ("tests", "test", "testing", "examples", "docs", "migrations", "alembic", "versions")
_FACTORIES = ("create_app", "make_app", "build_app", "app_factory", "get_app")
_APPS = ("app", "application")
_CONFIGS = ("SQLAlchemyAsyncConfig", "SQLAlchemySyncConfig")


class SourceModule(NamedTuple):
    """A module and what its top level declares.

    ``metadata``: names that have a MetaData, a base before others. ``models``: classes with
    a table. ``apps``: functions that make a web application, or names of one. ``configs``:
    names of an advanced-alchemy configuration. ``urls``: what create_engine() is given.
    """

    name: str
    path: Path
    metadata: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


def modules_in(root: Path, package: str = "") -> list[SourceModule]:
    """The modules below ``root``, which is on the path or the folder of ``package``.

    Folders that no import finds, and those of tests and revisions, are left out. Sorted: fewer
    dots first.
    """
    found = []
    for folder in (root, *folders_below(root)):
        parts = folder.relative_to(root).parts
        if any(not part.isidentifier() or part in _TESTS for part in parts):
            continue
        for path in sorted(folder.glob("*.py")):
            stem = path.stem
            if not stem.isidentifier() or stem.startswith(("test_", "conftest", "setup")):
                continue
            names = [*filter(None, [package]), *parts, *([] if stem == "__init__" else [stem])]
            if names and (module := _read(".".join(names), path)):
                found.append(module)
    return sorted(found, key=lambda module: (module.name.count("."), module.name))


def _read(name: str, path: Path) -> SourceModule | None:
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError):
        return None
    metadata: list[str] = []
    models: list[str] = []
    apps: list[str] = []
    configs: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            if is_base(node):
                metadata.insert(0, f"{node.name}.metadata")
            elif _has_table(node):
                models.append(node.name)
        elif isinstance(node, ast.FunctionDef) and node.name in _FACTORIES:
            apps.insert(0, node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            _assigned(node.targets[0].id, node.value, metadata, apps, configs)
    urls = tuple(_urls(tree)) if "create_engine" in text or "create_async_engine" in text else ()
    found = SourceModule(
        name, path, tuple(metadata), tuple(models), tuple(apps), tuple(configs), urls
    )
    return found if any(found[2:]) else None


def _assigned(
    name: str, value: ast.expr, metadata: list[str], apps: list[str], configs: list[str]
) -> None:
    made = _last(value.func) if isinstance(value, ast.Call) else None
    if made in ("declarative_base", "automap_base"):
        metadata.insert(0, f"{name}.metadata")
    elif made == "SQLAlchemy":
        metadata.append(f"{name}.metadata")
    elif made == "MetaData":
        metadata.append(name)
    elif name in _APPS and made is not None and (made == "Flask" or made in _FACTORIES):
        apps.append(name)
    elif made in _CONFIGS:
        configs.append(name)


def _has_table(node: ast.ClassDef) -> bool:
    """Whether a class names its table, or is SQLModel's with ``table=True``."""
    if any(
        word.arg == "table" and isinstance(word.value, ast.Constant) and word.value.value is True
        for word in node.keywords
    ):
        return True
    names = [
        target.id
        for each in node.body
        if isinstance(each, ast.Assign | ast.AnnAssign)
        for target in (each.targets if isinstance(each, ast.Assign) else [each.target])
        if isinstance(target, ast.Name)
    ]
    if "__tablename__" in names or "__table__" in names:
        return True
    # Flask-SQLAlchemy and others name the table by themselves.
    bases = [ast.unparse(base) for base in node.bases]
    return any(base.endswith(".Model") for base in bases) and "__abstract__" not in names


def _urls(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _last(node.func) in _ENGINES and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


_ENGINES = ("create_engine", "create_async_engine")


def _last(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
