from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from common import Base, Row
from sqlalchemy import Column, ForeignKey, Numeric, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship


class Faked(Row):
    name: Mapped[str] = mapped_column(String(200))
    first_name: Mapped[str] = mapped_column(String(200))
    job: Mapped[str] = mapped_column(String(200))
    word: Mapped[str] = mapped_column(String(200))
    sentence: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(200))


class Placed(Row):
    city: Mapped[str] = mapped_column(String(200))
    company: Mapped[str] = mapped_column(String(200))
    german: Mapped[str] = mapped_column(String(200))
    town: Mapped[str] = mapped_column(String(200))
    digits: Mapped[str] = mapped_column(String(200))


class Measured(Row):
    flag: Mapped[bool]
    seldom: Mapped[bool]
    count: Mapped[int]
    day: Mapped[date]
    at: Mapped[datetime]
    price: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    element: Mapped[str] = mapped_column(String(20))
    weighted: Mapped[str] = mapped_column(String(20))
    repeated: Mapped[str] = mapped_column(String(20))


class Depending(Row):
    top: Mapped[int]
    below: Mapped[int]
    start: Mapped[date]
    end: Mapped[date]


class Fuzzied(Row):
    choice: Mapped[str] = mapped_column(String(20))
    got: Mapped[str] = mapped_column(String(20))
    whole: Mapped[int]
    stepped: Mapped[int]
    price: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    ratio: Mapped[float]
    code: Mapped[str] = mapped_column(String(20))
    day: Mapped[date]
    at: Mapped[datetime]
    called: Mapped[int]


class Branching(Row):
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str | None] = mapped_column(String(200))
    own: Mapped[int]


class Parent(Row):
    pass


class Child(Row):
    parent_id: Mapped[int] = mapped_column(ForeignKey("t_parent.id"))
    parent: Mapped[Parent] = relationship()


class Leaf(Row):
    branch_id: Mapped[int] = mapped_column(ForeignKey("t_branch.id"))
    branch: Mapped[Branch] = relationship()


class Branch(Row):
    pass


class Chanced(Row):
    pass


tag_of_tin = Table(
    "tag_of_tin",
    Base.metadata,
    Column("tin_id", ForeignKey("t_tin.id"), primary_key=True),
    Column("tag_id", ForeignKey("t_tag.id"), primary_key=True),
)


class Tag(Row):
    pass


class Tin(Row):
    tags: Mapped[list[Tag]] = relationship(secondary=tag_of_tin)
