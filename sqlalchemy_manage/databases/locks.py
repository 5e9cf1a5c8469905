"""One migration run at a time on a database, whoever starts it, and who holds it up.

PostgreSQL: a transaction-level advisory lock, polled, held by an otherwise empty
transaction on a second connection. Waiting for it in the server would deadlock with
CREATE INDEX CONCURRENTLY, which waits for every older snapshot; a session-level lock
is lost behind a transaction pooler; a bound parameter keeps a snapshot open. Where a
pooler has one connection to the server, or the user may have no second, the lock is taken
on the working one, anew in each transaction.
MariaDB: GET_LOCK on a second connection, because each DDL statement commits.
SQLite: BEGIN IMMEDIATE of each revision's own transaction; so that runs take turns and
not revisions, and so that one can say whom it waits for, a locked file beside it too.
All of them are freed by the server or the system when the holder dies.

On a server the working connection has a second lock: on PostgreSQL in each of its
transactions, on MariaDB for the whole run. Where the connection with the first is lost, or
its process is killed while the server still works on a statement, nobody else begins
before that statement is over.

Where the tables of a database are in a schema of their own, one tenant of several, the lock is
that of the schema.

Who holds it: PostgreSQL gives the name that the holder gave its connection; on MariaDB
the holder leaves a row in a table of ours.
"""

from __future__ import annotations

import os
import random
import re
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from ..errors import Locked
from ..sql.dialects import MARIADB
from .bookkeeping import OwnTable, bookkeeping_of
from .engines import OWN_TABLE, is_sqlite_file, sqlite_path
from .error_kinds import ErrorKind, error_kind

if TYPE_CHECKING:
    from filelock import BaseFileLock

_NAME = "sqlalchemy_manage"
_KEY = zlib.crc32(_NAME.encode())  # PostgreSQL's advisory locks are per database
_WORKING_KEY = zlib.crc32(f"{_NAME} working".encode())

_PATIENCE = 3.0  # seconds that a server has for "SELECT 1"

_HOLDER = OwnTable(
    sa.Table(
        "sqlalchemy_manage_lock",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("who", sa.String(255), nullable=False),
        **OWN_TABLE,
    )
)

