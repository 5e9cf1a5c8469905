"""SQLAlchemy's async sessions, for projects that use them.

They need greenlet, which ``pip install sqlalchemy`` leaves out since SQLAlchemy 2.1; so nothing
here imports them for a project that does not.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from ..errors import SeedError


def async_classes() -> tuple[type, ...]:
    """AsyncSession, and what makes or holds one; empty where the project imports none of them."""
    module = sys.modules.get("sqlalchemy.ext.asyncio")
    names = ("AsyncSession", "async_scoped_session", "async_sessionmaker")
    return tuple(getattr(module, name) for name in names) if module else ()


def async_session(owner: Any) -> type:
    """The class AsyncSession, for an async factory; raises SeedError if greenlet is missing."""
    try:
        import_module("greenlet")  # SQLAlchemy 2.0 imports without it, and fails later
        from sqlalchemy.ext.asyncio import AsyncSession
    except ImportError:
        raise SeedError(
            f"{owner.__name__} is async, and greenlet, which that takes, is not installed.",
            "pip install 'sqlalchemy[asyncio]'",
        ) from None
    return AsyncSession
