"""PostgreSQL: how it is told to convert a column, where it does not do so by itself."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ....sql.raw import execute
from .kinds import NUMBERS, is_hex, kind_of, name_of
from .spelling import dashed, hexadecimal

_BY_ITSELF = """
SELECT count(*) FROM pg_cast
WHERE castsource = {0}::regtype AND casttarget = {1}::regtype AND castcontext IN ('a', 'i')
"""
_NO_CAST = ("42846", "42704")


def using(
    column: str, old: Any, new: Any, dialect: sa.Dialect, connection: sa.Connection | None = None
) -> str | None:
    """The expression for USING; None where the server converts by itself.

    Only there: an explicit cast silently cuts a text that is too long. Where there is no
    cast at all, the value goes by way of its text.
    """
    was, becomes = kind_of(old), kind_of(new)
    if "enum" in (was, becomes):
        return None  # the operations of enums do it
    name = name_of(new, dialect)
    special = _special(column, old, new, dialect)
    if special is not None:
        return special
    if becomes == "text" or name_of(old, dialect) == name:
        return None
    if was == "text":
        return f"{column}::{name}"
    if connection is None:
        known = was in (*NUMBERS, "date", "datetime", "time", "interval", "json")
        return None if known and becomes not in ("uuid", "") else f"{column}::{name}"
    names = [_literal(name_of(type_, dialect)) for type_ in (old, new)]
    try:
        with connection.begin_nested():
            if execute(connection, _BY_ITSELF.format(*names)).scalar():
                return None
            execute(connection, f"SELECT NULL::{name_of(old, dialect)}::{name}")
    except sa.exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") not in _NO_CAST:
            raise
        return f"{column}::text::{name}"
    return f"{column}::{name}"


def converted(
    column: str, old: Any, new: Any, dialect: sa.Dialect, connection: sa.Connection
) -> str:
    """The value of ``column`` as it is after the change."""
    made = using(column, old, new, dialect, connection)
    return made if made is not None else cast(column, new, dialect)


def cast(column: str, new: Any, dialect: sa.Dialect) -> str:
    """An explicit cast, which cuts a text that is too long."""
    return f"{column}::{name_of(new, dialect)}"


def _special(column: str, old: Any, new: Any, dialect: sa.Dialect) -> str | None:
    was, becomes, name = kind_of(old), kind_of(new), name_of(new, dialect)
    if was == "text" and is_hex(new, dialect):
        return hexadecimal(column)
    if is_hex(old, dialect) and becomes == "text":
        return dashed(column)
    if was in NUMBERS and becomes == "boolean":
        return f"{column} <> 0"
    if was == "boolean" and becomes in NUMBERS:
        return f"{column}::integer::{name}"
    if (was, becomes) == ("text", "binary"):
        return f"convert_to({column}, 'UTF8')"
    if (was, becomes) == ("binary", "text"):
        return f"convert_from({column}, 'UTF8')"
    if becomes == "text" and name_of(old, dialect) in ("INET", "CIDR"):
        return f"abbrev({column})"  # else every address gets its /32
    return None


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
