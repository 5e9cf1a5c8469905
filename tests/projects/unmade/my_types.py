"""The types of MariaDB and MySQL, with no factory for any."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


metadata = Base.metadata


class Everything(Base):
    __tablename__ = "everything"
    id: Mapped[Any] = mapped_column(mysql.INTEGER(unsigned=True), primary_key=True)
    tiny: Mapped[Any] = mapped_column(mysql.TINYINT, unique=True)
    tiny_unsigned: Mapped[Any] = mapped_column(mysql.TINYINT(unsigned=True))
    medium: Mapped[Any] = mapped_column(mysql.MEDIUMINT(unsigned=True))
    big: Mapped[Any] = mapped_column(mysql.BIGINT(unsigned=True))
    exact: Mapped[Any] = mapped_column(mysql.DECIMAL(6, 3, unsigned=True))
    double: Mapped[Any] = mapped_column(mysql.DOUBLE)
    built: Mapped[Any] = mapped_column(mysql.YEAR)
    options: Mapped[Any] = mapped_column(mysql.SET("a", "b"))
    size: Mapped[Any] = mapped_column(mysql.ENUM("S", "M"))
    flags: Mapped[Any] = mapped_column(mysql.BIT(4))
    clock: Mapped[Any] = mapped_column(mysql.TIME)
    at: Mapped[Any] = mapped_column(mysql.TIMESTAMP)
    precise: Mapped[Any] = mapped_column(mysql.DATETIME(fsp=6))
    long_text: Mapped[Any] = mapped_column(mysql.LONGTEXT)
    tiny_text: Mapped[Any] = mapped_column(mysql.TINYTEXT)
    binary: Mapped[Any] = mapped_column(sa.BINARY(16))
    blob: Mapped[Any] = mapped_column(mysql.MEDIUMBLOB)
    document: Mapped[Any] = mapped_column(mysql.JSON)
    letters: Mapped[Any] = mapped_column(mysql.NCHAR(3))
