"""Runs Python programs as ``python PROGRAM`` would, in processes that have the modules loaded.

Importing SQLAlchemy, Alembic and the modules of this tool takes ten times longer than what most
commands do. This process imports them once and forks a child for each line of JSON on its
standard input: ``argv``, ``cwd``, ``env`` and the files ``stdin``, ``stdout`` and ``stderr``,
which may be one.
It answers with the exit status, negative for a signal, one line each.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import sys
import threading
import traceback
import types
from typing import Any

LIBRARIES = (
    "alembic.command",
    "click",
    "factory",
    "rich.table",
    "sqlalchemy.orm",
    "sqlalchemy.dialects.mysql",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
    "sqlite3",
)
DRIVERS = ("psycopg", "pymysql")


def run(argv: list[str]) -> int:
    """The program's exit status, found as the interpreter finds it."""
    try:
        if argv[0] == "-m":
            sys.path[0] = os.getcwd()
            sys.argv = argv[1:]
            runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
        elif argv[0] == "-c":
            sys.path[0] = ""
            sys.argv = ["-c", *argv[2:]]
            sys.modules["__main__"] = main = types.ModuleType("__main__")
            exec(compile(argv[1], "<string>", "exec"), main.__dict__)
        else:
            sys.path[0] = os.path.dirname(os.path.abspath(argv[0]))
            sys.argv = argv
            runpy.run_path(argv[0], run_name="__main__")
    except SystemExit as stop:
        if stop.code is None or isinstance(stop.code, int):
            return stop.code or 0
        print(stop.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def child(request: dict[str, Any]) -> None:
    status = 1
    try:
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["env"])
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(request["stdin"], os.O_RDONLY), 0)
        os.dup2(os.open(request["stdout"], flags, 0o600), 1)
        if request["stderr"] == request["stdout"]:
            os.dup2(1, 2)
        else:
            os.dup2(os.open(request["stderr"], flags, 0o600), 2)
        sys.path[1:1] = [request["env"]["PYTHONPATH"]]
        status = run(request["argv"])
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status & 0xFF)


def modules_of(package: str) -> list[str]:
    """The modules of a package that do nothing but define things."""
    found = pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
    names = [module.name for module in found]
    return [n for n in names if not n.endswith("__main__") and ".templates" not in n]


def serve() -> None:
    sys.path[0] = os.environ["PYTHONPATH"]
    for name in (*LIBRARIES, *modules_of("sqlalchemy_manage")):
        importlib.import_module(name)
    for name in DRIVERS:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w")
    # A child that is told to end by its terminal is not alone in its group.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            child(json.loads(line))
        _, status = os.waitpid(pid, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()


if __name__ == "__main__":
    serve()
