"""Whole runs of seed: in several processes, committed in parts, killed, gone on with, undone."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pty
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.databases import BACKENDS
from support.programs import ROOT, Result, run

from sqlalchemy_manage.errors import SeedError
from sqlalchemy_manage.project import Project
from sqlalchemy_manage.seeding.plan import SeedRequest, plan_seed
from sqlalchemy_manage.seeding.seed import Seeder
from sqlalchemy_manage.seeding.undoing import ledger

NewDatabase = Callable[[str], str]
TABLES = ("department", "employee", "department_employee_link")
LOAD = ("seed", "load", "--scale", "0.025", "--random-seed", "11")  # 25,000: three chunks
MOMENTS = int(os.environ.get("SEED_KILLS", "4"))


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A migrated database without rows, as a file of SQLite."""
    path = tmp_path_factory.mktemp("hr") / "hr.sqlite"
    assert run(ROOT, "manage.py", "migrate", url=f"sqlite:///{path}").code == 0
    return path.read_bytes()


@pytest.fixture
def fresh(new_database: NewDatabase, migrated: bytes) -> Callable[[str], str]:
    """``fresh("postgresql")``: the URL of a migrated database without rows."""

    def make(backend: str) -> str:
        url = new_database(backend)
        if backend == "sqlite":
            Path(url.removeprefix("sqlite:///")).write_bytes(migrated)
        else:
            assert run(ROOT, "manage.py", "migrate", url=url).code == 0
        return url

    return make


def manage(url: str, *arguments: str) -> Result:
    return run(ROOT, "manage.py", *arguments, url=url)


def checksum(url: str) -> str:
    """Of every row of every table, in the order of the keys."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    found = hashlib.sha256()
    with engine.connect() as connection:
        for name in TABLES:
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            for row in connection.execute(sa.select(table).order_by(*table.primary_key)):
                found.update(repr(tuple(row)).encode())
    return found.hexdigest()


def counts(url: str) -> list[int]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return [
            connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
            for name in TABLES
        ]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory, migrated: bytes) -> str:
    """The checksum of the load, made in one process on SQLite."""
    path = tmp_path_factory.mktemp("load") / "load.sqlite"
    path.write_bytes(migrated)
    assert manage(f"sqlite:///{path}", *LOAD).code == 0
    assert counts(f"sqlite:///{path}")[:2] == [25, 25_000]
    return checksum(f"sqlite:///{path}")


@pytest.mark.slow(reason="25,000 rows, several times")
def test_equal_rows_on_every_database_for_any_number_of_jobs(
    backend: str, fresh: Callable[[str], str], expected: str
) -> None:
    for options in ([], ["--jobs", "2"], ["--jobs", "3", "--commit-every", "12000"]):
        if backend == "sqlite" and not options:
            continue  # that is what is expected
        url = fresh(backend)
        result = manage(url, *LOAD, *options)
        assert result.code == 0, result
        assert checksum(url) == expected, options
        checked = manage(url, "checklinks")
        assert checked.code == 0, checked


def test_keys_go_on_after_a_seed(backend: str, fresh: Callable[[str], str]) -> None:
    url = fresh(backend)
    assert manage(url, "seed", "Employee=5").code == 0
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO employee (name) VALUES ('me')")
        query = "SELECT id FROM employee WHERE name = 'me'"
        assert connection.exec_driver_sql(query).scalar_one() == 6
    assert manage(url, "seed", "Employee=5").code == 0
    assert counts(url)[1] == 11


@pytest.mark.slow(reason="kills")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_run_leaves_nothing_or_what_undo_removes_whole(
    backend: str, jobs: str, fresh: Callable[[str], str], expected: str
) -> None:
    """At random moments; what was committed can be undone, or gone on with to equal rows."""
    numbers = random.Random(f"{backend} {jobs}")
    url = fresh(backend)
    begun = 0
    for moment in range(MOMENTS):
        every = ["--commit-every", "9000"] if moment % 3 else []
        before = checksum(url)
        _kill(url, numbers.random() * 1.2, *LOAD, "--jobs", jobs, *every)
        known = json.loads(manage(url, "seed", "--status", "--json").stdout)
        running = [each for each in known if each["state"] == "running"]
        if not running:
            last = known[-1]["state"] if known else "undone"
            if last == "done":  # it was quicker than we were
                assert manage(url, "seed", "--undo").code == 0
            assert checksum(url) == before
            continue
        assert every
        assert "interrupted" in manage(url, "seed", "--status").stdout
        begun += 1
        if begun % 2:
            result = manage(url, "seed", "--resume")
            assert result.code == 0, result
            assert checksum(url) == expected
        result = manage(url, "seed", "--undo")
        assert result.code == 0, result
        assert counts(url) == [0, 0, 0]
        assert checksum(url) == before
    result = manage(url, *LOAD)
    assert result.code == 0, result
    assert checksum(url) == expected


def test_rows_and_their_keys_are_committed_together(
    backend: str, fresh: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, expected: str
) -> None:
    """Also after a commit: what fails before the keys are recorded takes no row along."""
    url = fresh(backend)
    monkeypatch.setenv("DATABASE_URL", url)
    project = Project("settings")
    record = ledger.record_packed

    def fails(*arguments: Any) -> None:
        if arguments[-1] == "1/1":
            raise RuntimeError("out of the blue")
        record(*arguments)

    with monkeypatch.context() as patch, project.connect() as connection:
        patch.setattr(ledger, "record_packed", fails)
        request, plans = plan_seed(project, connection, SeedRequest("load", scale=0.025))
        connection.rollback()
        seeder = Seeder(project, connection, request, plans, 11, commit_every=9000)
        with pytest.raises(RuntimeError, match="out of the blue"):
            seeder.seed()
    project.close()
    assert counts(url)[:2] == [25, 10_000]
    result = manage(url, "seed", "--resume")
    assert result.code == 0, result
    assert checksum(url) == expected


@pytest.fixture
def sorting(
    fresh: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Callable[..., None]]]:
    """An SQLite database, and a load of it with sorted links, as a large factory has."""
    url = fresh("sqlite")
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setattr("sqlalchemy_manage.seeding.seed.SORTED_FROM", 1)
    project = Project("settings")

    def load(**options: Any) -> None:
        with project.connect() as connection:
            request, plans = plan_seed(project, connection, SeedRequest("load", scale=0.025))
            connection.rollback()
            Seeder(project, connection, request, plans, 11, **options).seed()

    yield url, load
    project.close()


def links(url: str) -> list[tuple[int, int]]:
    """In the order in which they were put in."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    query = "SELECT department_id, employee_id FROM department_employee_link ORDER BY rowid"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


