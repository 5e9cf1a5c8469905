"""The commands that messages advise: each is listed in one place, and is right when typed."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import situations
from support.programs import ROOT
from support.situations.table import SITUATIONS, Advised, Situation

from sqlalchemy_manage import advice
from sqlalchemy_manage.advice import Advice

for _module in pkgutil.iter_modules(situations.__path__):  # each adds its own to the table
    importlib.import_module(f"support.situations.{_module.name}")
TOOL = ROOT / "sqlalchemy_manage"
ENTRIES = {name: value for name, value in vars(advice).items() if isinstance(value, Advice)}
# "manage.py migrate" and "manage.py --database x migrate" are commands, "of manage.py" is none.
COMMAND = re.compile(r"manage\.py +[a-z{-]")


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of each string in the code but the docstrings, f-strings with their braces."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings, parts = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            docstrings.add(getattr(node.body[0], "value", None))
        elif isinstance(node, ast.JoinedStr):
            parts |= {value for value in node.values if isinstance(value, ast.Constant)}
            yield node.lineno, ast.unparse(node)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in docstrings | parts:
            yield node.lineno, str(node.value)


def commands_in(path: Path, text: str) -> list[str]:
    return [
        f"{path.name}:{line}: {found}"
        for line, found in texts(ast.parse(text))
        if COMMAND.search(found)
    ]


def test_a_command_is_advised_through_its_entry_only() -> None:
    """In a message write ``{advice.NAME}``, with an entry in sqlalchemy_manage/advice.py."""
    named = [path for path in sorted(TOOL.rglob("*.py")) if "manage.py" in path.read_text()]
    assert [line for path in named for line in commands_in(path, path.read_text())] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"""Docstring: manage.py migrate"""', False),
        ('x = "then: manage.py migrate"', True),
        ('x = "then: " "manage.py " "migrate"', True),
        ('x = f"then: manage.py {a}"', True),
        ('x = f"then: {advice.AFTER_FIX}"', False),
        ('x = "an option of manage.py"', False),
        ('def f():\n    """manage.py migrate"""\n    g("manage.py seed --undo")', True),
    ],
)
def test_the_finder_of_commands(text: str, found: bool) -> None:
    assert bool(commands_in(Path("x.py"), text)) is found


def test_a_command_can_be_copied_with_the_rest_of_its_line() -> None:
    """A full stop right after it would become a part of it."""
    after = re.compile(r"advice\.[A-Z_]+(\([^()]*\))?\}\.")
    assert [str(p) for p in sorted(TOOL.rglob("*.py")) if after.search(p.read_text())] == []


def test_an_entry_is_used_and_is_one() -> None:
    code = "\n".join(p.read_text() for p in TOOL.rglob("*.py"))
    assert [name for name in ENTRIES if f"advice.{name}" not in code] == []
    said = [(entry.situation, entry.command) for entry in ENTRIES.values()]
    assert len(set(said)) == len(said) > 50


class TestLine:
    @pytest.fixture(autouse=True)
    def typed(self) -> Iterator[None]:
        advice.begin(["migrate"])
        yield
        advice.begin([])

    def test_a_value_is_quoted_for_the_shell(self) -> None:
        entry = Advice("x", "repair {revisions}")
        assert entry(revisions="0001_a") == "manage.py repair 0001_a"
        assert entry(revisions=["0001_a", "$(x)"]) == "manage.py repair 0001_a '$(x)'"
        assert Advice("x", "restore {path}")(path=Path("a b")) == "manage.py restore 'a b'"

    def test_what_was_chosen_is_chosen_again(self) -> None:
        advice.choose("--settings", "my.settings")
        advice.choose("--database", "the replica")
        line = "manage.py --settings my.settings --database 'the replica' migrate"
        assert f"{advice.AFTER_FIX}" == line
        advice.begin(["migrate"])
        assert f"{advice.AFTER_FIX}" == "manage.py migrate"

    @pytest.mark.parametrize(
        ("typed", "line"),
        [
            (["rollback", "2"], "manage.py rollback 2 --again"),
            (["--database", "other", "redo"], "manage.py --database other redo --again"),
            (["migrate", "--", "-1"], "manage.py migrate --again -- -1"),
        ],
    )
    def test_the_command_that_was_typed(self, typed: list[str], line: str) -> None:
        advice.begin(typed)
        if "other" in typed:
            advice.choose("--database", "other")
        assert Advice("x", "{typed} --again")() == line

    def test_the_program_is_the_one_that_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for argv, program in {
            "/work/manage.py": "manage.py",
            "/usr/bin/sqlalchemy-manage": "sqlalchemy-manage",
            "": "manage.py",
        }.items():
            monkeypatch.setattr("sys.argv", [argv])
            assert f"{advice.AFTER_FIX}" == f"{program} migrate"


class TestSituations:
    """Each command that is advised, typed where it is: it leads out (see support.situations)."""

    def test_each_entry_has_one(self) -> None:
        """A new entry needs a situation; support/situations/table.py says how one is written."""
        assert sorted({each.entry for each in SITUATIONS}) == sorted(ENTRIES)

    @pytest.mark.parametrize(
        ("backend", "situation"), [(each.backend, each) for each in SITUATIONS], ids=str
    )
    def test_it_leads_out(self, situation: Situation, tmp_path: Path, database_url: str) -> None:
        app = Advised(tmp_path / "project", database_url, situation.entry)
        situation.bring_about(app)
        assert app.followed
