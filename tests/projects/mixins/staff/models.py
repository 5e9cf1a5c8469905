"""Columns and bases that several classes share."""

import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, validates


class Base(DeclarativeBase):
    pass


metadata = Base.metadata


class Firm(Base):
    __tablename__ = "firm"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    closed_at: Mapped[datetime.datetime | None]


class Bill(Base):
    """``corrects`` refers to a bill of the same firm: the two relationships share a column."""

    __tablename__ = "bill"
    __table_args__ = (
        ForeignKeyConstraint(["firm_id", "corrects_no"], ["bill.firm_id", "bill.no"]),
    )
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    corrects_no: Mapped[int | None]
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"))
    firm: Mapped[Firm] = relationship(foreign_keys=firm_id)
    payer: Mapped[Firm | None] = relationship(foreign_keys=payer_id)
    corrects: Mapped["Bill | None"] = relationship(
        remote_side="[Bill.firm_id, Bill.no]",
        foreign_keys="[Bill.firm_id, Bill.corrects_no]",
        overlaps="firm",
    )


class Wagon(Base):
    """Two classes in one table, each with a column of its own."""

    __tablename__ = "wagon"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "wagon"}
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    plate: Mapped[str] = mapped_column(String(20), unique=True)


class Tanker(Wagon):
    __mapper_args__ = {"polymorphic_identity": "tanker"}
    tank: Mapped[str | None] = mapped_column(String(20), unique=True)


class Sleeper(Wagon):
    __mapper_args__ = {"polymorphic_identity": "sleeper"}
    beds: Mapped[str | None] = mapped_column(String(20), unique=True)

    @validates("beds")
    def _has_beds(self, key: str, value: str | None) -> str | None:
        if value == "none":
            raise ValueError("a sleeper has beds")
        return value
