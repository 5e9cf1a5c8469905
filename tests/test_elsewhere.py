"""The first words of users of other tools: one line that names what there is here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from support.programs import Manage, run

from sqlalchemy_manage import elsewhere
from sqlalchemy_manage.command_files import core_commands
from sqlalchemy_manage.group import cli
from sqlalchemy_manage.project import Project


@pytest.fixture
def manage(manage_on: Callable[[str], Manage], new_database: Callable[[str], str]) -> Manage:
    return manage_on(new_database("sqlite"))


def test_a_word_is_answered_in_one_line(manage: Manage) -> None:
    for word in [*elsewhere.COMMANDS, *elsewhere.NOT_HERE]:
        if word in core_commands():
            continue
        result = manage(word)
        assert result.code == 2, result
        assert result.stdout == ""
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"Error: No such command '{word}'"), line
        named = [*elsewhere.COMMANDS.get(word, ()), elsewhere.NOT_HERE.get(word, ("", None))[1]]
        assert all(f"manage.py {command}" in line for command in named if command)


@pytest.mark.parametrize(
    ("words", "here"),
    [
        ("upgrade head", "manage.py migrate"),
        ("downgrade -1", "manage.py rollback or manage.py migrate REVISION"),
        ("db upgrade", "manage.py migrate"),
        ("flask db current", "manage.py showmigrations"),
        ("db migrate", "manage.py makemigrations"),
        ("flask db migrate -m text", "manage.py makemigrations"),
        ("flask db upgrade", "manage.py migrate"),
        ("rails db:migrate", "manage.py migrate"),
        ("rails console", "manage.py shell"),
        ("django-admin migrate", "manage.py migrate"),
        ("alembic check", "manage.py check"),
        ("db seed", "manage.py seed"),
        ("stamp head", "manage.py migrate --fake REVISION"),
        ("db:migrate", "manage.py migrate"),
        ("sqlflush", "manage.py flush --plan"),
        ("--database default history", "manage.py --database default showmigrations -v 2"),
    ],
)
def test_words_of_other_tools(manage: Manage, words: str, here: str) -> None:
    result = manage(*words.split())
    assert result.code == 2
    assert result.stderr.endswith(f"Here it is {here}\n"), result
    if words.startswith("flask db "):
        assert f"No such command '{' '.join(words.split()[:3])}'" in result.stderr


@pytest.mark.parametrize("word", ["about", "statistics", "create", "releases", "db nope"])
def test_a_word_that_is_like_none_is_answered_with_none(manage: Manage, word: str) -> None:
    result = manage(*word.split())
    assert result.code == 2
    assert "No such command" in result.stderr
    assert "Did you mean" not in result.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("makemigrations hr", "not one for each app: manage.py makemigrations"),
        ("makemigrations -m text", "A revision is named by manage.py makemigrations -n NAME"),
        ("makemigrations --autogenerate", "always compared by manage.py makemigrations"),
        ("migrate hr", "not one for each app: manage.py migrate REVISION"),
        ("migrate hr 0002", "not one for each app: manage.py migrate REVISION"),
        ("migrate --fake hr 0002", "not one for each app: manage.py migrate REVISION"),
        ("migrate --list", "listed by manage.py showmigrations"),
        ("showmigrations hr", "not one for each app: manage.py showmigrations"),
        ("sqlmigrate hr 0002", "not one for each app: manage.py sqlmigrate REVISION"),
        ("check --deploy", "the database is checked by manage.py check"),
    ],
)
def test_arguments_of_other_tools(manage: Manage, words: str, says: str) -> None:
    result = manage(*words.split())
    assert result.code == 2, result
    assert len(result.stderr.splitlines()) == 2
    assert result.stderr.endswith(f"{says}\n"), result


def test_every_command_that_is_named_is_one_with_these_options() -> None:
    lines = [
        *(command for here in elsewhere.COMMANDS.values() for command in here),
        *(command for _, command in elsewhere.NOT_HERE.values() if command),
        *(command for _, command in elsewhere.OPTIONS.values()),
        *(command for here in elsewhere.OF_FLASK.values() for command in here),
        *elsewhere.TAKES_NO_APP.values(),
    ]
    with click.Context(cli, obj=Project("settings")) as context:
        for line in lines:
            name, *arguments = shlex.split(line)
            command = cli.get_command(context, name)
            assert command is not None, line
            command.make_context(name, arguments, parent=context)


def test_a_command_of_that_name_wins(copy_project: Callable[[str], Path]) -> None:
    folder = copy_project("bare")
    commands = folder / "notes" / "management" / "commands"
    commands.mkdir(parents=True)
    for name in ("upgrade", "help"):
        (commands / f"{name}.py").write_text(
            "import click\n\n@click.command()\ndef command():\n"
            f'    """Do it."""\n    click.echo("mine: {name}")\n'
        )
    assert run(folder, "manage.py", "upgrade").stdout == "mine: upgrade\n"
    assert run(folder, "manage.py", "help", "-v", "1").stdout == "mine: help\n"


def test_help_is_a_word_too(manage: Manage) -> None:
    whole = manage("--help")
    assert whole.code == 0
    for words in ([], ["help"], ["-h"], ["-v", "1", "help"]):
        assert manage(*words).stdout == whole.stdout, words
        assert manage(*words).code == 0
    assert manage("help", "migrate").stdout == manage("migrate", "--help").stdout
    assert manage("test", "-h").stdout == manage("test", "--help").stdout
    assert "-h, --help" in manage("test", "-h").stdout
    failed = manage("help", "migrat")
    assert failed.code == 2
    assert "Did you mean 'migrate'?" in failed.stderr


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        (
            {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"},
            '"sqlite:///db.sqlite3"',
        ),
        (
            {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": "shop",
                "USER": "me",
                "PASSWORD": "tops3cret",
                "HOST": "db",
                "PORT": 5433,
            },
            '"postgresql+psycopg://me@db:5433/shop", with :PASSWORD after the user',
        ),
        (
            {"ENGINE": "django.db.backends.mysql", "NAME": "shop", "USER": "me"},
            '"mariadb+pymysql://me@localhost/shop"',
        ),
    ],
)
def test_databases_as_django_writes_them(
    copy_project: Callable[[str], Path], entry: dict[str, object], url: str
) -> None:
    folder = copy_project("bare")
    (folder / "settings.py").write_text(f"DATABASES = {{'default': {entry!r}}}\n")
    result = run(folder, "manage.py", "migrate")
    assert result.code == 1
    assert re.search(r"DATABASES\['default'\] has Django's keys; here it is one", result.stderr)
    assert f'Write "URL": {url}.' in result.stderr
    assert "tops3cret" not in result.stderr
