"""Columns of each kind, and conditions on them, with no factory for any."""

from __future__ import annotations

import datetime
import enum
import json
import uuid
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column, validates


class Base(DeclarativeBase):
    pass


metadata = Base.metadata


class Level(enum.Enum):
    LOW = 1
    HIGH = 2


class Json(sa.TypeDecorator[Any]):
    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else json.loads(value)


class JsonList(Json):
    """Hands on what is no list as it is, and reads nothing but JSON."""

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return json.dumps(value) if isinstance(value, list) else value


class Guid(sa.TypeDecorator[uuid.UUID]):
    impl = sa.CHAR(36)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else str(uuid.UUID(str(value)))

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else uuid.UUID(value)


class Utc(sa.TypeDecorator[datetime.datetime]):
    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime")
        return value.astimezone(datetime.UTC).replace(tzinfo=None)


class Numbered(sa.TypeDecorator[Any]):
    impl = sa.Integer
    cache_ok = True

    def __init__(self, members: type[enum.Enum]) -> None:
        super().__init__()
        self.members = members

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else value.value

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else self.members(value)


class Person(Base):
    """By name: each fits its length."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    first_name: Mapped[str] = mapped_column(sa.String(30))
    email: Mapped[str] = mapped_column(sa.String(255), unique=True)
    work_email: Mapped[str] = mapped_column(sa.String(100))
    phone: Mapped[str | None] = mapped_column(sa.String(30))
    city: Mapped[str] = mapped_column(sa.String(10))
    country_code: Mapped[str] = mapped_column(sa.CHAR(2))
    website: Mapped[str] = mapped_column(sa.Text)
    age: Mapped[int]
    date_of_birth: Mapped[datetime.date | None]
    nickname: Mapped[str | None] = mapped_column(sa.String(20), unique=True)
    password_hash: Mapped[str] = mapped_column(sa.String(64))


class Short(Base):
    """Unique, and short."""

    __tablename__ = "short"
    code: Mapped[str] = mapped_column(sa.String(1), primary_key=True)
    two: Mapped[str] = mapped_column(sa.String(2), unique=True)
    three: Mapped[str] = mapped_column(sa.CHAR(3))
    level: Mapped[Level]
    __table_args__ = (sa.UniqueConstraint("three", "level"),)


class Few(Base):
    """As many rows as there are values."""

    __tablename__ = "few"
    level: Mapped[Level] = mapped_column(primary_key=True)
    flag: Mapped[bool] = mapped_column(primary_key=True)


class Typed(Base):
    __tablename__ = "typed"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    small: Mapped[int] = mapped_column(sa.SmallInteger, unique=True)
    big: Mapped[int] = mapped_column(sa.BigInteger)
    exact: Mapped[Decimal] = mapped_column(sa.Numeric(5, 2))
    fraction: Mapped[Decimal] = mapped_column(sa.Numeric(4, 4))
    real: Mapped[float]
    price: Mapped[Decimal] = mapped_column(sa.Numeric(12, 2), unique=True)
    on: Mapped[datetime.date] = mapped_column(unique=True)
    at: Mapped[datetime.datetime] = mapped_column(sa.DateTime(timezone=True))
    clock: Mapped[datetime.time]
    span: Mapped[datetime.timedelta] = mapped_column(sa.Interval)
    data: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    tags: Mapped[list[str]] = mapped_column(sa.JSON)
    blob: Mapped[bytes] = mapped_column(sa.LargeBinary(12))
    pickled: Mapped[Any] = mapped_column(sa.PickleType)
    text_id: Mapped[str] = mapped_column(sa.Uuid(as_uuid=False))
    words: Mapped[dict[str, Any]] = mapped_column(Json)
    scopes = mapped_column(JsonList, nullable=False)
    guid: Mapped[uuid.UUID] = mapped_column(Guid, unique=True)
    utc: Mapped[datetime.datetime] = mapped_column(Utc)
    level: Mapped[Level] = mapped_column(Numbered(Level))
    size: Mapped[str] = mapped_column(sa.Enum("S", "M", name="size"))
    loose: Mapped[str] = mapped_column(sa.Enum("a", "b", native_enum=False, create_constraint=True))


class Defaulted(Base):
    """What has a default is left to it, unless that would repeat."""

    __tablename__ = "defaulted"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(sa.String(10), default="draft")
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=sa.func.now())
    slug: Mapped[str] = mapped_column(sa.String(40), default="", unique=True)
    position: Mapped[int] = mapped_column(server_default="0")
    batch: Mapped[int]
    double: Mapped[int] = mapped_column(sa.Computed("batch * 2", persisted=True))
    __table_args__ = (sa.UniqueConstraint("position"),)


class Checked(Base):
    """CHECKs on one column."""

    __tablename__ = "checked"
    id: Mapped[int] = mapped_column(primary_key=True)
    above: Mapped[int]
    within: Mapped[int]
    even: Mapped[int]
    price: Mapped[Decimal] = mapped_column(sa.Numeric(10, 2))
    state: Mapped[str] = mapped_column(sa.String(10))
    optional: Mapped[int | None]
    filled: Mapped[str | None] = mapped_column(sa.String(20))
    long_enough: Mapped[str] = mapped_column(sa.String(40))
    exactly: Mapped[str] = mapped_column(sa.String(40))
    starts_with: Mapped[str] = mapped_column(sa.String(20))
    mail: Mapped[str] = mapped_column(sa.String(50))
    code: Mapped[str] = mapped_column(sa.String(10))
    since: Mapped[datetime.date]
    level: Mapped[Level] = mapped_column(sa.Enum(Level, native_enum=False))
    __table_args__ = (
        sa.CheckConstraint("above > 5000"),
        sa.CheckConstraint("within BETWEEN 7 AND 9"),
        sa.CheckConstraint("even % 2 = 0"),
        sa.CheckConstraint("price > 0 AND price < 2.5"),
        sa.CheckConstraint("state IN ('new', 'done')"),
        sa.CheckConstraint("optional IS NULL OR optional < 0"),
        sa.CheckConstraint("filled IS NOT NULL"),
        sa.CheckConstraint("length(long_enough) >= 20"),
        sa.CheckConstraint("length(exactly) = 12"),
        sa.CheckConstraint("starts_with LIKE 'AB-%'"),
        sa.CheckConstraint("mail LIKE '%@%.%'"),
        sa.CheckConstraint("code = upper(code) AND code <> ''"),
        sa.CheckConstraint("since >= '2024-06-01'"),
        sa.CheckConstraint("level <> 'LOW'"),
    )


class Compared(Base):
    """CHECKs on several columns."""

    __tablename__ = "compared"
    id: Mapped[int] = mapped_column(primary_key=True)
    starts_on: Mapped[datetime.date]
    ends_on: Mapped[datetime.date | None]
    low: Mapped[int]
    middle: Mapped[int]
    high: Mapped[int]
    price: Mapped[Decimal] = mapped_column(sa.Numeric(8, 2))
    discount: Mapped[Decimal] = mapped_column(sa.Numeric(8, 2))
    phone: Mapped[str | None] = mapped_column(sa.String(30))
    email: Mapped[str | None] = mapped_column(sa.String(60))
    one: Mapped[int | None]
    other: Mapped[int | None]
    kind: Mapped[str] = mapped_column(sa.String(10))
    closed_at: Mapped[datetime.datetime | None]
    parts: Mapped[int]
    rest: Mapped[int]
    __table_args__ = (
        sa.CheckConstraint("starts_on < ends_on", name="in_order"),
        sa.CheckConstraint("low <= middle AND middle <= high"),
        sa.CheckConstraint("discount < price"),
        sa.CheckConstraint("phone IS NOT NULL OR email IS NOT NULL"),
        sa.CheckConstraint("(one IS NULL) <> (other IS NULL)"),
        sa.CheckConstraint("kind IN ('open', 'closed')"),
        sa.CheckConstraint(
            "kind = 'open' AND closed_at IS NULL OR kind = 'closed' AND closed_at IS NOT NULL"
        ),
        sa.CheckConstraint("parts + rest = 100"),
    )


class Validated(Base):
    __tablename__ = "validated"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(20))
    contact: Mapped[str] = mapped_column(sa.String(60))

    @validates("code")
    def _code(self, name: str, value: str) -> str:
        if not value.isdigit():
            raise ValueError("digits only")
        return value

    @validates("contact")
    def _contact(self, name: str, value: str) -> str:
        if "@" not in value:
            raise ValueError("no address")
        return value


class Made(MappedAsDataclass, Base):
    __tablename__ = "made"
    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    title: Mapped[str] = mapped_column(sa.String(80))
    note: Mapped[str | None] = mapped_column(sa.Text)
    rank: Mapped[int] = mapped_column(default=3)


class Built(Base):
    """With a constructor of its own."""

    __tablename__ = "built"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(50))
    secret: Mapped[str] = mapped_column(sa.String(80))

    def __init__(self, name: str, password: str) -> None:
        self.name = name
        self.secret = password[::-1]
