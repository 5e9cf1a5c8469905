"""Columns of numbers, as one table: decimals of every kind, and floats."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Cents(sa.TypeDecorator[Decimal]):
    """A decorator over NUMERIC."""

    impl = sa.Numeric(30, 10)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        return None if value is None else value / 100

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        return None if value is None else value * 100


class Written(sa.TypeDecorator[Decimal]):
    """Decimals kept as text, which SQLite holds exactly."""

    impl = sa.String(60)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        return None if value is None else Decimal(value)


class Figure(Base):
    __tablename__ = "figure"

    id: Mapped[int] = mapped_column(primary_key=True)
    wei: Mapped[Any] = mapped_column(sa.Numeric(38, 18), nullable=True)
    plain: Mapped[Any] = mapped_column(sa.Numeric(20, 2), nullable=True)
    free: Mapped[Any] = mapped_column(
        sa.Numeric().with_variant(sa.Numeric(40, 12), "mysql", "mariadb"), nullable=True
    )
    floats: Mapped[Any] = mapped_column(sa.Numeric(30, 10, asdecimal=False), nullable=True)
    cents: Mapped[Any] = mapped_column(Cents, nullable=True)
    text: Mapped[Any] = mapped_column(Written, nullable=True)
    double: Mapped[Any] = mapped_column(sa.Double, nullable=True)
    single: Mapped[Any] = mapped_column(sa.Float(24), nullable=True)
    many: Mapped[Any] = mapped_column(
        sa.JSON().with_variant(postgresql.ARRAY(sa.Numeric(30, 10, asdecimal=False)), "postgresql"),
        nullable=True,
    )
    money: Mapped[Any] = mapped_column(
        sa.String(30).with_variant(postgresql.MONEY(), "postgresql"), nullable=True
    )
