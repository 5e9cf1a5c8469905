"""Single values: how they are written, what is read, what is refused."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from sqlalchemy_manage.data.json_text import marked, unmarked
from sqlalchemy_manage.data.scalars import Unfit, dump_duration, load_duration
from sqlalchemy_manage.data.values import codec_of

SQLITE, POSTGRESQL, MYSQL = sqlite.dialect(), postgresql.dialect(), mysql.dialect()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(0), "P0DT00H00M00S"),
        (timedelta(days=1, hours=2, minutes=3, seconds=4), "P1DT02H03M04S"),
        (timedelta(microseconds=1), "P0DT00H00M00.000001S"),
        (-timedelta(hours=25, milliseconds=500), "-P1DT01H00M00.500000S"),
    ],
)
def test_a_duration_is_iso_8601_both_ways(value: timedelta, text: str) -> None:
    assert dump_duration(value) == text
    assert load_duration(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("PT90M", timedelta(minutes=90)), (90, timedelta(seconds=90)), ("P2D", timedelta(days=2))],
)
def test_a_duration_may_be_written_by_hand(text: Any, value: timedelta) -> None:
    assert load_duration(text) == value


@pytest.mark.parametrize("text", ["", "P", "PT", "1:30", "P1DT", True, None, [1], "P1H"])
def test_what_is_no_duration_is_refused(text: Any) -> None:
    with pytest.raises(ValueError):
        load_duration(text)


@pytest.mark.parametrize(
    ("type_", "given", "clean"),
    [
        (sa.Integer(), 5, 5),
        (sa.Float(), 1, 1.0),
        (sa.Float(), "-Infinity", "-Infinity"),
        (sa.Numeric(10, 2), "1.5", "1.50"),
        (sa.Numeric(10, 2), 1.1, "1.10"),
        (sa.Numeric(10, 2), 7, "7.00"),
        (sa.Numeric(), "1.500", "1.5"),
        (sa.Numeric(40, 10), "123456789012345678901234567890.5", None),
        (sa.Numeric(), "-0.0", "0"),
        (sa.Numeric(), "NaN", "NaN"),
        (sa.CHAR(5), "ab   ", "ab"),
        (sa.String(5), "ab   ", "ab   "),
        (sa.DateTime(), "2024-05-31", "2024-05-31T00:00:00"),
        (sa.DateTime(timezone=True), "2024-05-31T02:00:00+02:00", "2024-05-31T00:00:00+00:00"),
        (sa.DateTime(timezone=True), "2024-05-31T02:00:00Z", "2024-05-31T02:00:00+00:00"),
        (sa.Uuid(), "ABCDEFAB123456781234567812345678", "abcdefab-1234-5678-1234-567812345678"),
        (sa.JSON(), {"b": 1, "a": [None]}, {"a": [None], "b": 1}),
        (sa.JSON(), {"__json__": None}, {"__json__": None}),
        (sa.Boolean(), False, False),
        (sa.LargeBinary(), "AAE=", "AAE="),
        (sa.Enum("x", "y"), "y", "y"),
        (sa.Interval(), 90, "P0DT00H01M30S"),
    ],
)
@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL, MYSQL], ids=lambda d: d.name)
def test_a_written_value_has_one_spelling(
    dialect: sa.Dialect, type_: Any, given: Any, clean: Any
) -> None:
    expected = f"{given}000000000" if clean is None else clean
    found = codec_of(type_, dialect).clean(given)
    assert found == expected
    assert type(found) is type(expected)
    assert codec_of(type_, dialect).clean(found) == found


@pytest.mark.parametrize(
    ("type_", "given"),
    [
        (sa.Integer(), True),
        (sa.Integer(), "5"),
        (sa.Integer(), 1.0),
        (sa.Integer(), 2**64),
        (sa.Boolean(), 1),
        (sa.Float(), "1.5"),
        (sa.Float(), math.inf),
        (sa.Float(), 10**400),
        (sa.Numeric(10, 2), "1.234"),
        (sa.Numeric(10, 2), "ten"),
        (sa.Numeric(), "1e999999999"),
        (sa.Numeric(), True),
        (sa.String(), 5),
        (sa.String(), "\ud800"),
        (sa.DateTime(), "2024-05-31T02:00:00Z"),
        (sa.DateTime(), 1717113600),
        (sa.Date(), "2024-02-30"),
        (sa.Time(), "25:00:00"),
        (sa.Uuid(), "1234"),
        (sa.Uuid(), 5),
        (sa.LargeBinary(), "no base64!"),
        (sa.LargeBinary(), 5),
        (sa.Enum("x", "y"), "z"),
        (sa.Enum("x", "y"), ["x"]),
        (sa.JSON(), math.nan),
        (sa.PickleType(), "gASVBQAAAAAAAABLBS4="),
    ],
)
@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL, MYSQL], ids=lambda d: d.name)
def test_what_does_not_fit_is_refused(dialect: sa.Dialect, type_: Any, given: Any) -> None:
    with pytest.raises(ValueError):
        codec_of(type_, dialect).clean(given)


def test_only_postgresql_refuses_nul_in_text() -> None:
    with pytest.raises(Unfit, match="NUL"):
        codec_of(sa.Text(), POSTGRESQL).clean("a\0b")
    assert codec_of(sa.Text(), SQLITE).clean("a\0b") == "a\0b"


@pytest.mark.parametrize("value", [None, {"__json__": 1}, {"__json__": {"__json__": None}}])
def test_what_looks_like_the_mark_of_json_is_marked_itself(value: Any) -> None:
    assert unmarked(marked(value)) == value
    assert marked(value) != value


def test_a_decorated_column_travels_as_it_is_stored() -> None:
    class Doubled(sa.types.TypeDecorator[int]):
        impl = sa.Integer
        cache_ok = True

        def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
            raise AssertionError("the program's conversion was called")

        process_result_value = process_bind_param

    assert codec_of(Doubled(), SQLITE).clean(7) == 7


def test_a_decorated_column_stored_in_different_ways_travels_as_the_program_sees_it() -> None:
    class Document(sa.types.TypeDecorator[Any]):
        impl = sa.Text
        cache_ok = True

        def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
            native = postgresql.JSONB() if dialect.name == "postgresql" else sa.Text()
            return dialect.type_descriptor(native)

    for dialect in (SQLITE, POSTGRESQL, MYSQL):
        codec = codec_of(Document(), dialect)
        assert (codec.kind, codec.clean({"b": 1, "a": 2})) == ("json", {"a": 2, "b": 1})
        assert isinstance(codec.bind, Document)


def test_an_enum_is_written_by_the_name_that_is_stored() -> None:
    from support import warehouse

    codec = codec_of(sa.Enum(warehouse.Size), SQLITE)
    assert codec.dump(warehouse.Size.large) == codec.dump("large") == "large"
    by_value = sa.Enum(warehouse.Size, values_callable=lambda e: [member.value for member in e])
    assert codec_of(by_value, SQLITE).dump(warehouse.Size.large) == "L"


@pytest.mark.parametrize("value", [Decimal("1234567.891"), 1234567.891])
def test_decimals_read_as_floats_are_written_alike(value: Any) -> None:
    assert codec_of(sa.Numeric(12, 3), SQLITE).dump(value) == "1234567.891"
    assert codec_of(sa.Numeric(), SQLITE).dump(value) == "1234567.891"
