"""Python values as the driver takes them: the bind processors of the types, a column at a time."""

from __future__ import annotations

import datetime
import decimal
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from ...errors import SeedError

Values = Sequence[Any]
BYTES = (bytes, bytearray, memoryview)


class ValueFault(SeedError):
    """A value that its column's type, or the database's format, cannot take.

    ``table`` is the full name, ``column`` the key, ``row`` counts from 0 within the block.
    """

    def __init__(self, table: str, column: str, row: int, value: Any, reason: str) -> None:
        text = repr(value)
        text = text if len(text) <= 80 else f"{text[:77]}..."
        super().__init__(f"{table}.{column} cannot take {text}: {reason}.")
        self.shown = text
        self.table = table
        self.column = column
        self.row = row
        self.value = value
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        value = self.value
        try:
            pickle.dumps(value)
        except Exception:
            value = repr(value)
        return ValueFault, (self.table, self.column, self.row, value, self.reason)


def each(column: sa.Column[Any], function: Callable[[Any], Any], values: Iterable[Any]) -> Values:
    """``function`` of each value. Raises ValueFault for the first that it fails on."""
    try:
        return list(map(function, values))
    except Exception as error:
        raise _fault(column, function, values, error) from error


def _fault(
    column: sa.Column[Any], function: Callable[[Any], Any], values: Iterable[Any], error: Exception
) -> Exception:
    for row, value in enumerate(values):
        try:
            function(value)
        except Exception as again:
            reason = str(again).partition("\n")[0].rstrip(".") or type(again).__name__
            return ValueFault(column.table.fullname, column.key, row, value, reason)
    return error


# What SQLAlchemy makes of these in Python, `isoformat` makes in C, several times as fast.
_ISO: tuple[tuple[type, type, Callable[[Iterable[Any]], list[str]], tuple[Any, ...]], ...] = (
    (
        sqlite.DATETIME,
        datetime.datetime,
        lambda values: [value.isoformat(" ", "microseconds") for value in values],
        (
            datetime.datetime(1, 2, 3, 4, 5, 6, 7),
            datetime.datetime(2020, 10, 11),
            datetime.datetime.max,
        ),
    ),
    (
        sqlite.DATE,
        datetime.date,
        lambda values: list(map(datetime.date.isoformat, values)),
        (datetime.date(1, 2, 3), datetime.date.max),
    ),
    (
        sqlite.TIME,
        datetime.time,
        lambda values: [value.isoformat("microseconds") for value in values],
        (datetime.time(1, 2, 3, 4), datetime.time(10), datetime.time.max),
    ),
)


def bound(column: sa.Column[Any], dialect: sa.Dialect, values: Values) -> Values:
    """``values`` as the bind processor of the column's type makes them, itself if it has none.

    Raises ValueFault for the first value that the type refuses.
    """
    impl = column.type.dialect_impl(dialect)
    process = impl.bind_processor(dialect)
    if process is None or not values:
        return values
    if not type(impl).__module__.startswith("sqlalchemy."):
        return each(column, process, values)
    types = set(map(type, values))
    texts = _iso(impl, process, values, types)
    if texts is not None:
        return texts
    if isinstance(impl, (sa.Enum, sa.Boolean)) and len(types - {type(None)}) == 1:
        # One type only: a name and a member, or 1 and True, are equal and yet not the same.
        return remembered(lambda some: each(column, process, some), values)
    return each(column, process, values)


def remembered(make: Callable[[Iterable[Any]], Values], values: Values) -> Values:
    """``make(values)``, made once for each different value if a sample says that they repeat."""
    sample = values[:200]
    try:
        if len(set(sample)) * 2 > len(sample):
            return make(values)
        distinct = list(set(values))
        made = dict(zip(distinct, make(distinct), strict=True))
    except (TypeError, ValueFault):
        return make(values)  # not hashable; or refused, and this says which row
    return list(map(made.__getitem__, values))


def _iso(
    impl: Any, process: Callable[[Any], Any], values: Values, types: set[type]
) -> Values | None:
    for kind, python, form, probes in _ISO:
        if not isinstance(impl, kind) or not types <= {python, type(None)} or python not in types:
            continue
        if list(map(process, probes)) != form(probes):
            return None  # a storage format of the project's own
        if not all_naive(values):
            return None  # the processor leaves the time zone out
        return with_none(partial(remembered, form), values)
    return None


