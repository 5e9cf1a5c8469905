"""A history replayed into a scratch database: the right place for it, and what runs there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.programs import Manage, run
from support.project import ProjectFolder
from support.scratch import OURS, TABLE, tables

from sqlalchemy_manage.database_settings import Database
from sqlalchemy_manage.databases.engines import create_engine
from sqlalchemy_manage.errors import DatabaseError, MigrationError
from sqlalchemy_manage.migrations.actions.compared_database import comparison_database
from sqlalchemy_manage.migrations.actions.scratch import ProjectElsewhere, Scratch, replayed
from sqlalchemy_manage.migrations.revisions.history import History
from sqlalchemy_manage.project import Project

pytest_plugins = ["support.scratch_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture
def project(project_on: Callable[[str], Project], database_url: str) -> Project:
    return project_on(database_url)


def test_the_projects_database_is_taken_where_it_answers(project: Project) -> None:
    if project.database.url.startswith("sqlite"):
        Path(project.database.url.removeprefix("sqlite:///")).touch()
    with comparison_database(project, scratch=False) as found:
        assert found == (project.database, True, None)


def test_a_database_that_is_not_there_yet(
    project_on: Callable[[str], Project], new_database: Callable[..., str], backend: str
) -> None:
    project = project_on(new_database(backend, create=False))
    with comparison_database(project, scratch=False) as (database, rows_visible, note):
        assert tables(database) == OURS
        assert database.url != project.database.url
        assert not rows_visible
    where = "a temporary file" if backend == "sqlite" else "a scratch database on the same server"
    assert note == (
        f"The database does not exist yet. Compared with the revisions replayed into {where}."
    )


def test_on_demand_the_real_database_does_not_count(project: Project) -> None:
    engine = create_engine(project.database, None, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE other (id INTEGER)")
    with comparison_database(project, scratch=True) as (database, rows_visible, note):
        assert tables(database) == OURS
        assert not rows_visible
        assert note
        assert note.startswith("Compared with the revisions replayed into ")
    assert tables(project.database) == {"other"}


def test_a_user_who_may_not_create_databases(
    project_on: Callable[[str], Project],
    weak_user: Callable[[str], str],
    history_of: Callable[..., History],
) -> None:
    history = history_of(a=TABLE.format("x"))
    project = project_on(weak_user("postgresql"))
    with replayed(project, history) as database:
        assert database.where == "the embedded PostgreSQL"
        assert tables(database) == {"x"}
    project = project_on(weak_user("mariadb"))
    with replayed(project, history) as database:
        assert database.where == "SQLite in a temporary file"
        assert "may not create one" in database.refused
        assert tables(database) == {"x"}
    with (
        pytest.raises(DatabaseError, match="may not create one"),
        replayed(project, history, same_kind=True),
    ):
        pass


def test_a_user_who_may_not_create_databases_gets_names_compared(
    manage_on: Callable[[str], Manage], weak_user: Callable[[str], str]
) -> None:
    weak_url = weak_user("mariadb")
    manage = manage_on(weak_url)
    manage("migrate")
    result = manage("check", "--drift")
    assert result.code == 0, result
    assert "only the names of tables and columns were compared" in result.stdout
    engine = sa.create_engine(weak_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE employee ADD COLUMN notes VARCHAR(9)")
    result = manage("check", "--drift")
    assert result.code == 1
    assert ": + has column employee.notes\n" in result.stdout


def test_a_scratch_database_takes_after_the_real_one(
    project_on: Callable[[str], Project],
    new_database: Callable[..., str],
    history_of: Callable[..., History],
) -> None:
    project = project_on(new_database("mariadb"))
    engine = create_engine(project.database, None, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"ALTER DATABASE {engine.url.database} CHARACTER SET latin1 COLLATE latin1_german1_ci"
        )
    with replayed(project, history_of()) as database:
        engine = create_engine(database, None, poolclass=sa.NullPool)
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT @@collation_database").scalar() == (
                "latin1_german1_ci"
            )


def test_up_to_a_revision(project: Project, history_of: Callable[..., History]) -> None:
    history = history_of(a=TABLE.format("x"), b=TABLE.format("y"))
    with replayed(project, history, upto=("a",)) as database:
        assert isinstance(database, Scratch)
        assert not database.rows_visible
        assert tables(database) == {"x"}
    with replayed(project, history) as database:
        assert tables(database) == {"x", "y"}


def test_no_history_is_an_empty_database(
    project: Project, history_of: Callable[..., History]
) -> None:
    with replayed(project, history_of()) as database:
        assert tables(database) == set()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('op.execute("UPDATE missing SET id = 1")', "missing"),
        ('op.get_bind().scalars(sa.text("SELECT id FROM x")).all()[0]', "index out of range"),
        ('raise ValueError("half-way")', "half-way"),
    ],
)
def test_a_revision_that_needs_more_than_an_empty_database(
    project: Project, history_of: Callable[..., History], body: str, reason: str
) -> None:
    history = history_of(a=TABLE.format("x"), b_fill=body)
    with pytest.raises(MigrationError) as caught, replayed(project, history):
        pass
    message = caught.value.message
    assert message.startswith("b_fill cannot run on an empty scratch database: ")
    assert reason in message
    assert f"{history.by_id['b_fill'].path}, line " in message
    assert message.endswith("Nothing was changed.")
    assert caught.value.hint
    assert "need no rows" in caught.value.hint
    assert ("AROUND" in caught.value.hint) == (reason != "missing")


def test_a_replay_says_nothing(
    project: Project,
    history_of: Callable[..., History],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "alembic")
    with replayed(project, history_of(a='print("filling")\n' + TABLE.format("x"))):
        pass
    assert capsys.readouterr() == ("", "")
    assert [r.message for r in caplog.records if r.name == "alembic.runtime.migration"] == []


def test_the_projects_own_env_py_is_not_run(
    copy_project: Callable[[str], Path], new_database: Callable[..., str]
) -> None:
    """One that connects by itself would run the revisions on the project's database."""
    folder = copy_project("bare")
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "migrations" / "env.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import context\n\n"
        "url = context.config.get_main_option('sqlalchemy.url')\n"
        "with sa.create_engine(url).connect() as connection:\n"
        "    context.configure(connection=connection)\n"
        "    with context.begin_transaction():\n"
        "        context.run_migrations()\n"
    )
    (versions / "0001_initial.py").write_text(
        "from alembic import op\nrevision = '0001_initial'\ndown_revision = None\n"
        "def upgrade():\n    op.execute('CREATE TABLE x (id INTEGER)')\n"
    )
    program = (
        "from sqlalchemy_manage.project import Project\n"
        "from sqlalchemy_manage.migrations.actions.compared_database import comparison_database\n"
        "with comparison_database(Project(), scratch=True) as (database, visible, note):\n"
        "    print(note)\n"
    )
    url = new_database("sqlite")
    result = run(folder, "-c", program, url=url)
    assert result.code == 0, result
    assert result.stdout == "Compared with the revisions replayed into a temporary file.\n"
    assert sa.inspect(sa.create_engine(url)).get_table_names() == []


