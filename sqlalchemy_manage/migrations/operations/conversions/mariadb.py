"""MariaDB and MySQL: what has to be respelt before or after the type of a column changes.

They convert everything else themselves, and in strict mode refuse what they cannot.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from .kinds import NUMBERS, is_hex, is_lossless, kind_of, plain
from .spelling import dashed, hexadecimal


def possible(column: str, old: Any, new: Any) -> str | None:
    """What tells whether a value can be converted, where an INSERT takes more than an ALTER."""
    was, becomes = kind_of(old), kind_of(new)
    if becomes == "json":
        return f"json_valid({column})"
    if (was, becomes) == ("text", "integer"):
        return rf"{column} REGEXP '^[[:space:]]*[+-]?[0-9]+[[:space:]]*$'"
    if becomes == "uuid" and was not in ("uuid", "binary"):
        # Where it is kept as CHAR(32), an ALTER takes everything.
        return f"replace({column}, '-', '') REGEXP '^[0-9a-fA-F]{{32}}$'"
    if was == "interval" and becomes in NUMBERS:
        return "false"  # it is a date there, counted from 1970
    return None


def by_way_of(old: Any, new: Any, dialect: sa.Dialect) -> Any:
    """The type between two that MariaDB does not convert, not even without a row; or None."""
    kinds = {kind_of(old), kind_of(new)}
    native = any(kind_of(type_) == "uuid" and not is_hex(type_, dialect) for type_ in (old, new))
    return sa.String(255) if native and kinds.isdisjoint({"text", "binary"}) else None


def before(column: str, old: Any, new: Any, dialect: sa.Dialect) -> str | None:
    """The value that ``column``, which is still of type ``old``, needs for ``new``."""
    was, becomes = kind_of(old), kind_of(new)
    if was == "text" and is_hex(new, dialect):
        return hexadecimal(column)
    if was in NUMBERS and becomes == "boolean":
        return f"{column} <> 0"  # any number fits into its TINYINT
    if cuts(old, new, dialect):
        return f"left({column}, {plain(new, dialect).length})"
    return None


def cuts(old: Any, new: Any, dialect: sa.Dialect) -> bool:
    """Whether ``before`` cuts a text, which is only right where that loss is allowed."""
    both_texts = kind_of(old) == kind_of(new) == "text"
    has_end = getattr(plain(new, dialect), "length", None) is not None
    return both_texts and has_end and not is_lossless(old, new, dialect)


def after(column: str, old: Any, new: Any, dialect: sa.Dialect) -> str | None:
    """The same for a ``column`` that is already of the type ``new``."""
    was, becomes = kind_of(old), kind_of(new)
    if is_hex(old, dialect) and becomes == "text":
        return dashed(column, concat=True)
    if (was, becomes) == ("time", "interval"):
        return f"timestamp('1970-01-01', time({column}))"  # else it has the day of today
    return None
