from __future__ import annotations

from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    Numeric,
    String,
    Table,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base
from .people import Author
from .tags import Tag, book_tag


class Book(Base):
    """A book, found by its shelf and its number there."""

    __tablename__ = "lib_book"
    __table_args__ = (CheckConstraint("number > 0", name="number_positive"),)

    shelf: Mapped[str] = mapped_column(String(8), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(200))
    lent: Mapped[bool] = mapped_column(default=False)
    author_code: Mapped[str] = mapped_column(ForeignKey("lib_author.code"), index=True)

    author: Mapped[Author] = relationship(back_populates="books")
    tags: Mapped[list[Tag]] = relationship(secondary=book_tag, back_populates="books")
    editions: Mapped[list[Edition]] = relationship(back_populates="book")
    chapters: Mapped[list[Chapter]] = relationship(back_populates="book")


class Edition(Base):
    """A printing of a book; of a lost book nothing but the price may be known."""

    __tablename__ = "lib_edition"
    __table_args__ = (
        ForeignKeyConstraint(["book_shelf", "book_number"], ["lib_book.shelf", "lib_book.number"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    price: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    book_shelf: Mapped[str | None] = mapped_column(String(8))
    book_number: Mapped[int | None]

    book: Mapped[Book | None] = relationship(back_populates="editions")


chapter = Table(
    "lib_chapter",
    Base.metadata,
    Column("book_shelf", String(8), primary_key=True),
    Column("book_number", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("heading", String(200), nullable=False),
    ForeignKeyConstraint(["book_shelf", "book_number"], ["lib_book.shelf", "lib_book.number"]),
)


class Chapter:
    """A chapter, counted within its book; a plain class, mapped from outside."""

    def __init__(self, book: Book, position: int, heading: str) -> None:
        self.book = book
        self.position = position
        self.heading = heading


Base.registry.map_imperatively(
    Chapter, chapter, properties={"book": relationship(Book, back_populates="chapters")}
)
