"""A value typed on the command line, as a value of a column, and as Python in a revision file."""

from __future__ import annotations

import ast
import datetime
import decimal
import json
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ...errors import UsageError


def parse_value(text: str, column: sa.Column[Any], name: str | None = None) -> Any:
    """The value that ``text`` is for ``column``: a Python literal, or for text as it is typed.

    Dates and times are ISO strings, an Interval is in seconds, an Enum is named by its
    member or its value. Raises UsageError for a value that the type cannot hold; it names
    the flag that gave it for the column ``name``, if one did.
    """
    flag = f"--default {name}" if name else ""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text
    if value is None:
        raise UsageError(f"{flag}{': ' * bool(flag)}None cannot fill a NOT NULL column.")
    try:
        return _fitted(value, text, column.type)
    except (ValueError, TypeError, ArithmeticError, LookupError) as error:
        raise UsageError(
            f"{flag + '=' * bool(flag)}{text}: not a value for {_named(column.type)}"
            + (f" ({error})." if str(error) else "."),
            "A Python literal is expected: 0, 1.5, True, '\"text\"', '\"2026-01-31\"'.",
        ) from None


def undecorated(type_: Any) -> Any:
    """What is stored of a type of the project; SQLAlchemy's Interval is a decorator too."""
    decorated = isinstance(type_, sa.TypeDecorator) and not isinstance(type_, sa.Interval)
    return type_.impl_instance if decorated else type_


def _named(type_: Any) -> str:
    try:
        return str(type_)
    except sa.exc.CompileError:
        return repr(type_)


def _fitted(value: Any, text: str, type_: Any) -> Any:
    # What a decorator does with values is its own; what is stored is checked.
    type_ = undecorated(type_)
    if isinstance(type_, sa.Enum):
        return _enum(value, type_)
    if isinstance(type_, sa.Boolean):
        words = {"true": True, "false": False, "1": True, "0": False}
        return value if isinstance(value, bool) else words[str(value).lower()]
    if isinstance(type_, sa.Integer):
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("a whole number")
        bits = 16 if isinstance(type_, sa.SmallInteger) else 64
        bits = 32 if bits == 64 and not isinstance(type_, sa.BigInteger) else bits
        if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
            raise ValueError(f"it has {bits} bits")
        return value
    if isinstance(type_, sa.Float):
        return float(value)
    if isinstance(type_, sa.Numeric):
        number = decimal.Decimal(text if not isinstance(value, str) else value)
        if type_.precision is not None and number.is_finite():
            whole = type_.precision - (type_.scale or 0)
            if abs(number) >= decimal.Decimal(10) ** whole:
                raise ValueError(f"{whole} digits before the point")
        return number
    if isinstance(type_, (sa.String, sa.Text)):
        value = value if isinstance(value, str) else text
        if type_.length is not None and len(value) > type_.length:
            raise ValueError(f"{len(value)} characters, {type_.length} fit")
        return value
    if isinstance(type_, sa.DateTime):
        return datetime.datetime.fromisoformat(value)
    if isinstance(type_, sa.Date):
        return datetime.date.fromisoformat(value)
    if isinstance(type_, sa.Time):
        return datetime.time.fromisoformat(value)
    if isinstance(type_, sa.Uuid):
        return str(uuid.UUID(value if isinstance(value, str) else text))
    if isinstance(type_, (sa.Interval, postgresql.INTERVAL)):
        return datetime.timedelta(seconds=float(value))
    if isinstance(type_, (sa.LargeBinary, sa.BINARY, sa.VARBINARY)):
        return value if isinstance(value, bytes) else str(value).encode()
    if isinstance(type_, sa.ARRAY) and not isinstance(value, list | tuple):
        raise ValueError("a list")
    if isinstance(type_, sa.JSON):
        json.dumps(value)
    return value


def _enum(value: Any, type_: sa.Enum) -> str:
    """The text that the database holds for a member, named as in Python or as stored."""
    stored = list(type_.enums)
    if value in stored:
        return str(value)
    members = getattr(type_.enum_class, "__members__", {})
    for name, member in members.items():
        if value in (name, member.value):
            index = list(members).index(name)
            return str(stored[index])
    raise ValueError(f"one of {', '.join(stored)}")


def python(value: Any) -> tuple[str, str | None]:
    """``value`` as a Python expression, and the import that it needs."""
    if isinstance(value, decimal.Decimal):
        return f"decimal.{value!r}", "import decimal"
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return repr(value), "import datetime"
    return repr(value), None
