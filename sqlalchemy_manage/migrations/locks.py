"""One migration run at a time on a database, whoever starts it, and who holds it up.

PostgreSQL: a transaction-level advisory lock, polled, held by an otherwise empty
transaction on a second connection. Waiting for it in the server would deadlock with
CREATE INDEX CONCURRENTLY, which waits for every older snapshot; a session-level lock
is lost behind a transaction pooler; a bound parameter keeps a snapshot open.
MariaDB: GET_LOCK on a second connection, because each DDL statement commits.
SQLite: BEGIN IMMEDIATE of the migration's own transaction is the lock.
All of them are freed by the server or the system when the holder dies.

Who holds it: PostgreSQL tells the name that the holder gave its connection; elsewhere
the holder leaves a row in a table of ours.
"""

from __future__ import annotations

import os
import random
import re
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from ..errors import Locked

_NAME = "sqlalchemy_manage"
_KEY = zlib.crc32(_NAME.encode())  # PostgreSQL's advisory locks are per database

_HOLDER = sa.Table(
    "sqlalchemy_manage_lock",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("since", sa.String(32), nullable=False),
)

_POSTGRESQL_HOLDER = f"""
SELECT a.application_name, a.client_addr, a.pid, a.xact_start
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objid = {_KEY}
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@contextmanager
def migration_lock(
    engine: sa.Engine, wait: float, on_wait: Callable[[str], None]
) -> Iterator[None]:
    """Hold the lock of ``engine``'s database.

    ``on_wait`` is called once if it is taken, with who holds it. Raises Locked after
    ``wait`` seconds, with the same.
    """
    with engine.connect() as connection:
        deadline = time.monotonic() + wait
        waited = False
        while not _taken(connection):
            if not waited:
                waited = True
                on_wait(holder(connection))
            if time.monotonic() >= deadline:
                raise locked(wait, holder(connection))
            time.sleep(0.1 + random.random() / 10)
        try:
            yield
        finally:
            with suppress(DBAPIError):
                _withdraw(connection)


def _taken(connection: sa.Connection) -> bool:
    """Try to take the lock; where that is a transaction, it stays open on success."""
    name = connection.dialect.name
    if name == "sqlite":
        return _announced_on_sqlite(connection)
    if name in ("mysql", "mariadb"):
        # Per server; 64 characters at most.
        label = f"{_NAME}:{zlib.crc32(str(connection.engine.url.database).encode()):08x}"
        if not connection.exec_driver_sql(f"SELECT GET_LOCK('{label}', 0)").scalar():
            connection.rollback()
            return False
        _announce(connection)
        connection.commit()
        return True
    if name != "postgresql":
        return True
    transaction = connection.begin()
    if not connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({_KEY})").scalar():
        transaction.rollback()
        return False
    # A utility statement also ends the snapshot that the SELECT may have left.
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    here = f"{_NAME} {socket.gethostname()[:30]}:{os.getpid()}"
    connection.exec_driver_sql(f"SET LOCAL application_name = '{re.sub(r'[^ -~]|[%]', '?', here)}'")
    return True


def _announced_on_sqlite(connection: sa.Connection) -> bool:
    """Whether nobody is writing; if so, whoever asks later reads that it was us."""
    raw: Any = connection.connection.dbapi_connection
    (patience,) = raw.execute("PRAGMA busy_timeout").fetchone()
    raw.execute("PRAGMA busy_timeout=0")
    connection.info["writes"] = True
    try:
        with connection.begin():
            _announce(connection)
    except OperationalError as error:
        if not is_busy(error):
            raise
        raw.rollback()  # A COMMIT that had to give up leaves its transaction open.
        return False
    finally:
        connection.info["writes"] = False
        raw.execute(f"PRAGMA busy_timeout={patience}")
    return True


def _announce(connection: sa.Connection) -> None:
    _HOLDER.create(connection, checkfirst=True)
    now = datetime.now(UTC).isoformat(" ", "seconds")
    connection.execute(sa.delete(_HOLDER))
    connection.execute(
        sa.insert(_HOLDER),
        {"id": 1, "host": socket.gethostname(), "pid": os.getpid(), "since": now},
    )


def _withdraw(connection: sa.Connection) -> None:
    """Nobody shall be told of a run that is over; after a kill, the process is not there."""
    name = connection.dialect.name
    if name in ("sqlite", "mysql", "mariadb"):
        connection.info["writes"] = True
        connection.execute(sa.delete(_HOLDER))
        connection.commit()


def holder(connection: sa.Connection) -> str:
    """Who holds the lock, as ``host, pid N, since TIME``; empty where that cannot be known."""
    try:
        if connection.dialect.name == "postgresql":
            found = connection.exec_driver_sql(_POSTGRESQL_HOLDER).first()
            return _on_postgresql(*found) if found else ""
        connection.info["writes"] = False
        row = connection.execute(sa.select(_HOLDER)).first()
    except DBAPIError:
        return ""
    finally:
        connection.rollback()
    here = row is not None and row.host == socket.gethostname()
    if row is None or (here and (row.pid == os.getpid() or not _is_alive(row.pid))):
        return ""  # Another program writes; the row is from a run that was killed.
    return f"{row.host}, pid {row.pid}, since {row.since[:19]} UTC"


def _on_postgresql(name: str | None, address: str | None, pid: int, since: Any) -> str:
    when = f", since {since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if since else ""
    if name and name.startswith(_NAME) and ":" in name:
        host, _, own_pid = name.removeprefix(f"{_NAME} ").rpartition(":")
        return f"{host}, pid {own_pid}{when}"
    return f"{address or 'this server'}, server process {pid}{when}"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def locked(wait: float, who: str = "") -> Locked:
    """The error for a lock that was not freed within ``wait`` seconds."""
    # Without a name it may be any program that reads or writes the file.
    what = f"is migrating this database ({who})" if who else "keeps this database locked"
    return Locked(
        f"Another process {what}; it was not done after {wait:g} s.",
        "Wait for it and repeat the command, or raise LOCK_WAIT in the settings.",
    )


def is_busy(error: BaseException | None) -> bool:
    """Whether a statement gave up because somebody else holds a lock on a table or the file."""
    if not isinstance(error, DBAPIError):
        return False
    original: Any = error.orig
    if getattr(original, "sqlstate", None) == "55P03":
        return True  # lock_not_available
    text = str(original)
    return (
        "database is locked" in text
        or "database table is locked" in text
        or (
            # ER_LOCK_WAIT_TIMEOUT, of rows and of metadata
            bool(getattr(original, "args", ())) and original.args[0] == 1205
        )
    )
