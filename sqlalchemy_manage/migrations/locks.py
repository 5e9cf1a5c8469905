"""One migration run at a time on a database, whoever starts it.

PostgreSQL: a transaction-level advisory lock, polled, held by an otherwise empty
transaction on a second connection. Waiting for it in the server would deadlock with
CREATE INDEX CONCURRENTLY, which waits for every older snapshot; a session-level lock
is lost behind a transaction pooler; a bound parameter keeps a snapshot open.
MariaDB: GET_LOCK on a second connection, because each DDL statement commits.
SQLite: BEGIN IMMEDIATE of the migration's own transaction is the lock.
All of them are freed by the server or the system when the holder dies.
"""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ..errors import Locked

_NAME = "sqlalchemy_manage"


@contextmanager
def migration_lock(engine: sa.Engine, wait: float, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of ``engine``'s database; ``on_wait`` is called once if it is taken.

    Raises Locked after ``wait`` seconds.
    """
    name = engine.dialect.name
    if name == "postgresql":
        key = zlib.crc32(_NAME.encode())  # advisory locks are per database
        take = f"SELECT pg_try_advisory_xact_lock({key})"
    elif name in ("mysql", "mariadb"):
        # Per server; 64 characters at most.
        label = f"{_NAME}:{zlib.crc32(str(engine.url.database).encode()):08x}"
        take = f"SELECT GET_LOCK('{label}', 0)"
    else:
        yield
        return
    with engine.connect() as connection:
        deadline = time.monotonic() + wait
        waited = False
        while True:
            transaction = connection.begin()
            if connection.exec_driver_sql(take).scalar():
                break
            transaction.rollback()
            if not waited:
                waited = True
                on_wait()
            if time.monotonic() >= deadline:
                raise locked(wait)
            time.sleep(0.1 + random.random() / 10)
        if name == "postgresql":
            # A utility statement also ends the snapshot that the SELECT may have left.
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield


def locked(wait: float) -> Locked:
    """The error for a lock that was not freed within ``wait`` seconds."""
    return Locked(
        f"Another process is migrating this database; it was not done after {wait:g} s.",
        "Wait for it and repeat the command, or raise LOCK_WAIT in the settings.",
    )
