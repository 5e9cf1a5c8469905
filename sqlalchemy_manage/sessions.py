"""The setting SESSION: the project's own way of making a session, for ``seed`` and ``shell``."""

from __future__ import annotations

import inspect
import os.path
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import UnboundExecutionError
from sqlalchemy.orm import Session

from .around import named_object
from .conf import Settings, raised
from .errors import AppError, SettingsError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_LOCAL = (None, "", "localhost", "127.0.0.1", "::1")


def place(url: sa.URL) -> tuple[str, str | None, str | None]:
    """What two URLs of one database have in common."""
    backend = url.get_backend_name().replace("mysql", "mariadb")
    if backend == "sqlite":
        return backend, None, os.path.realpath(url.database) if url.database else None
    return backend, None if url.host in _LOCAL else url.host, url.database


@contextmanager
def session_of_settings(settings: Settings, bind: Any) -> Iterator[Session | AsyncSession | None]:
    """The session that SESSION makes; None where the settings have no such name.

    It names a sessionmaker, a scoped_session (Flask-SQLAlchemy's ``db.session``), a subclass of
    Session, or a function that returns a session, or gives one in a ``with``; also the async
    ones of these. One that takes an argument gets ``bind``. Raises SettingsError for what is
    no session, AppError naming the line where it raises.
    """
    if settings.session is None:
        yield None
        return
    found = named_object(settings.session, "SESSION", settings)
    fault = f"SESSION of {settings.file}, '{settings.session}'"
    with ExitStack() as stack:
        try:
            made = found if _is_session(found) else _called(found, bind)
            if not _is_session(made) and hasattr(type(made), "__enter__"):
                made = stack.enter_context(made)
        except Exception as error:
            raise AppError(f"{fault}: {raised(error)}.") from error
        yield _required(made, fault)


def _called(factory: Any, bind: Any) -> Any:
    if not callable(factory):
        return factory
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):  # of a class in C
        return factory()
    needed = [
        each
        for each in parameters
        if each.default is each.empty
        and each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
    ]
    return factory(bind) if needed else factory()


def _required(made: Any, fault: str) -> Any:
    if _is_session(made):
        return made
    if inspect.iscoroutine(made):
        made.close()
    raise SettingsError(
        f"{fault} gives {type(made).__name__}, which is no session.",
        "It names a sessionmaker, a scoped_session, a Session class, or a function that returns "
        "a session.",
    )


def _is_session(value: Any) -> bool:
    return isinstance(value, Session) or is_async_session(value)


def is_async_session(value: Any) -> bool:
    """Whether it is an AsyncSession; false where nobody has imported them."""
    module = sys.modules.get("sqlalchemy.ext.asyncio")
    return module is not None and isinstance(value, module.AsyncSession)


def sync_session(session: Any) -> Session:
    """The session inside an async one; another as it is."""
    found: Session = getattr(session, "sync_session", session)
    return found


def bind_to(session: Session, engine: sa.Engine) -> Session:
    """Have ``session`` work on the database of ``engine``; one that does already is left alone.

    The application's session is bound to the application's database, and ``--database`` may
    have named another.
    """
    own = session.get_bind

    def get_bind(*args: Any, **options: Any) -> Any:
        try:
            bind = own(*args, **options)
        except UnboundExecutionError:
            return engine
        return bind if place(bind.engine.url) == here else engine

    here = place(engine.url)
    try:
        if place(own().engine.url) == here:
            return session
    except UnboundExecutionError:
        pass
    vars(session)["get_bind"] = get_bind
    return session


@contextmanager
def opened_session(settings: Settings, engine: sa.Engine) -> Iterator[Session]:
    """A session on the database of ``engine``, as SESSION makes it; the caller commits."""
    with session_of_settings(settings, engine) as made:
        if made is not None and not is_async_session(made):
            session = bind_to(sync_session(made), engine)
        else:
            session = Session(engine)
        with session:
            yield session
