"""Indexes come, change and go; a UNIQUE becomes a unique index."""


# %% before
class Event(Base):
    __tablename__ = "event"
    __table_args__ = (Index("ix_event_where", "town", "day"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)
    town: Mapped[str] = mapped_column(String(20), index=True)
    day: Mapped[datetime.date]


# %% rows
{"event": [{"id": 1, "code": "a", "town": "x", "day": datetime.date(2026, 1, 1)}]}


# %% after
class Event(Base):
    __tablename__ = "event"
    __table_args__ = (Index("ix_event_where", "day", "town"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True, index=True)
    town: Mapped[str] = mapped_column(String(20))
    day: Mapped[datetime.date] = mapped_column(index=True)


# %% django before
class Event(Model):
    code = CharField(max_length=10, unique=True)
    town = CharField(max_length=20, db_index=True)
    day = DateField()

    class Meta:
        indexes = [Index(fields=["town", "day"], name="ix_event_where")]


# %% django after
class Event(Model):
    code = CharField(max_length=10, unique=True, db_index=True)
    town = CharField(max_length=20)
    day = DateField(db_index=True)

    class Meta:
        indexes = [Index(fields=["day", "town"], name="ix_event_where")]