def test_the_project_of_a_replay_is_on_the_scratch_database(project: Project) -> None:
    _ = project.engine
    scratch = Database(project.alias, "sqlite:///elsewhere.sqlite")
    elsewhere = ProjectElsewhere(project, scratch)
    assert elsewhere.database is scratch
    assert elsewhere.settings is project.settings
    assert str(elsewhere.engine.url).endswith("elsewhere.sqlite")
    assert project.engine.url != elsewhere.engine.url


INSPECTS = """
    found = sa.inspect(op.get_bind().engine).get_table_names()
    op.create_table("y" if found is not None else "z", sa.Column("id", sa.Integer))
"""


def test_a_revision_may_look_through_the_engine(
    tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    """The connection is a second one, which another one's transaction may not keep out."""
    app = ProjectFolder(tmp_path / "project", new_database("sqlite"))
    app.write_history()
    app.revision("0001_a", None, TABLE.format("x"))
    app.revision("0002_b", "0001_a", INSPECTS.strip("\n").replace("\n    ", "\n").strip())
    app.models('table("x", key())\ntable("y", key())\n')
    replayed_here = app.manage("makemigrations", "--scratch", "--check")
    assert "cannot run" not in replayed_here.stderr and replayed_here.code == 1, replayed_here
    assert "CREATE TABLE y" in app.manage("sqlmigrate", "0002").stdout
    app.done("migrate")
    assert app.tables() == {"x", "y"}
