"""The group itself: options before and after the command, exit codes, errors in words."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from support.programs import ROOT, Manage, environment_for, run

from sqlalchemy_manage import errors, output
from sqlalchemy_manage.cli import main
from sqlalchemy_manage.group import ManageGroup
from sqlalchemy_manage.project import Project

SECRET = "tops3cret"


@pytest.fixture
def manage(manage_on: Callable[[str], Manage], new_database: Callable[[str], str]) -> Manage:
    """On one kind of database: nothing here depends on the kind."""
    return manage_on(new_database("sqlite"))


@pytest.fixture
def bare(copy_project: Callable[[str], Path]) -> Path:
    return copy_project("bare")


def app_command(folder: Path, name: str, body: str) -> None:
    """A command of the app ``notes``; ``body`` is that of the function."""
    commands = folder / "notes" / "management" / "commands"
    commands.mkdir(parents=True, exist_ok=True)
    (commands / f"{name}.py").write_text(
        "import click\n\n@click.command()\n@click.pass_obj\ndef command(project):\n"
        f'    """Do {name}."""\n    {body}\n'
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--database", "nope", "shell"),
        ("shell", "--database", "nope"),
        ("shell", "--database=nope"),
    ],
)
def test_global_options_stand_before_or_after_the_command(
    manage: Manage, arguments: tuple[str, ...]
) -> None:
    result = manage(*arguments)
    assert result.code == 2
    assert f"No database 'nope' in DATABASES of {ROOT / 'settings.py'}." in result.stderr
    assert "Known: default." in result.stderr


def test_the_option_after_the_command_wins(manage: Manage) -> None:
    assert len(manage("-v", "2", "version", "-v", "1").stdout.splitlines()) == 1
    assert len(manage("-v", "1", "version", "-v", "2").stdout.splitlines()) > 1


def test_settings_after_the_commands_name_decide_which_commands_there_are(bare: Path) -> None:
    (bare / "other.py").write_text((bare / "settings.py").read_text())
    (bare / "settings.py").write_text("DATABASES = {'default': {'URL': 'sqlite://'}}\n")
    app_command(bare, "greet", "click.echo(project.settings.module)")
    for arguments in (
        ["greet", "--settings", "other"],
        ["greet", "--settings=other"],
        ["--settings", "other", "greet"],
    ):
        result = run(bare, "manage.py", *arguments)
        assert (result.code, result.stdout) == (0, "other\n"), result
    assert run(bare, "manage.py", "greet").code == 2
    assert run(bare, "manage.py", "greet", MANAGE_SETTINGS_MODULE="other").stdout == "other\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["migrat"], "No such command 'migrat'. Did you mean 'migrate'?"),
        (["headcuont"], "Did you mean 'headcount'?"),
        (["qqqq"], "No such command 'qqqq'."),
        (["--databse", "x"], "Did you mean '--database'?"),
        (["seed", "--random-sed", "3"], "Did you mean '--random-seed'?"),
        (["migrate", "--plaan"], "Did you mean '--plan'?"),
        (["migrate", "-y"], "No such option '-y'"),
        (["version", "extra"], "unexpected extra argument"),
        (["--verbosity", "4", "version"], "0<=x<=3"),
        (["version", "--settings"], "requires an argument"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_how_it_is_meant(
    manage: Manage, arguments: list[str], says: str
) -> None:
    result = manage(*arguments)
    assert result.code == 2
    assert says in re.sub(r"\(([^)]*)\)", r"\1", result.stderr)
    assert result.stdout == ""


def test_no_command_shows_the_help(manage: Manage) -> None:
    result = manage()
    assert "prepare" in result.stdout + result.stderr
    assert manage("--help").code == 0
    assert manage("-h").stdout == manage("--help").stdout
    assert "Commands of hr:" in manage("--help").stdout


def test_the_help_fits_80_columns_and_cuts_no_description(manage: Manage, bare: Path) -> None:
    app_command(bare, "act", "return")
    path = bare / "notes" / "management" / "commands" / "act.py"
    sentence = "Do what an app does whose author describes commands in sentences of some length."
    path.write_text(path.read_text().replace("Do act.", f"{sentence} The rest is not listed."))
    for text in (manage("--help").stdout, run(bare, "manage.py", "--help").stdout):
        for line in text.splitlines():
            assert len(line) <= 80, line
            assert line.startswith("Usage:") or not line.endswith("..."), line
    assert f"act {sentence}" in " ".join(text.split())
    assert "The rest" not in text


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("return", 0, ""),
        ("return 1", 1, ""),
        ("return 'text'", 0, ""),
        ("click.get_current_context().exit(7)", 7, ""),
        ("raise click.UsageError('no')", 2, "Error: no\n"),
        ("raise click.ClickException('no')", 1, "Error: no\n"),
        ("raise click.Abort()", 130, "Error: interrupted.\n"),
        ("raise KeyboardInterrupt", 130, "Error: interrupted.\n"),
        ("raise BrokenPipeError", 1, ""),
        (
            "raise ValueError('one\\ntwo')",
            1,
            "Error: ValueError: one (act.py, line 7)\nAdd --traceback to see where it came from.\n",
        ),
        ("raise AssertionError", 1, "Error: AssertionError (act.py, line 7)\nAdd --traceback"),
    ],
)
def test_what_a_command_raises_or_returns(bare: Path, body: str, code: int, says: str) -> None:
    app_command(bare, "act", body)
    result = run(bare, "manage.py", "act")
    assert result.code == code
    if says:
        assert says in re.sub(r"\(\S+act\.py", "(act.py", result.stderr)
    else:
        assert result.stderr == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ManageError, 1),
        (errors.UsageError, 2),
        (errors.MigrationError, 1),
        (errors.OpenQuestion, 3),
        (errors.Locked, 75),
    ],
)
def test_each_error_has_its_exit_code(
    manage: Manage, monkeypatch: pytest.MonkeyPatch, error: type[errors.ManageError], code: int
) -> None:
    @click.command()
    def command() -> None:
        """Fail."""
        raise error("what is wrong", "what to type")

    monkeypatch.setattr(ManageGroup, "get_command", lambda *args: command)
    result = manage("version")
    assert result.code == code
    assert result.stderr == "Error: what is wrong\nwhat to type\n"


def test_an_apps_command_wins_over_a_core_command(bare: Path) -> None:
    app_command(bare, "version", "click.echo('mine')")
    assert run(bare, "manage.py", "version").stdout == "mine\n"
    listed = run(bare, "manage.py", "--help").stdout
    assert len(re.findall(r"^  version\b", listed, re.MULTILINE)) == 1
    assert "version" in listed.partition("Commands of notes:")[2]


def test_the_earlier_of_two_apps_wins(bare: Path) -> None:
    for app in ("one", "two"):
        folder = bare / app / "management" / "commands"
        folder.mkdir(parents=True)
        (folder / "who.py").write_text(
            "import click\n@click.command()\ndef command():\n"
            f"    'Say who.'\n    click.echo('{app}')\n"
        )
    settings = bare / "settings.py"
    settings.write_text(settings.read_text().replace('["notes"]', '["one", "two"]'))
    assert run(bare, "manage.py", "who").stdout == "one\n"


def test_a_command_that_has_an_option_of_the_same_name_keeps_its_own(bare: Path) -> None:
    app_command(bare, "act", "click.echo(project.alias)")
    path = bare / "notes" / "management" / "commands" / "act.py"
    text = path.read_text().replace(
        "@click.pass_obj", "@click.option('--database')\n@click.pass_obj"
    )
    path.write_text(text.replace("command(project)", "command(project, database)"))
    assert run(bare, "manage.py", "act", "--database", "mine").stdout == "default\n"


def test_verbosity_does_not_outlive_its_command_line(
    manage: Manage, capsys: pytest.CaptureFixture[str]
) -> None:
    manage("-v", "0", "version")
    output.say("unheard")
    manage("version")
    output.say("heard")
    assert capsys.readouterr().err == "heard\n"


class Tty:
    """A standard error stream that says it is a terminal."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("arguments", [["shell", "--database", "nope"], ["nope"]])
