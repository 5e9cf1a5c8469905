"""How a function of the Python interface is called: alone, and without touching the process."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy.exc import DBAPIError

from ..around import in_running_loop
from ..databases.engines import trouble
from ..errors import ManageError
from ..interrupts import left_alone

if TYPE_CHECKING:
    from ..project import Project

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="Project")

# Alembic's proxies, and the sessions that a seed lends, are there once for a whole process.
_one_at_a_time = threading.RLock()


def verb(function: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """A method of Project that does what a command does.

    One is at work at a time in a process; others wait. Where an event loop runs in the
    thread, the work is done in another thread, and this one waits for it. Signals are left to
    the program. A database's error is raised as a ManageError, as everything that a user can
    do something about.
    """

    @wraps(function)
    def call(self: S, *args: P.args, **more: P.kwargs) -> R:
        work = partial(_alone, self, partial(function, self, *args, **more))
        if not in_running_loop():
            return work()
        context = contextvars.copy_context()
        with ThreadPoolExecutor(1, thread_name_prefix="sqlalchemy-manage") as pool:
            return pool.submit(context.run, work).result()

    return cast("Callable[Concatenate[S, P], R]", call)


def _alone(project: Project, work: Callable[[], R]) -> R:
    with _one_at_a_time, left_alone(), project.around():
        try:
            return work()
        except ManageError:
            raise
        except DBAPIError as error:
            raise trouble(error) from error
