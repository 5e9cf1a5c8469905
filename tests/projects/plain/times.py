"""Dates, times and intervals, with and without a time zone, beside one that comes."""


# %% before
class Shift(Base):
    __tablename__ = "shift"
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[datetime.date]
    start: Mapped[datetime.time]
    length: Mapped[datetime.timedelta]
    entered: Mapped[datetime.datetime]


# %% rows
{
    "shift": [
        {
            "id": 1,
            "day": datetime.date(1999, 12, 31),
            "start": datetime.time(23, 59, 58),
            "length": datetime.timedelta(days=2, seconds=3),
            "entered": datetime.datetime(2026, 2, 28, 1, 2, 3),
        }
    ]
}


# %% after
class Shift(Base):
    __tablename__ = "shift"
    __table_args__ = (UniqueConstraint("day", "start"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[datetime.date] = mapped_column(index=True)
    start: Mapped[datetime.time | None]
    length: Mapped[datetime.timedelta | None]
    entered: Mapped[datetime.datetime]
    left: Mapped[datetime.datetime | None] = mapped_column(DateTime(timezone=True))


# %% django before
class Shift(Model):
    day = DateField()
    start = TimeField()
    length = DurationField()
    entered = DateTimeField()


# %% django after
class Shift(Model):
    day = DateField(db_index=True)
    start = TimeField(null=True)
    length = DurationField(null=True)
    entered = DateTimeField()
    left = DateTimeField(null=True)

    class Meta:
        unique_together = [("day", "start")]
