"""Models whose rows take more than columns of values to make."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    mapped_column,
    relationship,
    validates,
)


class Base(DeclarativeBase):
    pass


class Row(Base):
    """A name, a mail address and a number."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    mail: Mapped[str] = mapped_column(String(200))
    number: Mapped[int] = mapped_column(default=0)


class Plain(Row):
    __tablename__ = "plain"


class Rested(Row):
    __tablename__ = "rested"


class Note(Base):
    __tablename__ = "note"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(100))
    rested_id: Mapped[int | None] = mapped_column(ForeignKey("rested.id"))
    related_id: Mapped[int | None] = mapped_column(ForeignKey("related.id"))
    rested: Mapped[Rested | None] = relationship()
    related: Mapped[Related | None] = relationship()


class Related(Row):
    __tablename__ = "related"


class Fielded(MappedAsDataclass, Base):
    __tablename__ = "fielded"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    mail: Mapped[str] = mapped_column(String(200))
    number: Mapped[int] = mapped_column(default=0)


class Finished(MappedAsDataclass, Base):
    """A dataclass that changes what it is given."""

    __tablename__ = "finished"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    mail: Mapped[str] = mapped_column(String(200))
    number: Mapped[int] = mapped_column(default=0)

    def __post_init__(self) -> None:
        self.name = self.name.title()


class Initialised(Row):
    __tablename__ = "initialised"

    def __init__(self, name: str, mail: str) -> None:
        self.name = name
        self.mail = mail.lower()


class Validated(Row):
    __tablename__ = "validated"

    @validates("mail")
    def lower(self, key: str, value: str) -> str:
        return value.lower()


class Found(Base):
    __tablename__ = "found"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(100))


class Finding(Row):
    __tablename__ = "finding"

    found_id: Mapped[int] = mapped_column(ForeignKey("found.id"))
    found: Mapped[Found] = relationship()


class Tag(Base):
    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(100))


tagged_link = Table(
    "tagged_link",
    Base.metadata,
    Column("tagged_id", ForeignKey("tagged.id"), primary_key=True),
    Column("tag_id", ForeignKey("tag.id"), primary_key=True),
)


class Tagged(Row):
    __tablename__ = "tagged"

    tags: Mapped[list[Tag]] = relationship(secondary=tagged_link)


class Hooked(Row):
    __tablename__ = "hooked"


class Called(Row):
    __tablename__ = "called"

    def set_number(self, number: int) -> None:
        self.number = number
