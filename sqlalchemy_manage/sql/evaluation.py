"""The value of an SQL expression for a row, worked out without a database.

Only what CHECKs are made of. As in SQL, None is NULL: a comparison with it is unknown, and a
CHECK that is unknown holds.
"""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from .expression_parser import Tree


class NotEvaluated(Exception):
    """The expression, or a value in it, is not one of those that are understood here."""


def holds(check: Tree, row: Mapping[str, Any]) -> bool:
    """Whether the row passes the CHECK. Raises NotEvaluated, also for a column not in ``row``."""
    try:
        return evaluated(check, row) is not False
    except (ArithmeticError, TypeError, ValueError, re.error) as error:
        raise NotEvaluated(str(error)) from error


def evaluated(node: Tree, row: Mapping[str, Any]) -> Any:
    """The value of a tree of ``expression_parser``."""
    kind, parts = node[0], node[1:]
    if kind in ("number", "text", "boolean"):
        return parts[0]
    if kind == "null":
        return None
    if kind == "name":
        return _column(parts[0], row)
    if kind == "cast":
        return _cast(evaluated(parts[0], row), parts[1])
    if kind in ("and", "or"):
        return _together(kind, [_truth(evaluated(part, row)) for part in parts])
    if kind == "not":
        value = _truth(evaluated(parts[0], row))
        return None if value is None else not value
    if kind == "call":
        return _called(parts[0], parts[1:], row)
    if kind == "case":
        return _case(parts, row)
    if not all(isinstance(part, tuple) for part in parts):
        raise NotEvaluated(kind)
    values = [evaluated(part, row) for part in parts]
    if kind == "is":
        left, right = values
        return left is None if right is None else _truth(left) is right
    if kind == "distinct":
        return not _same(values[0], values[1])
    if kind == "in":
        equal = [_compared(operator.eq, values[0], value) for value in values[1:]]
        return _together("or", equal)
    if kind == "minus":
        return None if values[0] is None else -_number(values[0])
    found = _BINARY.get(kind)
    if found is None or len(values) != 2:
        raise NotEvaluated(kind)
    return None if None in values else found(*values)


def _column(name: str, row: Mapping[str, Any]) -> Any:
    if name in row:
        return _plain(row[name])
    for key, value in row.items():
        if key.lower() == name.lower():
            return _plain(value)
    raise NotEvaluated(name)


def _plain(value: Any) -> Any:
    """Numbers as the decimals that the text of an expression has."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return Decimal(str(value))


def _truth(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Decimal):
        return bool(value)
    raise NotEvaluated("not a condition")


def _together(kind: str, values: list[bool | None]) -> bool | None:
    decides = kind == "or"
    if decides in values:
        return decides
    return None if None in values else not decides


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return Decimal(int(value))
    if isinstance(value, str):
        try:
            return Decimal(value)
        except InvalidOperation:
            raise NotEvaluated(value) from None
    return value


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Both as values of one kind: a literal as what it is compared with."""
    for one, other, swapped in ((left, right, False), (right, left, True)):
        read: Callable[[Any], Any] | None = None
        if isinstance(other, str) and isinstance(one, dt.datetime | dt.date | dt.time):
            read = type(one).fromisoformat
        elif isinstance(one, Decimal) and isinstance(other, str | bool):
            read = _number
        elif isinstance(one, dt.datetime) and type(other) is dt.date:
            read = _midnight
        if isinstance(one, dt.datetime) and one.tzinfo is not None:
            one = one.replace(tzinfo=None)
        if read is not None:
            found = read(other)
            return (found, one) if swapped else (one, found)
    return left, right


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day)


