"""Types that become wider."""


# %% before
class Entry(Base):
    __tablename__ = "entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)
    size: Mapped[int] = mapped_column(SmallInteger)
    price: Mapped[decimal.Decimal] = mapped_column(Numeric(6, 2))
    number: Mapped[int]


# %% rows
{
    "entry": [
        {
            "id": 1,
            "name": "a",
            "size": 32000,
            "price": decimal.Decimal("1234.56"),
            "number": 2**31 - 1,
        },
        {"id": 2, "name": "007", "size": -1, "price": decimal.Decimal("-0.01"), "number": 0},
    ]
}


# %% after
class Entry(Base):
    __tablename__ = "entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    size: Mapped[int] = mapped_column(Integer)
    price: Mapped[decimal.Decimal] = mapped_column(Numeric(12, 4))
    number: Mapped[str] = mapped_column(String(20))


# %% becomes
{"entry.number": str}


# %% django before
class Entry(Model):
    name = CharField(max_length=20, unique=True)
    size = SmallIntegerField()
    price = DecimalField(max_digits=6, decimal_places=2)
    number = IntegerField()


# %% django after
class Entry(Model):
    name = CharField(max_length=200, unique=True)
    size = IntegerField()
    price = DecimalField(max_digits=12, decimal_places=4)
    number = CharField(max_length=20)
