"""A revision that meets a lock: how long it waits, who waits behind it, and what comes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.project import ProjectFolder

from sqlalchemy_manage.migrations.runner.timeouts import pauses

pytestmark = pytest.mark.slow(reason="waits for locks")

ITEM = 'item = table("item", key(), Column("a", Integer)%s)\n'
TIMES = "LOCK_TIMEOUT = {0}\nLOCK_WAIT = {1}\nSTATEMENT_TIMEOUT = {2}\n"


@pytest.fixture
def make(
    tmp_path: Path, new_database: Callable[..., str], backend: str
) -> Callable[..., ProjectFolder]:
    """``make(lock_timeout, lock_wait)``: a project whose next revision alters a filled table."""

    def project(timeout: float, wait: float, statement: float = 0) -> ProjectFolder:
        app = ProjectFolder(tmp_path / "project", new_database(backend))
        settings = app.folder / "staff_settings.py"
        settings.write_text(settings.read_text() + TIMES.format(timeout, wait, statement))
        app.begin(ITEM % "")
        app.insert({"item": [{"id": 1, "a": 5}]})
        app.models(ITEM % ', Column("b", Integer)')
        app.done("makemigrations", "--no-input")
        return app

    return project


@contextmanager
def reader(app: ProjectFolder, seconds: float = 60) -> Iterator[None]:
    """Somebody has read the table and keeps the transaction open: so long, or for the block."""
    started, over = threading.Event(), threading.Event()

    def hold() -> None:
        with app.engine.connect() as connection:
            # Python's driver does not begin for a SELECT.
            if app.backend == "sqlite":
                connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql("SELECT * FROM item").all()
            started.set()
            over.wait(seconds)
            connection.rollback()

    thread = threading.Thread(target=hold)
    thread.start()
    started.wait()
    try:
        yield
    finally:
        if seconds == 60:
            over.set()
        thread.join()


def columns(app: ProjectFolder) -> list[str]:
    with app.engine.connect() as connection:
        return [column["name"] for column in sa.inspect(connection).get_columns("item")]


def test_a_table_that_stays_locked_ends_the_run_and_nothing_is_done(
    make: Callable[..., ProjectFolder],
) -> None:
    app = make(0.2, 1)
    with reader(app):
        result = app.manage("migrate")
    assert result.code == 75, result
    said = {
        "sqlite": "Another process keeps this database locked; it did not finish within 1 s.",
        "postgresql": "Another session keeps a table locked that the revision needs",
        "mariadb": "Another session keeps a table locked that the revision needs",
    }
    assert said[app.backend] in result.stderr, result
    if app.backend == "postgresql":
        assert "open transaction: server process" in result.stderr
        assert "a table is locked; rolled back, trying again" in result.stderr
    assert columns(app) == ["id", "a"]
    assert app.query("SELECT version_num FROM alembic_version") == [("0001_initial",)]
    assert app.done("migrate")
    assert columns(app) == ["id", "a", "b"]


def test_a_lock_that_goes_away_is_waited_for(make: Callable[..., ProjectFolder]) -> None:
    # Longer than one statement waits: MariaDB counts in whole seconds.
    app = make(0.2, 20)
    with reader(app, 1.6):
        result = app.manage("migrate")
    assert result.code == 0, result
    assert columns(app) == ["id", "a", "b"]
    assert len(app.query("SELECT * FROM alembic_version")) == 1


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_those_who_read_do_not_wait_for_long(make: Callable[..., ProjectFolder]) -> None:
    """The ALTER waits for the open reader, new readers for the ALTER: no longer than it waits."""
    app = make(1, 4)
    done = threading.Event()
    slowest = []

    def probe() -> None:
        while not done.is_set():
            started = time.monotonic()
            with app.engine.connect() as connection:
                connection.exec_driver_sql("SELECT * FROM item").all()
            slowest.append(time.monotonic() - started)
            time.sleep(0.05)

    with reader(app):
        thread = threading.Thread(target=probe)
        thread.start()
        app.manage("migrate")
        done.set()
        thread.join()
    assert len(slowest) > 5
    # Without the timeout it is all of the time: the reader never ends its transaction.
    assert max(slowest) < 3


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_a_statement_that_takes_too_long_is_ended(make: Callable[..., ProjectFolder]) -> None:
    app = make(1, 1, statement=0.5)
    sleep = "SELECT pg_sleep(30)" if app.backend == "postgresql" else "SELECT SLEEP(30)"
    path = app.folder / "migrations" / "versions" / app.revisions[-1]
    path.write_text(
        path.read_text().replace(
            "def upgrade() -> None:\n", f"def upgrade() -> None:\n    op.execute({sleep!r})\n"
        )
    )
    started = time.monotonic()
    result = app.manage("migrate")
    assert time.monotonic() - started < 15
    if app.backend == "postgresql":  # MariaDB's SLEEP returns 1 instead of failing
        assert result.code == 1, result
        assert "statement timeout" in result.stderr
        assert columns(app) == ["id", "a"]


@pytest.mark.parametrize("backend", ["postgresql"])
def test_concurrently_waits_longer_than_others(make: Callable[..., ProjectFolder]) -> None:
    app = make(0.1, 0.1)
    app.done("migrate")
    (app.folder / "migrations" / "versions" / "0003_index.py").write_text(
        "from alembic import op\n"
        "revision = '0003_index'\n"
        f"down_revision = {app.revisions[-1].removesuffix('.py')!r}\n"
        "def upgrade():\n"
        "    with op.get_context().autocommit_block():\n"
        "        op.create_index('i', 'item', ['a'], postgresql_concurrently=True)\n"
        "def downgrade():\n    pass\n"
    )
    # A writer that is at it when the index is begun is waited for.
    with app.engine.connect() as writer:
        writer.exec_driver_sql("UPDATE item SET a = 6")
        thread = threading.Timer(1.5, writer.commit)
        thread.start()
        result = app.manage("migrate")
        thread.join()
    assert result.code == 0, result
    found = app.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass")
    assert found == [(True,)]


def test_pauses_end_in_time() -> None:
    started = time.monotonic()
    left = list(pauses(0.5))
    assert 2 <= len(left) < 20
    assert left[-1] == 0
    assert 0.4 < time.monotonic() - started < 3
    assert list(pauses(0)) == []
