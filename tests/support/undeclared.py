"""A relationship that only the mapper knows."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase, Mapped, foreign, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"

    id: Mapped[int] = mapped_column(primary_key=True)


class Book(Base):
    __tablename__ = "book"

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int | None]
    author: Mapped[Author | None] = relationship(
        primaryjoin=lambda: foreign(Book.author_id) == Author.id
    )
