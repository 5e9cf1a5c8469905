"""NEW_DATABASE = "create_all": a new database is made from the models, and recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.creating import CREATE_ALL, LATER, MODELS, CreateAllFolder
from support.databases import SERVERS, on_server
from support.project import NOTE, ProjectFolder
from support.signals import started


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> CreateAllFolder:
    return CreateAllFolder(tmp_path / "project", database_url)


def test_a_new_database(project: CreateAllFolder) -> None:
    made = project.manage("migrate")
    assert made.code == 0, made
    assert "A new database: 2 tables and 1 other object of the models, recorded as b2." in str(made)
    assert project.tables() >= {"team", "member"} and project.heads() == {"b2"}
    project.execute(
        "INSERT INTO team (id, name) VALUES (1, 'a')",
        "INSERT INTO member (id, name, team_id) VALUES (1, 'x', 1)",
        "INSERT INTO member (id, name, grade) VALUES (2, 'y', 'senior')",
    )
    assert project.query("SELECT name FROM seniors") == [("y",)]
    assert project.query("SELECT grade FROM member WHERE id = 1") == [("junior",)]
    # The ledger knows every revision, each as recorded only.
    rows = project.query("SELECT revision, direction FROM sqlalchemy_manage_ledger ORDER BY id")
    assert rows == [("a1", "stamp"), ("b2", "stamp")]
    for command in (["migrate"], ["check", "--drift"], ["makemigrations", "--check"]):
        assert (found := project.manage(*command)).code == 0, found
    assert "Nothing to do" in str(project.manage("migrate"))
    # What comes later is run.
    project.revision("c3", "b2", NOTE, 'op.drop_table("note")')
    project.done("migrate")
    assert "note" in project.tables() and project.heads() == {"c3"}
    project.done("rollback")
    assert "note" not in project.tables() and project.heads() == {"b2"}


def test_what_would_be_made_is_shown(project: CreateAllFolder) -> None:
    shown = project.manage("migrate", "--plan")
    assert shown.code == 0 and shown.stdout.splitlines() == [
        "make   2 tables and 1 other object of the models, recorded as b2",
        "         + create table member",
        "         + create table team",
        "         + create view seniors",
    ]
    data = json.loads(project.manage("migrate", "--plan", "--json").stdout)
    assert data == {
        "revisions": [],
        "new_database": {
            "tables": ["member", "team"],
            "others": ["view seniors"],
            "heads": ["b2"],
        },
    }
    checked = project.manage("migrate", "--check")
    assert checked.code == 1 and checked.stdout.startswith("make   2 tables"), checked
    assert not project.tables()
    assert "a1, b2" in str(project.manage("check"))


def test_an_older_revision_is_run_or_refused(project: CreateAllFolder) -> None:
    for target in ("a1", "+1"):
        for flags in ((), ("--plan",), ("--check",)):
            refused = project.manage("migrate", target, *flags)
            assert refused.code == 2, refused
            assert "NEW_DATABASE" in refused.stderr and f"--from-base {target}" in refused.stderr
    assert not project.tables()
    project.done("migrate", "--from-base", "a1")
    assert project.heads() == {"a1"} and not project.tables()
    # With a history, it is like any database.
    project.execute("CREATE TABLE member (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL)")
    project.done("migrate")
    assert project.heads() == {"b2"} and project.tables() - {"seniors"} == {"member"}


def test_only_recording_makes_nothing(project: CreateAllFolder) -> None:
    project.done("migrate", "--fake")
    assert project.heads() == {"b2"} and not project.tables()


def test_the_tables_cannot_be_made(project: CreateAllFolder) -> None:
    project.models(MODELS + "event.listen(member, 'after_create', DDL('SELECT nowhere'))\n")
    failed = project.manage("migrate")
    assert failed.code == 1 and "The tables of the models cannot be created" in failed.stderr
    if project.backend != "mariadb":
        assert not project.tables()
    project.models(MODELS)
    assert (made := project.manage("migrate")).code == 0, made
    assert project.tables() >= {"team", "member"} and project.heads() == {"b2"}
    assert project.manage("check", "--drift").code == 0
    left = sa.inspect(project.engine).get_table_names()
    assert "sqlalchemy_manage_new_database" not in left


def test_several_heads_are_all_recorded(project: CreateAllFolder) -> None:
    project.revision("c3", "a1")
    made = project.manage("migrate", "heads")
    assert made.code == 0, made
    assert project.heads() == {"b2", "c3"} and project.tables() >= {"team", "member"}
    assert "Nothing to do" in str(project.manage("migrate", "heads"))


def test_tables_of_the_application_are_compared(project: CreateAllFolder) -> None:
    with project.engine.begin() as connection:
        project.metadata.create_all(connection)
    project.execute("INSERT INTO team (id, name) VALUES (1, 'a')")
    refused = project.manage("migrate")
    assert refused.code == 1 and "member: matches" in refused.stderr, refused
    assert "--fake-initial" in refused.stderr
    adopted = project.manage("migrate", "--fake-initial")
    assert adopted.code == 0 and "Recorded b2 without running it" in adopted.stderr, adopted
    assert project.heads() == {"b2"}
    assert project.query("SELECT name FROM team") == [("a",)]
    assert project.manage("check", "--drift").code == 0


def test_other_tables_are_named(project: CreateAllFolder) -> None:
    project.execute("CREATE TABLE member (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL)")
    for flags in ((), ("--fake-initial",)):
        refused = project.manage("migrate", *flags)
        assert refused.code == 1, refused
        assert "team: is not in the database" in refused.stderr
        assert "lacks what the model has (add column member.grade" in refused.stderr
        assert "migrate --fake REVISION" in refused.stderr
        assert "migrate --from-base" in refused.stderr
    assert project.tables() == {"member"}
    project.done("migrate", "--from-base")
    assert project.heads() == {"b2"}


def test_a_table_that_a_revision_makes_is_none_of_a_new_database(project: CreateAllFolder) -> None:
    project.revision("a1", None, NOTE)
    project.execute("CREATE TABLE note (id INTEGER PRIMARY KEY)")
    refused = project.manage("migrate")
    assert refused.code == 1 and "It has note." in refused.stderr, refused
    assert project.tables() == {"note"}


def test_tables_of_others_are_no_hindrance(project: CreateAllFolder) -> None:
    project.execute("CREATE TABLE geometry_kind (id INTEGER PRIMARY KEY)")
    project.done("migrate")
    assert project.tables() >= {"team", "member", "geometry_kind"} and project.heads() == {"b2"}


def test_prepare_makes_it(project: CreateAllFolder) -> None:
    done = project.manage("prepare", "--no-input")
    assert done.code == 0 and project.heads() == {"b2"}, done


def test_without_the_setting_the_first_revision_may_need_tables(
    tmp_path: Path, database_url: str
) -> None:
    project = CreateAllFolder(tmp_path / "project", database_url)
    project.revision("a1", None, LATER)
    project.revision("b2", "a1")
    settings = project.folder / "staff_settings.py"
    settings.write_text(settings.read_text().replace(CREATE_ALL, ""))
    project.execute("CREATE TABLE member (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL)")
    refused = project.manage("migrate")
    assert refused.code == 1 and "tables but no migration history (member)" in refused.stderr
    assert "migrate --from-base" in refused.stderr
    project.done("migrate", "--from-base")
    assert project.heads() == {"b2"}


KILL = """
import os
import signal


