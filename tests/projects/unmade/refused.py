"""Models whose rows nobody can invent, and one beside them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import UserDefinedType


class Base(DeclarativeBase):
    pass


metadata = Base.metadata


class Shape(UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self) -> str:
        return "BLOB"


class Fine(Base):
    __tablename__ = "fine"
    id: Mapped[int] = mapped_column(primary_key=True)


class Place(Base):
    __tablename__ = "place"
    id: Mapped[int] = mapped_column(primary_key=True)
    outline: Mapped[str] = mapped_column(Shape)


class Impossible(Base):
    __tablename__ = "impossible"
    id: Mapped[int] = mapped_column(primary_key=True)
    low: Mapped[int]
    high: Mapped[int]
    __table_args__ = (
        sa.CheckConstraint("low > high", name="one_way"),
        sa.CheckConstraint("low < high", name="other_way"),
    )


class Egg(Base):
    __tablename__ = "egg"
    id: Mapped[int] = mapped_column(primary_key=True)
    hen_id: Mapped[int] = mapped_column(sa.ForeignKey("hen.id", use_alter=True))
    hen: Mapped[Hen] = relationship(foreign_keys=[hen_id])


class Hen(Base):
    __tablename__ = "hen"
    id: Mapped[int] = mapped_column(primary_key=True)
    egg_id: Mapped[int] = mapped_column(sa.ForeignKey("egg.id"))
    egg: Mapped[Egg] = relationship(foreign_keys=[egg_id])


class Narcissus(Base):
    __tablename__ = "narcissus"
    id: Mapped[int] = mapped_column(primary_key=True)
    admirer_id: Mapped[int] = mapped_column(sa.ForeignKey("narcissus.id"))
