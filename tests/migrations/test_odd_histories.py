"""Histories that Alembic takes are taken; what is wrong with others is said, with exit code 1."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from support.project import ProjectFolder

MAKE = 'op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True))'
HEX = 'REVISION_IDS = "hex"\n'
LONG = "2024_01_05_a_revision_with_quite_a_long_name"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"])
on_servers = pytest.mark.parametrize("backend", ["postgresql", "mariadb"])


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> ProjectFolder:
    return ProjectFolder(tmp_path, database_url).write_history()


def setting(app: ProjectFolder, text: str) -> None:
    with (app.folder / "staff_settings.py").open("a") as file:
        file.write(text)


def refused(app: ProjectFolder, *says: str) -> None:
    for command in ("migrate", "makemigrations", "showmigrations", "check", "rollback"):
        result = app.manage(command)
        shown = " ".join((result.stdout + result.stderr).split())
        assert result.code == 1, (command, result)
        for text in says:
            assert text in shown, (command, result)
        assert "Traceback" not in shown


@on_sqlite
def test_a_missing_revision(app: ProjectFolder) -> None:
    app.revision("a1", None)
    app.revision("c3", "b2")
    setting(app, HEX)
    refused(app, "c3.py builds on 'b2', and no file has that id")


@on_sqlite
def test_a_circle(app: ProjectFolder) -> None:
    for name, down in (("a1", "c3"), ("b2", "a1"), ("c3", "b2")):
        app.revision(name, down)
    setting(app, HEX)
    refused(app, "build on each other in a circle: a1, b2, c3")


@on_sqlite
def test_a_revision_that_builds_on_itself(app: ProjectFolder) -> None:
    app.revision("a1", "a1")
    refused(app, "in a circle: a1")


@on_sqlite
def test_one_id_twice(app: ProjectFolder) -> None:
    app.revision("a1", None, MAKE.format("a"))
    (app.versions / "other.py").write_text((app.versions / "a1.py").read_text() + "x = 1\n")
    setting(app, HEX)
    refused(app, "two files have the revision id 'a1'")


@on_sqlite
def test_a_file_that_cannot_be_read(app: ProjectFolder) -> None:
    (app.versions / "a1.py").write_text("revision = compute()\ndown_revision = None\n")
    refused(app, "a1.py: cannot be read", "NameError: name 'compute' is not defined")


def test_two_bases_that_are_merged(app: ProjectFolder) -> None:
    app.revision("a1", None, MAKE.format("a"), 'op.drop_table("a")')
    app.revision("b1", None, MAKE.format("b"), 'op.drop_table("b")')
    app.revision("m1", ("a1", "b1"))
    setting(app, HEX)
    app.done("migrate")
    assert {"a", "b"} <= set(sa.inspect(app.engine).get_table_names())
    app.done("migrate", "zero")
    app.done("migrate", "b1")
    app.done("migrate")


@on_sqlite
def test_what_alembic_runs_to_know_is_run_and_constants_are_read(app: ProjectFolder) -> None:
    (app.folder / "labels.py").write_text('EXPAND = "expand"\n')
    app.write(
        "first",
        None,
        "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n",
        'ID = "a1"\nrevision = ID\nbranch_labels = (lambda: ("expand",))()\n',
    )
    app.revision("c3", "a1", more="from labels import EXPAND\ndepends_on = EXPAND")
    app.revision("d4", "c3", more="down_revision = tuple(['c3'])")
    setting(app, HEX)
    app.done("migrate")
    assert app.heads() == {"d4"}
    app.done("migrate", "expand@base")
    assert app.alembic("upgrade", "head").code == 0


@on_sqlite
def test_files_as_the_first_alembic_wrote_them(app: ProjectFolder) -> None:
    path = app.revision("1ab2", None, MAKE.format("a"))
    path.write_text(path.read_text().replace("revision = '1ab2'\n", "", 1))
    setting(app, HEX)
    app.done("migrate")
    assert app.heads() == {"1ab2"}
    assert app.alembic("current").code == 0


@on_sqlite
def test_numbers_and_names_of_others_are_no_fault(app: ProjectFolder) -> None:
    app.revision("0002_b", None).rename(app.versions / "made_first.py")
    app.revision("0001_a", "0002_b")
    app.revision("0001_A", "0001_a").rename(app.versions / "upper.py")
    assert app.manage("migrate").code == 1
    setting(app, HEX)
    app.done("migrate")
    assert app.alembic("current").stdout.startswith("0001_A")


def test_an_id_that_is_longer_than_alembics_own(app: ProjectFolder) -> None:
    app.revision(LONG, None, MAKE.format("a"), 'op.drop_table("a")')
    setting(app, HEX)
    app.done("migrate")
    app.done("migrate", "zero")
    app.done("migrate", LONG[:8])
    assert app.heads() == {LONG}


@on_servers
def test_an_id_for_which_the_table_has_no_room(app: ProjectFolder) -> None:
    app.revision("a1", None, MAKE.format("a"))
    setting(app, HEX)
    app.done("migrate")
    app.revision(LONG, "a1", MAKE.format("b"))
    result = app.manage("migrate")
    assert result.code == 1 and "alembic_version holds 32. Nothing was run." in result.stderr
    assert "b" not in sa.inspect(app.engine).get_table_names()
    widen = result.stderr.partition("widen the column: ")[2].strip()
    app.execute(widen)
    app.done("migrate")
    assert app.heads() == {LONG}


def test_a_numbered_id_that_is_too_long_is_found_on_every_database(app: ProjectFolder) -> None:
    app.step("0001_a_name_that_is_too_long_for_the_table", MAKE.format("a"))
    result = app.manage("migrate")
    assert result.code == 1 and "alembic_version holds 32" in result.stderr
    assert "a" not in sa.inspect(app.engine).get_table_names()


def test_the_table_of_another_tool_is_not_taken_for_ones_own(app: ProjectFolder) -> None:
    app.step("0001_a", MAKE.format("a"))
    setting(app, 'VERSION_TABLE = "alembic_version_shop"\n')
    app.done("migrate")
    settings = app.folder / "staff_settings.py"
    settings.write_text(settings.read_text().replace("VERSION_TABLE", "# VERSION_TABLE"))
    for marks in ((), ("other_tool",)):
        if marks:
            app.execute(
                "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
                "INSERT INTO alembic_version VALUES ('other_tool')",
            )
        for command in (["migrate"], ["migrate", "0001_a", "--fake"], ["showmigrations"]):
            result = app.manage(*command)
            assert result.code == 1 and "alembic_version_shop is at 0001_a" in result.stderr
            assert 'VERSION_TABLE = "alembic_version_shop"' in result.stderr
    assert app.query("SELECT version_num FROM alembic_version") == [("other_tool",)]


@pytest.mark.parametrize("backend", ["postgresql"])
def test_a_version_table_in_a_schema(app: ProjectFolder) -> None:
    app.models('a = table("a", key())\n')
    app.step("0001_a", MAKE.format("a"), undo='op.drop_table("a")')
    setting(app, 'VERSION_TABLE = "versions"\nVERSION_TABLE_SCHEMA = "books"\n')
    app.done("migrate")
    assert app.query("SELECT version_num FROM books.versions") == [("0001_a",)]
    assert "alembic_version" not in sa.inspect(app.engine).get_table_names()
    app.done("check", "--drift")
    app.done("makemigrations", "--check", "--scratch")
    app.done("rollback")
    app.done("migrate", "--fake")
    assert app.alembic("current").stdout.startswith("0001_a")
    assert app.query("SELECT revision, direction FROM sqlalchemy_manage_ledger_books_versions")