def kill(*args, **kw):
    os.kill(os.getpid(), signal.SIGKILL)


"""
MOMENTS = (
    "team, 'before_create'",
    "team, 'after_create'",
    "member, 'after_create'",
    "metadata, 'after_create'",
)


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_half_way(project: CreateAllFolder, moment: str) -> None:
    project.models(MODELS + KILL + f"event.listen({moment}, kill)\n")
    killed = project.spawn("migrate")
    assert killed.code == -9, killed
    assert "migrate" in str(project.manage("check")) and project.manage("check").code == 1
    if project.backend != "mariadb":
        assert not project.tables()
    elif moment != MOMENTS[0]:
        assert "team" in project.tables()
    # The models may be others by then.
    renamed = MODELS.replace('"team"', '"squad"').replace("team.id", "squad.id")
    project.models(renamed)
    shown = project.manage("migrate", "--plan")
    assert shown.stdout.startswith("make   2 tables"), shown
    made = project.manage("migrate")
    assert made.code == 0 and project.heads() == {"b2"}, made
    assert project.tables() - {"seniors"} == {"squad", "member"}
    assert project.manage("check", "--drift").code == 0
    assert "sqlalchemy_manage_new_database" not in sa.inspect(project.engine).get_table_names()


@pytest.mark.server
def test_rows_that_came_into_what_is_half_made(
    tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    project = CreateAllFolder(tmp_path / "project", new_database("mariadb"))
    project.models(MODELS + KILL + f"event.listen({MOMENTS[1]}, kill)\n")
    assert project.spawn("migrate").code == -9
    project.models(MODELS)
    project.execute("INSERT INTO team (id, name) VALUES (1, 'a')")
    refused = project.manage("migrate")
    assert refused.code == 1 and "rows came into team" in refused.stderr, refused
    assert project.query("SELECT name FROM team") == [("a",)]
    assert project.manage("migrate").code == 1
    project.execute("DELETE FROM team")
    project.done("migrate")
    assert project.tables() >= {"team", "member"} and project.heads() == {"b2"}


@pytest.mark.server
def test_what_is_half_made_is_recorded_by_hand(
    tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    project = CreateAllFolder(tmp_path / "project", new_database("mariadb"))
    project.models(MODELS + KILL + f"event.listen({MOMENTS[3]}, kill)\n")
    assert project.spawn("migrate").code == -9
    project.models(MODELS)
    project.execute("INSERT INTO team (id, name) VALUES (1, 'a')")
    project.done("migrate", "--fake", "b2")
    assert "sqlalchemy_manage_new_database" not in sa.inspect(project.engine).get_table_names()
    assert "Nothing to do" in str(project.manage("migrate"))
    assert project.query("SELECT name FROM team") == [("a",)]


def test_two_at_once(project: CreateAllFolder) -> None:
    with ExitStack() as stack:
        programs = [
            stack.enter_context(started(project.folder, "manage.py", "migrate")) for _ in range(3)
        ]
        said = [program.communicate()[1] for program in programs]
        assert [program.returncode for program in programs] == [0, 0, 0], said
    assert sum("Recording b2 ... OK" in text for text in said) == 1, said
    rows = project.query("SELECT revision FROM sqlalchemy_manage_ledger ORDER BY id")
    assert rows == [("a1",), ("b2",)]


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
@pytest.mark.server
def test_a_schema_that_is_missing_is_made(
    tmp_path: Path, new_database: Callable[[str], str], backend: str
) -> None:
    """By create_all, and by the first revision that is written; there and back."""
    url = new_database(backend)
    another = new_database(backend)
    schema, other = (f"{sa.make_url(each).database}_x" for each in (url, another))
    models = f'table("a", key(), Column("n", Integer), schema="{schema}")\n' + (
        f'table("b", key(), Column("a_id", ForeignKey("{schema}.a.id")))\n'
    )
    try:
        project = CreateAllFolder(tmp_path / "project", url)
        project.models(models)
        project.done("migrate")
        project.execute(f"INSERT INTO {schema}.a (id, n) VALUES (1, 2)")
        assert project.manage("makemigrations", "--check").code == 0
        written = ProjectFolder(tmp_path / "written", another)
        written.begin(models.replace(schema, other))
        assert f'op.create_schema("{other}")' in written.newest()
        assert written.manage("makemigrations", "--check").code == 0
        for target in ("zero", None):
            written.done("migrate", *filter(None, [target]))
        written.execute(f"INSERT INTO {other}.a (id, n) VALUES (1, 2)")
    finally:
        if backend == "mariadb":  # where it is a database of its own
            for name in (url, another):
                name = str(sa.make_url(name).database)
                on_server(SERVERS[backend], f"DROP TABLE IF EXISTS {name}.b")
                on_server(SERVERS[backend], f"DROP DATABASE IF EXISTS {name}_x")


def test_an_index_without_columns_is_passed_over(project: CreateAllFolder) -> None:
    """Public models have one; SQLAlchemy's create_all fails at it."""
    project.models(MODELS + 'Index("ix_nothing", _table=team)\n')
    project.done("migrate")
    assert project.heads() == {"b2"}
    seen = project.manage("makemigrations", "--check")
    assert seen.code == 0 and "ix_nothing of team has no columns" in seen.stderr, seen
    # One that a revision made stays.
    project.execute("CREATE INDEX ix_nothing ON team (name)")
    assert project.manage("makemigrations", "--check").code == 0
