"""A composite primary key, a composite foreign key to it that changes, and another column."""


# %% before
class Invoice(Base):
    __tablename__ = "invoice"
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class Line(Base):
    __tablename__ = "line"
    __table_args__ = (ForeignKeyConstraint(["year", "number"], ["invoice.year", "invoice.number"]),)
    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    number: Mapped[int]


# %% rows
{
    "invoice": [{"year": 2025, "number": 1}, {"year": 2026, "number": 1}],
    "line": [{"id": 1, "year": 2026, "number": 1}],
}


# %% after
class Invoice(Base):
    __tablename__ = "invoice"
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    note: Mapped[str | None] = mapped_column(Text)


class Line(Base):
    __tablename__ = "line"
    __table_args__ = (
        ForeignKeyConstraint(
            ["year", "number"], ["invoice.year", "invoice.number"], ondelete="CASCADE"
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    number: Mapped[int]
    amount: Mapped[decimal.Decimal | None] = mapped_column(Numeric(10, 2))


# %% django cannot
# It has no foreign keys of several columns.
