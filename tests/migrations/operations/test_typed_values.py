"""Values typed on the command line: read by the type of the column, and written as Python."""

from __future__ import annotations

import datetime
import enum
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from sqlalchemy_manage.errors import UsageError
from sqlalchemy_manage.migrations.operations.values import parse_value, python


class Grade(enum.Enum):
    junior = "j"
    senior = "s"


class Upper(sa.TypeDecorator[str]):
    impl = sa.String(3)
    cache_ok = True


BY_VALUE = sa.Enum(Grade, values_callable=lambda members: [member.value for member in members])


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        (sa.String(9), '"junior"', "junior"),
        (sa.String(9), "junior", "junior"),
        (sa.String(9), "12", "12"),
        (sa.String(9), "0012", "0012"),
        (sa.String(9), "True", "True"),
        (sa.String(9), '""', ""),
        (sa.Text, "'it''s'", "its"),
        (sa.Text, "it's 50% :x", "it's 50% :x"),
        (sa.Text, '"größe"', "größe"),
        (Upper(), "abc", "abc"),
        (sa.Integer, "-7", -7),
        (sa.Integer, "1_000", 1000),
        (sa.BigInteger, "5000000000", 5_000_000_000),
        (sa.SmallInteger, "32767", 32767),
        (sa.Boolean, "True", True),
        (sa.Boolean, "false", False),
        (sa.Boolean, "1", True),
        (sa.Numeric(6, 2), "12.50", Decimal("12.50")),
        (sa.Numeric(6, 2), '"12.50"', Decimal("12.50")),
        (sa.Numeric(6, 2), "9999.99", Decimal("9999.99")),
        (sa.Float, "1.5", 1.5),
        (sa.Float, "2", 2.0),
        (sa.Date, "2026-01-31", datetime.date(2026, 1, 31)),
        (sa.Date, '"2026-01-31"', datetime.date(2026, 1, 31)),
        (sa.DateTime, "2026-01-31T09:30", datetime.datetime(2026, 1, 31, 9, 30)),
        (sa.Time, "09:30", datetime.time(9, 30)),
        (sa.Enum("a", "b"), "a", "a"),
        (sa.Enum(Grade), "junior", "junior"),
        (sa.Enum(Grade), "j", "junior"),
        (BY_VALUE, "junior", "j"),
        (BY_VALUE, "s", "s"),
        (sa.Uuid, "5f0c6e0e5b1e4d6c9a570d3c1a2b3c4d", "5f0c6e0e-5b1e-4d6c-9a57-0d3c1a2b3c4d"),
        (sa.LargeBinary, "b'\\x00a'", b"\x00a"),
        (sa.JSON, '{"a": [1, None]}', {"a": [1, None]}),
        (postgresql.ARRAY(sa.Integer), "[1, 2]", [1, 2]),
    ],
)
def test_a_value_that_fits(type_: Any, text: str, value: Any) -> None:
    found = parse_value(text, sa.Column("c", type_), "t.c")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("type_", "text", "says"),
    [
        (sa.Integer, "five", "a whole number"),
        (sa.Integer, "1.5", "a whole number"),
        (sa.Integer, "True", "a whole number"),
        (sa.Integer, '"5"', "a whole number"),
        (sa.Integer, "3000000000", "32 bits"),
        (sa.SmallInteger, "40000", "16 bits"),
        (sa.BigInteger, "9223372036854775808", "64 bits"),
        (sa.String(3), "abcd", "4 characters, 3 fit"),
        (Upper(), "abcd", "4 characters, 3 fit"),
        (sa.Date, "31.1.2026", "Invalid isoformat"),
        (sa.Date, "2026-02-30", "day is out of range"),
        (sa.DateTime, "now", "Invalid isoformat"),
        (sa.Enum(Grade), "boss", "one of junior, senior"),
        (sa.Numeric(4, 2), "100", "2 digits before the point"),
        (sa.Numeric(4, 2), "much", "not a value"),
        (sa.Float, "much", "could not convert"),
        (sa.Boolean, "maybe", "not a value"),
        (sa.Uuid, "123", "not a value"),
        (sa.String(9), "None", "None cannot fill"),
        (sa.Integer, "None", "None cannot fill"),
        (sa.JSON, "{1, 2}", "not a value"),
    ],
)
def test_a_value_that_does_not_fit(type_: Any, text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_value(text, sa.Column("c", type_), "t.c")
    assert says in caught.value.message
    assert "--default t.c" in caught.value.message


@pytest.mark.parametrize(
    ("value", "text", "needed"),
    [
        ("it's", '"it\'s"', None),
        (Decimal("1.50"), "decimal.Decimal('1.50')", "import decimal"),
        (datetime.date(2026, 1, 31), "datetime.date(2026, 1, 31)", "import datetime"),
        ({"a": None}, "{'a': None}", None),
    ],
)
def test_as_python(value: Any, text: str, needed: str | None) -> None:
    assert python(value) == (text, needed)
