"""Changes of a column's type, each with a value and what has to become of it.

``kept``: equal in the new type, and after a rollback. ``lost``: converted, but not to be had
back; named, and only done if that is declared. ``refused``: no value of the new type, named.
One word for all three databases, or one each for SQLite, PostgreSQL and MariaDB.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from support.databases import BACKENDS


class Json(sa.TypeDecorator[Any]):
    """As many write it themselves."""

    impl = sa.JSON
    cache_ok = True


class Point(sa.types.UserDefinedType[Any]):
    cache_ok = True

    def get_col_spec(self, **kw: Any) -> str:
        return "POINT"


@dataclass(frozen=True)
class TypeChange:
    """``old`` becomes ``new``; ``value`` as the old type has it."""

    old: Any
    new: Any
    value: Any
    outcome: str
    only: tuple[str, ...] = BACKENDS

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What is in the table: the value, and a NULL."""
        return [{"id": 3, "c": self.value}, {"id": 4, "c": sa.null()}]

    def on(self, backend: str) -> str:
        words = self.outcome.split()
        return words[BACKENDS.index(backend)] if len(words) > 1 else words[0]

    def __str__(self) -> str:
        return f"{self.old!r}-{self.new!r}-{self.value!r}".replace(" ", "")


DAY, NOON = datetime.date(2024, 5, 6), datetime.datetime(2024, 5, 6, 10, 11, 12)
CLOCK = datetime.time(10, 11, 12)
HEX = "5f0c6e0e5b1e4d6c9a570d3c1a2b3c4d"
DASHED = "5f0c6e0e-5b1e-4d6c-9a57-0d3c1a2b3c4d"
POSTGRESQL = ("postgresql",)

S, T, W, B, F = sa.String(50), sa.Text(), sa.Integer(), sa.BigInteger(), sa.Double()
N = sa.Numeric(10, 2)

