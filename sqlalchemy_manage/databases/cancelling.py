"""The statement that a server works on, ended from here when a signal arrives.

psycopg can ask the server on a connection of its own making; for MariaDB and MySQL, and for
async drivers, a second connection asks it; SQLite asks us, now and then, whether it should go on.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from types import FrameType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from ..interrupts import cancel_with, pending, stop
from ..sql.dialects import MARIADB
from .async_bridge import UNCANCELLED, call_driver

# How many of its instructions SQLite carries out before it lets Python see to signals.
_INSTRUCTIONS = 200_000
_SILENT = "skip_user_error_events"
_LOOKS = ("DESCRIBE", "SHOW")
_ACTIVE = 1  # libpq's PQTRANS_ACTIVE
_engines: weakref.WeakKeyDictionary[Any, weakref.ref[sa.Engine]] = weakref.WeakKeyDictionary()


def make_cancellable(engine: sa.Engine) -> None:
    """Have a signal end the statement that runs on a connection of ``engine``."""
    cancel_with(_cancel)
    name = engine.dialect.name
    itself = weakref.ref(engine)

    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, record: Any) -> None:
        if name != "sqlite":
            _engines[dbapi_connection] = itself
        elif hasattr(dbapi_connection, "set_progress_handler"):
            dbapi_connection.set_progress_handler(_is_to_end, _INSTRUCTIONS)

    @event.listens_for(engine, "handle_error")
    def as_stop(context: Any) -> BaseException | None:
        if getattr(context.original_exception, "between", False):
            context.is_disconnect = False
        return stop() if pending() else None

    # The statement may have come to its end all the same.
    def no_more(connection: sa.Connection, *more: Any) -> None:
        if pending():
            stopped = stop()
            stopped.between = True
            raise stopped

    def listens(connection: sa.Connection, cursor: Any, statement: str, *more: Any) -> None:
        # MySQL's dialect switches error events off as it looks for a table, and never on.
        if connection.get_execution_options().get(_SILENT) and not statement.startswith(_LOOKS):
            connection.execution_options(**{_SILENT: False})

    if name in MARIADB:
        event.listen(engine, "before_cursor_execute", listens)
    event.listen(engine, "before_cursor_execute", no_more)
    event.listen(engine, "commit", no_more)


def _is_to_end() -> bool:
    return pending()


def _cancel(frame: FrameType | None) -> bool:
    """Whether a database was told to end the statement that ``frame`` waits for."""
    frames = list(_outwards(frame))
    if any(each.f_code is _is_to_end.__code__ for each in frames):
        return True  # what is raised in SQLite's call would be lost
    modules = {str(each.f_globals.get("__name__")) for each in frames}
    if any(name.startswith("psycopg.") for name in modules):
        # A COPY that has begun is sent to its end; psycopg ends it at a KeyboardInterrupt.
        if any(name.startswith(("psycopg.copy", "psycopg._copy")) for name in modules):
            return False
        return any([_cancelled_by_psycopg(known) for known in list(_engines)])
    for each in frames:
        if each.f_globals.get("__name__") == "pymysql.connections":
            return _cancelled_by_a_second(each.f_locals.get("self"), frames)
        if each.f_code is call_driver.__code__:
            name, owner = each.f_locals["name"], each.f_locals["owner"]
            if name in UNCANCELLED or owner is None:
                return name in _ENDING
            return _asked_by_a_second(owner)
    return False


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _cancelled_by_psycopg(connection: Any) -> bool:
    status = getattr(getattr(connection, "pgconn", None), "transaction_status", None)
    if status != _ACTIVE:
        return False
    try:
        connection.cancel_safe(timeout=1.0)
    except AttributeError:  # psycopg before 3.2
        connection.cancel()
    except Exception:
        return False  # the server does not answer; there is nothing to wait for
    return True


# Where PyMySQL makes a connection, there is no statement yet.
_CONNECTING = {"connect", "_request_authentication", "_get_server_information", "close"}
_ENDING = {"commit", "rollback"}


def _cancelled_by_a_second(connection: Any, frames: list[FrameType]) -> bool:
    names = {
        each.f_code.co_name
        for each in frames
        if each.f_globals.get("__name__") == "pymysql.connections"
    }
    reference = _engines.get(connection)
    engine = reference() if reference is not None else None
    if names & _CONNECTING or engine is None or engine.dialect.name not in MARIADB:
        return False
    if names & _ENDING:
        return True  # a transaction that ends is not cancelled
    return _asked_by_a_second(connection)


def _asked_by_a_second(connection: Any) -> bool:
    reference = _engines.get(connection)
    engine = reference() if reference is not None else None
    if engine is None:
        return False
    try:
        if engine.dialect.name in MARIADB:
            ask = f"KILL QUERY {_driver(connection).thread_id()}"
        else:
            ask = f"SELECT pg_cancel_backend({_server_process(_driver(connection))})"
        pool = engine.pool.recreate()
        second = pool.connect()
        try:
            cursor = second.cursor()
            cursor.execute(ask)
            cursor.close()
        finally:
            second.close()
            pool.dispose()
    except Exception:
        return False  # no second connection is to be had
    return True


def _driver(connection: Any) -> Any:
    """The driver's own connection, inside SQLAlchemy's around an async one."""
    return getattr(connection, "driver_connection", connection)


def _server_process(connection: Any) -> int:
    """The number of the server's process for a connection of asyncpg, or of psycopg's async."""
    if hasattr(connection, "get_server_pid"):
        return int(connection.get_server_pid())
    return int(connection.info.backend_pid)