def test_color_on_a_terminal_and_how_to_be_rid_of_it(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("NO_COLOR", raising=False)

    def stderr_of(*more: str) -> str:
        tty = Tty()
        monkeypatch.setattr("sys.stderr", tty)
        assert main([*more, *arguments], prog_name="manage.py") == 2
        return tty.text

    assert "\x1b[" not in stderr_of("--no-color")
    if arguments != ["nope"]:  # Click's own messages have no colors
        assert "\x1b[" in stderr_of(), "the choice outlived its command line"
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in stderr_of()


def test_no_color_reaches_tables_and_talk(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    output.use_color(None)
    output.table(("a",), [("1",)])
    assert "\x1b[1m" in capsys.readouterr().out
    output.use_color(False)
    output.answer(click.style("red", fg="red"))
    output.say(click.style("red", fg="red"))
    output.warn("careful")
    output.error("wrong")
    captured = capsys.readouterr()
    output.use_color(None)
    assert "\x1b" not in captured.out + captured.err


def test_no_settings_module(tmp_path: Path) -> None:
    # The repository's own folder on the path would offer the sample's settings.
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "sqlalchemy_manage").symlink_to(ROOT / "sqlalchemy_manage")
    alone = {"PYTHONPATH": str(tmp_path / "lib")}
    result = run(tmp_path, "-m", "sqlalchemy_manage", "migrate", **alone)
    assert result.code == 1
    assert result.stderr == (
        "Error: There is no settings module 'settings'.\nRun the command in the folder that "
        "contains it, or name it: --settings MODULE, or MANAGE_SETTINGS_MODULE in the "
        "environment.\n"
    )
    named = run(tmp_path, "-m", "sqlalchemy_manage", "migrate", "--settings", "a.dev", **alone)
    assert "There is no settings module 'a.dev'." in named.stderr
    assert run(tmp_path, "-m", "sqlalchemy_manage", "version", **alone).code == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import nothing_of_this_name\n", "imports 'nothing_of_this_name', which is not installed"),
        ("\n\nx = 1 / 0\n", "ZeroDivisionError: division by zero ({file}, line 3)"),
        ("x = (\n", "SyntaxError: '(' was never closed (settings.py, line 1)"),
        ("DATABASES = []\n", "{file}: DATABASES must be a dict"),
    ],
)
def test_a_broken_settings_module(bare: Path, text: str, says: str) -> None:
    (bare / "settings.py").write_text(text)
    for command in ("shell", "no-such-command"):
        result = run(bare, "manage.py", command)
        assert result.code == 1
        assert says.format(file=bare.resolve() / "settings.py") in result.stderr
        assert "Traceback" not in result.stderr


