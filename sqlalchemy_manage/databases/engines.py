"""Engines and connections: open them, and explain a refusal."""

from __future__ import annotations

import getpass
import importlib.util
import logging
import os
import re
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from .. import advice
from ..database_settings import PASSWORD_KEYS, Database
from ..errors import ConnectionFailed, DatabaseError, DatabaseMissing, SettingsError
from ..files import why_no_path
from ..migration_settings import BOOKKEEPING, is_version_table
from ..sql.dialects import MARIADB
from ..sql.raw import stored_name
from .cancelling import make_cancellable
from .error_kinds import ErrorKind, error_kind, fault_of, first_error
from .tenants import live_in_schema

# The driver to use where the URL names none, by what is installed: its name and its module.
_DRIVERS = {
    "postgresql": (("psycopg", "psycopg"), ("psycopg2", "psycopg2"), ("asyncpg", "asyncpg")),
    "mysql": (
        ("pymysql", "pymysql"),
        ("mysqldb", "MySQLdb"),
        ("mysqlconnector", "mysql"),
        ("asyncmy", "asyncmy"),
        ("aiomysql", "aiomysql"),
    ),
}
_DISTRIBUTIONS = {
    "psycopg": "'psycopg[binary]'",
    "psycopg2": "psycopg2-binary",
    "pymysql": "PyMySQL",
    "MySQLdb": "mysqlclient",
    "mysql": "mysql-connector-python",
}
"""What pip calls the module of a driver, where the names differ."""
SERVERS = ("postgresql", "mysql", "mariadb")
_CLOSING = 0.5  # seconds that a server may take to end a session whose client has closed it


def on_mariadb(table: sa.Table, connection: sa.Connection, **kw: Any) -> None:
    """Give a table that is about to be made the options that the tool's own have there."""
    name = connection.dialect.name
    if name in MARIADB:
        # MyISAM would keep rows of what was rolled back, and latin1 refuse what people write.
        table.kwargs[f"{name}_engine"] = "InnoDB"
        table.kwargs[f"{name}_charset"] = "utf8mb4"


# Given to a table at once, the options would import MySQL's dialect everywhere.
OWN_TABLE: dict[str, Any] = {"listeners": [("before_create", on_mariadb)]}
"""Options of the tables that the tool keeps for itself."""


def database_url(database: Database, root: Path | None = None) -> URL:
    """The URL of a database, with an installed driver filled in.

    A relative SQLite file is taken relative to ``root``, the settings' folder, so that
    every command reaches the same file from everywhere. Raises SettingsError; its
    message never repeats the URL, which may hold a password.
    """
    try:
        url = make_url(database.url)
    except (ArgumentError, ValueError):
        raise SettingsError(
            f"The URL of DATABASES[{database.alias!r}] is not an SQLAlchemy URL.",
            "It looks like postgresql://user:password@host/name or sqlite:///file.sqlite; "
            "'@', ':', '/' and '%' in a password must be written %40, %3A, %2F and %25.",
        ) from None
    if url.drivername == "postgres":
        url = url.set(drivername="postgresql")
    backend = "mysql" if url.drivername == "mariadb" else url.drivername
    for driver, module in _DRIVERS.get(backend, ()):
        if importlib.util.find_spec(module) is not None:
            url = url.set(drivername=f"{url.drivername}+{driver}")
            break
    name = url.database or ""
    if is_sqlite_file(url) and root is not None and not name.startswith("file:"):
        url = url.set(database=str(root / name))
    # SQLite keeps files beside it whose names are longer.
    if is_sqlite_file(url) and (why := why_no_path(f"{sqlite_path(url)}-journal", as_text=True)):
        raise SettingsError(
            f"DATABASES[{database.alias!r}]: {why}",
            "Name another file in its URL, or in DATABASE_URL.",
        )
    return url


def is_sqlite_file(url: URL) -> bool:
    """Whether ``url`` is an SQLite database in a file, not in memory."""
    return (
        url.get_backend_name() == "sqlite"
        and url.database not in (None, "", ":memory:")
        and url.query.get("mode") != "memory"
    )


def shown(url: URL) -> str:
    """``url`` for people: no password, neither before the host nor in the query."""
    hidden = {key: "***" for key in url.query if key.lower() in PASSWORD_KEYS}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


