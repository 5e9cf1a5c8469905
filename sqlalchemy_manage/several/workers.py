"""The same work for many databases, in this process or in several.

Alembic's proxies are global to a process, so that two runs at a time need two processes. Each
of them imports the project once; where the system can fork safely, none but the first does.
A worker that is killed takes one database with it; another takes its place.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from ..interrupts import Stop, held, last, listening
from .results import FAILED, INTERRUPTED, Result

Work = Callable[[str], Result]
"""Does the work for an alias; raises nothing that it does not want to end all."""

_PATIENCE = 30.0
"""Seconds that a worker has to end a statement and to say what it left."""


def in_turn(aliases: Sequence[str], work: Work, on_result: Callable[[Result], None]) -> None:
    """One after the other in this process; none after one that was interrupted."""
    for alias in aliases:
        result = work(alias)
        on_result(result)
        if result.status == INTERRUPTED:
            return


class Processes:
    """``jobs`` processes, started at once, each with a ``make_work(*setup)`` of its own.

    ``fork``: whether they may have copies of what this process has imported.
    """

    def __init__(
        self,
        make_work: Callable[..., Work],
        setup: tuple[Any, ...],
        jobs: int,
        *,
        fork: bool = True,
    ) -> None:
        self._make = (make_work, setup)
        self._fork = fork and sys.platform.startswith("linux")
        self._processes: dict[Connection, Any] = {}
        self._free = [self._start() for _ in range(jobs)]
        self._busy: dict[Connection, tuple[str, float]] = {}

    def run(self, aliases: Sequence[str], on_result: Callable[[Result], None]) -> None:
        """Do the work for each alias; ``on_result`` gets the results as they come.

        A signal to this process ends them all: each database that is worked on is left as one
        interrupted run leaves it, and its result is given too. Then no more are begun. There is
        no second run.
        """
        waiting = deque(aliases)
        try:
            try:
                while waiting or self._busy:
                    while waiting and self._free:
                        self._give(self._free.pop(), waiting.popleft())
                    for connection in self._ready():
                        with held():
                            on_result(self._taken(connection))
            except KeyboardInterrupt:
                for result in self._interrupted():
                    on_result(result)
        finally:
            self._close()

    def _start(self) -> Connection:
        # A fork while another thread holds a lock would have it locked for ever.
        method = "fork" if self._fork and threading.active_count() == 1 else "spawn"
        context: Any = multiprocessing.get_context(method)
        ours: Connection
        ours, theirs = context.Pipe()
        # A fork has copies of our ends: with them, none would ever be told that we are gone.
        copies = [ours, *self._processes] if method == "fork" else []
        setup = (theirs, copies, os.getcwd(), list(sys.path), *self._make)
        process = context.Process(target=_serve, args=setup, daemon=True)
        gc.freeze()  # what is imported is not looked at in each process, and so not copied
        process.start()
        theirs.close()  # so that its end is seen here
        self._processes[ours] = process
        return ours

    def _give(self, connection: Connection, alias: str) -> None:
        self._busy[connection] = alias, time.monotonic()
        with suppress(OSError):  # it has died: that is found when its answer is due
            connection.send(alias)

    def _ready(self, timeout: float | None = None) -> list[Connection]:
        return [each for each in wait(list(self._busy), timeout) if isinstance(each, Connection)]

    def _taken(self, connection: Connection) -> Result:
        """The result that is ready there; of a worker that died, that it did."""
        alias, begun = self._busy.pop(connection)
        try:
            result: Result = connection.recv()
            self._free.append(connection)
            return result
        except (EOFError, OSError):
            process = self._processes.pop(connection)
            process.join(1)
            code = process.exitcode
            self._free.append(self._start())
            how = f"killed by {signal.Signals(-code).name}" if (code or 0) < 0 else "ended"
            if code and code > 0:
                how += f" with exit code {code}"
            return Result(
                alias,
                FAILED,
                1,
                time.monotonic() - begun,
                result="its process died",
                message=f"Its process was {how} in the midst of the work. Revisions that it had "
                "finished stay; one under way was rolled back by the database, or is continued "
                "by the next run.",
            )

    def _interrupted(self) -> Iterator[Result]:
        """The results that are still to come once the workers are told to end."""
        for process in self._processes.values():
            with suppress(OSError):
                process.terminate()
        deadline = time.monotonic() + _PATIENCE
        while self._busy and (left := deadline - time.monotonic()) > 0:
            for connection in self._ready(left):
                alias, _ = self._busy.pop(connection)
                try:
                    result: Result = connection.recv()
                except (EOFError, OSError):  # before it began
                    result = Result(alias)
                if result.status == INTERRUPTED:  # by us, because of the signal here
                    result.exit_code = 128 + (last() or signal.SIGINT)
                yield result

    def _close(self) -> None:
        gc.unfreeze()
        for connection, process in self._processes.items():
            connection.close()  # it ends where it waits for more
            if connection in self._busy:
                process.terminate()
        for process in self._processes.values():
            process.join(_PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()


def _serve(
    connection: Connection,
    copies: list[Connection],
    folder: str,
    path: list[str],
    make_work: Callable[..., Work],
    setup: tuple[Any, ...],
) -> None:
    """A worker: asks for no more once its end of the pipe is closed, or it was interrupted."""
    # Ctrl-C reaches every process of a terminal: the first one passes it on, once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    for copy in copies:
        copy.close()
    os.chdir(folder)
    sys.path[:] = path
    with listening():
        try:
            work = make_work(*setup)
            while True:
                result = work(connection.recv())
                connection.send(result)
                if result.status == INTERRUPTED:
                    return
        except (EOFError, OSError, Stop):
            return