_POSTGRESQL_HOLDER = """
SELECT a.application_name, a.client_addr, a.pid, a.xact_start
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objid = {key}
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@contextmanager
def migration_lock(
    engine: sa.Engine,
    wait: float,
    on_wait: Callable[[str], None],
    working: sa.Connection | None = None,
) -> Iterator[None]:
    """Hold the lock of ``engine``'s database, while the caller works on another connection.

    ``on_wait`` is called once if it is taken, with who holds it. Raises Locked after
    ``wait`` seconds, with the same.
    """
    if engine.dialect.name == "sqlite":
        with _file_lock(engine.url, wait, on_wait):
            yield
        return
    with _second(engine, working) as connection:
        if connection is None:
            assert working is not None
            with lock_on(working, wait, on_wait):
                yield
            return
        _wait_for(lambda: _taken(connection), wait, on_wait, lambda: holder(connection))
        if working is None:
            yield
            return
        if _answers(working, connection):
            with lock_on(working, wait, on_wait, _WORKING_KEY):
                yield
            return
    with lock_on(working, wait, on_wait):
        yield


@contextmanager
def _second(engine: sa.Engine, working: sa.Connection | None) -> Iterator[sa.Connection | None]:
    """A connection that may be lost in the block: what was done meanwhile stays done.

    None if the server has none left besides the ``working`` one.
    """
    try:
        connection = engine.connect()
    except DBAPIError as error:
        if working is None or error_kind(error) is not ErrorKind.TOO_MANY:
            raise
        yield None
        return
    try:
        yield connection
    finally:
        if not connection.invalidated:
            try:
                connection.connection.rollback()
            except connection.dialect.loaded_dbapi.Error:
                connection.invalidate()
        connection.close()


@contextmanager
def _file_lock(url: sa.URL, wait: float, on_wait: Callable[[str], None]) -> Iterator[None]:
    place = FileLock(url)
    _wait_for(place.take, wait, on_wait, place.holder)
    try:
        yield
    finally:
        place.free()


@contextmanager
def lock_on(
    connection: sa.Connection, wait: float, on_wait: Callable[[str], None], key: int = _KEY
) -> Iterator[None]:
    """The same, held by ``connection`` itself: for one that is lent, or the only one.

    On PostgreSQL each transaction takes it as it begins, as SQLite's write lock is taken:
    others may have their turn in between.
    """
    name = connection.dialect.name
    if name == "postgresql":

        def take(connection: sa.Connection) -> None:
            if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
                return  # it would be freed at once
            _wait_for(
                lambda: _locked(connection, key), wait, on_wait, lambda: _holder(connection, key)
            )

        if connection.in_transaction():
            take(connection)
        event.listen(connection, "begin", take)
        try:
            yield
        finally:
            event.remove(connection, "begin", take)
    elif name in MARIADB:
        lock = _label(connection, key)
        _wait_for(lambda: _scalar(connection, f"SELECT GET_LOCK('{lock}', 0)"), wait, on_wait, str)
        try:
            yield
        finally:
            if not (connection.closed or connection.invalidated):
                # Past the events of the engine, which may refuse all statements by now.
                with (
                    suppress(connection.dialect.loaded_dbapi.Error),
                    closing(connection.connection.cursor()) as cursor,
                ):
                    cursor.execute(f"SELECT RELEASE_LOCK('{lock}')")
    else:
        with _file_lock(connection.engine.url, wait, on_wait):
            yield


def _answers(working: sa.Connection, locking: sa.Connection) -> bool:
    """Whether the working connection gets a server while the lock is held by the other.

    Behind a transaction pooler with a pool of one it does not; the lock is given back then.
    """
    if locking.dialect.name != "postgresql":
        return True
    asking = threading.Thread(target=_ask, args=(working,), daemon=True)
    asking.start()
    asking.join(_PATIENCE)
    if not asking.is_alive():
        return True
    locking.rollback()
    asking.join()
    return False


def _ask(connection: sa.Connection) -> None:
    with suppress(DBAPIError):  # an error is an answer too, and comes again
        connection.exec_driver_sql("SELECT 1")
    connection.rollback()


def _scalar(connection: sa.Connection, sql: str) -> Any:
    """What a query gives; a transaction that it begins is ended."""
    was_open = connection.in_transaction()
    try:
        return connection.exec_driver_sql(sql).scalar()
    finally:
        if not was_open:
            connection.rollback()


def _wait_for(
    take: Callable[[], bool], wait: float, on_wait: Callable[[str], None], who: Callable[[], str]
) -> None:
    deadline = time.monotonic() + wait
    waited = False
    while not take():
        if not waited:
            waited = True
            on_wait(who())
        if time.monotonic() >= deadline:
            raise locked(wait, who())
        time.sleep(0.1 + random.random() / 10)


def _taken(connection: sa.Connection) -> bool:
    """Try to take the lock; where that is a transaction, it stays open on success."""
    name = connection.dialect.name
    if name in MARIADB:
        if not connection.exec_driver_sql(f"SELECT GET_LOCK('{_label(connection)}', 0)").scalar():
            connection.rollback()
            return False
        if bookkeeping_of(connection).ledger is not False:
            _HOLDER.create(connection)
            connection.execute(sa.delete(_HOLDER.on(connection)))
            connection.execute(sa.insert(_HOLDER.on(connection)), {"id": 1, "who": _here()})
        connection.commit()
        return True
    if name != "postgresql":
        return True
    transaction = connection.begin()
    if not _locked(connection):
        transaction.rollback()
        return False
    # A utility statement also ends the snapshot that the SELECT may have left.
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    here = f"{_NAME} {socket.gethostname()[:30]}:{os.getpid()}"
    connection.exec_driver_sql(f"SET LOCAL application_name = '{re.sub(r'[^ -~]|[%]', '?', here)}'")
    return True


def _label(connection: sa.Connection, key: int = _KEY) -> str:
    """The name of the lock on MariaDB: per server, and of 64 characters at most."""
    label = f"{_NAME}:{zlib.crc32(str(connection.engine.url.database).encode()):08x}"
    return label if key == _KEY else f"{label}:working"


def _locked(connection: sa.Connection, key: int = _KEY) -> bool:
    """Try to take PostgreSQL's lock for the rest of the transaction."""
    sql = f"SELECT pg_try_advisory_xact_lock({_of_schema(connection, key)})"
    return bool(connection.exec_driver_sql(sql).scalar())