def create_engine(database: Database, root: Path | None, **more: Any) -> sa.Engine:
    """An engine for ``database``, whose statements a signal ends.

    Raises SettingsError for a bad URL, option or driver.
    """
    url = database_url(database, root)
    backend = url.get_backend_name()
    try:
        engine = engine_of(url, **{**database.options, **more})
    except NoSuchModuleError:
        raise SettingsError(
            f"DATABASES[{database.alias!r}]: SQLAlchemy does not know '{url.drivername}'.",
            "Known here: sqlite, postgresql, mysql, mariadb.",
        ) from None
    except ModuleNotFoundError as error:
        if error.name == "greenlet":
            raise _no_greenlet(database, url) from error
        preferred = _DRIVERS.get("mysql" if backend == "mariadb" else backend)
        # Where the URL leaves the choice, SQLAlchemy's own need not be the best one to install.
        module = str(error.name).partition(".")[0]
        if preferred and "+" not in url.drivername:
            module = preferred[0][1]
        raise SettingsError(
            f"The driver of DATABASES[{database.alias!r}], '{module}', is not installed.",
            f"pip install {_DISTRIBUTIONS.get(module, module)}",
        ) from error
    except TypeError as error:
        raise SettingsError(f"DATABASES[{database.alias!r}]['OPTIONS']: {error}") from error
    make_cancellable(engine)
    live_in_schema(engine, database)
    engine.update_execution_options(**{BOOKKEEPING: database.bookkeeping})
    # What they log of a lost connection is told by the error that comes of it; asyncmy logs
    # what the server remarks on.
    for library in ("psycopg", "sqlalchemy.pool", "asyncmy"):
        if not (logger := logging.getLogger(library)).handlers:
            logger.addHandler(logging.NullHandler())
    return engine


def engine_of(url: URL, **options: Any) -> sa.Engine:
    """An engine for ``url`` that is not async, whatever its driver is."""
    from .async_bridge import bridged_engine, is_async

    if url.get_driver_name() == "psycopg_async":  # psycopg itself is there, and takes a URL
        raise SettingsError(
            "async_creator of OPTIONS, or async_creator_fn, cannot be used with psycopg.",
            "Give DATABASES a URL with all that the connection needs.",
        )
    return bridged_engine(url, **options) if is_async(url) else sa.create_engine(url, **options)


def _no_greenlet(database: Database, url: URL) -> SettingsError:
    driver, backend = url.get_driver_name(), url.get_backend_name()
    usual = _DRIVERS["mysql" if backend == "mariadb" else backend][0][1]
    return SettingsError(
        f"The driver of DATABASES[{database.alias!r}], '{driver}', is async, and takes greenlet, "
        "which is not installed.",
        f"pip install {_DISTRIBUTIONS.get(usual, usual)}, or pip install 'sqlalchemy[asyncio]'",
    )


def app_engine(database: Database, root: Path | None) -> sa.Engine:
    """The engine that commands other than migrations use.

    SQLite does not check foreign keys unless set to on every connection
    (https://sqlite.org/foreignkeys.html#fk_enable); seeds and fixtures need the check.
    A server keeps no connection that is not in use, unless OPTIONS asks for a pool: the
    user may have no second one.
    """
    on_server = database_url(database, root).get_backend_name() in SERVERS
    pooled = any(name.startswith(("pool", "max_overflow")) for name in database.options)
    more: dict[str, Any] = {"poolclass": sa.NullPool} if on_server and not pooled else {}
    engine = create_engine(database, root, **more)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def enforce(dbapi_connection: Any, record: Any) -> None:
            dbapi_connection.execute("PRAGMA foreign_keys=ON")

    return engine


@contextmanager
def connecting(engine: sa.Engine, *, create: bool = False) -> Iterator[sa.Connection]:
    """A connection; errors while opening it are explained.

    ``create``: let SQLite make the file. Otherwise a missing file is DatabaseMissing,
    because merely looking must not leave an empty database behind.
    """
    url = engine.url
    if not create and is_sqlite_file(url) and not sqlite_path(url).exists():
        raise missing_file(sqlite_path(url))
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(_connected(engine))
            if url.get_backend_name() == "sqlite":
                # SQLite opens lazily: only a read shows that the file is not a database.
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
                connection.rollback()
        except DBAPIError as error:
            raise refusal(error, url) from error
        yield connection


def _connected(engine: sa.Engine) -> sa.Connection:
    """A connection; where the server has none left, the one that was closed last is waited for."""
    deadline = time.monotonic() + _CLOSING
    while True:
        try:
            return engine.connect()
        except DBAPIError as error:
            if error_kind(error) is not ErrorKind.TOO_MANY or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def missing_file(path: Path) -> DatabaseMissing:
    """The error for an SQLite database that nobody has made yet."""
    return DatabaseMissing(
        f"There is no database file {path} yet.",
        f"{advice.CREATE_DATABASE} creates, migrates and fills it; {advice.CREATE_SCHEMA} only "
        "migrates.",
    )


def sqlite_path(url: URL) -> Path:
    name = str(url.database)
    return Path(re.sub(r"^file:([^?]*).*$", r"\1", name))


