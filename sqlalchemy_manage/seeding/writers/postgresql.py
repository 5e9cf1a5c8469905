"""Blocks for PostgreSQL: the text of COPY, and the sequences afterwards."""

from __future__ import annotations

import datetime
import decimal
import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from ...data.backends import plain_type
from ...sql.raw import undoubled
from ...sqlalchemy_internals import json_texts
from .values import BYTES, Values, all_naive, each, joined, remembered, rendered, row_by_row, target

NULL = "\\N"
_Form = Callable[[Any], str]


def _escaped(text: str) -> str:
    for character, escape in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(character, escape)
    return text


def _string(text: str) -> str:
    text.encode()
    require_no_nul(text)
    return _escaped(text)


def require_no_nul(value: Any) -> None:
    if isinstance(value, str) and "\0" in value:
        raise ValueError("PostgreSQL cannot store a NUL character")


def _interval(value: datetime.timedelta) -> str:
    # The signs are for servers with intervalstyle = sql_standard.
    return f"{value.days} day {value.seconds:+d} second {value.microseconds:+d} microsecond"


_FORMS: dict[type, _Form] = {
    int: int.__repr__,
    float: float.__repr__,
    bool: {True: "true", False: "false"}.__getitem__,
    str: _string,
    decimal.Decimal: str,
    datetime.date: str,
    datetime.datetime: str,
    datetime.time: str,
    datetime.timedelta: _interval,
    uuid.UUID: str,
    **dict.fromkeys(BYTES, lambda value: f"\\\\x{value.hex()}"),
    type(None): lambda value: NULL,
}


def _escaping(text: _Form) -> _Form:
    return lambda value: _escaped(text(value))


def _forms(column: sa.Column[Any], dialect: sa.Dialect) -> dict[type, _Form]:
    """Type of value -> its text."""
    forms = dict(_FORMS)
    kind = plain_type(column)
    if isinstance(kind, sa.Integer):
        forms[bool] = {True: "1", False: "0"}.__getitem__
    elif isinstance(kind, sa.Float):
        pass  # a Numeric in SQLAlchemy 2.0
    elif isinstance(kind, sa.Numeric):
        forms[float] = "%.15g".__mod__  # the digits that the server's cast keeps
    elif isinstance(kind, sa.JSON):
        forms |= {wrapper: _escaping(text) for wrapper, text in json_texts(dialect).items()}
    return forms


def is_cast(column: sa.Column[Any], values: Values) -> bool:
    """Whether an INSERT changes a value by its cast to the column's type, and a COPY does not.

    It rounds numbers to whole ones, and leaves out the time zone of a moment.
    """
    kind = plain_type(column)
    types = set(map(type, values))
    if isinstance(kind, sa.Integer):
        return not types <= {int, bool, str, type(None)}
    aware = datetime.datetime in types and not all_naive(values)
    return aware and not getattr(kind, "timezone", False)


def texts(column: sa.Column[Any], dialect: sa.Dialect, values: Values) -> Values | None:
    """Objects whose ``str()`` gives the bound values in COPY's text; None if not known.

    Raises ValueFault for a string with a NUL or with half of a surrogate pair.
    """
    forms = _forms(column, dialect)
    if not set(map(type, values)) <= forms.keys() or is_cast(column, values):
        each(column, require_no_nul, values)
        return None
    return rendered(column, values, forms, _strings, _datetimes, NULL)


def _datetimes(values: Values) -> Values:
    def make(some: Iterable[Any]) -> Values:
        return [value.isoformat(" ") for value in some]

    # Two with different time zones may be equal.
    return remembered(make, values) if all_naive(values) else make(values)


def _strings(column: sa.Column[Any], values: Sequence[str]) -> Sequence[str]:
    text = joined(column, values)
    if text.count("\0") != max(len(values) - 1, 0):
        each(column, require_no_nul, values)
    escaped = _escaped(text)
    return values if escaped == text else escaped.split("\0")


def copy_text(columns: Sequence[Values]) -> bytes:
    """The input of COPY ... FROM STDIN."""
    row = "\t".join(["%s"] * len(columns)) + "\n"
    return (row * len(columns[0]) % tuple(row_by_row(columns))).encode()


def copy_statement(table: sa.Table, columns: Sequence[str], dialect: sa.Dialect) -> str:
    """COPY of these columns (keys)."""
    statement = f"COPY {target(table, columns, dialect)} FROM STDIN WITH (ENCODING 'UTF8')"
    return undoubled(statement, dialect)


@contextmanager
def quiet() -> Iterator[None]:
    """psycopg does not warn that a refused row ended the pipeline of the others: it is an error."""
    logger = logging.getLogger("psycopg")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
