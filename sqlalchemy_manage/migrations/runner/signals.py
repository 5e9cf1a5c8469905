"""Ctrl-C, SIGTERM, and a transaction that the database ended by itself: all stop a revision.

Without a handler SIGTERM ends the process at once, and with it the message that says what
state the database is in.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from ... import advice
from ...errors import Interrupted, MigrationError
from ...sql.dialects import MARIADB
from .state import RunState

# How many of its instructions SQLite carries out before it lets Python see to signals.
_INSTRUCTIONS = 200_000
_received: list[int] = []


class Stop(BaseException):
    """Raised where a signal arrives; no Exception, so that no revision catches it."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Meanwhile SIGINT and SIGTERM are raised as Stop, and end as Interrupted.

    Elsewhere than in the main thread, or where the program has handlers of its own,
    nothing is changed.
    """
    _received.clear()
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                before[number] = signal.signal(number, _stop)
    try:
        yield
    except (Stop, KeyboardInterrupt):
        raise interruption("The migration", "No transaction is left open.") from None
    finally:
        for taken, handler in before.items():
            signal.signal(taken, handler)


def _stop(number: int, frame: Any) -> None:
    _received.append(number)
    raise Stop


def was_stopped() -> bool:
    """Whether a signal arrived; what it raised may have been lost in a driver's callback."""
    return bool(_received)


def interruption(what: str, state: str) -> Interrupted:
    """The error of ``what`` was interrupted, with the exit status of its signal."""
    number = _received[-1] if _received else int(signal.SIGINT)
    error = Interrupted(
        f"{what} was interrupted by {signal.Signals(number).name}. {state}",
        f"To continue: {advice.CONTINUE}",
    )
    error.exit_code = 128 + number
    return error


def watch_transaction(engine: sa.Engine, state: RunState) -> None:
    """Have ``engine`` refuse all further work in a transaction that is no longer there.

    SQLite ends it by itself when the disk is full, and in other need
    (https://sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction),
    MariaDB in a deadlock. A revision that catches the error would continue without one.
    """
    name = engine.dialect.name

    @event.listens_for(engine, "handle_error")
    def lost(context: Any) -> None:
        connection = context.connection
        if connection is None or connection.closed or connection.invalidated:
            return
        if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            return
        if name == "sqlite":
            driver: Any = connection.connection.dbapi_connection
            gone = connection.in_transaction() and not getattr(driver, "in_transaction", True)
        else:
            arguments = getattr(context.original_exception, "args", ())
            gone = name in MARIADB and arguments[:1] == (1213,)
        if gone:
            state.lost = str(context.original_exception)

    def refuse(connection: sa.Connection, *more: Any) -> None:
        if state.lost is not None:
            raise MigrationError(
                f"The database ended the transaction by itself: {state.lost}. "
                "Nothing more was done."
            )

    event.listen(engine, "before_cursor_execute", refuse)
    event.listen(engine, "commit", refuse)

    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, record: Any) -> None:
        state.lost = None
        if name == "sqlite" and hasattr(dbapi_connection, "set_progress_handler"):
            # Called now and then, so that a long statement too can be interrupted.
            dbapi_connection.set_progress_handler(was_stopped, _INSTRUCTIONS)
