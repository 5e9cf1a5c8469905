"""Keys of text, and references to a unique column that is no primary key."""


# %% models
class Currency(Base):
    __tablename__ = "currency"
    code: Mapped[str] = mapped_column(String(3), primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)


class Wallet(Base):
    __tablename__ = "wallet"
    address: Mapped[str] = mapped_column(String(40), primary_key=True)
    currency_code: Mapped[str] = mapped_column(ForeignKey("currency.code", onupdate="CASCADE"))
    currency: Mapped[Currency] = relationship(lazy="joined")


class Rate(Base):
    __tablename__ = "rate"
    id: Mapped[int] = mapped_column(primary_key=True)
    currency_number: Mapped[int] = mapped_column(ForeignKey("currency.number"))
    value: Mapped[decimal.Decimal] = mapped_column(Numeric(12, 6))
    currency: Mapped[Currency] = relationship()


# %% factories
class CurrencyFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Currency
        sqlalchemy_session = Session

    code = factory.Sequence(lambda n: f"C{n:02d}")
    number = factory.Sequence(lambda n: 900 + n)


class WalletFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Wallet
        sqlalchemy_session = Session

    address = factory.Faker("sha1")
    currency = factory.SubFactory(CurrencyFactory)


class RateFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Rate
        sqlalchemy_session = Session

    currency = factory.SubFactory(CurrencyFactory)
    value = factory.LazyAttribute(lambda o: decimal.Decimal(o.currency.number) / 1000)


# %% counts
{"CurrencyFactory": 2, "WalletFactory": 4, "RateFactory": 3}


# %% equal
[
    "SELECT code, number FROM currency",
    "SELECT count(*), count(DISTINCT currency_code) FROM wallet",
]


# %% never
["SELECT id FROM rate WHERE value * 1000 <> currency_number"]
