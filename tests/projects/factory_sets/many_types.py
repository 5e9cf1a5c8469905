"""Columns of many types, filled as their users do."""


# %% models
class Level(enum.Enum):
    low = "L"
    high = "H"


class Sample(Base):
    __tablename__ = "sample"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    level: Mapped[Level]
    data: Mapped[dict] = mapped_column(JSON)
    labels: Mapped[list] = mapped_column(JSON, nullable=True)
    amount: Mapped[decimal.Decimal] = mapped_column(Numeric(20, 8))
    ratio: Mapped[float] = mapped_column(Double)
    big: Mapped[int] = mapped_column(BigInteger)
    image: Mapped[bytes] = mapped_column(LargeBinary)
    taken_at: Mapped[datetime.datetime] = mapped_column(DateTime(timezone=True))
    day: Mapped[datetime.date]
    hour: Mapped[datetime.time]
    length: Mapped[datetime.timedelta] = mapped_column(Interval)
    flag: Mapped[Optional[bool]]
    note: Mapped[Optional[str]] = mapped_column(Text)


# %% factories
class SampleFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Sample
        sqlalchemy_session = Session

    id = factory.Sequence(lambda n: uuid.UUID(int=n + 1))
    level = factory.Iterator(Level)
    data = factory.Dict({"deep": {"x": [1, None, "é"]}, "n": factory.Sequence(lambda n: n)})
    labels = factory.List([factory.Sequence(lambda n: f"label {n}"), "always"])
    amount = factory.Sequence(lambda n: decimal.Decimal(n) + decimal.Decimal("0.00000001"))
    ratio = factory.Sequence(lambda n: n / 8)
    big = factory.Sequence(lambda n: 2**62 + n)
    image = factory.Sequence(lambda n: bytes([n, 0, 255]))
    taken_at = factory.Sequence(
        lambda n: datetime.datetime(2024, 1, 1 + n, 12, tzinfo=datetime.timezone.utc)
    )
    day = factory.LazyAttribute(lambda o: o.taken_at.date())
    hour = factory.LazyAttribute(lambda o: o.taken_at.time())
    length = factory.Sequence(lambda n: datetime.timedelta(minutes=n))
    flag = factory.Iterator([True, False, None])
    note = factory.LazyAttribute(lambda o: f"{o.level.name} {o.flag}")


# %% counts
{"SampleFactory": 9}


# %% equal
["SELECT level, amount, ratio, big, image, taken_at, day, hour, length, flag, note FROM sample"]
