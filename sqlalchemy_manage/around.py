"""The setting AROUND: what the user's code needs around it, entered before models are imported.

A Flask application's context, a configuration object, a connection to a service. An async
context manager is entered on an event loop of ours; what it sets in context variables is set.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import inspect
from collections.abc import Awaitable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from .conf import Settings, raised
from .errors import AppError, SettingsError, did_you_mean


def named_object(dotted: str, setting: str, settings: Settings) -> Any:
    """What ``package.module:name`` names; raises SettingsError that names the setting."""
    module, _, path = dotted.partition(":")
    where = f"{setting} of {settings.file}: '{dotted}'"
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:
        raise SettingsError(f"{where} cannot be imported: {raised(error)}.") from error
    for name in path.split("."):
        if not hasattr(found, name):
            guess = did_you_mean(name, dir(found))
            raise SettingsError(f"{where}: there is no '{name}' in {module}.{guess}")
        found = getattr(found, name)
    return found


@contextmanager
def entered(settings: Settings) -> Iterator[asyncio.Runner | None]:
    """Around the block is what AROUND names; nothing where it names nothing.

    Gives the runner of the event loop on which an async context manager was entered. What the
    block raises reaches the context manager, and is raised in any case. Raises SettingsError
    for what is no context manager, AppError naming the line where it raises by itself.
    """
    if settings.around is None:
        yield None
        return
    with ExitStack() as stack:
        manager, runner = _manager(settings), None
        if hasattr(manager, "__aenter__") and not hasattr(manager, "__enter__"):
            runner = stack.enter_context(_runner(settings))
            manager = _Sync(manager, runner)
        try:
            manager.__enter__()
        except Exception as error:
            raise _fault(settings, error) from error
        try:
            yield runner
        except BaseException as error:
            _leave(settings, manager, type(error), error, error.__traceback__)
            raise
        else:
            _leave(settings, manager, None, None, None)


def _leave(settings: Settings, manager: Any, *why: Any) -> None:
    """Leave it; that it would swallow an error changes nothing."""
    try:
        manager.__exit__(*why)
    except Exception as error:
        if error is not why[1]:
            raise _fault(settings, error) from error


def _fault(settings: Settings, error: Exception) -> AppError:
    return AppError(f"AROUND of {settings.file}, '{settings.around}': {raised(error)}.")


def _manager(settings: Settings) -> Any:
    found = named_object(str(settings.around), "AROUND", settings)
    made = found
    if callable(found) and not _is_manager(found) and not hasattr(found, "app_context"):
        try:
            made = found()
        except Exception as error:
            raise _fault(settings, error) from error
    if not _is_manager(made) and callable(getattr(made, "app_context", None)):
        made = made.app_context()  # a Flask application
    if _is_manager(made):
        return made
    what = "a generator" if inspect.isgenerator(made) or inspect.isasyncgen(made) else None
    if inspect.iscoroutine(made):
        made.close()
        what = "a coroutine"
    raise SettingsError(
        f"AROUND of {settings.file}: '{settings.around}' gives "
        f"{what or type(made).__name__}, which is no context manager.",
        "Decorate the function with contextlib.contextmanager (or asynccontextmanager), or name "
        "a Flask application or a function that makes one.",
    )


def _is_manager(value: Any) -> bool:
    kind = type(value)
    return hasattr(kind, "__enter__") or hasattr(kind, "__aenter__")


class _Sync:
    """An async context manager, entered on an event loop that runs only meanwhile."""

    def __init__(self, manager: Any, runner: asyncio.Runner) -> None:
        self.manager = manager
        self.runner = runner

    def __enter__(self) -> None:
        _run(self.runner, self.manager.__aenter__())

    def __exit__(self, *why: Any) -> None:
        _run(self.runner, self.manager.__aexit__(*why))


def _run(runner: asyncio.Runner, awaitable: Awaitable[Any]) -> None:
    """Run it to its end; what it set in context variables is set here too."""

    async def awaited() -> None:
        await awaitable

    context = contextvars.copy_context()
    runner.run(awaited(), context=context)
    here = contextvars.copy_context()
    for variable, value in context.items():
        if variable not in here or here[variable] is not value:
            variable.set(value)


def in_running_loop() -> bool:
    """Whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@contextmanager
def _runner(settings: Settings) -> Iterator[asyncio.Runner]:
    if in_running_loop():
        raise SettingsError(
            f"AROUND of {settings.file}: '{settings.around}' is an async context manager, and "
            "this thread has an event loop that runs.",
            "Call the function in a thread: await asyncio.to_thread(project.migrate)",
        )
    with asyncio.Runner() as runner:
        yield runner
