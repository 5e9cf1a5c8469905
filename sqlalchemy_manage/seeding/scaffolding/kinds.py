"""What kind of Python value a column takes."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import inspect
import uuid
from contextlib import suppress
from typing import Any, get_args, get_origin, get_type_hints

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

# Types that are known by the name that their DDL has, whatever database they are of.
BY_NAME = {
    **{name: name.lower() for name in ("INET", "CIDR", "MACADDR", "MACADDR8", "HSTORE", "SET")},
    **{name: name.lower() for name in ("YEAR", "BIT", "MONEY", "OID", "TSVECTOR", "TSQUERY")},
    **{"CITEXT": "text", "INTERVAL": "interval", "INET4": "inet", "INET6": "inet6"},
    "BOOLEAN": "boolean",
}
BY_TYPE: tuple[tuple[type[Any], str], ...] = (
    (sa.Enum, "enum"),
    (sa.Uuid, "uuid"),
    (sa.Interval, "interval"),
    (sa.JSON, "json"),
    (sa.ARRAY, "array"),
    (sa.Boolean, "boolean"),
    (sa.Integer, "integer"),
    (sa.Numeric, "number"),  # Float too
    (sa.DateTime, "datetime"),
    (sa.Date, "date"),
    (sa.Time, "time"),
    (sa.String, "text"),
    (sa.types.NullType, "text"),
)
BY_PYTHON: tuple[tuple[type[Any], str], ...] = (
    (enum.Enum, "enum"),
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (decimal.Decimal, "number"),
    (str, "text"),
    (bytes, "bytes"),
    (dt.datetime, "datetime"),
    (dt.date, "date"),
    (dt.time, "time"),
    (dt.timedelta, "interval"),
    (uuid.UUID, "uuid"),
    (dict, "json"),
    (list, "list"),
    (tuple, "list"),
)


def kind_of(type_: Any) -> str | None:
    """The kind of a column's type; None for one that is not known. A TypeDecorator is of the
    kind of what it wraps."""
    if isinstance(type_, sa.PickleType):
        return "json"
    if isinstance(type_, sa.Interval):
        return "interval"
    if isinstance(type_, postgresql.DOMAIN):
        return kind_of(type_.data_type)
    if isinstance(type_, sa.TypeDecorator):
        return kind_of(type_.impl)
    name = str(getattr(type_, "__visit_name__", "")).upper()
    if name in BY_NAME:
        return BY_NAME[name]
    if name.endswith("MULTIRANGE"):
        return "multirange"
    if name.endswith("RANGE"):
        return "range"
    for known, kind in BY_TYPE:
        if isinstance(type_, known):
            return kind
    with suppress(NotImplementedError):
        return kind_of_python(type_.python_type)
    return None


def kind_of_python(found: Any) -> str | None:
    """The kind of a Python type, of ``list[str]`` too; None where there is none."""
    origin = get_origin(found) or found
    if not isinstance(origin, type):
        return None
    return next((kind for known, kind in BY_PYTHON if issubclass(origin, known)), None)


def annotated(model: type, name: str) -> Any:
    """The Python type that the model's annotation gives an attribute, without Mapped and None;
    None where it gives none."""
    for base in model.__mro__:
        if name not in inspect.get_annotations(base):
            continue
        try:
            found: Any = get_type_hints(base).get(name)
        except Exception:  # a name that is imported for type checkers only
            return None
        return _inner(found)
    return None


def argument_types(constructor: Any) -> dict[str, Any]:
    """The Python types that annotations give the arguments of a function, without None."""
    try:
        return {name: _inner(found) for name, found in get_type_hints(constructor).items()}
    except Exception:  # a name that is imported for type checkers only
        return {}


def _inner(found: Any) -> Any:
    while get_args(found) and kind_of_python(found) is None:
        inner = [each for each in get_args(found) if each is not type(None)]
        found = inner[0]
    return found
