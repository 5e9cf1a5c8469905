"""The files that ``makefactories`` writes: new ones, and what is added to those that exist."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ... import advice
from ...conf import is_users
from ...databases.error_kinds import blaming
from ...errors import SeedError
from ...files import written_whole
from ..discovery import home_of
from .auto import sources
from .inventing import Invention, ModelFactory, invent, known_factories

if TYPE_CHECKING:
    from ...project import Project


@dataclass(frozen=True)
class FactoryFile:
    """A file with factories. ``before``: its text so far, None for a new one. ``factories``:
    the new ones."""

    path: Path
    text: str
    before: str | None
    factories: list[ModelFactory]

    def write(self) -> None:
        """Write the file whole, or not at all.

        Raises SeedError where it was changed since it was read.
        """
        now = self.path.read_text(encoding="utf-8") if self.path.exists() else None
        if now != self.before:
            raise SeedError(f"{self.path} was changed meanwhile. Nothing was written to it.")
        try:
            with written_whole(self.path, replace=self.before is not None) as file:
                file.write(self.text)
        except OSError as error:
            raise SeedError(
                blaming(error, f"{self.path} cannot be written: {error.strerror}.")
            ) from error


def factory_files(
    project: Project,
    models: Collection[type] | None,
    formatted: Callable[[str], str],
    *,
    joined: bool = True,
) -> tuple[list[FactoryFile], Invention]:
    """The files with factories for ``models`` (None: for all) that have none.

    With them come the factories that theirs link to. ``formatted`` lays out a module.
    Not ``joined``: the new factories alone where a file cannot take them.
    """
    existing = known_factories(project)
    invention = invent(project, existing)
    wanted = None if models is None else _with_targets(invention, models)
    apps = invention.apps(project)
    homes = {app.name: home_of(app) for app in apps}
    modules = {app.name: app.dotted(homes[app.name][0]) for app in apps}
    found = []
    for app in apps:
        place, path = homes[app.name]
        source = sources(project, invention, existing, modules).get(app.name)
        if source is None:
            continue
        if wanted is not None:
            source.factories = [each for each in source.factories if each.model in wanted]
        if not source.factories:
            continue
        if joined and not is_users(str(app.path)):
            raise SeedError(
                f"{app.name} is an installed package: no file is written into it.",
                f"{advice.SHOW_FACTORIES} prints the factories. Put them into a module of yours, "
                "and name that in FACTORIES of the settings.",
            )
        if not app.alone and "." not in place and path.name != "__init__.py":
            source.relative = app.name
        text = formatted(source.text())
        before = path.read_text(encoding="utf-8") if path.exists() else None
        whole = text
        if before and before.strip():
            try:
                whole = _added(before, text, path)
            except SeedError:
                if joined:
                    raise
        found.append(FactoryFile(path, whole, before, list(source.factories)))
    return found, invention


def _with_targets(invention: Invention, models: Collection[type]) -> set[type]:
    found: set[type] = set()
    waiting = list(models)
    while waiting:
        model = waiting.pop()
        factory = invention.named(model)
        if factory is not None and model not in found:
            found.add(model)
            waiting += factory.links.values()
    return found


def _added(before: str, new: str, path: Path) -> str:
    """``before`` with the imports of ``new`` that it lacks, and its classes at the end.

    Raises SeedError where a name that is needed means something else there.
    """
    try:
        old_tree = ast.parse(before)
    except SyntaxError as error:
        raise SeedError(f"{path}, line {error.lineno}: {error.msg}.") from error
    tree = ast.parse(new)
    known = _bound(old_tree)
    wanted = {name: origin for name, origin in _bound(tree).items() if origin != "here"}
    for name in wanted:
        if name in known and known[name] != wanted[name]:
            raise SeedError(
                f"'{name}' in {path} is not the one that the new factories use.",
                f"{advice.SHOW_FACTORIES} prints them.",
            )
    if taken := sorted(set(known) & {n.name for n in tree.body if isinstance(n, ast.ClassDef)}):
        raise SeedError(f"{path} has a '{taken[0]}' that makes no rows of that model.")
    missing = [origin for name, origin in wanted.items() if name not in known]
    lines = before.splitlines()
    imports = [n for n in old_tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    place = max((n.end_lineno or 0 for n in imports), default=_after_docstring(old_tree))
    lines[place:place] = _statements(missing)
    first = next(n for n in tree.body if isinstance(n, ast.ClassDef))
    classes = new.splitlines()[first.lineno - 1 :]
    return "\n".join([*"\n".join(lines).rstrip().splitlines(), "", "", *classes]) + "\n"


def _after_docstring(tree: ast.Module) -> int:
    first = tree.body[0] if tree.body else None
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return (first.end_lineno or 0) if first is not None and is_text else 0


def _bound(tree: ast.Module) -> dict[str, str]:
    """Name -> the import that binds it at the top of a module, or ``here``."""
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Import):
            for each in node.names:
                as_name = f" as {each.asname}" if each.asname else ""
                name = each.asname or each.name.split(".")[0]
                found[name] = f"import {each.name}{as_name}"
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for each in node.names:
                as_name = f" as {each.asname}" if each.asname else ""
                found[each.asname or each.name] = f"from {module} import {each.name}{as_name}"
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = "here"
        elif isinstance(node, ast.Assign):
            names = (n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name))
            found.update(dict.fromkeys(names, "here"))
    return found


def _statements(origins: Collection[str]) -> list[str]:
    """Import statements, one for each module."""
    plain = sorted(each for each in origins if each.startswith("import "))
    modules: dict[str, list[str]] = {}
    for each in origins:
        if each.startswith("from "):
            module, _, name = each.removeprefix("from ").partition(" import ")
            modules.setdefault(module, []).append(name)
    return [
        *plain,
        *(f"from {m} import {', '.join(sorted(n))}" for m, n in sorted(modules.items())),
    ]