@pytest.mark.parametrize("commit_every", [None, 9000])
def test_links_of_a_large_share_go_in_by_their_key(
    sorting: tuple[str, Callable[..., None]], commit_every: int | None, expected: str
) -> None:
    url, load = sorting
    load(commit_every=commit_every)
    assert checksum(url) == expected
    assert (links(url) == sorted(links(url))) is (commit_every is None)
    assert manage(url, "seed", "--undo").code == 0
    assert counts(url) == [0, 0, 0]


def test_a_sorted_link_that_is_refused_is_named(
    sorting: tuple[str, Callable[..., None]],
) -> None:
    url, load = sorting
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE department_employee_link")
        connection.exec_driver_sql(
            "CREATE TABLE department_employee_link (department_id INTEGER NOT NULL, employee_id"
            " INTEGER NOT NULL CONSTRAINT few CHECK (employee_id <> 12345),"
            " PRIMARY KEY (department_id, employee_id))"
        )
    with pytest.raises(SeedError) as told:
        load()
    assert re.fullmatch(
        r"EmployeeFactory: the database refuses department_employee_link: department_id=\d+,"
        r" employee_id=12345 \(CHECK, constraint few\)\. Nothing was written\.",
        str(told.value),
    )
    assert counts(url) == [0, 0, 0]


def test_links_that_a_trigger_sees_do_not_wait(
    sorting: tuple[str, Callable[..., None]], expected: str
) -> None:
    url, load = sorting
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE seen (employee_id INTEGER)")
        connection.exec_driver_sql(
            "CREATE TRIGGER see AFTER INSERT ON department_employee_link"
            " BEGIN INSERT INTO seen VALUES (NEW.employee_id); END"
        )
    load()
    assert checksum(url) == expected
    found = links(url)
    assert found != sorted(found)


@pytest.mark.server
def test_a_run_that_goes_on_is_left_alone(fresh: Callable[[str], str]) -> None:
    url = fresh("postgresql")
    process = _slow_seed(url, "--commit-every", "5000")
    try:
        for option in ("--undo", "--resume"):
            result = manage(url, "seed", option)
            assert result.code == 1, result
            assert f"is still running, in process {process.pid}" in result.stderr
    finally:
        process.kill()
        process.communicate()
    assert manage(url, "seed", "--undo").code == 0
    assert counts(url) == [0, 0, 0]


