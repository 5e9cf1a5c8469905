from __future__ import annotations

import enum

from sqlalchemy import Column, Enum, ForeignKey, String, Table, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Color(enum.Enum):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"


friends = Table(
    "friends",
    Base.metadata,
    Column("member_id", ForeignKey("member.id"), primary_key=True),
    Column("friend_id", ForeignKey("member.id"), primary_key=True),
)


class Member(Base):
    """Somebody; another member may be the sponsor, and the team is chosen by the team."""

    __tablename__ = "member"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    sponsor_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", use_alter=True, name="fk_t"))

    sponsor: Mapped[Member | None] = relationship(remote_side=[id])
    team: Mapped[Team | None] = relationship(foreign_keys=[team_id])


class Team(Base):
    """A team has a captain, who is a member, who has a team."""

    __tablename__ = "team"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    captain_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))

    captain: Mapped[Member | None] = relationship(foreign_keys=[captain_id])


class Card(Base):
    """One for each member at most."""

    __tablename__ = "card"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), unique=True)

    member: Mapped[Member] = relationship()


class Topic(Base):
    """A tree with keys that are text."""

    __tablename__ = "topic"

    slug: Mapped[str] = mapped_column(String(40), primary_key=True)
    parent_slug: Mapped[str | None] = mapped_column(ForeignKey("topic.slug"))

    parent: Mapped[Topic | None] = relationship(remote_side=[slug], back_populates="children")
    children: Mapped[list[Topic]] = relationship(back_populates="parent")


class Vote(Base):
    """A member votes on a topic once."""

    __tablename__ = "vote"
    __table_args__ = (UniqueConstraint("member_id", "topic_slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    topic_slug: Mapped[str] = mapped_column(ForeignKey("topic.slug"))

    member: Mapped[Member] = relationship()
    topic: Mapped[Topic] = relationship()


class Locker(Base):
    """Many in a room; nobody else says which."""

    __tablename__ = "locker"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    room_id: Mapped[int | None] = mapped_column(ForeignKey("room.id"))


class Room(Base):
    __tablename__ = "room"

    id: Mapped[int] = mapped_column(primary_key=True)
    color: Mapped[Color] = mapped_column(Enum(Color), unique=True)

    lockers: Mapped[list[Locker]] = relationship()


class Visit(Base):
    """Refers to a member by the column alone, and needs one."""

    __tablename__ = "visit"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    place: Mapped[str] = mapped_column(String(5))


class Animal(Base):
    """One table for animals of all kinds."""

    __tablename__ = "animal"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}


class Cat(Animal):
    __mapper_args__ = {"polymorphic_identity": "cat"}


class Dog(Animal):
    __mapper_args__ = {"polymorphic_identity": "dog"}


class Walk(Base):
    __tablename__ = "walk"

    id: Mapped[int] = mapped_column(primary_key=True)
    dog_id: Mapped[int] = mapped_column(ForeignKey("animal.id"))

    dog: Mapped[Dog] = relationship()
