"""NEW_DATABASE names the MetaData of the tables that the first revision expects."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import ProjectFolder

FIRST = """\
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

first = MetaData()
Table("team", first, Column("id", Integer, primary_key=True), Column("name", String(20)))
Table("member", first, Column("id", Integer, primary_key=True),
      Column("team_id", ForeignKey("team.id")))
"""
MODELS = """
table("team", key(), Column("name", String(20)), Column("size", Integer))
table("member", key(), Column("team_id", ForeignKey("team.id", name="member_team")))
"""


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> ProjectFolder:
    app = ProjectFolder(tmp_path / "project", database_url).write_history()
    (app.folder / "staff" / "first.py").write_text(FIRST)
    settings = app.folder / "staff_settings.py"
    settings.write_text(settings.read_text() + 'NEW_DATABASE = "staff.first:first"\n')
    app.models("")
    app.step(
        "0001_size",
        'op.add_column("team", sa.Column("size", sa.Integer()))',
        undo='op.drop_column("team", "size")',
    )
    return app


def test_a_new_database_gets_them_with_the_first_revision(app: ProjectFolder) -> None:
    app.done("migrate")
    assert app.tables() >= {"team", "member"}
    app.execute("INSERT INTO team (id, name, size) VALUES (1, 'a', 3)")
    app.done("rollback", "--allow-data-loss")
    app.done("migrate")
    assert app.query("SELECT id, name, size FROM team") == [(1, "a", None)]


def test_what_compares_with_the_revisions_has_them_too(app: ProjectFolder) -> None:
    app.done("migrate")
    assert "ok       drift" in app.manage("check", "--drift").stdout
    assert "CREATE TABLE" not in app.done("sqlmigrate", "0001").stdout.replace(
        "CREATE TABLE alembic_version", ""
    )
    app.models(MODELS.replace('"size", Integer', '"size", BigInteger'))
    found = app.manage("makemigrations", "--check", "--scratch")
    assert found.code == 1 and "team.size" in found.stderr, found
    assert "create table" not in found.stderr and "drop table" not in found.stderr, found


def test_a_database_that_has_them_keeps_its_rows(app: ProjectFolder) -> None:
    app.execute(
        "CREATE TABLE team (id INTEGER PRIMARY KEY, name VARCHAR(20))",
        "CREATE TABLE member (id INTEGER PRIMARY KEY, team_id INTEGER)",
        "INSERT INTO team (id, name) VALUES (1, 'a')",
    )
    app.done("migrate", "--from-base")
    assert app.query("SELECT id, name FROM team") == [(1, "a")]


def test_a_first_revision_that_fails_leaves_nothing(app: ProjectFolder) -> None:
    if app.backend == "mariadb":
        pytest.skip("it commits each statement")
    path = app.versions / "0001_size.py"
    path.write_text(path.read_text().replace('"size", sa.I', '"name", sa.I'))
    assert app.manage("migrate").code == 1
    assert not app.tables() & {"team", "member"}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("staff.first:frst", "NEW_DATABASE of"),
        ("staff.none:first", "NEW_DATABASE of"),
        ("all", 'NEW_DATABASE must be "migrate" or "create_all", or the MetaData of'),
    ],
)
def test_a_wrong_name_is_told(app: ProjectFolder, value: str, message: str) -> None:
    settings = app.folder / "staff_settings.py"
    settings.write_text(settings.read_text().replace("staff.first:first", value))
    found = app.manage("migrate")
    assert found.code == 1 and message in found.stderr and "Traceback" not in found.stderr, found
    assert not app.tables()
