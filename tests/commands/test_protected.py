"""Commands that destroy data, on databases that are protected: none without the name."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool
from support.databases import BACKENDS
from support.programs import Manage, Result, run

from sqlalchemy_manage.databases.protection import VARIABLE, stamp

COMMANDS = {
    "seed": ("seed", "Department=1"),
    "restore": ("restore", "BACKUP"),
    "zero": ("migrate", "zero", "--allow-data-loss"),
    "down": ("migrate", "0001", "--allow-data-loss"),
    "unstamp": ("environment", "--remove"),
}
STATES = ("protected", "stamped", "staging", "free")
WAYS = ("terminal", "wrong", "empty", "pipe", "no-input", "no-input on a terminal", "variable",
        "variable on a terminal", "other variable", "other variable on a terminal")  # fmt: skip


class Terminal(io.StringIO):
    """Somebody who types one line."""

    def isatty(self) -> bool:
        return True


class World:
    """The sample project on a filled database, with its name."""

    def __init__(self, url: str, manage: Manage, patch: pytest.MonkeyPatch) -> None:
        self.url, self.manage, self.patch = url, manage, patch
        self.name = Path(str(sa.make_url(url).database)).name
        assert manage("migrate").code == 0
        assert manage("loaddata", "sample").code == 0
        self.backup = manage("backup").stdout.strip()

    def content(self) -> dict[str, list[str]]:
        engine = sa.create_engine(self.url, poolclass=NullPool)
        found = {}
        with engine.connect() as connection:
            for name in sa.inspect(connection).get_table_names():
                if name != "sqlalchemy_manage_lock":
                    rows = connection.exec_driver_sql(f"SELECT * FROM {name}")
                    found[name] = sorted(map(str, rows))
        return found

    def put(self, state: str) -> None:
        """Let the settings and the database say so."""
        database = {"default": {"URL": self.url, "PROTECTED": state == "protected"}}
        self.patch.setattr("settings.DATABASES", database)
        name = {"stamped": "production", "staging": "staging"}.get(state)
        engine = sa.create_engine(self.url, poolclass=NullPool)
        with engine.begin() as connection:
            stamp(connection, name)

    def call(self, command: str, way: str) -> Result:
        arguments = [self.backup if a == "BACKUP" else a for a in COMMANDS[command]]
        self.patch.delenv(VARIABLE, raising=False)
        if "other variable" in way:
            self.patch.setenv(VARIABLE, f"{self.name}_2")
        elif "variable" in way:
            self.patch.setenv(VARIABLE, self.name)
        if way.startswith("no-input"):
            arguments.append("--no-input")
        typed = {"wrong": "production\n", "empty": "\n"}.get(way, f"{self.name}\n")
        on_terminal = "terminal" in way or way in ("wrong", "empty")
        self.patch.setattr("sys.stdin", Terminal(typed) if on_terminal else io.StringIO(typed))
        return self.manage(*arguments)


@pytest.fixture
def world(
    database_url: str, manage_on: Callable[[str], Manage], monkeypatch: pytest.MonkeyPatch
) -> World:
    return World(database_url, manage_on(database_url), monkeypatch)


def expected(state: str, way: str, command: str) -> int:
    """The exit code."""
    if "other variable" in way:
        return 1
    if state not in ("protected", "stamped") and command != "unstamp":
        return 0
    if way in ("terminal", "variable", "variable on a terminal"):
        return 0
    return 1 if way in ("wrong", "empty") else 3


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("backend", ["sqlite"])
def test_no_destructive_statement_without_the_name(world: World, command: str) -> None:
    """Each state of the database by each way to call the command, those that fail first."""
    for state in STATES:
        if command == "unstamp" and state != "stamped":
            continue
        world.put(state)
        before = world.content()
        ways = sorted(WAYS, key=lambda way: expected(state, way, command) == 0)
        for way in ways:
            code = expected(state, way, command)
            result = world.call(command, way)
            assert result.code == code, (state, way, result)
            if code:
                assert world.content() == before, (state, way)
                assert "Nothing was done" in result.stderr
            if code == 3:
                assert f"set {VARIABLE}={world.name} for this one command" in result.stderr
            if code == 0:
                # What it destroyed comes back for the next way.
                if command != "restore":
                    assert world.content() != before, (state, way)
                world.put("free")
                world.patch.delenv(VARIABLE, raising=False)
                assert world.manage("restore", world.backup, "--no-backup").code == 0
                world.put(state)


@pytest.mark.parametrize("command", ["seed", "restore", "zero"])
@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_on_a_server(world: World, command: str) -> None:
    world.put("stamped")
    before = world.content()
    for way in ("no-input", "wrong", "other variable"):
        result = world.call(command, way)
        assert result.code == expected("stamped", way, command), result
        assert world.content() == before
    assert world.call(command, "variable").code == 0
    if command != "restore":
        assert world.content() != before


@pytest.mark.parametrize("backend", ["sqlite"])
def test_what_destroys_nothing_needs_no_name(world: World) -> None:
    world.put("stamped")
    world.patch.setattr("sys.stdin", io.StringIO())
    for arguments in (
        ("migrate",),
        ("migrate", "-1"),  # the column is empty
        ("migrate",),
        ("migrate", "--fake", "zero"),
        ("migrate", "--fake", "head"),
        ("backup",),
        ("environment", "production"),
        ("migrate", "zero", "--plan"),
    ):
        assert world.manage(*arguments).code == 0, arguments


@pytest.mark.parametrize("backend", ["sqlite"])
def test_an_empty_database_too_takes_the_name_for_zero(world: World) -> None:
    engine = sa.create_engine(world.url, poolclass=NullPool)
    with engine.begin() as connection:
        for table in ("department_employee_link", "employee", "department"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    world.put("stamped")
    assert world.manage("migrate", "zero").code == 3
    assert world.manage("migrate", "-1").code == 0


@pytest.mark.parametrize("backend", ["sqlite"])
def test_plain_alembic_takes_the_variable(world: World) -> None:
    from support.programs import ROOT

    world.put("stamped")
    before = world.content()
    down = ("-m", "alembic", "-x", "allow-data-loss=yes", "downgrade", "base")
    backups = {"MANAGE_SETTINGS_MODULE": "settings"}
    # A process of its own has its backups beside the settings: none are wanted here.
    down = (*down[:2], "-x", "no-backup=yes", *down[2:])
    for given in ({}, {VARIABLE: "x.sqlite"}):
        refused = run(ROOT, *down, url=world.url, **backups, **given)
        assert refused.code != 0
        assert "Nothing was done" in refused.stdout
        assert world.content() == before
    assert run(ROOT, *down, url=world.url, **backups, **{VARIABLE: world.name}).code == 0
    left = set(world.content())
    assert "sqlalchemy_manage_environment" in left
    assert {n for n in left if not n.startswith("sqlalchemy_manage_")} == {"alembic_version"}


def test_the_stamp(manage: Manage) -> None:
    assert manage("migrate").code == 0
    assert manage("environment").stdout == "(not stamped)\n"
    for wrong in (["a b"], ["x'y"], ["x" * 41], ["x", "--remove"]):
        assert manage("environment", *wrong).code == 2
    stamped = manage("environment", "Production")
    assert stamped.stdout == "production\n"
    assert "ask for the database's name: the database is stamped 'production'" in stamped.stderr
    assert json.loads(manage("environment", "--json").stdout) == {
        "environment": "production",
        "protected": True,
        "why": "the database is stamped 'production'",
    }
    assert manage("environment", "staging").code == 3
    assert manage("makemigrations", "--check").code == 0
    assert manage("environment").stdout == "production\n"


def test_prepare_seeds_no_protected_database(manage: Manage) -> None:
    assert manage("migrate").code == 0
    assert manage("environment", "production").code == 0
    done = manage("prepare")
    assert done.code == 0, done
    assert "Not seeded: the database is stamped 'production'." in done.stderr
