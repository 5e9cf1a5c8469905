"""Tables and columns whose names a driver, a text() or a parser may read as its own."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Odd(Base):
    __tablename__ = 'a%b:c "q" Order'

    id: Mapped[int] = mapped_column("per%cent", primary_key=True)
    select: Mapped[str] = mapped_column("select", sa.String(40))
    colon: Mapped[str] = mapped_column("co:lon %s x%(y)s", sa.String(40))
    quoted: Mapped[str] = mapped_column("qu\"o'te", sa.String(40), unique=True)
    parent_id: Mapped[int | None] = mapped_column(
        "par%ent:ID", sa.ForeignKey('a%b:c "q" Order.per%cent')
    )


link = sa.Table(
    "li%nk",
    Base.metadata,
    sa.Column("odd%", sa.ForeignKey(Odd.id), primary_key=True),
    sa.Column("tag:x", sa.ForeignKey("Tag%s.co%de"), primary_key=True),
)


class Tag(Base):
    __tablename__ = "Tag%s"

    code: Mapped[str] = mapped_column("co%de", sa.String(20), primary_key=True)
    odds: Mapped[list[Odd]] = relationship(secondary=link)
