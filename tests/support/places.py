"""Rows that people know by a name, a code, or a name inside of something else."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Country(Base):
    """Known by its code; ``name`` is unique too, and longer."""

    __tablename__ = "country"
    __table_args__ = (sa.UniqueConstraint("name", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(40))
    code: Mapped[str] = mapped_column(sa.String(2), unique=True)


class City(Base):
    """Known by its name in a country, though a number of its own would do."""

    __tablename__ = "city"
    __table_args__ = (
        sa.UniqueConstraint("country", "name"),
        {"info": {"natural_key": ["country", "name"]}},
    )

    key: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True, default=uuid.uuid4)
    number: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(sa.String(40))
    country_id: Mapped[int] = mapped_column("country", sa.ForeignKey("country.id"))
    mayor_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", use_alter=True, name="fk_mayor")
    )

    country: Mapped[Country] = relationship()


friends = sa.Table(
    "friends",
    Base.metadata,
    sa.Column("one%", sa.ForeignKey("person.id"), primary_key=True),
    sa.Column("other", sa.ForeignKey("person.id"), primary_key=True),
)


class Person(Base):
    """A circle with City, a link to itself, friends, and a subclass in a table of its own."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(10), default="person")
    email: Mapped[str] = mapped_column(sa.String(40))
    city_key: Mapped[Any] = mapped_column(sa.ForeignKey("city.key"))
    boss_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))

    friends: Mapped[list[Person]] = relationship(
        secondary=friends,
        primaryjoin=lambda: Person.id == friends.c["one%"],
        secondaryjoin=lambda: Person.id == friends.c.other,
    )

    __table_args__ = (sa.Index("ix_email", "email", unique=True),)
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}


class Engineer(Person):
    __tablename__ = "engineer"

    id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    tool: Mapped[str] = mapped_column(sa.String(20))

    __mapper_args__ = {"polymorphic_identity": "engineer"}


class Badge(Base):
    """Has nothing that is unique, and belongs to an engineer."""

    __tablename__ = "badge"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("engineer.id"))
    text: Mapped[str | None] = mapped_column(sa.String(20))


def fill(connection: sa.Connection) -> None:
    """Two cities, three people in circles of links, a badge."""

    def put(model: Any, *rows: dict[str, Any]) -> None:
        connection.execute(sa.insert(getattr(model, "__table__", model)), list(rows))

    put(Country, {"id": 7, "name": "Suisse", "code": "CH"}, {"id": 9, "name": "null", "code": "%s"})
    keys = [uuid.UUID(int=2), uuid.UUID(int=1)]
    put(
        City,
        {"key": keys[0], "number": 1, "name": "Bern", "country": 7},
        {"key": keys[1], "number": 2, "name": 'B"e,r]n', "country": 9},
    )
    people = [(30, "a@b", 0, None), (20, "c@d", 1, 30), (10, "e@f", 0, 20)]
    for i, mail, city, boss in people:
        kind = "engineer" if i == 10 else "person"
        row = {"id": i, "kind": kind, "email": mail, "city_key": keys[city], "boss_id": boss}
        put(Person, row)
    connection.execute(sa.update(City.__table__).values(mayor_id=10))  # type: ignore[arg-type]
    put(Engineer, {"id": 10, "tool": "saw"})
    put(Badge, {"id": 1, "owner_id": 10, "text": "x"}, {"id": 2, "owner_id": 10, "text": None})
    put(friends, {"one%": 10, "other": 20}, {"one%": 30, "other": 10})
