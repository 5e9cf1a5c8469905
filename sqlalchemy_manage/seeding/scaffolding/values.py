"""Declarations for a column's values, by its type, its name and its limits."""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from . import words
from .checks import Limits, constants
from .declared import DeclaredValue, literal
from .kinds import kind_of

DAYS = dt.date(2015, 1, 1), dt.date(2025, 12, 31)
BIRTHDAYS = dt.date(1950, 1, 1), dt.date(2004, 12, 31)
# Texts that a pattern may ask for; ``{n}`` makes each of them new.
TEMPLATES = (
    "{n:04d}", "A{n:04d}", "{n:05d}", "{n:06d}", "AB{n:04d}", "ABC-{n:04d}", "AB-{n:04d}",
    "abc{n:04d}", "abc-{n}", "user{n}@example.com", "https://example.com/{n}", "#{n:06x}",
    "+491234{n:06d}", "10.0.0.{n}", "ABC", "abc", "AB", "ab", "A", "a", "{n:08d}", "{n:010d}",
    "{n:012d}", "{n:013d}", "{n:016x}", "{n:032x}", "{n:064x}", "{n}", "Abc", "Abc {n}", "1.0.{n}",
    "00000000-0000-0000-0000-{n:012x}", "2020-01-01", "12:00",
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """A column that needs values. ``name``: its attribute; ``owner``: the model's name."""

    name: str
    owner: str
    type: Any
    kind: str
    limits: Limits
    unique: bool = False
    python: Any = None  # the type of its annotation
    enum_class: type[enum.Enum] | None = None


def choice(values: list[Any], objects: tuple[tuple[str, str], ...] = ()) -> DeclaredValue:
    """One of the values; the value itself where it is the only one."""
    written = [literal(value) for value in values]
    if len(written) == 1:
        return DeclaredValue(written[0], 1, objects)
    return DeclaredValue(f"fuzzy.FuzzyChoice([{', '.join(written)}])", len(written), objects)


def faker(call: str) -> DeclaredValue:
    return DeclaredValue(f"factory.Faker({call})")


def sequence(expression: str, room: int | None = None) -> DeclaredValue:
    return DeclaredValue(f"factory.Sequence(lambda n: {expression})", room)


def candidates(wanted: Wanted) -> Iterator[DeclaredValue]:
    """Declarations for the column, the best first; not all of them need fit its limits."""
    make = _KINDS.get(wanted.kind)
    if make is None:
        return
    if wanted.limits.choices is not None and wanted.kind not in ("enum", "boolean"):
        yield choice(wanted.limits.choices)
    yield from make(wanted)


# --- text


def _text(wanted: Wanted) -> Iterator[DeclaredValue]:
    length = getattr(wanted.type, "length", None)
    if isinstance(wanted.type, sa.types.NullType):
        length = None
    if isinstance(wanted.type, mysql.TINYTEXT):
        length = 255
    longest = wanted.limits.longest
    if longest is not None:
        length = longest if length is None else min(length, longest)
    yield from _unique_text(wanted, length) if wanted.unique else _some_text(wanted, length)
    for template in TEMPLATES:
        text = f"f{literal(template)}" if "{" in template else literal(template)
        if not wanted.unique and "{" not in template:
            yield DeclaredValue(text, 1)
        elif "{" in template:
            yield sequence(text)
    for value in _values_of(wanted.limits):
        if isinstance(value, str):
            for text in (value, value.replace("%", "{n}").replace("_", "a"), value + "{n}"):
                yield (
                    sequence(f"f{literal(text)}")
                    if "{n}" in text
                    else DeclaredValue(literal(text), 1)
                )


def _some_text(wanted: Wanted, length: int | None) -> Iterator[DeclaredValue]:
    found = words.provider(wanted.name, wanted.owner, length)
    if found:
        yield faker(found)
    if length is None or length >= 70:
        yield faker('"sentence", nb_words=4')
    if length is None or length >= 15:
        yield faker('"word"')
    if length is None or length >= max(5, wanted.limits.shortest):
        size = max(5, wanted.limits.shortest)
        yield DeclaredValue(
            f"fuzzy.FuzzyText(length={size if length is None else min(size, length)})"
        )
    if length:
        yield DeclaredValue(f"fuzzy.FuzzyText(length={length})")
    yield DeclaredValue('""', 1)


def _unique_text(wanted: Wanted, length: int | None) -> Iterator[DeclaredValue]:
    known = words.provider(wanted.name, wanted.owner, None) or ""
    base = wanted.name.strip("_").lower()
    texts: list[str] = []
    if known.startswith('"email"'):
        texts += ["user{n}@example.com", "u{n}@x.org"]
    elif known.startswith('"uuid4"') and (length is None or length >= 36):
        yield faker('"uuid4"')
        return
    elif "sha" in known and (length is None or length >= 64):
        texts.append("{n:064x}")
    elif known in ('"url"', '"image_url"'):
        texts.append(f"https://example.com/{base}/{{n}}")
    elif known == '"domain_name"':
        texts.append("host{n}.example.com")
    elif known == '"phone_number"':
        texts.append("+49 30 {n:07d}")
    elif known == '"user_name"':
        texts.append("user{n}")
    elif known.endswith('name"') or base in ("name", "title", "label") or "sentence" in known:
        texts.append(f"{_words(wanted.owner)} {{n}}")
    texts.append(f"{base}-{{n}}")
    for text in texts:
        if length is None or len(text) + 7 <= length:
            yield sequence(f"f{literal(text)}")
    if length is None or length >= 10:
        yield sequence('f"{n:010d}"', 10**10)
    elif length >= 6:
        yield sequence(f'f"{{n:0{length}d}}"', 10**length)
    elif length:
        yield sequence(f'f"{{n:0{length}x}}"', 16**length)


def _words(name: str) -> str:
    """``OrderItem`` as ``Order item``."""
    text = "".join(f" {c.lower()}" if c.isupper() and i else c for i, c in enumerate(name))
    return text.replace("_", " ")


def _values_of(limits: Limits) -> Iterator[Any]:
    for check in limits.checks:
        yield from constants(check.tree)


# --- numbers


def _integer(wanted: Wanted) -> Iterator[DeclaredValue]:
    low, high = _range(wanted, *_type_range(wanted.type))
    low, high = math.ceil(low), math.floor(high)
    if wanted.unique:
        top = _type_range(wanted.type)[1] if wanted.limits.high is None else high
        first = low if wanted.limits.low is not None else 1
        yield sequence("n" if first == 0 else f"n + {first}", int(top) - first + 1)
    if low <= high:
        yield DeclaredValue(f"fuzzy.FuzzyInteger({low}, {high})", high - low + 1)
        for step in (2, 5, 10, 15, 25, 50, 100):
            start = -(-low // step) * step
            if start <= high:
                yield DeclaredValue(
                    f"fuzzy.FuzzyInteger({start}, {high}, {step})", high // step + 1
                )
    for value in _values_of(wanted.limits):
        if isinstance(value, Decimal) and value == int(value):
            yield from (DeclaredValue(str(int(value) + step), 1) for step in (0, 1, -1))


def _type_range(type_: Any) -> tuple[int, int]:
    if isinstance(type_, mysql.TINYINT):
        return (0, 255) if type_.unsigned else (-128, 127)
    if isinstance(type_, mysql.MEDIUMINT):
        return -(2**23), 2**23 - 1
    if isinstance(type_, sa.SmallInteger):
        return -(2**15), 2**15 - 1
    return -(2**31), 2**31 - 1


def _range(wanted: Wanted, lowest: float | Decimal, highest: float | Decimal) -> tuple[Any, Any]:
    """What the name says, within the limits of the column and its type."""
    low: Any
    high: Any
    low, high = words.numbers(wanted.name) or (1, 1000)
    limits = wanted.limits
    if isinstance(limits.low, Decimal) and limits.low > low:
        low = limits.low
        high = max(high, low + 1000) if limits.high is None and high < low else high
    if isinstance(limits.high, Decimal) and limits.high < high:
        high = limits.high
        low = high - 1000 if limits.low is None and high < low else low
    if isinstance(limits.low, Decimal):
        low = max(low, limits.low)
    high = max(high, low) if not isinstance(limits.high, Decimal) else min(high, limits.high)
    return max(low, lowest), min(high, highest)


def _number(wanted: Wanted) -> Iterator[DeclaredValue]:
    type_ = wanted.type
    digits, scale = getattr(type_, "precision", None), getattr(type_, "scale", None)
    if isinstance(type_, sa.Float) or not getattr(type_, "asdecimal", True):
        low, high = _range(wanted, -(10**6), 10**6)
        if wanted.unique:
            yield sequence("float(n)" if not low > 0 else "float(n + 1)")
        yield DeclaredValue(f"fuzzy.FuzzyFloat({float(low)}, {float(high)}, precision=6)")
        yield DeclaredValue(f"fuzzy.FuzzyFloat({float(low)}, {float(high)}, precision=2)")
        return
    scale = (2 if digits is None else 0) if scale is None else scale
    smallest = Decimal(1).scaleb(-scale)
    most = Decimal(10) ** (digits - scale) - smallest if digits is not None else Decimal(10**9)
    low, high = _range(wanted, -most, most)
    if wanted.unique:
        first = low if wanted.limits.low is not None else smallest
        step = "n" if smallest == 1 else f"n * {literal(smallest)}"
        yield sequence(f"{literal(Decimal(first))} + {step}", int((most - first) / smallest) + 1)
    if low > high:
        low = min(0, high)
    # FuzzyDecimal takes numbers that random.uniform() takes.
    given = ", ".join(str(int(v) if v == int(v) else float(v)) for v in (low, high))
    yield DeclaredValue(f"fuzzy.FuzzyDecimal({given}, precision={scale})")
    for value in _values_of(wanted.limits):
        if isinstance(value, Decimal):
            for near in (value, value + smallest, value - smallest):
                yield DeclaredValue(literal(near), 1)


# --- dates and times


def _days(wanted: Wanted) -> tuple[dt.date, dt.date]:
    low, high = BIRTHDAYS if words.BIRTHS.fullmatch(wanted.name.lower()) else DAYS
    first, last = (
        value.date() if isinstance(value, dt.datetime) else value
        for value in (wanted.limits.low, wanted.limits.high)
    )
    if isinstance(first, dt.date):
        low = max(first, low)
        high = max(high, low + dt.timedelta(days=365))
    if isinstance(last, dt.date):
        high = min(high, last)
        low = min(low, high)
    return low, high


def _date(wanted: Wanted) -> Iterator[DeclaredValue]:
    low, high = _days(wanted)
    if wanted.unique:
        yield sequence(f"{literal(low)} + timedelta(days=n)")
    span = f"start_date={literal(low)}, end_date={literal(high)}"
    yield faker(f'"date_between", {span}')


def _datetime(wanted: Wanted) -> Iterator[DeclaredValue]:
    """Aware where the column is; the type may insist on either."""
    low, high = _days(wanted)
    zones = (True, False) if getattr(wanted.type, "timezone", False) else (False, True)
    for aware in zones:
        zone = dt.UTC if aware else None
        start = dt.datetime(low.year, low.month, low.day, tzinfo=zone)
        end = dt.datetime(high.year, high.month, high.day, tzinfo=zone)
        if wanted.unique:
            yield sequence(f"{literal(start)} + timedelta(hours=n)")
        span = f"start_date={literal(start)}, end_date={literal(end)}"
        yield faker(f'"date_time_between", {span}' + (", tzinfo=UTC" if aware else ""))


def _time(wanted: Wanted) -> Iterator[DeclaredValue]:
    yield sequence("time(n // 60 % 24, n % 60)", 24 * 60)
    yield DeclaredValue("fuzzy.FuzzyChoice([time(9), time(12), time(15), time(18)])", 4)


def _interval(wanted: Wanted) -> Iterator[DeclaredValue]:
    yield sequence("timedelta(minutes=15 * n)")
    yield sequence("timedelta(minutes=15 * (n + 1))")


# --- the others


def _boolean(wanted: Wanted) -> Iterator[DeclaredValue]:
    if wanted.limits.checks:
        for only in (True, False):
            if wanted.limits.pass_all([only], wanted.name.lower()) and not wanted.limits.pass_all(
                [not only], wanted.name.lower()
            ):
                yield DeclaredValue(repr(only), 1)
    yield choice([True, False]) if wanted.unique else faker('"pybool"')


def _enum(wanted: Wanted) -> Iterator[DeclaredValue]:
    found = wanted.enum_class or getattr(wanted.type, "enum_class", None)
    objects: tuple[tuple[str, str], ...] = ()
    if found is None:
        values = list(getattr(wanted.type, "enums", []))
        names = [literal(value) for value in values]
        every = f"[{', '.join(names)}]"
    else:
        root = found.__qualname__.split(".")[0]
        objects = ((root, found.__module__),)
        names = [f"{found.__qualname__}.{each.name}" for each in found]
        every = found.__qualname__
    if len(names) > 1:
        yield DeclaredValue(f"fuzzy.FuzzyChoice({every})", len(names), objects)
    yield from (DeclaredValue(name, 1, objects) for name in names)


def _bytes(wanted: Wanted) -> Iterator[DeclaredValue]:
    length = getattr(wanted.type, "length", None)
    size = min(length or 16, 64)
    if wanted.unique:
        size = min(size, 8) if length is None or length > 64 else size
        yield sequence(f'n.to_bytes({size}, "big")', 256**size)
    yield faker(f'"binary", length={size}')


def _uuid(wanted: Wanted) -> Iterator[DeclaredValue]:
    text = getattr(wanted.type, "as_uuid", True) is False
    yield faker('"uuid4"' if text else '"uuid4", cast_to=None')


def _json(wanted: Wanted) -> Iterator[DeclaredValue]:
    if wanted.unique:
        yield sequence('{"number": n}')
    yield DeclaredValue('factory.Dict({"key": factory.Faker("word")})')
    yield DeclaredValue('factory.List([factory.Faker("word")])')


def _list(wanted: Wanted) -> Iterator[DeclaredValue]:
    yield DeclaredValue('factory.List([factory.Faker("word")])')


def _array(wanted: Wanted) -> Iterator[DeclaredValue]:
    inner_type = wanted.type.item_type
    kind = kind_of(inner_type)
    if kind is None:
        return
    inner = Wanted(wanted.name, wanted.owner, inner_type, kind, Limits())
    for each in candidates(inner):
        source = each.source
        for _ in range(wanted.type.dimensions or 1):
            source = f"factory.List([{source}])"
        yield DeclaredValue(source, None, each.objects)


_SPANS = {
    "INT4": "Range(10 * n, 10 * n + 10)",
    "INT8": "Range(10 * n, 10 * n + 10)",
    "NUM": "Range(Decimal(n), Decimal(n + 1))",
    "DATE": "Range(date(2015, 1, 1) + timedelta(n), date(2015, 1, 2) + timedelta(n))",
    "TS": "Range(datetime(2015, 1, 1) + timedelta(n), datetime(2015, 1, 2) + timedelta(n))",
    "TSTZ": "Range(datetime(2015, 1, 1, tzinfo=UTC) + timedelta(n), "
    "datetime(2015, 1, 2, tzinfo=UTC) + timedelta(n))",
}


def _range_of(wanted: Wanted) -> Iterator[DeclaredValue]:
    name = str(wanted.type.__visit_name__).upper()
    several = name.endswith("MULTIRANGE")
    span = _SPANS.get(name.removesuffix("MULTIRANGE").removesuffix("RANGE"))
    if span is not None:
        yield sequence(f"[{span}]" if several else span)


def _bits(wanted: Wanted) -> Iterator[DeclaredValue]:
    length = wanted.type.length or 1
    if isinstance(wanted.type, mysql.BIT):
        if wanted.unique:
            yield sequence("n", 2**length)
        yield DeclaredValue(
            f"fuzzy.FuzzyInteger(0, {2 ** min(length, 16) - 1})", 2 ** min(length, 16)
        )
        return
    yield DeclaredValue(f'fuzzy.FuzzyText(length={length}, chars="01")')


def _simple(text: str, unique: str | None = None) -> Callable[[Wanted], Iterator[DeclaredValue]]:
    def make(wanted: Wanted) -> Iterator[DeclaredValue]:
        if wanted.unique and unique is not None:
            yield sequence(unique)
        yield DeclaredValue(text)

    return make


def _set(wanted: Wanted) -> Iterator[DeclaredValue]:
    yield choice(list(wanted.type.values))  # as text: a set of one


_KINDS: dict[str, Callable[[Wanted], Iterator[DeclaredValue]]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "interval": _interval,
    "boolean": _boolean,
    "enum": _enum,
    "bytes": _bytes,
    "uuid": _uuid,
    "json": _json,
    "list": _list,
    "array": _array,
    "range": _range_of,
    "multirange": _range_of,
    "bit": _bits,
    "set": _set,
    "year": _simple("fuzzy.FuzzyInteger(1990, 2025)", "1901 + n % 255"),
    "money": _simple("fuzzy.FuzzyDecimal(1, 1000, precision=2)", "Decimal(n)"),
    "oid": _simple("fuzzy.FuzzyInteger(1, 1000)", "n + 1"),
    "inet": _simple('factory.Faker("ipv4")', 'f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"'),
    "inet6": _simple('factory.Faker("ipv6")', 'f"2001:db8::{n:x}"'),
    "cidr": _simple(
        'factory.Faker("ipv4", network=True)', 'f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}/32"'
    ),
    "macaddr": _simple(
        'factory.Faker("mac_address")',
        'f"02:00:00:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"',
    ),
    "macaddr8": _simple(
        'factory.Sequence(lambda n: f"02:00:00:00:00:00:{n >> 8 & 255:02x}:{n & 255:02x}")'
    ),
    "hstore": _simple('factory.Dict({"key": factory.Faker("word")})'),
    "tsvector": _simple('factory.Faker("word")'),
    "tsquery": _simple('factory.Faker("word")'),
}
