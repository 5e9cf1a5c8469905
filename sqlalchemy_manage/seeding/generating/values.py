"""Values that a column cannot hold, found before anything is sent.

Databases differ in what they let pass (SQLite keeps any length and nearly any type); a
seed is to be the same on each.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Sequence
from types import NoneType
from typing import Any

import sqlalchemy as sa

from ...errors import SeedError
from ...output import clean
from ..factory_boy_internals import Skip
from ..row_blocks import kinds
from ..writers.refusals import refusal

_NUMBERS = (int, float, decimal.Decimal)
# What each type takes; types that are not here take what their own processors make of it.
_TYPES: tuple[tuple[type[Any], tuple[type, ...]], ...] = (
    (sa.Enum, ()),
    (sa.String, (str,)),
    (sa.Integer, _NUMBERS),
    (sa.Numeric, _NUMBERS),
    (sa.Boolean, (bool, int)),
    (sa.DateTime, (datetime.datetime,)),
    (sa.Date, (datetime.date,)),
    (sa.Time, (datetime.time,)),
    (sa.LargeBinary, (bytes, bytearray, memoryview)),
)


def check_values(owner: str, column: sa.Column[Any], values: Sequence[Any]) -> None:
    """Raises SeedError that names the factory, the column and the first invalid value."""
    found = kinds(values) - {Skip}
    has_none = NoneType in found and not column.type.should_evaluate_none
    if has_none and not column.nullable and column.server_default is None:
        raise _unfit(owner, column, None, "NOT NULL")
    found.discard(NoneType)
    for kind, takes in _TYPES:
        if isinstance(column.type, kind):
            wrong = {k for k in found if takes and not issubclass(k, takes)}
            for value in values if wrong else ():
                if type(value) in wrong:
                    raise _unfit(owner, column, value, f"wrong type, {column.type!r}")
            break
    length = getattr(column.type, "length", None)
    if length and str in found and isinstance(column.type, sa.String | sa.LargeBinary):
        if isinstance(column.type, sa.Enum):
            return
        for value in values:
            if isinstance(value, str) and len(value) > length:
                raise _unfit(owner, column, value, f"too long, at most {length} characters")


def _unfit(owner: str, column: sa.Column[Any], value: Any, why: str) -> SeedError:
    what = f"{column.table.name}.{column.name} = {clean(repr(value))}"
    return refusal(owner, what, why, other="column")
