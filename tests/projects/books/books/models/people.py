from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base

if TYPE_CHECKING:
    from .catalog import Book


class Author(Base):
    """An author, known by a code; another author may be the mentor."""

    __tablename__ = "lib_author"

    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column("full_name", String(100))
    born: Mapped[date | None]
    mentor_code: Mapped[str | None] = mapped_column(ForeignKey("lib_author.code"), index=True)

    mentor: Mapped[Author | None] = relationship(back_populates="pupils", remote_side=[code])
    pupils: Mapped[list[Author]] = relationship(back_populates="mentor")
    books: Mapped[list[Book]] = relationship(back_populates="author")
