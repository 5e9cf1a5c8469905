"""Connections that fail: said plainly, without a password, and nothing made on the way."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from support.programs import Manage

from sqlalchemy_manage.database_settings import Database
from sqlalchemy_manage.databases.engines import OWN_TABLE, database_url, shown
from sqlalchemy_manage.databases.servers import scratch_database
from sqlalchemy_manage.errors import SettingsError

COMMANDS = [["migrate"], ["showmigrations"], ["seed"], ["checklinks"], ["prepare"], ["dumpdata"]]
SECRET = "s3cret-w0rd"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
@pytest.mark.parametrize("scheme", ["postgresql", "mariadb"])
def test_a_server_that_does_not_answer(
    manage_on: Callable[[str], Manage], scheme: str, command: list[str]
) -> None:
    result = manage_on(f"{scheme}://me:{SECRET}@127.0.0.1:1/none")(*command)
    assert result.code == 1
    assert "No server answers at" in result.stderr
    assert SECRET not in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def test_a_wrong_password_is_never_printed(
    manage_on: Callable[[str], Manage], mariadb_server: str
) -> None:
    url = make_url(mariadb_server).set(username="nobody_here", password=SECRET, database="x")
    manage = manage_on(url.render_as_string(hide_password=False))
    for command in (["migrate"], ["check"], ["migrate", "--traceback"]):
        result = manage(*command)
        assert result.code == 1
        assert "refused user 'nobody_here'" in result.stdout + result.stderr
        assert SECRET not in result.stdout + result.stderr


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}@@127.0.0.1:x/none",
        f"postgresql://me:{SECRET}:more@h@127.0.0.1/none",
        f"://me:{SECRET}@nowhere",
        f"nosuchdb://me:{SECRET}@127.0.0.1/none",
        f"postgresql://127.0.0.1:1/none?password={SECRET}",
    ],
)
def test_odd_urls_keep_their_secret(manage_on: Callable[[str], Manage], url: str) -> None:
    for extra in ([], ["--traceback"]):
        result = manage_on(url)("migrate", *extra)
        assert result.code == 1
        assert SECRET not in result.stdout + result.stderr
        assert "Error: " in result.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_a_file_that_is_no_database(
    manage_on: Callable[[str], Manage], tmp_path: Path, command: list[str]
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("This is not a database, it is a text of more than a hundred bytes. " * 3)
    before = file.read_bytes()
    result = manage_on(f"sqlite:///{file}")(*command)
    assert result.code == 1
    assert "is not an SQLite database" in result.stderr
    assert file.read_bytes() == before


def test_a_missing_folder(manage_on: Callable[[str], Manage], tmp_path: Path) -> None:
    result = manage_on(f"sqlite:///{tmp_path / 'no' / 'such' / 'a.sqlite'}")("migrate")
    assert result.code == 1
    assert "mkdir -p" in result.stderr


@pytest.mark.parametrize(
    ("path", "why"), [("folder", "it is a folder"), ("file/a.sqlite", "file is no folder")]
)
def test_what_can_be_no_file_is_named(
    manage_on: Callable[[str], Manage], tmp_path: Path, path: str, why: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    result = manage_on(f"sqlite:///{tmp_path / path}")("migrate")
    assert result.code == 1
    assert why in result.stderr and "mkdir" not in result.stderr


def test_a_read_only_file_is_refused_and_kept(
    manage_on: Callable[[str], Manage], new_database: Callable[[str], str]
) -> None:
    url = new_database("sqlite")
    file = Path(url.removeprefix("sqlite:///"))
    manage = manage_on(url)
    assert manage("migrate").code == 0
    before = file.read_bytes()
    # Root may write any file: SQLite's own read-only mode refuses it too.
    manage = manage_on(f"sqlite:///file:{file}?mode=ro&uri=true")
    for command in (["migrate", "zero", "--allow-data-loss"], ["seed", "Department=1"]):
        result = manage(*command)
        assert result.code == 1, result
        assert "read-only" in result.stderr or "readonly" in result.stderr, result
        assert "Traceback" not in result.stderr
    assert manage("showmigrations").stdout.startswith("[X] 0001_initial\n[X] 0002")
    assert file.read_bytes() == before
    if os.geteuid() != 0:
        file.chmod(stat.S_IRUSR)
        result = manage_on(url)("migrate", "zero", "--allow-data-loss")
        assert result.code == 1
        assert file.read_bytes() == before


@pytest.mark.server
def test_a_database_that_the_server_lacks(
    manage_on: Callable[[str], Manage], new_database: Callable[..., str]
) -> None:
    for backend in ("postgresql", "mariadb"):
        result = manage_on(new_database(backend, create=False))("migrate")
        assert result.code == 1
        assert "The server has no database" in result.stderr
        assert "manage.py prepare creates it" in result.stderr


def test_relative_files_lie_beside_the_settings(tmp_path: Path) -> None:
    assert database_url(Database("default", "sqlite:///a.sqlite"), tmp_path).database == str(
        tmp_path / "a.sqlite"
    )
    assert database_url(Database("default", "sqlite://"), tmp_path).database is None


def test_an_installed_driver_is_filled_in() -> None:
    def driver(url: str) -> str:
        return database_url(Database("default", url)).drivername

    assert driver("postgres://h/d") == "postgresql+psycopg"
    assert driver("postgresql://h/d") == "postgresql+psycopg"
    assert driver("mysql://h/d") == "mysql+pymysql"
    assert driver("mariadb://h/d") == "mariadb+pymysql"
    assert driver("postgresql+pg8000://h/d") == "postgresql+pg8000"


def test_no_password_of_a_url_is_shown() -> None:
    url = make_url(f"postgresql://me:{SECRET}@h/d?sslpassword={SECRET}&sslmode=require")
    assert SECRET not in shown(url)
    assert "sslmode=require" in shown(url)
    with pytest.raises(SettingsError) as caught:
        database_url(Database("default", f"postgresql://me:{SECRET}@h:port/d"))
    assert SECRET not in str(caught.value) + str(caught.value.hint)
    assert caught.value.__cause__ is None


def test_a_scratch_database_is_empty_and_gone_afterwards(database_url: str) -> None:
    database = Database("default", database_url)
    with scratch_database(database, None) as scratch:
        assert scratch.url != database.url
        engine = sa.create_engine(scratch.url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            assert sa.inspect(connection).get_table_names() == []
            connection.exec_driver_sql("CREATE TABLE x (id INTEGER)")
        with engine.connect() as connection:
            assert sa.inspect(connection).get_table_names() == ["x"]
    with pytest.raises(sa.exc.OperationalError):
        sa.create_engine(scratch.url, poolclass=sa.NullPool).connect()


@pytest.mark.server
def test_the_tools_own_tables_hold_any_text(
    manage_on: Callable[[str], Manage], new_database: Callable[..., str]
) -> None:
    """On a MariaDB database with the server's old default, too."""
    url = new_database("mariadb")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER DATABASE CHARACTER SET latin1")
    for command in (["migrate"], ["seed", "Department=2"], ["environment", "testing"]):
        assert manage_on(url)(*command).code == 0
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT table_name, engine, table_collation FROM information_schema.tables"
            " WHERE table_schema = database() AND table_name LIKE 'sqlalchemy_manage_%%'"
        ).all()
    assert {name.removeprefix("sqlalchemy_manage_") for name, *_ in found} >= {
        "ledger", "seed_run", "seed_keys", "environment"
    }  # fmt: skip
    for name, kind, collation in found:
        assert (name, kind, collation.partition("_")[0]) == (name, "InnoDB", "utf8mb4")


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_the_tools_own_tables_roll_back(dialect: str) -> None:
    """Whatever the server makes of a table that names no engine."""
    table = sa.Table("own", sa.MetaData(), sa.Column("id", sa.Integer), **OWN_TABLE)
    sent: list[sa.schema.ExecutableDDLElement] = []
    engine = sa.create_mock_engine(f"{dialect}+pymysql://", lambda sql, *args: sent.append(sql))
    table.create(engine, checkfirst=False)
    (sql,) = (str(create.compile(dialect=engine.dialect)) for create in sent)
    assert "ENGINE=InnoDB" in sql and "CHARSET=utf8mb4" in sql