def _compared(how: Callable[[Any, Any], Any], left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    one, other = _alike(left, right)
    if type(one) is not type(other):
        raise NotEvaluated(f"{left!r} and {right!r}")
    return bool(how(one, other))


def _same(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    return bool(_compared(operator.eq, left, right))


def _cast(value: Any, type_: str) -> Any:
    if value is None or type_.startswith(("text", "character")):
        return value if value is None or isinstance(value, str) else _text(value)
    if type_ == "integer" and isinstance(value, bool):
        return Decimal(int(value))
    if type_.startswith(("integer", "bigint", "smallint", "numeric", "double", "real")):
        return _number(value)
    if type_ == "date" and isinstance(value, str):
        return dt.date.fromisoformat(value)
    if type_ == "date" and isinstance(value, dt.datetime):
        return value.date()
    if type_.startswith("timestamp") and isinstance(value, str):
        return dt.datetime.fromisoformat(value).replace(tzinfo=None)
    if type_ == "boolean":
        return _truth(value)
    raise NotEvaluated(type_)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _case(parts: tuple[Any, ...], row: Mapping[str, Any]) -> Any:
    operand, *branches, otherwise = parts
    for condition, result in zip(branches[::2], branches[1::2], strict=True):
        value = evaluated(condition, row)
        if operand is not None:
            value = _compared(operator.eq, evaluated(operand, row), value)
        if _truth(value):
            return evaluated(result, row)
    return evaluated(otherwise, row)


def _called(name: str, arguments: tuple[Any, ...], row: Mapping[str, Any]) -> Any:
    if not arguments and any(key.lower() == name.lower() for key in row):
        return _column(name, row)  # a column with the name of a function without parentheses
    if name in ("current_timestamp", "localtimestamp"):
        return dt.datetime.now()
    if name == "current_date":
        return dt.date.today()
    if not all(isinstance(each, tuple) for each in arguments):
        raise NotEvaluated(name)
    values = [evaluated(each, row) for each in arguments]
    if name in ("coalesce", "ifnull"):
        return next((value for value in values if value is not None), None)
    if name in ("num_nulls", "num_nonnulls"):
        nulls = sum(value is None for value in values)
        return Decimal(nulls if name == "num_nulls" else len(values) - nulls)
    found = _FUNCTIONS.get(name)
    if found is None:
        raise NotEvaluated(name)
    return None if None in values else found(*values)


def _length(value: Any) -> Decimal:
    if not isinstance(value, str | bytes):
        raise NotEvaluated("length of what is no text")
    return Decimal(len(value))


def _octets(value: Any) -> Decimal:
    return Decimal(len(value.encode() if isinstance(value, str) else value))


def like(value: str, pattern: str, *, ignore_case: bool = False) -> bool:
    """Whether the text is LIKE the pattern: ``%`` is any text, ``_`` any character."""
    parts = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    flags = re.S | (re.I if ignore_case else 0)
    return re.fullmatch("".join(parts), value, flags) is not None


def _glob(value: str, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    return fnmatchcase(value, pattern.replace("[^", "[!"))


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    **{name: partial(_compared, how) for name, how in _COMPARISONS.items()},
    "+": lambda left, right: _number(left) + _number(right),
    "-": lambda left, right: _number(left) - _number(right),
    "*": lambda left, right: _number(left) * _number(right),
    "/": lambda left, right: _number(left) / _number(right),
    "%": lambda left, right: _number(left) % _number(right),
    "||": lambda left, right: _text(left) + _text(right),
    "like": like,
    "ilike": lambda value, pattern: like(value, pattern, ignore_case=True),
    "glob": _glob,
    "regexp": lambda value, pattern: re.search(pattern, value) is not None,
    "~": lambda value, pattern: re.search(pattern, value) is not None,
    "~*": lambda value, pattern: re.search(pattern, value, re.I) is not None,
    "!~": lambda value, pattern: re.search(pattern, value) is None,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("length", "char_length", "character_length", "len"), _length),
    **dict.fromkeys(("octet_length", "lengthb"), _octets),
    "lower": lambda value: value.lower(),
    "upper": lambda value: value.upper(),
    **dict.fromkeys(("trim", "btrim"), lambda value: value.strip()),
    "ltrim": lambda value: value.lstrip(),
    "rtrim": lambda value: value.rstrip(),
    "abs": abs,
    "round": lambda value, digits=0: round(value, int(digits)),
    "mod": lambda left, right: left % right,
    **dict.fromkeys(("instr", "strpos"), lambda text, part: Decimal(text.find(part) + 1)),
    "position": lambda part, text: Decimal(text.find(part) + 1),
    "greatest": max,
    "least": min,
}
