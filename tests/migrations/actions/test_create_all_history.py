"""A project whose tables create_all makes: what is compared with what, and who made a table."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.creating import LATER, MODELS, CreateAllFolder
from support.project import NOTE

OLD = 'table("old", key(), Column("n", Integer, index=True))\n'


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> CreateAllFolder:
    """A database made from models that have ``old``."""
    project = CreateAllFolder(tmp_path / "project", database_url)
    project.models(MODELS + OLD)
    project.done("migrate")
    project.models(MODELS)
    return project


CHANGES = {
    "drop table old": MODELS,
    "drop column team.size": (MODELS + OLD).replace(
        '    Column("size", Enum("small", "large", name="size")),\n', ""
    ),
    "drop index ix_old_n": (MODELS + OLD).replace(", index=True))", "))"),
}


def test_what_is_gone_from_the_models_is_seen(project: CreateAllFolder) -> None:
    for what, models in CHANGES.items():
        project.models(models)
        for command in (["makemigrations", "--check"], ["check"], ["check", "--drift"]):
            seen = project.manage(*command)
            assert seen.code == 1 and what in str(seen), (what, seen)
        asked = project.manage("makemigrations", "--no-input")
        assert asked.code == 3 and "No revision created it" in asked.stderr, asked
        assert "--allow-drop" in asked.stderr
    assert project.revisions == ["a1.py", "b2.py"]


def test_it_is_dropped_when_allowed(project: CreateAllFolder) -> None:
    project.done("makemigrations", "--allow-drop", "old")
    (new,) = project.versions.glob("0003*.py")
    assert 'op.drop_table("old")' in new.read_text()
    project.done("migrate")
    assert "old" not in project.tables()
    assert project.manage("makemigrations", "--check").code == 0
    project.done("rollback")
    assert "old" in project.tables()
    project.done("migrate")


def test_a_rename_is_asked_for(project: CreateAllFolder) -> None:
    project.execute("INSERT INTO old (id, n) VALUES (1, 2)")
    project.models(MODELS + OLD.replace('"old"', '"new"'))
    asked = project.manage("makemigrations", "--no-input")
    assert asked.code == 3 and "--rename-table old=new" in asked.stderr, asked
    project.done("makemigrations", "--rename-table", "old=new")
    project.done("migrate")
    assert project.query("SELECT n FROM new") == [(2,)]
    assert project.manage("makemigrations", "--check").code == 0


def test_without_a_database_there_is_nothing_to_compare(project: CreateAllFolder) -> None:
    refused = project.manage("makemigrations", "--check", "--scratch")
    assert refused.code == 1 and "b2 cannot run on an empty scratch database" in refused.stderr
    assert "would get the models of today" in refused.stderr, refused


def test_a_replay_is_compared_where_it_works(project: CreateAllFolder) -> None:
    project.revision(
        "a1",
        None,
        'op.create_table("member", sa.Column("id", sa.Integer, '
        'primary_key=True), sa.Column("name", sa.String(20), nullable=False))',
    )
    project.revision("b2", "a1", LATER)
    seen = project.manage("makemigrations", "--check", "--scratch")
    assert seen.code == 1 and "create table team" in seen.stderr, seen
    assert "Tables that no revision creates" in seen.stderr


def test_a_new_database_holds_no_earlier_models(tmp_path: Path, database_url: str) -> None:
    project = CreateAllFolder(tmp_path / "project", database_url)
    project.execute("CREATE TABLE other (id INTEGER)")  # that there is a file
    refused = project.manage("makemigrations")
    assert refused.code == 1 and "it would equal them" in refused.stderr, refused
    assert "makemigrations --scratch" in refused.stderr


def test_drift_is_what_a_new_database_would_not_have(project: CreateAllFolder) -> None:
    project.models(MODELS + OLD)
    clean = project.manage("check", "--drift")
    assert clean.code == 0, clean
    assert 'matches what NEW_DATABASE = "create_all" makes' in clean.stdout
    project.execute("ALTER TABLE old ADD COLUMN by_hand INTEGER")
    seen = project.manage("check", "--drift")
    assert seen.code == 1 and "has column old.by_hand" in seen.stdout, seen


def test_sql_is_shown_of_what_comes_next(project: CreateAllFolder) -> None:
    project.models(MODELS + OLD)
    project.revision("c3", "b2", 'op.add_column("member", sa.Column("x", sa.Integer))\n' + NOTE)
    shown = project.manage("sqlmigrate", "c3")
    assert shown.code == 0 and "ALTER TABLE member ADD COLUMN x INTEGER" in shown.stdout, shown
    assert project.manage("sqlmigrate", "b2").code == 0
