"""Plain values as JSON and back, one pair of functions a kind; ValueError says what is wrong."""

from __future__ import annotations

import base64
import math
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Unfit(ValueError):
    """A value that the column cannot hold, though its type is right; the text follows it."""


class WrittenFloat(float):
    """A number of a fixture that a float does not hold exactly; ``text`` is as written."""

    text: str

    @classmethod
    def parse(cls, text: str) -> float:
        """The float of a JSON number, and its digits where a float has others."""
        number = float(text)
        if repr(number) == text:
            return number
        if math.isfinite(number) and Decimal(text) == Decimal(repr(number)):
            return number
        written = cls(number)
        written.text = text
        return written


def only(*types: type) -> Callable[[Any], Any]:
    def load(value: Any) -> Any:
        if type(value) not in types and not (float in types and type(value) is WrittenFloat):
            raise ValueError("wrong type")
        return value

    return load


only_text = only(str)
_whole = only(int)


def held(value: Any, kind: Any, expected: str) -> Any:
    """A value as the column holds it; raises ValueError for one of another kind."""
    if not isinstance(value, kind):
        raise ValueError(f"the column holds {type(value).__name__}, not {expected}")
    return value


def dump_int(value: Any) -> int:
    return int(held(value, int, "a whole number"))


def int_loader(limit: int) -> Callable[[Any], Any]:
    def load(value: Any) -> Any:
        if not -min(limit, 2**63) <= _whole(value) < limit:
            raise Unfit("is too large for the column")
        return value

    return load


def dump_float(value: Any) -> float | str:
    number = float(value)
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def load_float(value: Any) -> float:
    if isinstance(value, str) and value in _NON_FINITE:
        return _NON_FINITE[value]
    try:
        number = float(value) if isinstance(value, float) else float(_whole(value))
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Unfit("is too large for a float")
    return number


def iso(wanted: type) -> Callable[[Any], Any]:
    return lambda value: held(value, wanted, f"a {wanted.__name__}").isoformat()


def parse(wanted: Any) -> Callable[[Any], Any]:
    return lambda value: wanted.fromisoformat(only_text(value))


_DURATION = re.compile(
    r"(?P<sign>[-+]?)P(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>\d+)(?:\.(?P<micro>\d{1,6}))?S)?)?"
)


def dump_duration(value: Any) -> str:
    """A timedelta as ISO 8601, in Django's spelling: ``P1DT02H30M00.5S``."""
    sign = "-" if held(value, timedelta, "a duration") < timedelta(0) else ""
    value = abs(value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    micro = f".{value.microseconds:06d}" if value.microseconds else ""
    return f"{sign}P{value.days}DT{hours:02d}H{minutes:02d}M{seconds:02d}{micro}S"


def load_duration(value: Any) -> timedelta:
    """A timedelta from ISO 8601 or a number of seconds; raises ValueError."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return timedelta(seconds=value)
        found = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if found is None or value[-1] in "PT":
            raise ValueError("wrong type")
        parts = {name: int(found[name] or 0) for name in ("days", "hours", "minutes", "seconds")}
        micro = int((found["micro"] or "").ljust(6, "0"))
        return timedelta(microseconds=micro, **parts) * (-1 if found["sign"] == "-" else 1)
    except OverflowError:
        raise Unfit("is too long for a duration") from None


def dump_bytes(value: Any) -> str:
    return base64.b64encode(held(value, bytes | bytearray | memoryview, "bytes")).decode("ascii")


def load_bytes(value: Any) -> bytes:
    return base64.b64decode(only_text(value), validate=True)


def load_uuid(value: Any) -> uuid.UUID:
    return uuid.UUID(only_text(value))


Spelling = tuple[str, Callable[[Any], str], Callable[[str], Any]]
"""What a kind of value is called, how it is written as text, and how it is read back."""

SPELLINGS: dict[type, Spelling] = {
    Decimal: ("decimal", str, Decimal),
    datetime: ("datetime", datetime.isoformat, datetime.fromisoformat),
    date: ("date", date.isoformat, date.fromisoformat),
    time: ("time", time.isoformat, time.fromisoformat),
    uuid.UUID: ("uuid", str, uuid.UUID),
}


def readers(spellings: Mapping[type, Spelling]) -> dict[str, Callable[[str], Any]]:
    """What reads each kind back, by its name."""
    return {name: read for name, _, read in spellings.values()}
