import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import sqlalchemy as sa
from common import Row
from sqlalchemy import String
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import Mapped, column_property, composite, deferred, mapped_column


class Scalar(Row):
    word: Mapped[str] = mapped_column(String(20), default="draft")
    level: Mapped[int] = mapped_column(insert_default=3)
    flag: Mapped[bool] = mapped_column(default=False)


class ScalarNone(Row):
    """A None counts as not given where there is a default."""

    word: Mapped[str | None] = mapped_column(String(20), default="draft")
    here: Mapped[str | None] = mapped_column(String(20), server_default="server")


class Callables(Row):
    items: Mapped[Any] = mapped_column(sa.JSON, default=list)
    day: Mapped[date] = mapped_column(default=lambda: date(2024, 5, 6))
    size: Mapped[int] = mapped_column(
        default=lambda context: context.current_parameters["number"] * 2
    )
    length: Mapped[int] = mapped_column(
        default=lambda context: len(context.get_current_parameters()["text"])
    )


class Expressions(Row):
    low: Mapped[str] = mapped_column(String(20), default=sa.func.lower("LOW"))
    five: Mapped[int] = mapped_column(default=sa.literal(5))
    made_at: Mapped[datetime] = mapped_column(default=sa.func.now())
    nil: Mapped[int | None] = mapped_column(default=sa.null())


class ServerDefaults(Row):
    word: Mapped[str] = mapped_column(String(20), server_default="draft")
    level: Mapped[int] = mapped_column(server_default=sa.text("3"))
    made_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class Updated(Row):
    """Nothing that is for an UPDATE alone shows in a new row."""

    changed: Mapped[int | None] = mapped_column(onupdate=5)


class Colour(Enum):
    red = "R"
    green = "G"


class Typed(Row):
    colour: Mapped[Colour]
    short: Mapped[Colour] = mapped_column(
        sa.Enum(Colour, values_callable=lambda e: [c.value for c in e], name="short")
    )
    state: Mapped[str] = mapped_column(sa.Enum("new", "old", name="state"))
    loose: Mapped[str] = mapped_column(sa.Enum("a", "b", native_enum=False))
    flag: Mapped[bool]
    data: Mapped[bytes] = mapped_column(sa.LargeBinary)
    key: Mapped[uuid.UUID]
    plain_key: Mapped[str] = mapped_column(sa.Uuid(as_uuid=False))
    price: Mapped[Decimal] = mapped_column(sa.Numeric(12, 4))
    ratio: Mapped[float]
    day: Mapped[date]
    at: Mapped[datetime]
    span: Mapped[Any] = mapped_column(sa.Interval)


class Jsons(Row):
    """A None that is given is JSON's null; one that is not is SQL's."""

    given: Mapped[Any] = mapped_column(sa.JSON)
    left_out: Mapped[Any] = mapped_column(sa.JSON, nullable=True)
    sql_none: Mapped[Any] = mapped_column(sa.JSON(none_as_null=True), nullable=True)
    mutable: Mapped[Any] = mapped_column(MutableDict.as_mutable(sa.JSON))


class Upper(sa.TypeDecorator[str]):
    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return "nobody" if value is None else value.upper()


class DecoratedType(Row):
    loud: Mapped[str | None] = mapped_column(Upper)
    empty: Mapped[str | None] = mapped_column(Upper)


@dataclass
class Point:
    x: int
    y: int | None


class Composite(Row):
    point: Mapped[Point] = composite(mapped_column("px"), mapped_column("py"))
    other: Mapped[Point | None] = composite(
        Point,
        mapped_column("qx", sa.Integer, nullable=True),
        mapped_column("qy", sa.Integer, nullable=True),
    )


class OtherName(Row):
    title: Mapped[str] = mapped_column("the title", String(20))
    keyed: Mapped[str] = mapped_column("keyed_column", String(20), key="its_key", default="k")


class Deferred(Row):
    body: Mapped[str] = deferred(mapped_column(sa.Text))
    size: Mapped[int] = column_property(sa.func.length("text"))


class Computed(Row):
    double: Mapped[int] = mapped_column(sa.Computed("number * 2", persisted=True))