CHANGES = [
    TypeChange(*items)
    for items in [
        # Texts
        (sa.String(20), sa.String(50), "abc", "kept"),
        (sa.String(50), sa.String(3), "abc", "kept"),
        (sa.String(50), sa.String(3), "abcd", "lost"),
        (sa.String(50), sa.Text(), "abc", "kept"),
        (sa.Text(), sa.String(3), "abc", "kept"),
        (sa.Text(), sa.String(3), "äöüß", "lost"),
        (S, W, "17", "kept"),
        (S, W, "007", "lost"),
        (S, W, "many", "refused"),
        (S, W, "", "refused"),
        (S, W, "1.5", "refused"),
        (S, B, "9007199254740993", "kept"),
        (S, F, "1.5", "kept"),
        (S, F, "2", "kept"),
        (S, F, "0012", "lost"),
        (S, N, "12.50", "kept"),
        (S, N, "0012", "lost"),
        (S, N, "12.345", "lost"),
        (S, N, "1,5", "refused"),
        (S, sa.Numeric(30, 10), "12345678901234567890.1230000000", "lost kept kept"),
        (S, sa.Boolean(), "true", "kept kept refused"),
        (S, sa.Boolean(), "1", "lost lost kept"),
        (S, sa.Boolean(), "maybe", "refused"),
        (S, sa.Date(), "2024-05-06", "kept"),
        (S, sa.Date(), "6.5.2024", "refused lost refused"),
        (S, sa.Date(), "2024-02-31", "refused"),
        (S, sa.DateTime(), "2024-05-06 10:11:12", "kept"),
        (S, sa.DateTime(), "5", "refused"),
        (S, sa.Time(), "10:11:12", "kept"),
        (S, sa.Time(), "5", "refused refused lost"),
        (S, sa.Uuid(), DASHED, "kept"),
        (S, sa.Uuid(), HEX, "lost"),
        (S, sa.Uuid(), DASHED.upper(), "lost"),
        (S, sa.Uuid(), "not-a-uuid", "refused"),
        (T, sa.JSON(), '{"a": 1}', "kept"),
        (T, sa.JSON(), "no json", "refused"),
        (T, Json(), '{"a": 1}', "kept"),
        (T, Json(), "[1, 2]", "kept"),
        (T, sa.LargeBinary(), "größe", "kept"),
        (S, sa.LargeBinary(16), "5f0c6e0e", "kept"),
        (S, sa.BINARY(16), "5f0c6e0e", "kept - lost", ("sqlite", "mariadb")),
        (sa.CHAR(32), sa.BINARY(16), HEX, "lost - refused", ("sqlite", "mariadb")),
        (T, Point(), "(1,2)", "kept", ("sqlite", "postgresql")),
        (T, pg.JSONB(), '{"a":1}', "kept", POSTGRESQL),
        (T, pg.JSONB(), "no json", "refused", POSTGRESQL),
        (T, pg.INET(), "10.0.0.1", "kept", POSTGRESQL),
        (T, pg.INET(), "host", "refused", POSTGRESQL),
        (T, pg.TSVECTOR(), "'a' 'b'", "kept", POSTGRESQL),
        (T, pg.TSVECTOR(), "b a", "lost", POSTGRESQL),
        (T, pg.HSTORE(), '"a"=>"1"', "kept", POSTGRESQL),
        (T, pg.ARRAY(W), "{1,2}", "kept", POSTGRESQL),
        (T, pg.INTERVAL(), "10:11:12", "kept", POSTGRESQL),
        # Numbers
        (sa.SmallInteger(), W, 7, "kept"),
        (W, B, 7, "kept"),
        (B, W, 7, "kept"),
        (B, W, 5_000_000_000, "refused"),
        (W, sa.SmallInteger(), 70_000, "refused"),
        (W, S, 7, "kept"),
        (W, sa.String(2), 123, "lost lost refused"),
        (W, F, 7, "kept"),
        (B, F, 9007199254740993, "lost"),
        (W, N, 7, "kept"),
        (W, sa.Numeric(3, 2), 70, "refused"),
        (W, sa.Boolean(), 1, "kept"),
        (W, sa.Boolean(), 5, "lost"),
        (N, sa.Boolean(), Decimal("0.50"), "lost"),
        (F, W, 3.0, "kept"),
        (F, W, 3.7, "lost"),
        (F, W, 1.75, "lost"),
        (F, S, 1.5, "kept"),
        (F, S, 2.0, "kept"),
        (F, N, 1.5, "kept"),
        (F, N, 1.755, "lost"),
        (N, W, Decimal("12.00"), "kept"),
        (N, W, Decimal("12.34"), "lost"),
        (N, S, Decimal("12.50"), "kept"),
        (N, F, Decimal("12.34"), "kept"),
        (N, sa.Numeric(10, 0), Decimal("12.34"), "lost"),
        (N, sa.Numeric(12, 2), Decimal("12.34"), "kept"),
        (N, sa.Numeric(4, 2), Decimal("12345.67"), "refused"),
        (W, sa.JSON(), 5, "kept"),
        (sa.JSON(), W, 5, "kept"),
        (sa.JSON(), W, [5], "refused"),
        (W, sa.Uuid(), 5, "refused"),
        (sa.Boolean(), W, True, "kept"),
        (sa.Boolean(), S, True, "kept"),
        (sa.Boolean(), S, False, "kept"),
        # Dates and times
        (sa.Date(), sa.DateTime(), DAY, "kept"),
        (sa.Date(), S, DAY, "kept"),
        (sa.Date(), W, DAY, "refused refused kept"),
        (sa.DateTime(), W, NOON, "refused"),
        (sa.DateTime(), sa.Date(), datetime.datetime(2024, 5, 6), "kept"),
        (sa.DateTime(), sa.Date(), NOON, "lost"),
        (sa.DateTime(), sa.Time(), NOON, "lost"),
        (sa.DateTime(), T, NOON, "kept"),
        (sa.Time(), W, CLOCK, "refused refused kept"),
        (sa.Time(), S, CLOCK, "kept"),
        (sa.Time(), sa.Interval(), CLOCK, "kept"),
        (sa.Time(), sa.Date(), CLOCK, "refused refused lost"),
        (sa.Interval(), sa.Time(), datetime.timedelta(hours=1), "kept"),
        (sa.Interval(), sa.Time(), datetime.timedelta(days=3, hours=1), "lost"),
        (sa.Interval(), F, datetime.timedelta(hours=1), "refused"),
        (pg.TIMESTAMP(timezone=True), sa.Date(), NOON, "lost", POSTGRESQL),
        (pg.TIMESTAMP(timezone=True), sa.DateTime(), NOON, "kept", POSTGRESQL),
        # The rest
        (sa.Uuid(), S, UUID(HEX), "kept"),
        (sa.Uuid(), sa.String(36), UUID(HEX), "kept"),
        (sa.Uuid(), W, UUID(HEX), "refused"),
        (sa.LargeBinary(), T, b"abc", "kept"),
        (sa.LargeBinary(), T, b"\xff\xfe", "refused"),
        (sa.LargeBinary(), W, b"abc", "refused"),
        (sa.JSON(), T, {"a": 1}, "kept"),
        (sa.JSON(), pg.JSONB(), {"a": 1}, "kept", POSTGRESQL),
        (pg.INT4RANGE(), pg.INT8RANGE(), pg.Range(1, 5), "kept", POSTGRESQL),
        (pg.ARRAY(W), pg.ARRAY(B), [1, 2], "kept", POSTGRESQL),
        (pg.ARRAY(W), T, [1, 2], "kept", POSTGRESQL),
    ]
]
