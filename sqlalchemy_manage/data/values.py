"""Column values as JSON and back: the value that is stored travels, not the object built from it.

How a TypeDecorator converts a value is up to the program; a fixture has what is stored in
the column. So an encrypted column stays encrypted, and nothing has to be guessed on the way
back. Nothing is ever unpickled or evaluated.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from ..errors import did_you_mean
from ..sql.dialects import MARIADB
from .codec import KINDS, Codec, decorates, kind_of, pickles, stored_type
from .json_text import canonical_json, marked, parse_json, unmarked
from .numbers import floating, numeric
from .scalars import (
    Unfit,
    dump_bytes,
    dump_duration,
    dump_int,
    held,
    int_loader,
    iso,
    load_bytes,
    load_duration,
    load_uuid,
    only,
    only_text,
    parse,
)


def codec_of(type_: TypeEngine[Any], dialect: Dialect) -> Codec:
    """The codec for a column type on a dialect; its functions reject what cannot be written."""
    if pickles(type_):
        return _refusing(type_)
    stored = stored_type(type_, dialect)
    kind = kind_of(stored)
    if not decorates(type_.dialect_impl(dialect)):
        return _make(kind, stored, type_, dialect)
    kinds = {kind_of(stored_type(type_, other)) for other in _dialects()} | {kind}
    rich = kinds - {"text", "bytes"}
    if len(kinds) > 1 and len(rich) == 1:
        # The stored forms differ by database (text here, a native UUID there): only the
        # value that the program sees is the same everywhere.
        return _through(rich.pop(), type_, dialect)
    made = _make(kind, stored, stored, dialect)
    if made.as_text or made.select is not None:
        return made
    return replace(made, read_as=made.read_as or stored)


def _dialects() -> list[Dialect]:
    from sqlalchemy.dialects import mysql, postgresql, sqlite

    return [module.dialect() for module in (sqlite, postgresql, mysql)]


def _make(kind: str, stored: TypeEngine[Any], bind: TypeEngine[Any], dialect: Dialect) -> Codec:
    if kind in _SIMPLE:
        return Codec(kind, *_SIMPLE[kind], bind)
    if kind == "enum":
        return _enum(stored, bind, dialect)
    if kind == "text":
        return _text(stored, bind, dialect)
    if kind == "int":
        load_int = int_loader(_limit(stored, dialect.name))
        return Codec(kind, "a whole number", dump_int, load_int, bind, as_is=True)
    if kind == "float":
        return floating(stored, bind, dialect)
    if kind == "numeric":
        return numeric(stored, bind, dialect)
    if kind == "datetime":
        return _datetime(stored, bind, dialect)
    if kind == "uuid":
        native = getattr(stored, "as_uuid", True)
        load: Callable[[Any], Any] = load_uuid if native else lambda v: str(load_uuid(v))
        return Codec(kind, "a UUID", lambda v: str(uuid.UUID(str(v))), load, bind)
    if kind == "json":
        return _json(bind, dialect)
    if kind == "array":
        return _array(stored, bind, dialect)
    return _other(stored, bind, dialect)


_SIMPLE: dict[str, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "bool": ("true or false", bool, only(bool)),
    "date": ("a date such as 2024-05-31", iso(date), parse(date)),
    "time": ("a time such as 12:30:00", iso(time), parse(time)),
    "interval": (
        "a duration such as P1DT02H30M00S, or a number of seconds",
        dump_duration,
        load_duration,
    ),
    "bytes": ("bytes in base64", dump_bytes, load_bytes),
}
"""What is expected of a fixture, and how a value is written and read: no type changes it."""


def _limit(stored: TypeEngine[Any], server: str) -> int:
    """The first whole number too large for a column; PostgreSQL's error would name no column."""
    if server in MARIADB:
        return 2**64
    if server != "postgresql" or isinstance(stored, sa.BigInteger):
        return 2**63
    return 2**15 if isinstance(stored, sa.SmallInteger) else 2**31


def _refusing(type_: TypeEngine[Any]) -> Codec:
    def dump(value: Any) -> Any:
        raise ValueError("it holds pickled objects, and a fixture cannot hold them")

    def load(value: Any) -> Any:
        raise Unfit("cannot go into a column of pickled objects")

    return Codec("pickle", "null", dump, load, type_)


def _through(kind: str, type_: TypeEngine[Any], dialect: Dialect) -> Codec:
    """Through the type's own Python values, which must be of ``kind``."""
    if kind == "json":
        return Codec(kind, "JSON", canonical_json, canonical_json, type_)
    if kind in ("enum", "array", "other"):
        stored = stored_type(type_, dialect)
        return _make(kind_of(stored), stored, stored, dialect)
    plain = sa.Double() if kind == "float" else KINDS[kind][0]()
    made = _make(kind, plain, type_, dialect)
    return Codec(kind, made.expected, made.dump, made.load, type_)


