"""The session that the setting SESSION makes, while a seed plans and runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..sessions import session_of_settings, sync_session

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlalchemy.orm import Session

    from ..project import Project

_own: list[Session] = []


def current() -> Session | None:
    """The session of the seed under way; None without the setting, or without a seed."""
    return _own[-1] if _own else None


@contextmanager
def own_session(project: Project, connection: sa.Connection | None) -> Iterator[Session | None]:
    """The session that SESSION makes, the same one in blocks inside this one; None without it.

    It is the caller's to have it work on the connection, and is closed at the end.
    """
    if _own or project.settings.session is None:
        yield current()
        return
    bind = connection if connection is not None else project.engine
    with session_of_settings(project.settings, bind) as made:
        assert made is not None
        session = sync_session(made)
        _own.append(session)
        try:
            yield session
        finally:
            _own.pop()
            session.close()
