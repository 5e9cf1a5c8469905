"""Models in modules that nobody imported, found by reading the source.

A table whose model is not imported looks like one whose model was deleted.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ..autogenerate.context import UnimportedModel

if TYPE_CHECKING:
    from ...project import Project

FILES = 10_000
"""How many files are searched; a folder with more is not a project."""
_BYTES = 2_000_000
_SKIPPED = {"__pycache__", "build", "dist", "node_modules", "site-packages", "test", "tests"}
_COLUMNS = {"Column", "Field", "mapped_column", "relationship"}


def unimported_models(project: Project, table_names: Iterable[str]) -> list[UnimportedModel]:
    """The models of these tables (``name`` or ``schema.name``) in files that nobody imported.

    Looks through the packages of the installed apps and the folder of the settings; not
    through tests, migrations, hidden folders and virtual environments. Nothing is imported.
    """
    wanted = {name.rpartition(".")[2]: name for name in table_names}
    if not wanted:
        return []
    words = {w.encode() for name in wanted for w in (name.lower(), name.replace("_", "").lower())}
    imported = _imported_files()
    found: list[UnimportedModel] = []
    for path, module in islice(_files(project), FILES):
        if path in imported:
            continue
        try:
            source = path.read_bytes() if path.stat().st_size <= _BYTES else b""
        except OSError:
            continue
        lower = source.lower()
        mentioned = [word for word in words if word in lower]
        if mentioned:
            found += _models(source, path, module, wanted, lower)
    return found


def _models(
    source: bytes, path: Path, module: str, wanted: dict[str, str], lower: bytes
) -> Iterator[UnimportedModel]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in somebody's string
            tree = ast.parse(source, str(path))
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        for name, asked in wanted.items():
            if name.lower().encode() in lower:
                yield UnimportedModel(asked, "", path, line, module)
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names = _table_names(node)
            class_name, line = node.name, node.lineno
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            names = _table_of_call(node.value)
            class_name, line = ast.unparse(target), node.lineno
        else:
            continue
        for name in names & wanted.keys():
            yield UnimportedModel(wanted[name], class_name, path, line, module)


def _table_names(node: ast.ClassDef) -> set[str]:
    """What the table of a class may be called; empty for a class that is not a model."""
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        names = {t.id for t in targets if isinstance(t, ast.Name)}
        value = getattr(statement, "value", None)
        if "__tablename__" in names:
            return _literal(value)
        if "__table__" in names:
            return _table_of_call(value) if isinstance(value, ast.Call) else set()
    is_table = any(k.arg == "table" and ast.unparse(k.value) == "True" for k in node.keywords)
    if is_table or (node.bases and any(_is_column(s) for s in node.body)):
        # SQLModel makes the name of the class lower case; Flask-SQLAlchemy puts underscores in.
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", node.name)
        return {node.name.lower(), snake.lower()}
    return set()


def _is_column(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.AnnAssign) and re.match(
        r"(\w+\.)*Mapped\[", ast.unparse(statement.annotation)
    ):
        return True
    value = getattr(statement, "value", None)
    return isinstance(value, ast.Call) and _called(value) in _COLUMNS


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _table_of_call(call: ast.Call) -> set[str]:
    return _literal(call.args[0]) if _called(call) == "Table" and call.args else set()


def _literal(node: ast.AST | None) -> set[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    return set()


def _imported_files() -> set[Path]:
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    return {Path(file).resolve() for file in files if isinstance(file, str)}


def _files(project: Project) -> Iterator[tuple[Path, str]]:
    """The source files of the project with the dotted names of their modules, each once."""
    settings = project.settings
    seen: set[Path] = set()
    starts = [(app.path, app.name) for app in project.apps] + [(settings.root, "")]
    for start, package in starts:
        for folder, folders, names in os.walk(start):
            here = Path(folder)
            folders[:] = sorted(name for name in folders if _is_source(here / name, project))
            for name in sorted(names):
                path = (here / name).resolve()
                if not name.endswith(".py") or path in seen or _is_test(name):
                    continue
                seen.add(path)
                parts = [*filter(None, [package]), *(here / name).relative_to(start).parts]
                yield path, ".".join(parts).removesuffix(".py").removesuffix(".__init__")


def _is_source(folder: Path, project: Project) -> bool:
    return not (
        folder.name.startswith(".")
        or folder.name in _SKIPPED
        or folder.resolve() == project.migrations.folder.resolve()
        or (folder / "pyvenv.cfg").exists()
    )


def _is_test(name: str) -> bool:
    return name == "conftest.py" or name.startswith("test_")
