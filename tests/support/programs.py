"""Programs run as a user runs them: each in a process, in its project's folder."""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
PROJECTS = TESTS / "projects"


@dataclass(frozen=True)
class Result:
    """What a command line did."""

    code: int
    stdout: str
    stderr: str

    def __repr__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


Manage = Callable[..., Result]


def run(
    folder: Path,
    *args: object,
    url: str | None = None,
    stdin: str | None = None,
    fresh: bool = False,
    merged: bool = False,
    **env: str,
) -> Result:
    """A program of a project, as a process of its own, in the project's folder.

    ``run(folder, "manage.py", "migrate")`` or ``run(folder, "-m", "alembic", "current")``. The
    process has the libraries and the tool imported already, unless it is ``fresh``: then it is
    a new interpreter, for tests of what is imported and of what has to be. ``merged``: all that
    it prints is its stdout, as on a terminal.
    """
    environment = environment_for(url, **env)
    argv = [str(arg) for arg in args]
    fresh = fresh or argv[0] in ("-W", "-X") or any(n.startswith("PYTHON") for n in env)
    if not fresh:
        return _forked(argv, folder, environment, stdin or "", merged)
    done = subprocess.run(
        [sys.executable, *argv],
        cwd=folder,
        env=environment,
        input=stdin or "",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.PIPE,
        text=True,
        timeout=120,
    )
    return Result(done.returncode, done.stdout, done.stderr or "")


def environment_for(url: str | None = None, **env: str) -> dict[str, str]:
    """The environment of a program under test."""
    # readline leaves the size of the terminal that the tests themselves have.
    left_out = ("DATABASE_URL", "COLUMNS", "LINES")
    environment = {k: v for k, v in os.environ.items() if k not in left_out}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
    environment.pop("MANAGE_SETTINGS_MODULE", None)
    if url is not None:
        environment["DATABASE_URL"] = url
    return environment | env


def forget_modules(folder: Path) -> None:
    """Have the modules of a folder imported anew the next time."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(f"{folder}{os.sep}"):
            del sys.modules[name]


@functools.cache
def _fork_server() -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("forkserver.py"))],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(_end, server)
    return server


def _end(server: subprocess.Popen[str]) -> None:
    server.kill()
    server.communicate()


def _forked(
    argv: list[str], folder: Path, environment: dict[str, str], stdin: str, merged: bool
) -> Result:
    """The same with a child of a process that has imported the libraries and the tool."""
    with tempfile.TemporaryDirectory() as place:
        files = {name: os.path.join(place, name) for name in ("stdin", "stdout", "stderr")}
        Path(files["stdin"]).write_text(stdin)
        if merged:
            files["stderr"] = files["stdout"]
        server = ask_fork_server(argv, folder, environment, files)
        ready, _, _ = select.select([server.stdout], [], [], 120)
        if not ready:
            give_up(server)
            raise TimeoutError(f"{argv} took more than 120 s")
        assert server.stdout is not None
        code = int(server.stdout.readline())
        printed = Path(files["stdout"]).read_text()
        return Result(code, printed, "" if merged else Path(files["stderr"]).read_text())


def ask_fork_server(
    argv: list[str], folder: Path, environment: dict[str, str], files: dict[str, str]
) -> subprocess.Popen[str]:
    """Have a program run; its exit code is the next line of the server's ``stdout``.

    ``files``: the paths of its stdin, stdout and stderr, which may be a terminal's.
    """
    server = _fork_server()
    assert server.stdin is not None
    request = {"argv": argv, "cwd": str(folder), "env": environment, **files}
    server.stdin.write(json.dumps(request) + "\n")
    server.stdin.flush()
    return server


def give_up(server: subprocess.Popen[str]) -> None:
    """End a server whose program does not end; the next program gets another."""
    server.kill()
    _fork_server.cache_clear()
