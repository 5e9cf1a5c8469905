"""Every command beside an env.py of another tool, which stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from support.foreign_envs import KINDS, SECTION, ForeignFolder, configured, of_alembic
from support.project import ProjectFolder


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> ForeignFolder:
    return ForeignFolder(tmp_path / "project", database_url)


@pytest.fixture
def small(tmp_path: Path) -> ForeignFolder:
    """On SQLite alone, in a file that is not there yet."""
    return ForeignFolder(tmp_path / "project", f"sqlite:///{tmp_path}/db.sqlite")


def goes_through(app: ForeignFolder) -> None:
    """Up, down, up; both tools agree on where the database is."""
    app.done("makemigrations")
    revision = app.revisions[0].removesuffix(".py")
    kept = app.files()
    app.done("migrate")
    assert app.tables() == {"author", "book"}
    assert app.done("makemigrations", "--check").stderr == "No changes detected.\n"
    assert app.done("check").stderr == ""
    assert "CREATE TABLE author" in app.done("sqlmigrate", revision).stdout.replace("`", "")
    app.done("rollback")
    assert app.tables() == set()
    app.done("migrate", "--plan")
    app.done("migrate")
    assert app.heads() == {revision}
    assert app.files() == kept


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "async"])
def test_every_command_works(app: ForeignFolder, kind: str) -> None:
    goes_through(app.setup(KINDS[kind]))


@pytest.mark.parametrize("template", ["generic", "pyproject"])
def test_with_the_env_py_of_alembics_templates(small: ForeignFolder, template: str) -> None:
    goes_through(small.setup(of_alembic(template)))


@pytest.mark.parametrize("driver", ["sqlite+aiosqlite", "sqlite"])
@pytest.mark.parametrize("env", [KINDS["async"], of_alembic("async")])
def test_with_an_event_loop(tmp_path: Path, driver: str, env: str) -> None:
    app = ForeignFolder(tmp_path / "project", f"{driver}:///{tmp_path}/db.sqlite").setup(env)
    app.url = f"sqlite:///{tmp_path}/db.sqlite"  # to look at it here
    goes_through(app)


ASYNC = {"postgresql": "postgresql+asyncpg", "mariadb": "mariadb+asyncmy"}


@pytest.mark.parametrize("backend", [*ASYNC], indirect=True)
def test_with_an_event_loop_on_a_server(tmp_path: Path, database_url: str, backend: str) -> None:
    url = sa.make_url(database_url).set(drivername=ASYNC[backend], query={})
    given = url.render_as_string(hide_password=False)
    app = ForeignFolder(tmp_path / "project", given).setup(KINDS["async"])
    app.url = database_url
    goes_through(app)


def test_plain_alembic_goes_on_where_we_stopped(small: ForeignFolder) -> None:
    small.setup(SECTION, LEDGER=False)
    small.done("makemigrations")
    small.done("migrate")
    assert "(head)" in small.alembic("current").stdout
    assert small.alembic("downgrade", "base").code == 0
    assert small.tables() == set()
    assert small.alembic("upgrade", "head").code == 0
    assert small.done("migrate").stderr.startswith("Nothing to do")
    small.done("check")


def test_the_models_of_env_py_count_where_the_settings_name_none(small: ForeignFolder) -> None:
    small.setup(SECTION, INSTALLED_APPS=[])
    (small.folder / "staff_settings.py").write_text(
        (small.folder / "staff_settings.py").read_text().replace('["staff"]', "[]")
    )
    goes_through(small)
    assert "2 tables" in small.done("check").stdout


def test_the_python_interface_knows_them_too(small: ForeignFolder) -> None:
    small.setup(SECTION)
    settings = small.folder / "staff_settings.py"
    settings.write_text(settings.read_text().replace('["staff"]', "[]"))
    from sqlalchemy_manage import Project

    with small.imported_anew(), Project("staff_settings") as project:
        assert [table.name for table in project.tables] == ["author", "book"]


def test_a_database_that_is_missing_stays_missing(small: ForeignFolder, tmp_path: Path) -> None:
    small.setup(SECTION)
    small.done("makemigrations")
    assert not (tmp_path / "db.sqlite").exists()


def test_the_statements_of_env_py_are_named_and_not_executed(app: ForeignFolder) -> None:
    app.setup(KINDS["executes"])
    app.done("makemigrations")
    app.done("migrate")
    assert app.tables() == {"author", "book"}
    shown = app.done("check").stdout
    assert "CREATE TABLE made_by_env" in shown and "DELETE FROM nowhere" in shown
    assert "not used: connection, transaction_per_migration" in shown


def test_an_empty_revision_and_a_merge_are_written_in_the_style_of_the_project(
    small: ForeignFolder,
) -> None:
    small.setup(SECTION)
    mako = small.folder / "migrations" / "script.py.mako"
    mako.write_text(
        mako.read_text().replace('"""Upgrade schema."""', "# from ${config.config_ini_section}")
    )
    small.done("makemigrations")
    small.done("makemigrations", "--empty", "--name", "left")
    (small.versions / small.revisions[-1]).rename(small.folder / "left.py")
    small.done("makemigrations", "--empty", "--name", "right")
    (small.folder / "left.py").rename(small.versions / "0002_left.py")
    small.done("makemigrations", "--merge")
    for name in small.revisions:
        text = (small.versions / name).read_text()
        assert "# from alembic" in text and "Revision ID:" in text, name
    small.done("migrate")


def test_ours_is_not_foreign(small: ForeignFolder) -> None:
    own = ProjectFolder(small.folder.parent / "own", small.url)
    own.models("\ntable('item', key())\n")
    own.done("makemigrations")
    env = own.folder / "migrations" / "env.py"
    env.write_text(
        "from alembic import context\nfrom sqlalchemy_manage import run_env as go\n\ngo(context)\n"
    )
    own.done("migrate")
    assert " env " not in own.done("check").stdout


def test_a_mention_of_this_tool_does_not_make_it_ours(small: ForeignFolder) -> None:
    small.setup(configured(before="# sqlalchemy_manage.run_env(context) is not called\n"))
    small.done("makemigrations")
    assert "is another tool's" in small.manage("check").stdout


BY_COMMAND = """
from alembic import context
from sqlalchemy import create_engine

from staff.models import metadata

url = context.config.get_main_option("sqlalchemy.url")
if context.config.cmd_opts:
    url = context.get_x_argument(as_dictionary=True).get("url")
    assert url
with create_engine(url).connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_one_that_only_wants_more_of_the_command_line_is_called_as_by_a_program(
    small: ForeignFolder,
) -> None:
    goes_through(small.setup(BY_COMMAND))
