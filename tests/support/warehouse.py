"""Models with every column type and every shape of link that fixtures have to carry."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Size(enum.Enum):
    small = "S"
    large = "L"


class Reversed(sa.types.TypeDecorator[str]):
    """Stores text backwards: stands for encryption."""

    impl = sa.String(100)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return value and value[::-1]

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return value and value[::-1]


class GUID(sa.types.TypeDecorator[uuid.UUID]):
    """SQLAlchemy's old recipe: a native UUID on PostgreSQL, 32 hexadecimal digits elsewhere."""

    impl = sa.CHAR
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID(as_uuid=False))
        return dialect.type_descriptor(sa.CHAR(32))

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        if value is None:
            return None
        return str(value) if dialect.name == "postgresql" else f"{uuid.UUID(str(value)).int:032x}"

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> uuid.UUID | None:
        return value if value is None else uuid.UUID(str(value))


Moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
Zoned = sa.DateTime(timezone=True).with_variant(
    mysql.DATETIME(timezone=True, fsp=6), "mysql", "mariadb"
)
Clock = sa.Time().with_variant(mysql.TIME(fsp=6), "mysql", "mariadb")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Numbers = sa.JSON().with_variant(postgresql.ARRAY(sa.Integer), "postgresql")


class Everything(Base):
    __tablename__ = "everything"

    id: Mapped[int] = mapped_column(primary_key=True)
    whole: Mapped[int | None] = mapped_column(sa.BigInteger)
    ratio: Mapped[float | None] = mapped_column(sa.Double)
    text: Mapped[str | None] = mapped_column(sa.Text)
    fixed: Mapped[str | None] = mapped_column(sa.CHAR(8))
    amount: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 2))
    rough: Mapped[float | None] = mapped_column(sa.Numeric(12, 4, asdecimal=False))
    flag: Mapped[bool | None]
    moment: Mapped[datetime | None] = mapped_column(Moment)
    zoned: Mapped[datetime | None] = mapped_column(Zoned)
    day: Mapped[date | None]
    clock: Mapped[time | None] = mapped_column(Clock)
    span: Mapped[timedelta | None]
    raw: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    uid: Mapped[uuid.UUID | None]
    uid_text: Mapped[str | None] = mapped_column(sa.Uuid(as_uuid=False))
    size: Mapped[Size | None]
    colour: Mapped[str | None] = mapped_column(sa.Enum("red", "green", native_enum=False))
    data: Mapped[Any | None] = mapped_column(Json)
    numbers: Mapped[Any | None] = mapped_column(Numbers)
    secret: Mapped[str | None] = mapped_column(Reversed)
    guid: Mapped[uuid.UUID | None] = mapped_column(GUID)
    label: Mapped[str | None] = mapped_column("label_column", sa.String(50))
    doubled: Mapped[int | None] = mapped_column(
        sa.BigInteger, sa.Computed("whole * 2", persisted=True)
    )


class Shelf(Base):
    """A composite key."""

    __tablename__ = "shelf"

    room: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    note: Mapped[str | None] = mapped_column(sa.String(200))


# Neither a primary key nor a unique pair: the same link may stand there twice.
box_tag = sa.Table(
    "box_tag",
    Base.metadata,
    sa.Column("box_id", sa.ForeignKey("box.id"), nullable=False),
    sa.Column("tag_name", sa.ForeignKey("tag.name"), nullable=False),
)


