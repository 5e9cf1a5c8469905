"""What a command line that needs no database must not import, and what a broken project spares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.programs import ROOT, Result, run

HEAVY = {"sqlalchemy", "alembic", "factory", "faker", "rich", "IPython", "psycopg", "pymysql"}

PROBE = """
import atexit, runpy, sys
roots = lambda: {name.partition(".")[0] for name in sys.modules}
atexit.register(lambda: print("MODULES", *roots(), file=sys.stderr))
sys.path.insert(0, "")
runpy.run_path("manage.py", run_name="__main__")
"""


def probe(*arguments: str, folder: Path = ROOT, **environment: str) -> tuple[Result, set[str]]:
    """Run manage.py; also the top-level modules that were imported when it ended."""
    result = run(folder, "-c", PROBE, *arguments, fresh=True, **environment)
    assert "MODULES" in result.stderr, result
    return result, set(result.stderr.partition("MODULES")[2].split())


def test_the_probe_sees_what_is_imported() -> None:
    _, modules = probe("shell", "-c", "import alembic", DATABASE_URL="sqlite://")
    assert modules >= {"sqlalchemy", "alembic", "factory", "faker"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["version"], 0),
        (["version", "-v", "2"], 0),
        (["migrate", "--help"], 0),
        (["headcount", "--help"], 0),
        (["test", "--help"], 0),
        (["no-such-command"], 2),
        (["--no-such-option"], 2),
        (["--settings", "no_such_settings", "migrate"], 1),
    ],
)
def test_nothing_heavy_is_imported(arguments: list[str], code: int) -> None:
    result, modules = probe(*arguments)
    assert result.code == code, result
    assert modules & HEAVY == set()
    assert "hr.models" not in modules


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_the_list_of_commands_imports_neither_click_nor_a_command(arguments: list[str]) -> None:
    result, modules = probe(*arguments)
    assert result.code == 0, result
    assert "headcount" in result.stdout
    # inspect and dataclasses take as long as half of the rest.
    assert modules & {*HEAVY, "click", "hr", "inspect", "dataclasses"} == set()


@pytest.mark.parametrize(
    ("words", "position", "offers"),
    [
        ("manage.py mig", "1", "plain,migrate"),
        ("manage.py headc", "1", "plain,headcount"),
        ("manage.py migrate --fake-i", "2", "plain,--fake-initial"),
        ("manage.py shell -i pt", "3", "plain,ptpython"),
    ],
)
def test_shell_completion(words: str, position: str, offers: str) -> None:
    result, modules = probe(
        _MANAGE_PY_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=position
    )
    assert result.code == 0, result
    assert result.stdout.splitlines() == [offers]
    assert modules & HEAVY == set()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("import no_such_module\n", "imports 'no_such_module', which is not installed"),
        ("x = 1\nraise RuntimeError('half done')\n", "settings.py, line 2"),
        ("DATABASES = {\n", "SyntaxError"),
        ("INSTALLED_APPS = ['notes']\n", "DATABASES has no 'default' entry"),
        (
            "DATABASES = {'default': {'URL': 'sqlite://'}}\nINSTALLED_APPS = 'notes'\n",
            "INSTALLED_APPS must be a list of strings",
        ),
        (
            "DATABASES = {'default': {'URL': 'sqlite://'}}\nINSTALLED_APPS = ['nots']\n",
            "names 'nots', but there is no such package. Did you mean 'notes'?",
        ),
        (
            "DATABASES = {'default': {'URL': 'sqlite://'}}\nINSTALLED_APPS = ['broken.app']\n",
            "broken/__init__.py, line 1",
        ),
    ],
)
def test_broken_settings_leave_help_and_version(
    copy_project: Callable[[str], Path], settings: str, says: str
) -> None:
    folder = copy_project("bare")
    (folder / "settings.py").write_text(settings)
    (folder / "broken").mkdir()
    (folder / "broken" / "__init__.py").write_text("1 / 0\n")
    result, modules = probe("--help", folder=folder)
    assert result.code == 0, result
    assert "migrate" in result.stdout
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert modules & HEAVY == set()
    assert run(folder, "manage.py", "version").code == 0
    failed = run(folder, "manage.py", "shell", "-c", "pass")
    assert failed.code == 1
    assert says in failed.stderr
    assert "Traceback" not in failed.stderr


def test_broken_models_leave_help(copy_project: Callable[[str], Path]) -> None:
    folder = copy_project("bare")
    (folder / "notes" / "models.py").write_text("1 / 0\n")
    result = run(folder, "manage.py", "--help")
    assert (result.code, result.stderr) == (0, "")


def test_a_broken_command_of_an_app_costs_that_command_alone(
    copy_project: Callable[[str], Path],
) -> None:
    folder = copy_project("bare")
    commands = folder / "notes" / "management" / "commands"
    commands.mkdir(parents=True)
    (commands / "greet.py").write_text("\n1 / 0\n")
    (commands / "empty.py").write_text("")
    (commands / "_helper.py").write_text("1 / 0\n")
    listed = run(folder, "manage.py", "--help")
    assert listed.code == 0, listed
    assert "Commands of notes:" in listed.stdout
    assert "greet" in listed.stdout
    assert "_helper" not in listed.stdout
    failed = run(folder, "manage.py", "greet")
    assert failed.code == 1
    assert "the command 'greet' cannot be loaded" in failed.stderr
    assert "greet.py, line 2" in failed.stderr
    assert "has no Click command named 'command'" in run(folder, "manage.py", "empty").stderr
