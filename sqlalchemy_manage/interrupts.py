"""Ctrl-C, SIGTERM and a closed terminal end every command in the same way.

Without a handler SIGTERM ends the process at once, and with it the message that says what
state the database is in. A signal that arrives while a database works on a statement must not
be raised inside the driver: the connection would be lost, and the server would work on. What
knows the connections gives a function to :func:`cancel_with`; it has the statement ended by the
database, and the error that comes of it is raised as :class:`Stop`.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any

from .errors import Interrupted

_NUMBERS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
# Seconds that a database has to end a statement before the driver itself is interrupted.
_PATIENCE = 1.0

_of_others: ContextVar[bool] = ContextVar("signals of others", default=False)
_received: list[int] = []
_raised = False
_held = False
_timers: list[threading.Timer] = []
_cancels: list[Callable[[FrameType | None], bool]] = []


class Stop(KeyboardInterrupt):
    """Raised where a signal arrives; no Exception, so that the code of users lets it through.

    ``between``: it was raised between two statements, and the connection is as it was.
    """

    between = False


@contextmanager
def left_alone() -> Iterator[None]:
    """Meanwhile :func:`listening` changes nothing: the signals are the calling program's."""
    token = _of_others.set(True)
    try:
        yield
    finally:
        _of_others.reset(token)


@contextmanager
def listening() -> Iterator[None]:
    """Meanwhile SIGINT, SIGTERM and SIGHUP are raised as Stop in the main thread.

    Nothing changes in another thread, for a signal that is ignored, or where the program has
    a handler of its own.
    """
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread() and not _of_others.get():
        for number in _NUMBERS:
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                before[number] = signal.signal(number, _arrived)
    if before:
        _forget()
    try:
        yield
    finally:
        for taken, handler in before.items():
            signal.signal(taken, handler)
        if before:
            _forget()


@contextmanager
def as_usual() -> Iterator[None]:
    """Meanwhile Ctrl-C is what it is in every Python program: for a shell, which lives on."""
    ours = signal.getsignal(signal.SIGINT) is _arrived
    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, _arrived)


@contextmanager
def held() -> Iterator[None]:
    """Meanwhile a signal waits, and is raised at the end: nobody could say what it left.

    For what cannot be stopped in any case, as one call of a library in C.
    """
    global _held
    _held = True
    try:
        yield
    finally:
        _held = False
    if pending():
        raise stop()


def _forget() -> None:
    global _raised
    _received.clear()
    _raised = False


def cancel_with(cancel: Callable[[FrameType | None], bool]) -> None:
    """Have ``cancel`` called as a signal arrives, with the frame that it interrupts.

    It returns whether the database was told to end the statement that runs there.
    """
    if cancel not in _cancels:
        _cancels.append(cancel)


def _arrived(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    if _held:
        return
    if len(_received) == 1 and any(cancel(frame) for cancel in _cancels):
        again = threading.Timer(_PATIENCE, _once_more, (number,))
        again.daemon = True
        again.start()
        _timers.append(again)
        return
    raise stop()


def _once_more(number: int) -> None:
    """The database did not end its statement: interrupt whatever waits for it."""
    if pending() and hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)


def stop() -> Stop:
    """The Stop to raise; from now on none is pending, and what tidies up is not stopped."""
    global _raised
    _raised = True
    while _timers:
        _timers.pop().cancel()
    return Stop()


def received() -> bool:
    """Whether a signal arrived, be it long ago."""
    return bool(_received)


def last() -> int | None:
    """The number of the signal that arrived last."""
    return _received[-1] if _received else None


def pending() -> bool:
    """Whether a signal arrived that is still to be raised."""
    return bool(_received) and not _raised


def interruption(what: str, state: str, hint: str | None = None) -> Interrupted:
    """The error that says what was interrupted, with the exit code of its signal."""
    number = _received[-1] if _received else int(signal.SIGINT)
    error = Interrupted(
        f"{what} was interrupted by {signal.Signals(number).name}. {state}".strip(), hint
    )
    error.exit_code = 128 + number
    return error


@contextmanager
def explaining(
    what: str, state: str | Callable[[], str], hint: str | None = None
) -> Iterator[None]:
    """Raise Interrupted, which says the ``state``, for a signal that ends the block.

    Also for an error that came of it: a statement that was cancelled is not at fault.
    """
    try:
        yield
    except Interrupted:
        raise
    except KeyboardInterrupt:
        found = None
    except Exception as error:
        if not received():
            raise
        found = error
    else:
        return
    raise interruption(what, state if isinstance(state, str) else state(), hint) from found