def _of_schema(connection: sa.Connection, key: int) -> int:
    """The key for what is in the schema of ``connection``: another history has another lock."""
    home = connection.dialect.default_schema_name
    return key if home in (None, "public") else zlib.crc32(f"{key} {home}".encode())


class FileLock:
    """A file beside an SQLite database, locked while a run lasts; another says whose run.

    SQLite does not say who is writing. The system frees the lock when its holder dies; what
    the other file then says is of no weight. Where there can be no such file or lock, every
    run has it: the transaction of each revision is what keeps two of them apart.
    """

    def __init__(self, url: sa.URL) -> None:
        self._lock: BaseFileLock | None = None
        if is_sqlite_file(url) and sqlite_path(url).parent.is_dir():  # it would make the folder
            import filelock

            self._lock = filelock.FileLock(f"{sqlite_path(url)}-migrating")
        # Who cannot have the lock may not read the file on Windows, and may empty it elsewhere.
        self._who = Path(f"{sqlite_path(url)}-migrating-by")

    def take(self) -> bool:
        """Whether we have it now."""
        if self._lock is None:
            return True
        try:
            self._lock.acquire(timeout=0)
        except TimeoutError:
            return False
        except (OSError, NotImplementedError):  # a file system without locks
            return True
        with suppress(OSError):
            self._who.write_text(_here(), encoding="utf-8")
        return True

    def holder(self) -> str:
        """What the holder wrote."""
        with suppress(OSError):
            return self._who.read_text(encoding="utf-8")
        return ""

    def free(self) -> None:
        """Take the files away, and with them the lock."""
        if self._lock is not None and self._lock.is_locked:
            for path in (self._who, self._lock.lock_file):
                with suppress(OSError):  # Windows removes the file that is locked afterwards
                    os.unlink(path)
            self._lock.release()


def _here() -> str:
    now = datetime.now(UTC)
    return f"{socket.gethostname()}, pid {os.getpid()}, since {now:%Y-%m-%d %H:%M:%S} UTC"


def holder(connection: sa.Connection) -> str:
    """Who holds the lock, as ``host, pid N, since TIME``; empty where that cannot be known."""
    try:
        if connection.dialect.name == "postgresql":
            return _holder(connection)
        return connection.scalar(sa.select(_HOLDER.on(connection).c.who)) or ""
    except DBAPIError:
        return ""
    finally:
        connection.rollback()


def _holder(connection: sa.Connection, key: int = _KEY) -> str:
    found = connection.exec_driver_sql(
        _POSTGRESQL_HOLDER.format(key=_of_schema(connection, key))
    ).first()
    return _on_postgresql(*found) if found else ""


def _on_postgresql(name: str | None, address: str | None, pid: int, since: Any) -> str:
    when = f", since {since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if since else ""
    if name and name.startswith(_NAME) and ":" in name:
        host, _, own_pid = name.removeprefix(f"{_NAME} ").rpartition(":")
        return f"{host}, pid {own_pid}{when}"
    return f"{address or 'this server'}, server process {pid}{when}"


def locked(wait: float, who: str = "") -> Locked:
    """The error for a lock that was not freed within ``wait`` seconds."""
    # Without a name it may be any program that reads or writes the file.
    what = f"is migrating this database ({who})" if who else "keeps this database locked"
    return Locked(
        f"Another process {what}; it did not finish within {wait:g} s.",
        "Wait for it and repeat the command, or raise LOCK_WAIT in the settings.",
    )
