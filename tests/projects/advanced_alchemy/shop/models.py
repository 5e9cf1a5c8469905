from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from advanced_alchemy.base import BigIntAuditBase, BigIntBase, UUIDAuditBase, UUIDv7Base
from advanced_alchemy.types import GUID, DateTimeUTC
from sqlalchemy.orm import Mapped, mapped_column, relationship


class Author(UUIDAuditBase):
    __tablename__ = "author"
    name: Mapped[str] = mapped_column(sa.String(100))
    born: Mapped[datetime | None] = mapped_column(DateTimeUTC(timezone=True))
    facts: Mapped[dict] = mapped_column(sa.JSON)
    books: Mapped[list["Book"]] = relationship(back_populates="author", lazy="selectin")


class Book(UUIDAuditBase):
    __tablename__ = "book"
    title: Mapped[str] = mapped_column(sa.String(200))
    author_id: Mapped[UUID] = mapped_column(sa.ForeignKey("author.id"), index=True)
    other: Mapped[UUID | None] = mapped_column(GUID)
    author: Mapped[Author] = relationship(back_populates="books", innerjoin=True)


class Loan(BigIntBase):
    __tablename__ = "loan"
    book_id: Mapped[UUID] = mapped_column(sa.ForeignKey("book.id"), index=True)
    note: Mapped[str | None] = mapped_column(sa.String(200))
    book: Mapped[Book] = relationship()


class Visit(BigIntAuditBase):
    __tablename__ = "visit"
    place: Mapped[str] = mapped_column(sa.String(30))


class Token(UUIDv7Base):
    __tablename__ = "token"
    label: Mapped[str] = mapped_column(sa.String(30), unique=True)
