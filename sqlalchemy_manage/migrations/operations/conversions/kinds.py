"""What a column's type stores, and which changes of it need no look at the values."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ....sqlalchemy_internals import variants

_KINDS: tuple[tuple[Any, str], ...] = (
    (sa.Boolean, "boolean"),
    (sa.Integer, "integer"),
    # SQLAlchemy 2.1's Float is not a Numeric, 2.0's is one.
    (sa.Float, "float"),
    (sa.Numeric, "number"),
    (sa.DateTime, "datetime"),
    (sa.Date, "date"),
    (sa.Time, "time"),
    (postgresql.INTERVAL, "interval"),
    (sa.Uuid, "uuid"),
    (sa.Enum, "enum"),
    (sa.JSON, "json"),
    ((sa.LargeBinary, sa.BINARY, sa.VARBINARY), "binary"),
    (sa.String, "text"),
)
NUMBERS = ("integer", "number", "float")


def plain(type_: Any, dialect: sa.Dialect | None = None) -> Any:
    """The type that ``type_`` stands for: its variant, and what a decorator decorates."""
    if dialect is not None:
        type_ = variants(type_).get(dialect.name, type_)
    if isinstance(type_, sa.TypeDecorator) and not isinstance(type_, sa.Interval):
        return plain(type_.impl_instance, dialect)
    return type_


def kind_of(type_: Any) -> str:
    """What is stored: ``text``, ``integer``, ``date``, ...; empty for what is none of these."""
    type_ = plain(type_)
    if isinstance(type_, sa.Interval):
        return "interval"
    return next((kind for class_, kind in _KINDS if isinstance(type_, class_)), "")


def is_hex(type_: Any, dialect: sa.Dialect) -> bool:
    """Whether it is a Uuid that the database knows as a text of 32 digits."""
    type_ = plain(type_, dialect)
    return isinstance(type_, sa.Uuid) and not (type_.native_uuid and dialect.supports_native_uuid)


def name_of(type_: Any, dialect: sa.Dialect) -> str:
    """The type as the database calls it."""
    return str(dialect.type_compiler_instance.process(plain(type_, dialect)))


def bits_of(type_: Any) -> int:
    """How many bits an integer type has."""
    type_ = plain(type_)
    name = type(type_).__name__.upper()
    if "TINY" in name:
        return 8
    if isinstance(type_, sa.SmallInteger) or "SMALL" in name:
        return 16
    return 64 if isinstance(type_, sa.BigInteger) or "BIG" in name else 32


def is_lossless(old: Any, new: Any, dialect: sa.Dialect) -> bool:
    """Whether any value of ``old`` is the same in ``new``, and after the way back.

    What is not known to be is not; then the values are looked at.
    """
    old, new = plain(old, dialect), plain(new, dialect)
    if name_of(old, dialect) == name_of(new, dialect):
        return True
    was, becomes = kind_of(old), kind_of(new)
    if was == becomes == "integer":
        signs = [getattr(type_, "unsigned", False) for type_ in (old, new)]
        return bits_of(new) >= bits_of(old) and not any(signs)
    if was == becomes and was in ("text", "binary"):
        fixed = any(type(t).__name__ == "CHAR" or type(t).__name__ == "BINARY" for t in (old, new))
        return not fixed and _has_room(old.length, new.length, dialect)
    if was == becomes == "number":
        if new.precision is None:
            return dialect.name == "postgresql" or old.precision is None
        if old.precision is None:
            return False
        scale = [type_.scale or 0 for type_ in (old, new)]
        return scale[1] >= scale[0] and new.precision - scale[1] >= old.precision - scale[0]
    if (was, becomes) == ("integer", "text"):
        return _has_room(20, new.length, dialect)
    return (was, becomes) in (("boolean", "integer"), ("date", "datetime"), ("json", "json"))


def _has_room(old: int | None, new: int | None, dialect: sa.Dialect) -> bool:
    # TEXT of MariaDB, which has no length here, ends as well.
    if new is None:
        return dialect.name not in ("mysql", "mariadb") or (old is not None and old <= 255)
    return old is not None and new >= old
