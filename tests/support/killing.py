"""What the tests of backup and restore share: comparing files, and killing at any line."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

# All lines of the modules with KILL_POINTS=all; a part of them otherwise.
POINTS = 10_000 if os.environ.get("KILL_POINTS") == "all" else 12


def dump(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    lines = [*connection.iterdump(), *map(str, connection.execute("PRAGMA user_version"))]
    connection.close()
    return lines


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def killed_at(point: int | None, work: Callable[[], object], modules: tuple[Any, ...]) -> int:
    """Do ``work`` in a child that kills itself at a line of ``modules``; how many it reached."""
    files = {module.__file__ for module in modules}
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        lines = 0

        def count(frame: FrameType, event: str, arg: object) -> Any:
            nonlocal lines
            if frame.f_code.co_filename not in files:
                return None
            if event == "line":
                lines += 1
                if lines == point:
                    os.kill(os.getpid(), signal.SIGKILL)
            return count

        try:
            sys.settrace(count)
            work()
        finally:
            sys.settrace(None)
            os.write(writing, str(lines).encode())
            os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading) as answer:
        return int(answer.read() or -1)


def killed_after(seconds: float, work: Callable[[], object]) -> bool:
    """Do ``work`` in a child that is ended after that time; whether it had to be."""
    pid = os.fork()
    if pid == 0:
        # Nobody handles the alarm: it ends the process as abruptly as SIGKILL.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        work()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def spread(total: int) -> list[int]:
    """At most POINTS of the numbers 1 to ``total``, the last ones among them."""
    step = max(1, total // POINTS)
    return sorted({*range(1, total + 1, step), *range(max(1, total - 8), total + 1)})
