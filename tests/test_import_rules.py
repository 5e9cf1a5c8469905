"""Who may import what, read from the source; DESIGN in one test file."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from support.programs import ROOT

from sqlalchemy_manage.cli import cli, core_commands
from sqlalchemy_manage.project import Project

TOOL = ROOT / "sqlalchemy_manage"
COMMANDS = TOOL / "commands"
MODULES = sorted(TOOL.rglob("*.py"))
VERSIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))
TALKERS = ("cli.py", "options.py", "output.py", "__main__.py")
PEOPLE = {"print", "input", "exit", "quit", "breakpoint"}


def package_of(path: Path) -> list[str]:
    return list(path.relative_to(ROOT).parent.parts)


def imported(path: Path, tree: ast.AST) -> Iterator[str]:
    """The dotted names of the modules, or names in modules, that ``tree`` imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = package_of(path)
            home = package[: len(package) - node.level + 1] if node.level else []
            home += node.module.split(".") if node.module else []
            yield from (".".join([*home, alias.name]) for alias in node.names)


def at_the_top(tree: ast.Module) -> ast.Module:
    """``tree`` without the bodies of functions and of ``if TYPE_CHECKING``."""

    class Cut(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            return None

        visit_AsyncFunctionDef = visit_FunctionDef

        def visit_If(self, node: ast.If) -> ast.AST | None:
            return None if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)

    return Cut().visit(ast.parse(ast.unparse(tree)))


def roots(path: Path, tree: ast.AST) -> set[str]:
    return {name.partition(".")[0] for name in imported(path, tree)}


def calls(tree: ast.AST) -> set[str]:
    """What is called, as written: ``print``, ``sys.exit``."""
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


every_module = pytest.mark.parametrize("path", MODULES, ids=name_of)


@pytest.mark.parametrize("path", sorted(COMMANDS.glob("*.py")), ids=name_of)
def test_a_command_imports_little_at_the_top(path: Path) -> None:
    allowed = {"click", *sys.stdlib_module_names}
    own = tuple(f"sqlalchemy_manage.{name}" for name in ("options", "output", "errors"))
    wrong = [
        name
        for name in imported(path, at_the_top(parsed(path)))
        if name.partition(".")[0] not in allowed and not name.startswith(own)
    ]
    assert wrong == [], "import it inside the function that needs it"


@every_module
def test_only_migrations_imports_alembic(path: Path) -> None:
    if "alembic" in roots(path, parsed(path)):
        assert path.is_relative_to(TOOL / "migrations")


@every_module
def test_only_seeding_imports_factories(path: Path) -> None:
    if roots(path, parsed(path)) & {"factory", "faker"}:
        assert path.is_relative_to(TOOL / "seeding")


@every_module
def test_only_the_command_line_talks_and_exits(path: Path) -> None:
    if (path.name in TALKERS and path.parent == TOOL) or path.is_relative_to(COMMANDS):
        return
    tree = parsed(path)
    assert "click" not in roots(path, tree)
    called = calls(tree)
    assert called & (PEOPLE | {"sys.exit", "os._exit"}) == set()
    assert not any(name.startswith(("sys.stdout", "sys.stderr")) for name in called)
    assert "SystemExit" not in {ast.unparse(n.exc) for n in raised(tree)}


def raised(tree: ast.AST) -> Iterator[ast.Raise]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.Raise) and n.exc is not None)


@pytest.mark.parametrize(
    "path",
    sorted(p for p in TOOL.rglob("*") if p.is_file() and "__pycache__" not in p.parts),
    ids=name_of,
)
def test_the_tool_knows_no_app(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in [path.name, *lines] if re.search(r"\bhr\b", line, re.I)] == []
    if path.suffix == ".py":
        assert (
            roots(path, parsed(path)) & {"hr", "settings", "tests", "conftest", "manage"} == set()
        )


@every_module
def test_the_command_line_names_no_command(path: Path) -> None:
    if path.name == "cli.py":
        assert not any("commands." in name for name in imported(path, parsed(path)))


def test_the_models_import_sqlalchemy_alone() -> None:
    path = ROOT / "hr" / "models.py"
    assert roots(path, parsed(path)) <= {"sqlalchemy", *sys.stdlib_module_names}
    assert (ROOT / "hr" / "__init__.py").read_text() == ""


@pytest.mark.parametrize("path", VERSIONS, ids=name_of)
def test_a_revision_imports_no_models(path: Path) -> None:
    assert roots(path, parsed(path)) <= {"alembic", "sqlalchemy", *sys.stdlib_module_names}


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 30
    assert len(VERSIONS) >= 3


def every_command() -> list[str]:
    with click.Context(cli, obj=Project("settings")) as context:
        return cli.list_commands(context)


@pytest.mark.parametrize("name", every_command())
def test_every_command_has_help_with_an_example_of_itself(name: str) -> None:
    with click.Context(cli, info_name="manage.py", obj=Project("settings")) as context:
        command = cli.get_command(context, name)
        assert command is not None
        with click.Context(command, info_name=name, parent=context) as own:
            text = command.get_help(own)
    example = text.partition("Example:")[2]
    assert f"manage.py {name}" in example
    assert command.get_short_help_str()
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.opts[0]} has no help"


def test_core_commands_are_the_files() -> None:
    files = {p.stem for p in COMMANDS.glob("*.py") if not p.stem.startswith("_")}
    assert set(core_commands()) == files
    assert files <= set(every_command())


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from . import output", {"sqlalchemy_manage.output"}),
        ("from .. import output", {"output"}),
        ("import alembic.op as op", {"alembic.op"}),
        ("def f():\n    from alembic import op", {"alembic.op"}),
    ],
)
def test_the_reader_of_imports(source: str, found: set[str]) -> None:
    assert set(imported(TOOL / "x.py", ast.parse(source))) == found
    if source.startswith("def"):
        assert not set(imported(TOOL / "x.py", at_the_top(ast.parse(source))))
