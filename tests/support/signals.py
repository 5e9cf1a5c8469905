"""Programs that get a signal while a database works on a statement of theirs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from sqlalchemy_manage.databases import locks
from support.programs import ROOT, Result

T = TypeVar("T")
# Statements that outlast every test, by database.
LONG = {
    "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
    "SELECT max(x) FROM c",
    "postgresql": "SELECT pg_sleep(300)",
    "mariadb": "SELECT SLEEP(300)",
}
_RUNNING = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND"
    " state = 'active' AND pid <> pg_backend_pid() AND query ILIKE '%%{}%%'",
    "mariadb": "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND"
    " id <> CONNECTION_ID() AND command = 'Query' AND info LIKE '%%{}%%'",
}


def running(engine: sa.Engine, word: str = "sleep(") -> list[int]:
    """The server's numbers of the connections whose statement has ``word`` in it."""
    kind = engine.dialect.name.replace("mysql", "mariadb")
    with engine.connect() as connection:
        return list(connection.exec_driver_sql(_RUNNING[kind].format(word)).scalars())


_CONNECTIONS = {
    "postgresql": "SELECT a.pid, l.pid IS NOT NULL FROM pg_stat_activity a LEFT JOIN pg_locks l"
    " ON l.pid = a.pid AND l.locktype = 'advisory' AND l.objid = {key}"
    " WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()",
    "mariadb": "SELECT id, id = IS_USED_LOCK('{label}') FROM information_schema.processlist"
    " WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}


def connections(engine: sa.Engine) -> dict[int, bool]:
    """The server's numbers of the others' connections: whether it has the lock of migrations."""
    kind = engine.dialect.name.replace("mysql", "mariadb")
    with engine.connect() as connection:
        query = _CONNECTIONS[kind].format(key=locks._KEY, label=locks._label(connection))
        return {number: bool(has) for number, has in connection.exec_driver_sql(query)}


def end_connection(engine: sa.Engine, number: int) -> None:
    """As an administrator does it."""
    statement = (
        "SELECT pg_terminate_backend({})" if engine.dialect.name == "postgresql" else "KILL {}"
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(statement.format(number))


def until(found: Callable[[], T], what: str, seconds: float = 60) -> T:
    """The first true value that ``found`` returns."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
    return value


@contextmanager
def started(folder: Path, *args: object, **env: str) -> Iterator[subprocess.Popen[str]]:
    """A program that runs in the block, with a process group of its own, and not after it."""
    # The project's own settings: an in-process test before may have left those of another.
    outside = {
        k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "MANAGE_SETTINGS_MODULE")
    }
    process = subprocess.Popen(
        [sys.executable, *map(str, args)],
        cwd=folder,
        env=outside | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"} | env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ended(process: subprocess.Popen[str], seconds: float = 60) -> Result:
    """What became of it."""
    out, err = process.communicate(timeout=seconds)
    return Result(process.returncode, out, err)
