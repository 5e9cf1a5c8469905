"""How long a statement waits for a lock, and how long it may run.

A DDL statement that waits for a lock on a table makes everybody wait who comes after it,
readers too (https://www.postgresql.org/docs/current/explicit-locking.html). So it gives
up soon, the revision is rolled back, and it is tried again a little later.
"""

from __future__ import annotations

import math
import random
import re
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from ...conf import Settings
from ...sql.dialects import MARIADB

_CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)


def set_timeouts(engine: sa.Engine, settings: Settings) -> None:
    """Have every transaction of ``engine`` begin with the settings' timeouts.

    SQLite has but the first; MariaDB takes whole seconds, MySQL has no statement timeout
    for anything but a SELECT.
    """
    name = engine.dialect.name
    if name == "postgresql":
        _on_postgresql(engine, settings)
    elif name in MARIADB:
        _on_mariadb(engine, settings)


def _on_postgresql(engine: sa.Engine, settings: Settings) -> None:
    # For each transaction, not for the session: a pooler gives the session to others.
    # One by one: asyncpg prepares what it sends, and PostgreSQL prepares one statement.
    wanted = [f"SET LOCAL lock_timeout = {_ms(settings.lock_timeout)}"]
    if settings.statement_timeout is not None:
        wanted.append(f"SET LOCAL statement_timeout = {_ms(settings.statement_timeout)}")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            for statement in wanted:
                connection.exec_driver_sql(statement)

    @event.listens_for(engine, "before_cursor_execute")
    def concurrently(connection: sa.Connection, cursor: Any, statement: str, *more: Any) -> None:
        # It waits for every older transaction, and nobody waits behind it.
        if _CONCURRENTLY.search(statement):
            cursor.execute(f"SET lock_timeout = {_ms(settings.concurrently_timeout)}")
            cursor.execute("SET statement_timeout = 0")

    @event.listens_for(engine, "after_cursor_execute")
    def again(connection: sa.Connection, cursor: Any, statement: str, *more: Any) -> None:
        if _CONCURRENTLY.search(statement):
            cursor.execute("RESET lock_timeout")
            cursor.execute("RESET statement_timeout")


def _on_mariadb(engine: sa.Engine, settings: Settings) -> None:
    seconds = max(1, math.ceil(settings.lock_timeout))
    wanted = [f"SET lock_wait_timeout = {seconds}", f"SET innodb_lock_wait_timeout = {seconds}"]
    if settings.statement_timeout is not None and getattr(engine.dialect, "is_mariadb", False):
        wanted.append(f"SET max_statement_time = {settings.statement_timeout:f}")

    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, record: Any) -> None:
        with dbapi_connection.cursor() as cursor:
            for statement in wanted:
                cursor.execute(statement)


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000)) if seconds else 0


def pauses(total: float) -> Iterator[float]:
    """Sleep, and yield the seconds left, until ``total`` seconds are over.

    Jittered, so that two that collided do not collide again, and growing from 50 ms to 2 s
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """
    deadline = time.monotonic() + total
    longest = 0.1
    while (left := deadline - time.monotonic()) > 0:
        time.sleep(min(left, random.uniform(longest / 2, longest)))
        longest = min(longest * 2, 2.0)
        yield max(0.0, deadline - time.monotonic())


_OPEN = """
SELECT pid, application_name, state, xact_start FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
  AND application_name NOT LIKE 'sqlalchemy_manage%%' ORDER BY xact_start LIMIT 3
"""


def open_transactions(connection: sa.Connection) -> list[str]:
    """The oldest transactions of others, one of which holds what a revision waits for.

    PostgreSQL and MariaDB report them; empty on others, and where the user may not see them.
    """
    name = connection.dialect.name
    if name == "postgresql":
        return [
            f"server process {pid} ({', '.join(filter(None, (app, state)))}), since "
            f"{since:%Y-%m-%d %H:%M:%S}"
            for pid, app, state, since in connection.exec_driver_sql(_OPEN)
        ]
    if name in MARIADB:
        found = connection.exec_driver_sql(
            "SELECT trx_mysql_thread_id, trx_started FROM information_schema.innodb_trx"
            " WHERE trx_mysql_thread_id <> CONNECTION_ID() ORDER BY trx_started LIMIT 3"
        )
        return [f"connection {number}, since {since}" for number, since in found]
    return []
