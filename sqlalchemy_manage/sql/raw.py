"""SQL as it is: text that no driver and no template may read as its own."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa


def sql_of(expression: Any, dialect: sa.Dialect) -> str:
    """An expression of a model as it is sent to the database."""
    if isinstance(expression, str):
        return expression
    compiled = expression.compile(
        dialect=dialect, compile_kwargs={"literal_binds": True, "include_table": False}
    )
    return undoubled(str(compiled), dialect)


# As sqlalchemy.sql.compiler finds bound parameters in a text().
_BOUND = re.compile(r"(?<![:\w\x5c]):(\w+)(?!:)")


def literally(sql: str) -> str:
    """``sql`` for a ``text()``, in which a colon before a word would be a parameter."""
    return _BOUND.sub(r"\\:\1", sql)


def undoubled(sql: str, dialect: sa.Dialect) -> str:
    """Compiled SQL as the server gets it: for drivers with ``%s`` parameters ``%`` is doubled."""
    return sql.replace("%%", "%") if dialect.paramstyle in ("format", "pyformat") else sql