def test_an_app_that_is_not_there(bare: Path) -> None:
    settings = bare / "settings.py"
    settings.write_text(settings.read_text().replace('"notes"', '"notse"'))
    result = run(bare, "manage.py", "shell")
    assert result.code == 1
    assert result.stderr == (
        f"Error: INSTALLED_APPS of {settings.resolve()} names 'notse', "
        "but there is no such package. Did you mean 'notes'?\n"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\nraise ValueError('bad')\n", "ValueError: bad ({file}, line 2)"),
        ("import nothing_of_this_name\n", "imports 'nothing_of_this_name', which is not installed"),
        ("x = (\n", "SyntaxError: '(' was never closed (models.py, line 1)"),
        ("from .deep import x\n", "KeyError: 'deep' ({folder}/deep.py, line 1)"),
    ],
)
def test_models_that_raise(bare: Path, text: str, says: str) -> None:
    models = bare / "notes" / "models.py"
    models.write_text(text)
    (bare / "notes" / "deep.py").write_text("raise KeyError('deep')\n")
    result = run(bare, "manage.py", "makemigrations")
    assert result.code == 1
    assert "notes.models" in result.stderr
    assert says.format(file=models.resolve(), folder=models.parent.resolve()) in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", ["showmigrations --json", "version", "--help", "migrate --help"])
def test_a_full_disk_under_what_is_printed(bare: Path, words: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "manage.py", *words.split()],
            cwd=bare,
            env=environment_for(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The disk is full: No space left on device")
    assert "before you repeat the command" in done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("OSError(30, 'Read-only file system', 'x.csv')", "The disk is read-only. x.csv: "),
        ("PermissionError(13, 'Permission denied', 'x.csv')", "The permissions are missing. "),
        ("FileNotFoundError(2, 'No usable temporary directory found')", "TMPDIR; then repeat"),
        ("FileNotFoundError(2, 'No such file', 'x.csv')", "FileNotFoundError: [Errno 2] No such"),
    ],
)
def test_an_error_of_the_system_is_told_in_words(bare: Path, error: str, says: str) -> None:
    app_command(bare, "act", f"raise {error}")
    result = run(bare, "manage.py", "act")
    assert result.code == 1 and says in result.stderr
    assert ("--traceback" in result.stderr) is says.startswith("FileNotFound")


def test_traceback_shows_one_without_the_password(bare: Path) -> None:
    app_command(bare, "act", f"raise RuntimeError(project.database.url + ' and {SECRET}')")
    url = f"postgresql://me:{SECRET}@localhost/x"
    for where in (["--traceback", "act"], ["act", "--traceback"]):
        result = run(bare, "manage.py", *where, url=url)
        assert result.code == 1
        assert "Traceback (most recent call last)" in result.stderr
        assert "act.py" in result.stderr
        assert "postgresql://me:***@localhost/x and ***" in result.stderr
        assert SECRET not in result.stderr
        assert "Add --traceback" not in result.stderr
    plain = run(bare, "manage.py", "act", url=url)
    assert "Traceback" not in plain.stderr
    assert SECRET not in plain.stderr


def test_a_database_error_of_a_users_command_is_put_in_words(bare: Path) -> None:
    body = "with project.connect() as c:\n        c.exec_driver_sql('nonsense')"
    app_command(bare, "act", body)
    result = run(bare, "manage.py", "act", url="sqlite://")
    assert result.code == 1
    assert result.stderr.startswith("Error: The database refused: ")


def test_no_input_is_known_to_the_project(bare: Path) -> None:
    app_command(bare, "act", "click.echo(project.interactive)")
    assert run(bare, "manage.py", "act").stdout == "True\n"
    assert run(bare, "manage.py", "act", "--no-input").stdout == "False\n"
    assert run(bare, "manage.py", "--noinput", "act").stdout == "False\n"


def test_manage_py_works_from_another_folder(bare: Path, tmp_path: Path) -> None:
    app_command(bare, "act", "click.echo(project.settings.root)")
    result = run(tmp_path, bare / "manage.py", "act")
    assert (result.code, result.stdout) == (0, f"{bare.resolve()}\n")


def test_main_leaves_a_project_without_an_open_engine(
    manage: Manage, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []
    monkeypatch.setattr(Project, "close", lambda self: closed.append(self))
    manage("version")
    manage("nope")
    assert len(closed) == 2
