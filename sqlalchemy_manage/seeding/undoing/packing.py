"""Columns of key values packed into few bytes, and unpacked exactly.

A block is a JSON header with the form of each column, and the columns one after another:
``range`` (start and count), ``int`` (eight bytes each) or ``json``; all of it deflated.
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ...data.scalars import (
    SPELLINGS,
    Spelling,
    dump_bytes,
    dump_duration,
    load_bytes,
    load_duration,
    readers,
)
from ...errors import SeedError
from ...sqlalchemy_internals import bound_by, read_by
from ..row_blocks import HeldValue, kinds

LONGEST = 15 * 2**20
"""Bytes of a block: a MEDIUMBLOB, and MariaDB's usual max_allowed_packet, end at 16 MB."""

_PLAIN = {str, int, float, bool, type(None)}
_LENGTH = struct.Struct("<I")
_BYTES = ("bytes", dump_bytes, load_bytes)
_TAGGED: dict[type, Spelling] = {
    **SPELLINGS,
    timedelta: ("duration", dump_duration, load_duration),
    **dict.fromkeys((bytes, bytearray, memoryview), _BYTES),
}
_LOADED = readers(_TAGGED)


def pack(
    columns: Sequence[sa.Column[Any]], values: Sequence[Sequence[Any]], dialect: sa.Dialect
) -> Iterator[tuple[int, bytes]]:
    """(number of rows, block), more than one where a block would be longer than ``LONGEST``.

    Raises SeedError for a value that cannot be written down.
    """
    count = len(values[0])
    parts = [_column(c, v, dialect) for c, v in zip(columns, values, strict=True)]
    header = json.dumps([count, [[form, len(body)] for form, body in parts]]).encode()
    body = b"".join(body for _, body in parts)
    packed = zlib.compress(_LENGTH.pack(len(header)) + header + body, 1)
    if len(packed) <= LONGEST or count < 2:
        yield count, packed
        return
    for part in (slice(0, count // 2), slice(count // 2, count)):
        yield from pack(columns, [v[part] for v in values], dialect)


def unpack(columns: Sequence[sa.Column[Any]], block: bytes, dialect: sa.Dialect) -> list[list[Any]]:
    """The values of a block, a list for each column."""
    data = zlib.decompress(block)
    at = _LENGTH.size + _LENGTH.unpack_from(data)[0]
    count, forms = json.loads(data[_LENGTH.size : at])
    values: list[list[Any]] = []
    for column, (form, length) in zip(columns, forms, strict=True):
        body = data[at : at + length]
        at += length
        if form == "json":
            values.append([_load(v, column.type, dialect) for v in json.loads(body)])
            continue
        numbers = _numbers(body)
        if form == "range":
            values.append(list(range(numbers[0], numbers[0] + count)))
        else:
            values.append(numbers.tolist())
    return values


_NUMBERS = (int, float, Decimal)
_NOT_NUMBERS = (UUID, date, datetime, time, bytes)


def fits(column: sa.Column[Any], values: Iterable[Any]) -> bool:
    """Whether ``values`` may be those of ``column``, or its type has changed since they were."""
    if isinstance(column.type, sa.TypeDecorator):
        return True  # what it takes is its own affair
    try:
        kind = column.type.python_type
    except NotImplementedError:
        return True
    types = set(map(type, values)) - {HeldValue}
    if kind in _NUMBERS:
        return not types & {str, *_NOT_NUMBERS}
    if kind is UUID:
        return types <= {UUID, type(None)}
    return kind not in _NOT_NUMBERS or not types & set(_NUMBERS)


def _column(
    column: sa.Column[Any], values: Sequence[Any], dialect: sa.Dialect
) -> tuple[str, bytes]:
    if len(values) and kinds(values) == {int}:
        counted = isinstance(values, range) and values.step == 1
        try:
            numbers = array("q", (values[0], values[-1]) if counted else values)
        except OverflowError:  # an unsigned BIGINT
            return "json", json.dumps(list(values)).encode()
        first = numbers[0]
        if counted or (
            numbers[-1] - first == len(numbers) - 1
            and all(map(int.__eq__, values, range(first, first + len(numbers))))
        ):
            return "range", _bytes(array("q", [first]))
        return "int", _bytes(numbers)
    if kinds(values) <= _PLAIN:
        return "json", json.dumps(list(values)).encode()
    return "json", json.dumps([_dump(v, column, column.type, dialect) for v in values]).encode()


def _bytes(numbers: array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _numbers(data: bytes) -> array[int]:
    numbers = array("q", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _dump(value: Any, column: sa.Column[Any], type_: Any, dialect: sa.Dialect) -> Any:
    """Plain values as they are, any other as {what it is: text}."""
    if type(value) in _PLAIN:
        return value
    if type(value) is HeldValue:
        return {"held": _dump(value.value, column, type_, dialect)}
    if type(value) in _TAGGED:
        name, dump, _ = _TAGGED[type(value)]
        return {name: dump(value)}
    if isinstance(value, Enum) and isinstance(type_, sa.Enum) and type_.enum_class is not None:
        return {"enum": value.name}
    if isinstance(type_, sa.TypeDecorator):
        stored = bound_by(type_, value, dialect)
        return {"stored": _dump(stored, column, type_.impl_instance, dialect)}
    if isinstance(value, list | tuple):
        item = getattr(type_, "item_type", type_)
        return {"list": [_dump(v, column, item, dialect) for v in value]}
    if isinstance(value, dict):
        return {"dict": [[k, _dump(v, column, type_, dialect)] for k, v in value.items()]}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    raise SeedError(
        f"{column.table}.{column.name}: a value of type {type(value).__name__} cannot be "
        "recorded, so the rows could not be found again.",
        "Give the column a TypeDecorator that turns it into a plain value.",
    )


def _load(value: Any, type_: Any, dialect: sa.Dialect) -> Any:
    if not isinstance(value, dict):
        return value
    ((name, text),) = value.items()
    if name in _LOADED:
        return _LOADED[name](text)
    if name == "enum":
        # Without the class, as in a reflected table, its name is what the column holds.
        classes = getattr(type_, "enum_class", None)
        return classes[text] if classes is not None else text
    if name == "held":
        return HeldValue(_load(text, type_, dialect))
    if name == "stored":
        if not isinstance(type_, sa.TypeDecorator):
            return _load(text, type_, dialect)
        return read_by(type_, _load(text, type_.impl_instance, dialect), dialect)
    if name == "list":
        return [_load(v, getattr(type_, "item_type", type_), dialect) for v in text]
    return {key: _load(v, type_, dialect) for key, v in text}
