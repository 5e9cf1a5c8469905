"""SQLite: a value of one type as it has to be stored for another.

A CAST never fails there: a text that is no number becomes 0, and a date, which is stored as
text, its year. So what a value becomes is said for each kind, and which values can become it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from .kinds import NUMBERS, bits_of, kind_of, name_of, plain
from .spelling import dashed, hexadecimal

_DIALECT = sa.create_mock_engine("sqlite://", print).dialect
_MIDNIGHT, _EPOCH = "' 00:00:00.000000'", "'1970-01-01 '"


@dataclass(frozen=True)
class Stored:
    """SQL for a converted value; ``possible``: SQL that tells whether there is one."""

    sql: str
    possible: str = "1"


def converted(value: str, old: Any, new: Any) -> Stored:
    """What ``value``, SQL for a value of type ``old``, is as one of ``new``."""
    old, new = plain(old, _DIALECT), plain(new, _DIALECT)
    found = _direct(value, old, new)
    if found is None:
        found = _read(_spelled(value, old), kind_of(new), new)
    return found


def equal(value: str, other: str, type_: Any) -> str:
    """Whether two values of one type are the same, however many zeros a second has."""
    length = {"datetime": 19, "interval": 19, "time": 8}.get(kind_of(type_))
    if length is None:
        return f"{value} IS {other}"
    sides = [
        f"CASE length({side}) WHEN {length} THEN {side} || '.000000' ELSE {side} END"
        for side in (value, other)
    ]
    return f"({sides[0]}) IS ({sides[1]})"


def _direct(value: str, old: Any, new: Any) -> Stored | None:
    """Without the value being spelled; None where there is no such way."""
    was, becomes = kind_of(old), kind_of(new)
    if was == becomes == "integer" and bits_of(new) < bits_of(old):
        limit = 1 << bits_of(new) - 1
        return Stored(value, f"{value} BETWEEN {-limit} AND {limit - 1}")
    if becomes == "number" and was in NUMBERS:
        return _rounded(value, new)
    if was == becomes == "text":
        return Stored(_cut(value, new))
    if was == becomes:
        return Stored(value)
    if was in NUMBERS and becomes == "boolean":
        return Stored(f"{value} <> 0")
    if was in ("float", "number") and becomes == "integer":
        return Stored(f"CAST(round({value}) AS INTEGER)", f"abs({value}) < 9e18")
    if was in (*NUMBERS, "boolean") and becomes in NUMBERS:
        return Stored(f"CAST({value} AS FLOAT)" if becomes == "float" else value)
    made = {
        ("date", "datetime"): f"{value} || {_MIDNIGHT}",
        ("datetime", "date"): f"substr({value}, 1, 10)",
        ("datetime", "time"): f"substr({value}, 12)",
        ("interval", "time"): f"substr({value}, 12)",
        ("time", "interval"): f"{_EPOCH} || {value}",
        ("datetime", "interval"): value,
        ("interval", "datetime"): value,
    }.get((was, becomes))
    return None if made is None else Stored(made)


def _rounded(value: str, new: Any) -> Stored:
    if new.precision is None:
        return Stored(value)
    scale = new.scale or 0
    whole = new.precision - scale
    return Stored(f"round({value}, {scale})", f"abs(round({value}, {scale})) < 1e{whole}")


def _spelled(value: str, old: Any) -> str:
    """A value as PostgreSQL would write it."""
    was = kind_of(old)
    if was == "boolean":
        return f"(CASE {value} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE {value} END)"
    if was == "number" and old.scale:
        return f"(CASE WHEN {value} IS NOT NULL THEN printf('%.{old.scale}f', {value}) END)"
    if was in NUMBERS:
        whole = f"CAST(CAST({value} AS INTEGER) AS TEXT)"
        return (
            f"(CASE WHEN {value} = CAST({value} AS INTEGER) THEN {whole} "
            f"ELSE CAST({value} AS TEXT) END)"
        )
    if was == "interval":
        return (
            f"(CASE WHEN substr({value}, 1, 11) = {_EPOCH} THEN substr({value}, 12) "
            f"ELSE {value} END)"
        )
    if was == "uuid":
        return f"({dashed(value)})"
    return (
        value if was in ("text", "enum", "date", "datetime", "time") else f"CAST({value} AS TEXT)"
    )


def _read(text: str, becomes: str, new: Any) -> Stored:
    """A text as a value of ``new``."""
    if becomes in NUMBERS:
        return _number(text, becomes, new)
    if becomes == "boolean":
        word = f"lower({text})"
        words = {1: "'1', 't', 'true'", 0: "'0', 'f', 'false'"}
        made = " ".join(f"WHEN {word} IN ({found}) THEN {n}" for n, found in words.items())
        return Stored(f"CASE {made} END", f"{word} IN ({', '.join(words.values())})")
    if becomes == "date":
        return Stored(text, f"{_day(text)} IS {text}")
    if becomes == "datetime":
        day = f"{_day(text)} IS substr({text}, 1, 10)"
        return Stored(text, f"{day} AND datetime({text}) IS NOT NULL")
    if becomes in ("time", "interval"):
        made = text if becomes == "time" else f"{_EPOCH} || {text}"
        return Stored(made, f"{text} LIKE '__:__%' AND time({text}) IS NOT NULL")
    if becomes == "uuid":
        digits = hexadecimal(text)
        return Stored(digits, f"length({digits}) = 32 AND {digits} NOT GLOB '*[^0-9a-f]*'")
    if becomes == "enum":
        values = ", ".join("'" + value.replace("'", "''") + "'" for value in new.enums)
        return Stored(text, f"{text} IN ({values})" if values else "1")
    if becomes == "text":
        return Stored(_cut(f"CAST({text} AS TEXT)", new))
    if becomes == "binary":
        return Stored(_cut(f"CAST({text} AS BLOB)", new))
    made = _as_column_has_it(text, name_of(new, _DIALECT))
    return Stored(made, f"json_valid({text})" if becomes == "json" else "1")


def _day(text: str) -> str:
    return f"date({text}, '+0 days')"  # without it a 31st of February is one


def _number(text: str, becomes: str, new: Any) -> Stored:
    # Beside a number SQLite takes a text for one, if all of it is one.
    kind = "INTEGER" if becomes == "integer" else "NUMERIC"
    number = f"CAST({text} AS {kind})"
    possible = f"{number} = {text}"
    if becomes == "integer":
        return Stored(number, possible)
    if becomes == "float":
        return Stored(f"CAST({text} AS FLOAT)", possible)
    found = _rounded(number, new)
    return Stored(found.sql, f"{possible} AND {found.possible}")


def _cut(value: str, new: Any) -> str:
    length = getattr(new, "length", None)
    return value if length is None else f"substr({value}, 1, {length})"


def _as_column_has_it(text: str, type_: str) -> str:
    """A column of an unknown type stores a text that is a number as that number.

    https://sqlite.org/datatype3.html#determination_of_column_affinity
    """
    name = type_.upper()
    if any(word in name for word in ("CHAR", "CLOB", "TEXT", "BLOB")) and "INT" not in name:
        return text
    return (
        f"CASE WHEN CAST({text} AS NUMERIC) = {text} THEN CAST({text} AS NUMERIC) ELSE {text} END"
    )
