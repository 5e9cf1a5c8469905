"""What the functions of declarations use, read from their names: for what is told in advance.

A run does not rely on it; there the sessions tell (see ``sessions``).
"""

from __future__ import annotations

import inspect
from types import FunctionType, ModuleType
from typing import Any

import factory
from sqlalchemy.orm import Query, Session, scoped_session, sessionmaker

from ...module_contents import is_a
from ..async_sessions import async_classes
from ..factory_boy_internals import iterated, makes_rows

_SESSIONS = (Session, scoped_session, sessionmaker)


def asks_for_type(function: Any) -> bool:
    """Whether a function calls ``type()``, which would tell the class of a stand-in."""
    return is_a(function, FunctionType) and (
        inspect.getclosurevars(function).builtins.get("type") is type
    )


def calls_out(declaration: Any) -> str | None:
    """What a declaration does for which factory_boy must make the objects; None if nothing is
    seen of it."""
    if isinstance(declaration, factory.Iterator):
        return "uses a session" if isinstance(iterated(declaration), Query) else None
    return _calls_out(getattr(declaration, "function", None), set())


def _calls_out(function: Any, seen: set[Any]) -> str | None:
    if not is_a(function, FunctionType) or function in seen:
        return None
    seen.add(function)
    names = inspect.getclosurevars(function)
    used = [*names.nonlocals.values(), *names.globals.values()]
    modules = [each for each in used if is_a(each, ModuleType)]
    used += [vars(each).get(name) for each in modules for name in names.unbound]
    if asks_for_type(function):
        return "asks for the type of an object"
    if "sqlalchemy_session" in names.unbound:
        return "uses a session"
    for each in used:
        if makes_rows(each):
            return f"calls {each.__name__}"
        if is_a(each, *_SESSIONS, *async_classes()):
            return "uses a session"
        if why := _calls_out(each, seen):
            return why
    return None
