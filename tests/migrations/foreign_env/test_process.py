"""What env.py changes of the process is undone: logging, folders, variables, connections."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.foreign_envs import HEAD, KINDS, SECTION, ForeignFolder, configured

from sqlalchemy_manage.migrations.foreign_env.harvest import harvested_env
from sqlalchemy_manage.migrations.foreign_env.harvested import HarvestedEnv
from sqlalchemy_manage.project import Project


@pytest.fixture
def app(tmp_path: Path) -> ForeignFolder:
    return ForeignFolder(tmp_path / "project", f"sqlite:///{tmp_path}/db.sqlite").setup(SECTION)


def harvested(app: ForeignFolder) -> HarvestedEnv:
    with app.imported_anew():
        found = harvested_env(Project())
    assert found is not None
    return found


@pytest.fixture
def application() -> Iterator[logging.Logger]:
    """A logger of the application, with a handler."""
    logger = logging.getLogger("application")
    handler = logging.StreamHandler(io.StringIO())
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.removeHandler(handler)


LOUD = """
import logging.config

logging.disable(logging.CRITICAL)
logging.getLogger("application").disabled = True
logging.getLogger("application").handlers.clear()
logging.getLogger().addHandler(logging.StreamHandler())
logging.getLogger().setLevel(logging.DEBUG)
logging.config.dictConfig({"version": 1, "root": {"level": "DEBUG"}})
logging.basicConfig(level=logging.DEBUG, force=True)
fileConfig(config.config_file_name)
"""


@pytest.mark.parametrize("env", [SECTION, configured(before=LOUD)])
def test_the_loggers_stay(app: ForeignFolder, application: logging.Logger, env: str) -> None:
    root = logging.getLogger()
    before = (root.level, root.handlers[:], application.handlers[:])
    app.env.write_text(env)
    harvested(app)
    application.info("still heard")
    (handler,) = application.handlers
    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream.getvalue() == "still heard\n"
    assert (root.level, root.handlers, application.handlers) == before
    assert not application.disabled


def test_a_stub_stands_for_a_configuration(app: ForeignFolder) -> None:
    """``fileConfig(None)`` is a TypeError."""
    app.set(ALEMBIC={"X": {}})
    read = "from pathlib import Path\n\nassert Path(config.config_file_name).read_text()"
    app.env.write_text(SECTION.replace("fileConfig(config.config_file_name)", read))
    assert harvested(app).url is not None


def test_the_process_is_as_it_was(app: ForeignFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "before")
    app.env.write_text(
        configured(
            before=(
                "import os, sys, warnings, signal\n"
                "os.environ['KEPT'] = 'after'\nos.environ['ADDED_BY_ENV'] = 'yes'\n"
                "sys.path.remove(sys.path[-1])\nsys.path.insert(0, '/added/by/env')\n"
                "os.chdir('/')\nwarnings.simplefilter('error')\n"
                "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            )
        )
    )
    import signal
    import warnings

    with app.imported_anew():
        before = (os.getcwd(), sys.path[:], sys.argv, sys.stdin, warnings.filters[:])
        handler = signal.getsignal(signal.SIGTERM)
        harvested_env(Project())
        assert os.environ["KEPT"] == "before" and os.environ["ADDED_BY_ENV"] == "yes"
        assert "/added/by/env" in sys.path
        places = sys.path[-len(before[1]) :]
        assert (os.getcwd(), places, sys.argv, sys.stdin, warnings.filters[:]) == before
        assert signal.getsignal(signal.SIGTERM) is handler


def test_what_it_prints_is_shown_to_who_wants_it(app: ForeignFolder) -> None:
    app.env.write_text(configured(before="print('hello from env')"))
    quiet, loud = (app.manage("makemigrations", "--check", "-v", n) for n in (1, 2))
    assert "hello from env" not in quiet.stdout + quiet.stderr
    assert "hello from env" in loud.stderr and "hello from env" not in loud.stdout


def test_nothing_is_written_and_no_file_made(app: ForeignFolder, tmp_path: Path) -> None:
    app.env.write_text(KINDS["executes"])
    harvested(app)
    assert not (tmp_path / "db.sqlite").exists()
    with contextlib.closing(sqlite3.connect(tmp_path / "db.sqlite")) as connection:
        connection.execute("CREATE TABLE mine (id INTEGER)")
        connection.execute("INSERT INTO mine VALUES (1)")
        connection.commit()
    before = (tmp_path / "db.sqlite").read_bytes()
    harvested(app)
    assert (tmp_path / "db.sqlite").read_bytes() == before


def test_what_env_py_reads_is_there(app: ForeignFolder) -> None:
    app.env.write_text(
        configured("tables=tables").replace(
            "    context.configure",
            "    tables = connection.dialect.get_table_names(connection)\n    context.configure",
        )
    )
    app.execute("CREATE TABLE mine (id INTEGER)")
    assert harvested(app).given["tables"] == ["mine"]


def test_the_pool_of_the_application_is_not_left_with_a_copy(
    app: ForeignFolder, tmp_path: Path
) -> None:
    app.models("engine = create_engine(" + repr(app.url) + ")\n")
    app.env.write_text(
        f"{HEAD}from staff.models import engine\n\nwith engine.connect() as connection:\n"
        "    context.configure(connection=connection)\n    context.run_migrations()\n"
    )
    app.execute("CREATE TABLE mine (id INTEGER)")
    with app.imported_anew():
        harvested_env(Project())
        import importlib

        engine = importlib.import_module("staff.models").engine
        with engine.connect() as connection:
            assert sa.inspect(connection).get_table_names() == ["mine"]
        engine.dispose()


def test_connections_of_others_are_not_touched(app: ForeignFolder) -> None:
    """Another thread of the process writes meanwhile."""
    app.env.write_text(
        configured(
            before=(
                "import threading\nfrom staff.models import write\n\n"
                "thread = threading.Thread(target=write)\nthread.start()\nthread.join()\n"
            )
        )
    )
    app.models(
        "def write():\n"
        f"    with create_engine({app.url!r}).begin() as connection:\n"
        "        connection.exec_driver_sql('CREATE TABLE theirs (id INTEGER)')\n"
    )
    assert harvested(app).swallowed == ()
    assert app.tables() == {"theirs"}


def test_inside_a_running_event_loop(app: ForeignFolder) -> None:
    app.env.write_text(KINDS["async"])

    async def main() -> HarvestedEnv:
        return harvested(app)

    found = asyncio.run(main())
    assert [len(metadata.tables) for metadata in found.metadatas] == [2]


def test_the_server_is_away(app: ForeignFolder) -> None:
    """env.py has words for that: its offline mode."""
    url = "postgresql+psycopg://ann:secret@127.0.0.1:9/nowhere"
    settings = app.folder / "staff_settings.py"
    settings.write_text(settings.read_text().replace(app.url, url))
    found = harvested(app)
    assert found.url is not None and found.url.port == 9
    assert found.metadatas


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"], indirect=True)
def test_a_server_keeps_no_connection_and_no_change(tmp_path: Path, database_url: str) -> None:
    app = ForeignFolder(tmp_path / "project", database_url).setup(KINDS["executes"])
    count = {
        "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()",
        "mariadb": "SELECT count(*) FROM information_schema.processlist WHERE db = database()",
    }[app.backend]
    found = harvested(app)
    assert app.query(count) == [(1,)]
    assert app.tables() == set()
    assert "CREATE TABLE made_by_env (id INTEGER)" in found.swallowed
