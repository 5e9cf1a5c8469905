"""Who may import what, read from the source, as far as setup.cfg's [importlinter] cannot say it."""

from __future__ import annotations

import ast
import configparser
import functools
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click
import pytest
from support.programs import ROOT

from sqlalchemy_manage.command_files import core_commands
from sqlalchemy_manage.group import cli
from sqlalchemy_manage.project import Project

TOOL = ROOT / "sqlalchemy_manage"
COMMANDS = TOOL / "commands"
MODULES = sorted(TOOL.rglob("*.py"))
VERSIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))
TALKERS = [TOOL / name for name in ("group.py", "cli.py", "options.py", "output.py", "__main__.py")]
PEOPLE = {"print", "input", "exit", "quit", "breakpoint", "sys.exit", "os._exit", "SystemExit"}
# The packages of the two contracts that say who may import a library: their homes.
HOMES = {"alembic": "migrations", "factory": "seeding"}


def package_of(path: Path) -> list[str]:
    return list(path.relative_to(ROOT).parent.parts)


def imported(path: Path, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each module, or name in a module, that ``tree`` imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = package_of(path)
            home = package[: len(package) - node.level + 1] if node.level else []
            home += node.module.split(".") if node.module else []
            yield from ((node.lineno, ".".join([*home, alias.name])) for alias in node.names)


def at_the_top(tree: ast.Module) -> ast.Module:
    """``tree`` without the bodies of functions and of ``if TYPE_CHECKING``."""

    class Cut(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            return None

        visit_AsyncFunctionDef = visit_FunctionDef

        def visit_If(self, node: ast.If) -> ast.AST | None:
            return None if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)

    return Cut().visit(tree)


def root(name: str) -> str:
    return name.partition(".")[0]


@functools.cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def parsed(path: Path) -> ast.Module:
    return ast.parse(text_of(path), str(path))


def breaches(paths: Iterable[Path], rule: Callable[[Path], Iterable[tuple[int, str]]]) -> list[str]:
    """``file:line: what is wrong there`` for all that ``rule`` finds."""
    return [
        f"{path.relative_to(ROOT)}:{line}: {what}" for path in paths for line, what in rule(path)
    ]


def only(*allowed: str) -> Callable[[Path], Iterable[tuple[int, str]]]:
    """A rule: the standard library and these are imported, and nothing else."""
    known = {*allowed, *sys.stdlib_module_names}
    return lambda path: [f for f in imported(path, parsed(path)) if root(f[1]) not in known]


def test_a_command_imports_little_at_the_top() -> None:
    """The rest is imported inside the function that needs it."""
    allowed = {"click", *sys.stdlib_module_names}
    own = tuple(
        f"sqlalchemy_manage.{name}"
        for name in ("options", "output", "errors", "advice", "fitting", "commands._several")
    )

    def rule(path: Path) -> Iterator[tuple[int, str]]:
        for line, name in imported(path, at_the_top(parsed(path))):
            if root(name) not in allowed and not name.startswith(own):
                yield line, name

    assert breaches(COMMANDS.glob("*.py"), rule) == []


@pytest.mark.parametrize("library", HOMES)
def test_a_contract_names_all_that_may_not_import_a_library(library: str) -> None:
    """lint-imports checks the rest: see test_contracts.py."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    named = config[f"importlinter:contract:{library}"]["source_modules"].split()
    modules = {path.stem for path in TOOL.iterdir() if path.suffix == ".py" or path.is_dir()}
    free = {HOMES[library], "__init__", "__main__", "__pycache__", "_version"}
    assert {name.removeprefix("sqlalchemy_manage.") for name in named} == modules - free
    assert breaches([TOOL / "__init__.py", TOOL / "__main__.py"], only("sqlalchemy_manage")) == []


def test_only_the_command_line_talks_and_exits() -> None:
    def rule(path: Path) -> Iterator[tuple[int, str]]:
        tree = parsed(path)
        yield from (found for found in imported(path, tree) if root(found[1]) == "click")
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if name in PEOPLE or name.startswith(("sys.stdout", "sys.stderr")):
                    yield node.lineno, name
            elif isinstance(node, ast.Raise) and node.exc and ast.unparse(node.exc) == "SystemExit":
                yield node.lineno, "SystemExit"

    silent = [p for p in MODULES if p not in TALKERS and not p.is_relative_to(COMMANDS)]
    assert breaches(silent, rule) == []


def test_the_tool_knows_no_app() -> None:
    apps = {"hr", "settings", "tests", "conftest", "support", "manage"}

    def rule(path: Path) -> Iterator[tuple[int, str]]:
        for number, line in enumerate([path.name, *text_of(path).splitlines()]):
            if re.search(r"\bhr\b", line, re.I):
                yield number, line
        if path.suffix == ".py":
            yield from (found for found in imported(path, parsed(path)) if root(found[1]) in apps)

    files = [p for p in TOOL.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert len(files) > len(MODULES)
    assert breaches(files, rule) == []


def test_the_command_line_names_no_command() -> None:
    path = TOOL / "cli.py"
    assert [name for _, name in imported(path, parsed(path)) if "commands." in name] == []


def test_a_class_name_means_one_thing() -> None:
    homes: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(f"{path.relative_to(TOOL)}:{node.lineno}")
    assert len(homes) > 200
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


def test_the_models_import_sqlalchemy_alone() -> None:
    assert breaches([ROOT / "hr" / "models.py"], only("sqlalchemy")) == []
    assert (ROOT / "hr" / "__init__.py").read_text() == ""


def test_a_revision_imports_no_models() -> None:
    assert breaches(VERSIONS, only("alembic", "sqlalchemy")) == []


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
    # What makes a manage.py is typed without one.
    assert re.search(rf"(manage\.py|sqlalchemy-manage) {name}\b", example)
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
    assert {name for _, name in imported(TOOL / "x.py", ast.parse(source))} == found
    if source.startswith("def"):
        assert not set(imported(TOOL / "x.py", at_the_top(ast.parse(source))))


def test_a_breach_is_named_with_its_file_and_line() -> None:
    path = TOOL / "cli.py"
    line = next(n for n, text in enumerate(text_of(path).splitlines(), 1) if "import click" in text)
    assert f"sqlalchemy_manage/cli.py:{line}: click" in breaches([path], only())
