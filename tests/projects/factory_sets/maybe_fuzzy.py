"""Maybe, fuzzy attributes, Transformer and parameters that decide."""


# %% models
class Reading(Base):
    __tablename__ = "reading"
    id: Mapped[int] = mapped_column(primary_key=True)
    sensor: Mapped[str] = mapped_column(String(20))
    value: Mapped[Optional[float]]
    error: Mapped[Optional[str]] = mapped_column(String(40))
    unit: Mapped[str] = mapped_column(String(5))
    starts: Mapped[datetime.datetime]
    ends: Mapped[datetime.datetime]
    __table_args__ = (CheckConstraint("ends > starts"),)


# %% factories
class ReadingFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Reading
        sqlalchemy_session = Session

    class Params:
        broken = factory.Sequence(lambda n: n % 3 == 0)
        minutes = factory.Faker("random_int", min=1, max=90)

    sensor = factory.Transformer("north", transform=str.upper)
    value = factory.Maybe("broken", None, fuzzy.FuzzyFloat(-5, 40))
    error = factory.Maybe("broken", fuzzy.FuzzyText(length=6, prefix="E-"), None)
    unit = fuzzy.FuzzyChoice(["C"])
    starts = fuzzy.FuzzyNaiveDateTime(
        datetime.datetime(2024, 1, 1), datetime.datetime(2024, 2, 1), force_microsecond=0
    )
    ends = factory.LazyAttribute(lambda o: o.starts + datetime.timedelta(minutes=o.minutes))


# %% counts
{"ReadingFactory": 9}


# %% equal
["SELECT sensor, unit, value IS NULL, length(error) FROM reading"]


# %% never
["SELECT id FROM reading WHERE (value IS NULL) = (error IS NULL)"]
