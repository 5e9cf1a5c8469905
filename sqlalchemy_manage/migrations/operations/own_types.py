"""A project's own column types in a revision file.

Such a type is written by its repr(), if that makes the same type again. Else the file has
what the type is made of, which is all that a database sees of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import CompileError

from ...sql.raw import RawType
from ...sqlalchemy_internals import copy_without_variants, script_dialect, variants
from ..alembic_internals import render_type
from ..revisions.imports import subclasses

_DATABASES = (("sqlite",), ("postgresql",), ("mysql", "mariadb"))


def is_own(type_: Any) -> bool:
    """Whether the class of ``type_`` is neither SQLAlchemy's nor this tool's."""
    return type(type_).__module__.partition(".")[0] not in ("sqlalchemy", "sqlalchemy_manage")


def written(type_: Any, context: Any, note: Callable[[str], None]) -> str:
    """``type_``, which is_own, as a revision writes it; ``note`` is told of a replacement."""
    if found := variants(type_):
        text = written(copy_without_variants(type_), context, note)
        for name, variant in found.items():
            text += f".with_variant({render_type(variant, context)}, {name!r})"
        return text
    by_name = _by_name(type_)
    if by_name is not None and _makes(by_name, type_, context.dialect):
        return by_name
    name = f"{type(type_).__module__}.{type(type_).__qualname__}"
    text = render_type(made_of(type_, context.dialect), context)
    note(
        f"{name} is written as {text}, which is what the database has: a revision cannot "
        f"make the type again from its repr(), {_shortened(repr(type_))}. With a __repr__ "
        "that can, the class goes into the revisions."
    )
    return text


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _by_name(type_: Any) -> str | None:
    """The repr() below the path of the class; None where nothing can import the class."""
    cls = type(type_)
    found: Any = sys.modules.get(cls.__module__)
    for part in cls.__qualname__.split("."):
        found = getattr(found, part, None)
    if found is not cls or cls.__module__ == "__main__":
        return None
    text = repr(type_)
    if text.startswith(f"{cls.__name__}("):
        return f"{cls.__module__}.{cls.__qualname__}{text.removeprefix(cls.__name__)}"
    return f"{cls.__module__}.{text}"


def _makes(text: str, type_: Any, dialect: sa.Dialect) -> bool:
    """Whether ``text`` is an expression for a type that is ``type_`` in the database."""
    root = text.partition(".")[0]
    # A repr() names other types without their modules; the file's imports find them so, too.
    names = {cls.__name__: cls for cls in subclasses(sa.types.TypeEngine)}
    try:
        made = eval(text, {**names, **vars(sa), "sa": sa, root: sys.modules[root]})
    except Exception:  # a constructor of the project's may raise anything
        return False
    return isinstance(made, sa.types.TypeEngine) and _ddl(made, dialect) == _ddl(type_, dialect)


def made_of(type_: Any, dialect: sa.Dialect) -> Any:
    """A type of SQLAlchemy's, or else the name of one, with the DDL of ``type_``.

    For a decorator on every database, for another type on that of ``dialect``.
    """
    if isinstance(type_, sa.TypeDecorator):
        made = copy_without_variants(type_.impl_instance)
        for names in _DATABASES:
            other = script_dialect(names[0])
            if _ddl(made, other) != _ddl(type_, other):
                made = made.with_variant(_public(type_.load_dialect_impl(other), other), *names)
        if _ddl(made, dialect) == _ddl(type_, dialect):
            return made
    return RawType(type_.compile(dialect))


def _public(type_: Any, dialect: sa.Dialect) -> Any:
    """``type_``, or the same in place of a class that a dialect keeps to itself."""
    module = ".".join(type(type_).__module__.split(".")[:3])
    if not module.startswith("sqlalchemy.dialects.") or hasattr(
        sys.modules[module], type(type_).__name__
    ):
        return type_
    with suppress(NotImplementedError):
        generic = type_.as_generic()
        if _ddl(generic, dialect) == _ddl(type_, dialect):
            return generic
    return RawType(type_.compile(dialect))


def _ddl(type_: Any, dialect: sa.Dialect) -> str | None:
    try:
        return str(type_.compile(dialect))
    except CompileError:
        return None
