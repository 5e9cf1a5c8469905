"""What an env.py may change of the process that runs it, as it was before."""

from __future__ import annotations

import inspect
import io
import logging
import logging.config
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

_ARGUMENTS = ["alembic", "upgrade", "head"]


class ReadsStdin(Exception):
    """It asked for something on the standard input."""


class _NoInput(io.TextIOBase):
    """A standard input from which nobody may read."""

    def read(self, size: int | None = -1) -> str:
        raise ReadsStdin("it reads the standard input")

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]
        return self.read(size)

    def readable(self) -> bool:
        return True


@contextmanager
def kept(file: Path, printed: io.StringIO) -> Iterator[None]:
    """Around the run of ``file``: what it changes of the process is undone.

    Logging, the current folder, variables of the environment and places on ``sys.path`` that
    it changes or removes, signal handlers and filters of warnings. Variables and places that
    it adds stay, as its revisions may need them. It is given Alembic's command line, and no
    standard input; what it prints goes to ``printed``.
    """
    with ExitStack() as stack:
        for change in (_logging_kept, _signals_kept, _environment_kept):
            stack.enter_context(change())
        stack.enter_context(_no_configuration_of_logging(file))
        stack.enter_context(_warnings_kept())
        stack.enter_context(redirect_stdout(printed))
        stack.enter_context(redirect_stderr(printed))
        before = sys.stdin, sys.argv
        sys.stdin, sys.argv = _NoInput(), [*_ARGUMENTS]
        try:
            yield
        finally:
            sys.stdin, sys.argv = before


@contextmanager
def _environment_kept() -> Iterator[None]:
    variables, places, folder = dict(os.environ), list(sys.path), os.getcwd()
    try:
        yield
    finally:
        os.environ.update(variables)
        sys.path[:] = [p for p in sys.path if p not in places] + places
        with suppress(OSError):
            os.chdir(folder)


@contextmanager
def _warnings_kept() -> Iterator[None]:
    """None is an error: what warns here may be an env.py that has worked for years."""
    with warnings.catch_warnings():
        warnings.filters[:] = [  # type: ignore[index]
            ("default" if action == "error" else action, *more)
            for action, *more in warnings.filters
        ]
        yield


@contextmanager
def _signals_kept() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # nor can an env.py set one
        return
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)


@contextmanager
def _logging_kept() -> Iterator[None]:
    known = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    loggers = [logger for logger in known if isinstance(logger, logging.Logger)]
    before = [
        (x, x.level, x.propagate, x.disabled, x.parent, x.handlers[:], x.filters[:])
        for x in loggers
    ]
    lowest = logging.Logger.manager.disable
    try:
        yield
    finally:
        logging.disable(lowest)
        for logger, level, propagate, disabled, parent, handlers, filters in before:
            logger.setLevel(level)
            logger.propagate, logger.disabled, logger.parent = propagate, disabled, parent
            logger.handlers[:], logger.filters[:] = handlers, filters


@contextmanager
def _no_configuration_of_logging(file: Path) -> Iterator[None]:
    """Have ``file`` itself configure no logging; whatever it imports may do so.

    fileConfig() closes the handlers of the application, which cannot be undone.
    """
    names = (
        (logging.config, "fileConfig"),
        (logging.config, "dictConfig"),
        (logging, "basicConfig"),
    )
    before = [(module, name, getattr(module, name)) for module, name in names]
    for module, name, function in before:
        setattr(module, name, _unless_from(file, function))
    try:
        yield
    finally:
        for module, name, function in before:
            setattr(module, name, function)


def _unless_from(file: Path, function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*args: Any, **kw: Any) -> Any:
        frame = inspect.currentframe()
        caller = frame.f_back if frame is not None else None
        if caller is not None and caller.f_code.co_filename == str(file):
            return None
        return function(*args, **kw)

    return called
