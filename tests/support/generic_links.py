"""Links whose condition says to which table they lead; no foreign key declares them."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    type_annotation_map = {str: String(20)}


class Post(Base):
    __tablename__ = "post"
    id: Mapped[int] = mapped_column(primary_key=True)


class Child(Base):
    __tablename__ = "child"
    id: Mapped[int] = mapped_column(primary_key=True)


class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    object_type: Mapped[str | None]
    object_id: Mapped[int | None]
    post: Mapped[Post | None] = relationship(
        primaryjoin="and_(foreign(Note.object_id) == Post.id, Note.object_type == 'post')",
        overlaps="child",
    )
    child: Mapped[Child | None] = relationship(
        primaryjoin="and_(foreign(Note.object_id) == Child.id, Note.object_type == 'child')",
        overlaps="post",
    )
