"""Programs on a terminal of some width: what is written, and what is then to be seen.

Needs a system with pseudo-terminals.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyte

from support.programs import ask_fork_server, environment_for, give_up

_ROWS = 300
_LONGEST = 60.0  # seconds


@dataclass(frozen=True)
class Shown:
    """``written`` is all that the program wrote, ``screen`` the lines that are then seen."""

    code: int
    written: str
    screen: list[str]
    width: int
    frames: list[list[str]]
    """The screens after each piece of output."""

    @property
    def lines(self) -> list[str]:
        """The lines that were written, in colors or not; the terminal may have broken them."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.written)
        return plain.replace("\r\n", "\n").rstrip("\n").split("\n")

    def __repr__(self) -> str:
        return "\n".join([f"exit {self.code}", *self.screen])


class Pane:
    """A pseudo-terminal, and the screen that shows what is written to it."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, width, 0, 0))
        self.screen = pyte.Screen(width, _ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.written = b""
        self.frames: list[list[str]] = []

    def read(self, wait: float = 0.0) -> bool:
        """Take in what is there, or comes within ``wait`` seconds; False if nothing did."""
        if not select.select([self.master], [], [], wait)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.written += data
        self.stream.feed(data)
        self.frames.append(self.seen())
        return bool(data)

    def seen(self) -> list[str]:
        lines = [line.rstrip() for line in self.screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def shown(self, code: int) -> Shown:
        text = self.written.decode(errors="replace")
        return Shown(code, text, self.seen(), self.width, self.frames)

    def close(self) -> None:
        for end in (self.master, self.slave):
            with suppress(OSError):
                os.close(end)


def on_terminal(
    folder: Path,
    *args: object,
    width: int = 80,
    answers: Sequence[tuple[str, str]] = (),
    url: str | None = None,
    **env: str,
) -> Shown:
    """manage.py on a terminal; ``answers`` are what to wait for, and what to type then.

    A child of the fork server: its stdin, stdout and stderr are the terminal, but Ctrl-C does
    not reach it.
    """
    pane = Pane(width)
    environment = environment_for(url, TERM="xterm", **env)
    place = os.ttyname(pane.slave)
    argv = ["manage.py", *map(str, args)]
    server = ask_fork_server(
        argv, folder, environment, dict.fromkeys(("stdin", "stdout", "stderr"), place)
    )
    assert server.stdout is not None
    waiting, until = list(answers), time.monotonic() + _LONGEST
    try:
        code = None
        while code is None:
            ready, _, _ = select.select([pane.master, server.stdout], [], [], 1)
            if pane.master in ready:
                pane.read()
            elif server.stdout in ready:
                code = int(server.stdout.readline())
            if waiting and waiting[0][0] in "\n".join(pane.seen()):
                pane.type(waiting.pop(0)[1])
            if time.monotonic() > until:
                give_up(server)
                raise TimeoutError(repr(pane.shown(-1)))
        while pane.read():
            pass
        assert not waiting, f"never asked: {waiting[0][0]}\n{pane.shown(code)}"
        return pane.shown(code)
    finally:
        pane.close()


def alone_on_terminal(
    folder: Path, *args: object, until: str, key: str, width: int = 80, **env: str
) -> Shown:
    """manage.py as the foreground program of a terminal; ``key`` is pressed at ``until``."""
    pane = Pane(width)

    def take_over() -> None:
        os.setsid()
        fcntl.ioctl(pane.slave, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    process = subprocess.Popen(
        [sys.executable, "manage.py", *map(str, args)],
        cwd=folder,
        env=environment_for(TERM="xterm", **env),
        stdin=pane.slave,
        stdout=pane.slave,
        stderr=pane.slave,
        preexec_fn=take_over,
    )
    typed, end = False, time.monotonic() + _LONGEST
    try:
        while process.poll() is None:
            pane.read(wait=0.2)
            if not typed and until in "\n".join(pane.seen()):
                pane.type(key)
                typed = True
            if time.monotonic() > end:
                raise TimeoutError(repr(pane.shown(-1)))
        while pane.read():
            pass
        assert typed, pane.shown(process.returncode)
        return pane.shown(process.returncode)
    finally:
        process.kill()
        process.wait()
        pane.close()


def require_whole_words(shown: Shown) -> None:
    """No line is too long but one that cannot be broken, none ends in blanks, none is a gap."""
    for line in shown.lines:
        assert line == line.rstrip(), f"blanks at the end: {line!r}"
        if len(line) > shown.width:
            word = line.strip()
            argument = r"--?\S+|\"[^\"]*\"|\S*[A-Z=_./\d]\S*"
            command = re.match(rf"(manage\.py [a-z]+|--\S+)( ({argument}))*$", word)
            assert " " not in word or command, f"{len(line)} columns: {line}"
    for before, line in zip(shown.lines, shown.lines[1:], strict=False):
        assert before or line, "two empty lines"
