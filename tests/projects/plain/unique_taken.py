"""UNIQUE taken away: one of a column, one of two columns."""


# %% before
class Seat(Base):
    __tablename__ = "seat"
    __table_args__ = (UniqueConstraint("hall", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)
    hall: Mapped[int]
    number: Mapped[int]


# %% rows
{
    "seat": [
        {"id": 1, "code": "a", "hall": 1, "number": 1},
        {"id": 2, "code": "b", "hall": 1, "number": 2},
    ]
}


# %% after
class Seat(Base):
    __tablename__ = "seat"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(10))
    hall: Mapped[int]
    number: Mapped[int]


# %% django before
class Seat(Model):
    code = CharField(max_length=10, unique=True)
    hall = IntegerField()
    number = IntegerField()

    class Meta:
        unique_together = [("hall", "number")]


# %% django after
class Seat(Model):
    code = CharField(max_length=10)
    hall = IntegerField()
    number = IntegerField()