class Box(Base):
    __tablename__ = "box"
    __table_args__ = (
        sa.ForeignKeyConstraint(["room", "shelf_number"], ["shelf.room", "shelf.number"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    serial: Mapped[str | None] = mapped_column(sa.String(20), unique=True)
    room: Mapped[str | None] = mapped_column(sa.String(20))
    shelf_number: Mapped[int | None]
    shelf: Mapped[Shelf | None] = relationship()
    tags: Mapped[list[Tag]] = relationship(secondary=box_tag, back_populates="boxes")


class Tag(Base):
    __tablename__ = "tag"

    name: Mapped[str] = mapped_column(sa.String(30), primary_key=True)
    boxes: Mapped[list[Box]] = relationship(secondary=box_tag, back_populates="tags")


class Person(Base):
    """Refers to itself, or to nobody."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(50))
    boss_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    touched: Mapped[int] = mapped_column(default=0, onupdate=99)
    boss: Mapped[Person | None] = relationship(remote_side="Person.id", back_populates="reports")
    reports: Mapped[list[Person]] = relationship(back_populates="boss")


class Node(Base):
    """Refers to itself, and must: a root is its own parent."""

    __tablename__ = "node"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    parent_id: Mapped[int] = mapped_column(sa.ForeignKey("node.id"))


class Team(Base):
    """Team and member refer to each other."""

    __tablename__ = "team"

    id: Mapped[int] = mapped_column(primary_key=True)
    lead_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("member.id", use_alter=True, name="fk_team_lead")
    )


class Member(Base):
    __tablename__ = "member"

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(sa.ForeignKey("team.id"))


class Vehicle(Base):
    __tablename__ = "vehicle"
    __mapper_args__ = {"polymorphic_on": "type", "polymorphic_identity": "vehicle"}

    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(sa.String(20))
    boxes: Mapped[list[Box]] = relationship(secondary=lambda: vehicle_box)


class Truck(Vehicle):
    """In the table of its base."""

    __mapper_args__ = {"polymorphic_identity": "truck"}

    payload: Mapped[int | None] = mapped_column("payload_kg")


class Car(Vehicle):
    """In a table of its own, joined to its base's."""

    __tablename__ = "car"
    __mapper_args__ = {"polymorphic_identity": "car"}

    id: Mapped[int] = mapped_column(sa.ForeignKey("vehicle.id"), primary_key=True)
    seats: Mapped[int]


vehicle_box = sa.Table(
    "vehicle_box",
    Base.metadata,
    sa.Column("vehicle_id", sa.ForeignKey("vehicle.id"), primary_key=True),
    sa.Column("box_id", sa.ForeignKey("box.id"), primary_key=True),
    sa.Column("packed", sa.Integer, nullable=False, default=1),
)

ticket = sa.Table(
    "ticket",
    Base.metadata,
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("title", sa.String(50)),
)

numbered = sa.Table(
    "numbered",
    Base.metadata,
    sa.Column("id", sa.Integer, sa.Sequence("numbered_seq", optional=False), primary_key=True),
    sa.Column("title", sa.String(50)),
)


def fill(connection: sa.Connection) -> None:
    """Rows that use all of it."""
    full: dict[str, Any] = {
        "whole": -(2**53) - 1,
        "ratio": 0.1 + 0.2,
        "text": 'Zoë\'s "quoted" \\ line\nnext\ttab \U0001f600 \u2028 end',
        "fixed": "ab",
        "amount": Decimal("1234567890.10"),
        "rough": 1.5,
        "flag": True,
        "moment": datetime(2024, 2, 29, 23, 59, 59, 123456),
        "zoned": datetime(2024, 6, 1, 10, 0),
        "day": date(1999, 12, 31),
        "clock": time(1, 2, 3, 400),
        "span": timedelta(days=3, hours=4, seconds=5),
        "raw": bytes(range(256)),
        "uid": uuid.UUID("12345678-1234-5678-1234-567812345678"),
        "uid_text": "abcdefab-1234-5678-1234-567812345678",
        "size": Size.large,
        "colour": "green",
        "data": {"b": [1, 2.5, None, True], "a": {"ü": "x"}},
        "numbers": [3, 1, 2],
        "secret": "hunter2",
        "guid": uuid.UUID("00000000-0000-0000-0000-0000000000ff"),
        "label_column": "",
    }
    rows = [{"id": 1, **full}, {"id": 2}]
    rows += [{"id": 3, "text": "x" * 60_000, "span": -timedelta(hours=1), "data": []}]
    rows += [{"id": 4, "data": {"__json__": 1}, "amount": Decimal("0"), "numbers": []}]
    rows += [{"id": 5, "data": 7, "flag": False, "zoned": datetime(2024, 1, 1, 0, 0, 0, 1)}]
    rows += [{"id": 6, "data": sa.JSON.NULL}, {"id": 7, "data": 'plain " text'}]
    everything = Everything.__table__
    stored = [column for column in everything.c if column.computed is None]
    for row in rows:
        values = {column: row.get(column.name, sa.null()) for column in stored}
        connection.execute(everything.insert().values(values))

    def put(table: Any, *rows: dict[str, Any]) -> None:
        for row in rows:
            connection.execute(sa.insert(table).values(row))

    put(Shelf, {"room": "é", "number": 2}, {"room": "B", "number": 10, "note": "top"})
    put(Shelf, {"room": "a", "number": 1}, {"room": "B", "number": 9})
    put(Box, {"id": 1, "room": "B", "shelf_number": 10}, {"id": 5, "serial": "s5"})
    put(Tag, *({"name": name} for name in ("öl", "Zinn", "apfel", "a b", "Äpfel-2")))
    link = [{"box_id": 5, "tag_name": "öl"}, {"box_id": 1, "tag_name": "Zinn"}]
    put(box_tag, *link, *link, {"box_id": 5, "tag_name": "apfel"})
    put(Person, {"id": 9, "name": "top"}, {"id": 2, "name": "mid", "boss_id": 9})
    put(Person, {"id": 1, "name": "low", "boss_id": 2}, {"id": 3, "name": "one"})
    put(Person, {"id": 4, "name": "two", "boss_id": 3})
    # The two are each other's boss, and somebody works for them.
    connection.execute(sa.update(Person).where(Person.id == 3).values(boss_id=4, touched=5))
    put(Person, {"id": 5, "name": "of two", "boss_id": 4})
    put(Node, {"id": 8, "parent_id": 8}, {"id": 7, "parent_id": 8}, {"id": 1, "parent_id": 7})
    put(Team, {"id": 1}, {"id": 2})
    put(Member, {"id": 1, "team_id": 1}, {"id": 2, "team_id": 2}, {"id": 3, "team_id": 1})
    connection.execute(sa.update(Team).where(Team.id == 1).values(lead_id=3))
    vehicles = Vehicle.__table__
    put(vehicles, {"id": 1, "type": "truck", "payload_kg": 7500}, {"id": 2, "type": "car"})
    put(Car.__table__, {"id": 2, "seats": 4})
    put(vehicle_box, {"vehicle_id": 1, "box_id": 5, "packed": 3}, {"vehicle_id": 2, "box_id": 1})
    put(ticket, {"title": "first"}, {"title": "second"})
    put(numbered, {"title": "first"}, {"title": "second"})
