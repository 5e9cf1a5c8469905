"""Connections of an async driver, used where nothing is async.

SQLAlchemy's async drivers work inside ``greenlet_spawn()`` on an event loop alone. Here one
loop runs in a thread of its own, and every call of the driver's connection goes there and is
waited for: so all of the tool works on such a connection as on any other, in every thread, and
also where the caller's own thread runs an event loop.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import cache, partial
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.engine import URL

from ..async_drivers import engine_arguments
from ..sqlalchemy_internals import greenlet_spawn

T = TypeVar("T")

UNCANCELLED = frozenset({"connect", "cursor", "commit", "rollback", "close", "terminate"})
"""What ends by itself, and where a transaction ends is not to be cancelled."""
_BUFFERED = frozenset({"fetchone", "fetchmany", "fetchall"})
_PATIENCE = 2.0  # seconds that a call may take to end after it was interrupted here


class _Loop:
    """An event loop in a thread of its own, for as long as the process lives."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._work, name="sqlalchemy-manage", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def call(self, function: Callable[[], T]) -> T:
        if threading.current_thread() is self.thread:
            if _in_call():  # by what runs there already
                return function()
            # The garbage collector: nobody waits for what it does, and here nobody can.
            task = self.loop.create_task(greenlet_spawn(function))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            return None  # type: ignore[return-value]
        future = asyncio.run_coroutine_threadsafe(greenlet_spawn(function), self.loop)
        try:
            return future.result()
        except BaseException as error:
            if not future.done():  # interrupted while it waited
                _end(future)
            _tidy(error)
            raise


def _in_call() -> bool:
    """Whether this is inside ``greenlet_spawn()``, which begins a greenlet below the thread's."""
    from greenlet import getcurrent

    return getcurrent().parent is not None


_loops: list[_Loop] = []
_lock = threading.Lock()


def _loop() -> _Loop:
    with _lock:
        if not _loops or _loops[-1].pid != os.getpid():  # a fork has no threads
            _loops[:] = [_Loop()]
        return _loops[-1]


def _end(future: Future[Any]) -> None:
    future.cancel()
    with suppress(BaseException):
        future.result(_PATIENCE)


def _tidy(error: BaseException) -> None:
    """SQLAlchemy 2.0 writes the class of asyncpg's error before its words."""
    text = error.args[0] if error.args else None
    if isinstance(text, str) and text.startswith("<class '") and "'>: " in text:
        error.args = (text.partition("'>: ")[2], *error.args[1:])


class _Adapted:
    """What a connection and a cursor have in common: calls are carried out on the loop."""

    __slots__ = ("__weakref__", "_adapted", "_owner")
    _direct: frozenset[str] = frozenset()

    def __init__(self, adapted: Any, owner: BridgedConnection | None = None) -> None:
        object.__setattr__(self, "_adapted", adapted)
        object.__setattr__(self, "_owner", owner or self)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._adapted, name)
        if not callable(value) or name in self._direct:
            return value
        return partial(call_driver, self._owner, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        call_driver(self._owner, name, setattr, self._adapted, name, value)


def call_driver(
    owner: BridgedConnection | None,
    name: str,
    function: Callable[..., T],
    *args: Any,
    **more: Any,
) -> T:
    """Carry out a call of the driver for a connection, and wait for its end.

    What cancels statements reads ``owner`` and ``name`` here.
    """
    return _loop().call(lambda: function(*args, **more))


class BridgedCursor(_Adapted):
    """A cursor of an async driver."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name in _BUFFERED and not self._adapted.server_side:
            return getattr(self._adapted, name)  # the rows are here
        return super().__getattr__(name)

    def __enter__(self) -> BridgedCursor:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        while (row := self.fetchone()) is not None:
            yield row


class BridgedConnection(_Adapted):
    """A connection of an async driver."""

    __slots__ = ()

    def cursor(self, *args: Any, **more: Any) -> BridgedCursor:
        made = call_driver(self, "cursor", self._adapted.cursor, *args, **more)
        return BridgedCursor(made, self)

    def execute(self, *args: Any, **more: Any) -> BridgedCursor:
        made = call_driver(self, "execute", self._adapted.execute, *args, **more)
        return BridgedCursor(made, self)


def _as_dbapi(error: Exception, dbapi: Any) -> Exception:
    """The error of a connection that was not made, as the exceptions of a DBAPI.

    asyncpg's reaches us as it is (SQLAlchemy 2.0), and that of a server that is away always.
    """
    state = getattr(error, "sqlstate", None)
    if isinstance(error, dbapi.Error) or not (state or isinstance(error, OSError | TimeoutError)):
        return error
    found: Any = dbapi.OperationalError(str(error) or "timed out")
    found.sqlstate = found.pgcode = state
    return cast("Exception", found)


@cache
def _bridged(name: str) -> type[sa.Dialect]:
    """The dialect of an async driver, ``postgresql.asyncpg``, with connections that are not."""
    backend, _, driver = name.partition(".")
    original: Any = URL.create(f"{backend}+{driver}").get_dialect()

    class Bridged(original):  # type: ignore[misc]
        is_async = False
        supports_statement_cache = original.supports_statement_cache

        def connect(self, *args: Any, **more: Any) -> BridgedConnection:
            try:
                made = call_driver(None, "connect", super().connect, *args, **more)
            except Exception as error:
                raise _as_dbapi(error, self.loaded_dbapi) from error
            return BridgedConnection(made)

        def on_connect_url(self, url: URL) -> Callable[[Any], Any] | None:
            inner: Callable[[Any], Any] | None = super().on_connect_url(url)
            if inner is None:
                return None
            return lambda connection: call_driver(None, "connect", inner, connection)

    return Bridged


def __getattr__(name: str) -> Any:
    if "." not in name:
        raise AttributeError(name)
    return _bridged(name)  # the registry of dialects looks a class up in its module


def bridged_engine(url: URL, **options: Any) -> sa.Engine:
    """An engine that is not async, on the async driver of ``url``.

    Raises what :func:`sqlalchemy.create_engine` does, ImportError where greenlet is missing.
    """
    import greenlet  # noqa: F401

    backend, driver = url.get_backend_name(), url.get_driver_name()
    registry.register(f"{backend}.bridged_{driver}", __name__, f"{backend}.{driver}")
    arguments = dict(engine_arguments(options))
    if (creator := arguments.pop("async_creator", None)) is not None:
        given: Mapping[str, Any] = arguments.get("connect_args", {})
        arguments["connect_args"] = {**given, "async_creator_fn": lambda *args, **more: creator()}
    engine = sa.create_engine(url.set(drivername=f"{backend}+bridged_{driver}"), **arguments)
    engine.url = url
    return engine


def is_async(url: URL) -> bool:
    """Whether the dialect of ``url`` takes an AsyncEngine."""
    return bool(url.get_dialect().is_async)