def _datetime(stored: TypeEngine[Any], bind: TypeEngine[Any], dialect: Dialect) -> Codec:
    zoned = bool(getattr(stored, "timezone", False))

    def dump(value: Any) -> str:
        held(value, datetime, "a date and time")
        if zoned:
            # SQLite and MariaDB keep no offset; there, as with Django, the clock is UTC.
            value = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return str(value.isoformat())

    def load(value: Any) -> datetime:
        moment: datetime = parse(datetime)(value)
        if not zoned:
            if moment.tzinfo is not None:
                raise Unfit("has an offset from UTC, and the column does not store one")
            return moment
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def normal(value: Any) -> str:
        # Most are spelled in the one way, and need no more than this look.
        if type(value) is str and not zoned:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None and moment.isoformat() == value:
                return value
        return dump(load(value))

    example = "2024-05-31T12:30:00+00:00" if zoned else "2024-05-31T12:30:00"
    expected = f"a date and time such as {example}"
    return Codec("datetime", expected, dump, load, bind, normal=normal)


def _text(stored: TypeEngine[Any], bind: TypeEngine[Any], dialect: Dialect) -> Codec:
    # The trailing blanks of a CHAR do not count, and not every database keeps them.
    padded = isinstance(stored, sa.CHAR)

    def dump(value: Any) -> str:
        found: str = held(value, str, "a string")
        return found.rstrip(" ") if padded else found

    def load(value: Any) -> Any:
        if "\0" in only_text(value) and dialect.name == "postgresql":
            raise Unfit("holds a NUL character, which PostgreSQL cannot store")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise Unfit("holds half a surrogate pair, which is not text") from None
        return value

    return Codec("text", "a string", dump, load, bind, as_is=not padded)


def _enum(stored: TypeEngine[Any], bind: TypeEngine[Any], dialect: Dialect) -> Codec:
    assert isinstance(stored, sa.Enum)
    names: list[str] = list(stored.enums)
    process = stored.bind_processor(dialect)

    def dump(value: Any) -> str:
        name = value
        if not isinstance(value, str) or value not in names:
            try:
                name = process(value) if process is not None else value
            except LookupError:
                name = None
        if name not in names:
            raise ValueError(f"{value!r} is not one of the enum's names: {', '.join(names)}")
        return str(name)

    def load(value: Any) -> Any:
        if only_text(value) not in names:
            raise Unfit(f"is not one of {', '.join(names)}." + did_you_mean(value, names))
        return value

    return Codec("enum", f"one of {', '.join(names)}", dump, load, bind, sa.String())


def _json(bind: TypeEngine[Any], dialect: Dialect) -> Codec:
    """As text both ways: drivers and engines may be set to build other objects from JSON."""

    def dump(value: Any) -> Any:
        # SQLite turns the text of a bare number into a number: the column's affinity.
        if type(value) in (int, float):
            return value
        return marked(parse_json(held(value, str, "JSON text")))

    def load(value: Any) -> str:
        return json.dumps(unmarked(value))

    def normal(value: Any) -> Any:
        return marked(canonical_json(unmarked(value)))

    if dialect.name == "postgresql":
        return Codec("json", "JSON", dump, load, bind, as_text=True, normal=normal)
    return Codec("json", "JSON", dump, load, sa.Text(), sa.Text(), normal=normal)


def _array(stored: TypeEngine[Any], bind: TypeEngine[Any], dialect: Dialect) -> Codec:
    assert isinstance(stored, sa.ARRAY)
    item = codec_of(stored.item_type, dialect)
    if item.kind in ("json", "array", "other", "pickle"):
        return _other(stored, bind, dialect)
    only_list = only(list)

    def mapped(function: Callable[[Any], Any], value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [mapped(function, part) for part in value]
        return function(value)

    def dump(value: Any) -> Any:
        return mapped(item.encode, value)

    def load(value: Any) -> Any:
        return mapped(item.decode, only_list(value))

    expected = f"a list, each item {item.expected}"
    if isinstance(stored.item_type, TypeDecorator):
        bind = type(stored)(item.bind, dimensions=stored.dimensions)
    # The driver gives exact decimals; a type for floats would round each of them.
    exact = sa.Numeric(asdecimal=True) if item.kind == "numeric" else None
    read_as = bind if exact is None else type(stored)(exact, dimensions=stored.dimensions)
    return Codec("array", expected, dump, load, bind, read_as)


def _other(stored: TypeEngine[Any], bind: TypeEngine[Any], dialect: Dialect) -> Codec:
    """PostgreSQL has a text form for every type. Elsewhere the driver's plain values pass."""
    if dialect.name == "postgresql" and not isinstance(stored, sa.types.NullType):
        text = _text(sa.Text(), bind, dialect)
        expected = f"a string that PostgreSQL reads as {type(stored).__name__}"
        return Codec("other", expected, text.dump, text.load, bind, as_text=True)

    def dump(value: Any) -> Any:
        if type(value) not in (str, int, float, bool):
            raise ValueError(
                f"a value of type {type(value).__name__} in a {type(stored).__name__} column "
                "cannot be written as JSON"
            )
        return value

    raw = sa.types.NullType()
    return Codec("other", "a string or a number", dump, only(str, int, float, bool), raw, raw)
