from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Integer, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base

if TYPE_CHECKING:
    from .catalog import Book

# The link to a book takes two columns, the link to a tag one.
book_tag = Table(
    "lib_book_tag",
    Base.metadata,
    Column("book_shelf", String(8), primary_key=True),
    Column("book_number", Integer, primary_key=True, autoincrement=False),
    Column("tag_id", ForeignKey("lib_tag.id", ondelete="CASCADE"), primary_key=True),
    ForeignKeyConstraint(
        ["book_shelf", "book_number"], ["lib_book.shelf", "lib_book.number"], ondelete="CASCADE"
    ),
)


class Tag(Base):
    """A word to find books by."""

    __tablename__ = "lib_tag"

    id: Mapped[int] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(String(40), unique=True)

    books: Mapped[list[Book]] = relationship(secondary=book_tag, back_populates="tags")
