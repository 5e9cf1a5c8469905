"""The types of PostgreSQL, with no factory for any."""

from __future__ import annotations

import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


metadata = Base.metadata


class Mood(enum.Enum):
    SAD = "sad"
    GLAD = "glad"


class Everything(Base):
    __tablename__ = "everything"
    id: Mapped[Any] = mapped_column(pg.UUID, primary_key=True)
    words: Mapped[Any] = mapped_column(pg.ARRAY(sa.String(20)))
    matrix: Mapped[Any] = mapped_column(pg.ARRAY(sa.Integer, dimensions=2))
    moods: Mapped[Any] = mapped_column(pg.ARRAY(pg.ENUM(Mood, name="mood")))
    document: Mapped[Any] = mapped_column(pg.JSONB)
    address: Mapped[Any] = mapped_column(pg.INET, unique=True)
    network: Mapped[Any] = mapped_column(pg.CIDR)
    hardware: Mapped[Any] = mapped_column(pg.MACADDR)
    hardware8: Mapped[Any] = mapped_column(pg.MACADDR8)
    lasts: Mapped[Any] = mapped_column(pg.INTERVAL)
    numbers: Mapped[Any] = mapped_column(pg.INT4RANGE)
    days: Mapped[Any] = mapped_column(pg.DATERANGE)
    times: Mapped[Any] = mapped_column(pg.TSTZRANGE)
    several: Mapped[Any] = mapped_column(pg.INT4MULTIRANGE)
    search: Mapped[Any] = mapped_column(pg.TSVECTOR)
    bits: Mapped[Any] = mapped_column(pg.BIT(5))
    cash: Mapped[Any] = mapped_column(pg.MONEY)
    oid: Mapped[Any] = mapped_column(pg.OID)
    mood: Mapped[Any] = mapped_column(pg.ENUM(Mood, name="mood"))
    precise: Mapped[Any] = mapped_column(pg.TIMESTAMP(timezone=True, precision=3))
    small: Mapped[Any] = mapped_column(
        pg.DOMAIN("small_number", sa.Integer, check="VALUE > 0 AND VALUE < 4", not_null=True)
    )
    booked: Mapped[Any] = mapped_column(pg.DATERANGE)
    __table_args__ = (pg.ExcludeConstraint(("booked", "&&")),)