def all_naive(values: Values) -> bool:
    """Whether no value has a time zone."""
    return {getattr(value, "tzinfo", None) for value in values} == {None}


def with_none(make: Callable[[Values], Values], values: Values, none: Any = None) -> Values:
    """``make`` of the values that are not None, and ``none`` in place of those that are."""
    if None not in values:
        return make(values)
    at = [row for row, value in enumerate(values) if value is not None]
    try:
        given = iter(make([values[row] for row in at]))
    except ValueFault as fault:
        fault.row = at[fault.row]
        raise
    return [none if value is None else next(given) for value in values]


def rendered(
    column: sa.Column[Any],
    values: Values,
    forms: Mapping[type, Callable[[Any], str]],
    strings: Callable[[sa.Column[Any], Any], Any],
    datetimes: Callable[[Values], Values],
    null: str,
) -> Values:
    """Objects whose ``str()`` is the text of each value, made for all at once where they are of
    one type. ``forms``: type of value -> its text, for every type among them.

    Raises ValueFault for the first value that a form refuses.
    """
    types = set(map(type, values))
    some = types - {type(None)}
    if len(some) > 1:
        return each(column, lambda value: forms[type(value)](value), values)
    make: Callable[[Values], Values] = list
    if str in some:
        make = partial(strings, column)
    elif datetime.datetime in some:
        make = datetimes
    elif some == {datetime.date}:
        make = partial(remembered, partial(each, column, forms[datetime.date]))
    elif some and not some <= {int}:
        make = partial(each, column, forms[some.pop()])
    return with_none(make, values, null) if len(types) > 1 or not some else make(values)


def row_by_row(columns: Sequence[Values]) -> list[Any]:
    """The values of each row, one row after the other."""
    flat: list[Any] = [None] * (len(columns) * len(columns[0]))
    for at, values in enumerate(columns):
        flat[at :: len(columns)] = values
    return flat


def joined(column: sa.Column[Any], texts: Sequence[str]) -> str:
    """Strings with a NUL between each two.

    Raises ValueFault for a string that cannot be written as UTF-8.
    """
    text = "\0".join(texts)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            each(column, str.encode, texts)
    return text


# What a type is given as a rule. The others are not here: their own processors decide.
_USUAL: tuple[tuple[type[Any], frozenset[type]], ...] = (
    (sa.Enum, frozenset()),
    (sa.String, frozenset({str})),
    (sa.BigInteger, frozenset({int})),  # PostgreSQL casts a bool to no other Integer
    (sa.SmallInteger, frozenset({int})),
    (sa.Integer, frozenset({int, bool})),
    (sa.Numeric, frozenset({int, float, decimal.Decimal})),
    (sa.DateTime, frozenset({datetime.datetime})),
    (sa.Date, frozenset({datetime.date})),
    (sa.Time, frozenset({datetime.time})),
    (sa.Interval, frozenset({datetime.timedelta})),
)


def is_usual(column: sa.Column[Any], values: Values) -> bool:
    """Whether no value has to be converted by the server, as ``"9.99"`` has for a Numeric."""
    for kind, usual in _USUAL:
        if isinstance(column.type, kind):
            return not usual or set(map(type, values)) <= usual | {type(None)}
    return True


def needs_core(table: sa.Table, columns: Sequence[str], dialect: sa.Dialect) -> bool:
    """Whether a column is filled by an expression of the INSERT, or by Python."""
    for column in table.columns:
        if column.key not in columns:
            if column.default is not None:
                return True
            continue
        parameter = sa.bindparam("value", type_=column.type)
        if column.type.dialect_impl(dialect).bind_expression(parameter) is not None:
            return True
    return not columns


def without_defaults(table: sa.Table) -> sa.TableClause:
    """The table for an UPDATE in which no ``onupdate`` default takes part."""
    columns = (sa.column(column.name, column.type) for column in table.columns)
    return sa.table(table.name, *columns, schema=table.schema)


def target(table: sa.Table, columns: Sequence[str], dialect: sa.Dialect) -> str:
    """``table (columns)`` of these columns (keys), as written after INSERT INTO or COPY."""
    quote = dialect.identifier_preparer
    names = ", ".join(quote.quote(table.columns[key].name) for key in columns)
    return f"{quote.format_table(table)} ({names})"