def _kill(url: str, delay: float, *arguments: str) -> None:
    environment = os.environ | {"DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "-v", "2", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    process.stderr.readline()  # the first chunk is made
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_a_lost_connection_leaves_nothing(backend: str, fresh: Callable[[str], str]) -> None:
    url = fresh(backend)
    process = _slow_seed(url)
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        _end_others(connection)
    _, talk = process.communicate(timeout=60)
    assert process.returncode == 1, talk
    assert "Traceback" not in talk
    assert "connection" in talk.lower()
    assert counts(url) == [0, 0, 0]


def _slow_seed(url: str, *options: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "-v", "2", "seed", "load", "--scale", "0.3", *options],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for _ in range(3):
        process.stderr.readline()
    return process


def _end_others(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return
    found = connection.exec_driver_sql(
        "SELECT id FROM information_schema.processlist "
        "WHERE db = database() AND id <> connection_id()"
    )
    for number in found.scalars().all():
        connection.exec_driver_sql(f"KILL {number}")


@pytest.mark.slow(reason="kills")
def test_ctrl_c_leaves_nothing(backend: str, fresh: Callable[[str], str]) -> None:
    url = fresh(backend)
    process = _slow_seed(url)
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=60)
    assert process.returncode == 130, talk
    assert "Traceback" not in talk
    assert counts(url) == [0, 0, 0]


# A fast machine is done before a bar is worth showing.
AT_ONCE = """
import sys
from sqlalchemy_manage import main
from sqlalchemy_manage.commands import _seed_progress

_seed_progress._AFTER = 0.0
sys.exit(main())
"""


def test_a_terminal_sees_how_far_it_is(fresh: Callable[[str], str]) -> None:
    url = fresh("sqlite")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", AT_ONCE, *LOAD],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url, "COLUMNS": "100", "TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while block := os.read(ours, 4096):
            seen += block
    os.close(ours)
    assert process.wait(timeout=60) == 0
    text = seen.decode()
    assert "EmployeeFactory" in text
    assert " of 25,000 rows" in text
    assert "rows/s" in text


def test_a_full_disk_leaves_nothing(fresh: Callable[[str], str]) -> None:
    url = fresh("sqlite")
    path = Path(url.removeprefix("sqlite:///"))
    limit = path.stat().st_size + 300_000

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "manage.py", *LOAD],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
        preexec_fn=little_room,
        timeout=60,
    )
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    assert "Error: " in done.stderr
    assert counts(url) == [0, 0, 0]


@contextlib.contextmanager
def cluster(url: str) -> Iterator[str]:
    """A real Dask scheduler with two worker processes on a database; its address."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        dashboard_address=None,
        processes=True,
        env={"DATABASE_URL": url},
    ) as local:
        yield local.scheduler_address


@pytest.mark.slow(reason="a cluster")
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_the_workers_of_a_cluster_write_equal_rows(
    backend: str, fresh: Callable[[str], str], expected: str
) -> None:
    url = fresh(backend)
    with cluster(url) as address:
        result = manage(url, *LOAD, "--dask", address)
    assert result.code == 0, result
    assert checksum(url) == expected
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:  # the keys were kept from others
        connection.exec_driver_sql("INSERT INTO employee (name) VALUES ('me')")
        query = "SELECT id FROM employee WHERE name = 'me'"
        assert connection.exec_driver_sql(query).scalar_one() == 25_001
        connection.exec_driver_sql("DELETE FROM employee WHERE name = 'me'")
    result = manage(url, "seed", "--undo")
    assert result.code == 0, result
    assert counts(url) == [0, 0, 0]


@pytest.mark.slow(reason="a cluster")
@pytest.mark.server
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("elsewhere", ["another", "missing"])
def test_workers_on_another_database_leave_nothing(
    fresh: Callable[[str], str], new_database: NewDatabase, elsewhere: str
) -> None:
    url = fresh("postgresql")
    other = fresh("postgresql") if elsewhere == "another" else new_database("postgresql", False)
    with cluster(other) as address:
        result = manage(url, *LOAD, "--dask", address)
    assert result.code == 1, result
    assert "another database" in result.stderr
    assert "Traceback" not in result.stderr
    assert counts(url) == [0, 0, 0]
    if elsewhere == "another":
        assert counts(other) == [0, 0, 0]


@pytest.mark.slow(reason="a cluster")
@pytest.mark.filterwarnings("default")
def test_a_cluster_is_not_for_sqlite(fresh: Callable[[str], str]) -> None:
    url = fresh("sqlite")
    with cluster(url) as address:
        result = manage(url, *LOAD, "--dask", address)
    assert result.code == 1
    assert "SQLite has one writer" in result.stderr
    assert counts(url) == [0, 0, 0]