def refusal(error: DBAPIError, url: URL) -> DatabaseError:
    """What a failed connection usually means, and the command to type next."""
    if error_kind(error) is ErrorKind.TOO_MANY:
        return trouble(error)
    text = str(error.orig).strip()
    lower = text.lower()
    where = shown(url)
    if re.search(r"database .* does not exist|unknown database", lower):
        return DatabaseMissing(
            f"The server has no database '{url.database}' ({where}).",
            f"{advice.CREATE_DATABASE} creates it, or create it yourself.",
        )
    if re.search(r"not a database|file is encrypted|malformed", lower):
        return ConnectionFailed(
            f"{url.database} is not an SQLite database (or is damaged): {text}.",
            "Name another file in DATABASES, or restore this one from a backup.",
        )
    if re.search(
        r"password authentication failed|access denied|no password supplied|role .* does not exist",
        lower,
    ):
        return ConnectionFailed(
            f"The server refused user '{url.username}' ({where}): wrong user name or password, "
            "or no access to this database.",
            "Check the URL in DATABASES or DATABASE_URL.",
        )
    if "unable to open database file" in lower:
        return _unopened(Path(str(url.database)))
    if re.search(
        r"connection refused|connect call failed|could not connect|can't connect"
        r"|could not translate|timed? ?out|no such file or directory|unreachable"
        r"|name or service not known|failed to resolve|no route|lost",
        lower,
    ):
        first = text.splitlines()[0]
        return ConnectionFailed(
            f"No server answers at {where}: {first}",
            "Is it running, and are the host and port correct?",
        )
    return ConnectionFailed(f"Cannot connect to {where}: {text.splitlines()[0] if text else error}")


def _unopened(file: Path) -> ConnectionFailed:
    """What an SQLite file is that cannot be opened."""
    what = f"SQLite cannot open {file}"
    if file.is_dir():
        return ConnectionFailed(f"{what}: it is a folder.", "Name a file in DATABASES.")
    if file.parent.exists() and not file.parent.is_dir():
        return ConnectionFailed(f"{what}: {file.parent} is no folder.", "Name a file in DATABASES.")
    if file.parent.exists():
        whose = file if file.exists() else file.parent
        return ConnectionFailed(f"{what}: you may not write {whose}.", f"ls -ld {whose}")
    return ConnectionFailed(
        f"{what}: the folder is missing or not writable.", f"mkdir -p {file.parent}"
    )


def trouble(error: DBAPIError) -> DatabaseError:
    """What a database's error during the work usually means."""
    cause: Any = first_error(error)
    first = (str(cause.orig).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")
    if (fault := fault_of(error)) is not None:
        return DatabaseError(f"{fault.what}: {first}.", fault.hint())
    if NO_COLUMN.search(first):
        return DatabaseError(f"A column is missing: {first}.", missing_column_hint())
    if re.search(_NO_TABLE, first, re.IGNORECASE):
        return DatabaseError(
            f"A table is missing: {first}.",
            f"{advice.CREATE_TABLES} creates the tables of the revisions.",
        )
    return DatabaseError(f"The database refused: {first}")


NO_COLUMN = re.compile(
    r"no such column|has no column named|column .* does not exist|unknown column", re.IGNORECASE
)
"""What a database says of a column that it does not have."""


def missing_column_hint() -> str:
    """What gives a database the columns of the models."""
    return (
        f"If a model has it: {advice.APPLY_PENDING} applies the revisions that wait; where none "
        f"does, {advice.WRITE_CHANGES} writes one."
    )


_NO_TABLE = r"no such table|relation .* does not exist|table .* doesn't exist"


def require_tables(
    connection: sa.Connection, tables: Iterable[sa.Table], *, all_applied: bool = False
) -> None:
    """Raises DatabaseError naming those of ``tables`` that the database does not have.

    ``all_applied``: the revisions are, so that none of them makes what is missing.
    """
    inspector = sa.inspect(connection)
    missing = [
        table.fullname
        for table in tables
        if not inspector.has_table(stored_name(table.name, connection.dialect), table.schema)
    ]
    if missing:
        raise DatabaseError(
            f"The database has no table {', '.join(missing)} ({shown(connection.engine.url)}).",
            f"No revision makes it: {advice.WRITE_CHANGES} writes one."
            if all_applied
            else f"{advice.CREATE_TABLES} creates the tables of the revisions.",
        )


def scratch_name() -> str:
    """A name that no other process and no other call uses."""
    return f"scratch_{os.getpid()}_{os.urandom(4).hex()}"


_LONGEST = 255  # characters that a ledger keeps


@cache
def host() -> str:
    """The name of this machine."""
    return socket.gethostname()[:_LONGEST]


@cache
def user() -> str:
    """The name of the user, or the number of one that has none."""
    with suppress(KeyError, OSError, ImportError):  # a container may know no name for it
        return getpass.getuser()[:_LONGEST]
    return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def is_running(pid: int) -> bool:
    """Whether this machine has a process of this number."""
    if sys.platform == "win32":  # os.kill(pid, 0) would interrupt it
        import ctypes

        query, access_denied, still_active = 0x1000, 5, 259
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        process = kernel.OpenProcess(query, False, pid)
        if not process:
            return ctypes.get_last_error() == access_denied
        code = ctypes.c_ulong()
        kernel.GetExitCodeProcess(process, ctypes.byref(code))
        kernel.CloseHandle(process)
        return code.value == still_active
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # there, and somebody else's
    return True


def is_bookkeeping(table: str) -> bool:
    """Whether a table is Alembic's or ours, and not one of the application's."""
    return is_version_table(table) or table.startswith("sqlalchemy_manage_")
