"""Blocks for MariaDB and MySQL: the rows of an INSERT of many, as literals."""

from __future__ import annotations

import datetime
import decimal
import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import sqlalchemy as sa

from .values import BYTES, Values, all_naive, joined, remembered, rendered, row_by_row, target

# PyMySQL's own bound; longer statements are no faster.
MOST = 1_000_000
TOGETHER = 250
LONG = 50_000


def _string(value: str) -> str:
    # Hexadecimal means the same whether sql_mode has NO_BACKSLASH_ESCAPES or not.
    code = value.encode()
    if "\\" in value or "\0" in value:
        return f"_utf8mb4 x'{code.hex()}'"
    return "'" + value.replace("'", "''") + "'"


def _float(value: float) -> str:
    text = repr(value)
    if value - value != 0:
        raise ValueError(f"MariaDB and MySQL have no {text}")
    return text if "e" in text else f"{text}e0"


def _decimal(value: decimal.Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"MariaDB and MySQL have no {value}")
    return format(value, "f")


def _without_zone(value: datetime.datetime | datetime.time) -> str:
    return f"'{value.replace(tzinfo=None)}'"  # as the drivers do


_FORMS: dict[type, Callable[[Any], str]] = {
    int: int.__repr__,
    bool: {True: "1", False: "0"}.__getitem__,
    float: _float,
    str: _string,
    decimal.Decimal: _decimal,
    datetime.date: "'{}'".format,
    uuid.UUID: "'{}'".format,
    datetime.datetime: _without_zone,
    datetime.time: _without_zone,
    **dict.fromkeys(BYTES, lambda value: f"x'{value.hex()}'"),
    type(None): lambda value: "NULL",
}


def literals(column: sa.Column[Any], values: Values) -> Values | None:
    """Objects whose ``str()`` is an SQL literal for the bound values; None if not known.

    Raises ValueFault for a number that MariaDB does not have, and half of a surrogate pair.
    """
    if not set(map(type, values)) <= _FORMS.keys():
        return None
    return rendered(column, values, _FORMS, _strings, _datetimes, "NULL")


def _strings(column: sa.Column[Any], values: Sequence[str]) -> Values:
    text = joined(column, values)
    if "\\" in text or text.count("\0") != len(values) - 1:
        return list(map(_string, values))
    return ("'" + text.replace("'", "''").replace("\0", "'\0'") + "'").split("\0")


def _datetimes(values: Values) -> Values:
    def make(some: Iterable[Any]) -> Values:
        return [f"'{value.isoformat(' ')}'" for value in some]

    return remembered(make, values) if all_naive(values) else list(map(_without_zone, values))


def rows(columns: Sequence[Values]) -> list[str]:
    """Some rows in each string, and only one in those that are long."""
    width, count = len(columns), len(columns[0])
    flat = row_by_row(columns)
    row = f"({','.join(['%s'] * width)})"
    made: list[str] = []
    for start in range(0, count, TOGETHER):
        some = flat[start * width : (start + TOGETHER) * width]
        text = ",".join([row] * (len(some) // width)) % tuple(some)
        if len(text) <= LONG:
            made.append(text)
        else:
            made += [row % tuple(some[i : i + width]) for i in range(0, len(some), width)]
    return made


def insert_head(table: sa.Table, columns: Sequence[str], dialect: sa.Dialect) -> str:
    """``INSERT INTO table (columns) VALUES`` of these columns (keys)."""
    head = f"INSERT INTO {target(table, columns, dialect)} VALUES "
    return head.replace("%%", "%")  # doubled for parameters, of which it has none


def statements(head: str, made: list[str], packet: int) -> Iterator[str]:
    """The rows in as few INSERTs as the server takes; ``packet`` is its max_allowed_packet."""
    # UTF-8 takes up to 4 bytes for a character.
    room = min(MOST, packet // 4) - len(head)
    ends = list(accumulate(len(row) + 1 for row in made))
    start, before = 0, 0
    while start < len(made):
        stop = max(bisect_right(ends, before + room), start + 1)
        yield head + ",".join(made[start:stop])
        start, before = stop, ends[stop - 1]
