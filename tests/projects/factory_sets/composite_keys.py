"""Keys of several columns, and references to them."""


# %% models
class Bin(Base):
    __tablename__ = "bin"
    site: Mapped[str] = mapped_column(String(8), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    label: Mapped[Optional[str]] = mapped_column(String(40))
    stock: Mapped[list["Stock"]] = relationship(back_populates="bin")


class Stock(Base):
    __tablename__ = "stock"
    __table_args__ = (ForeignKeyConstraint(["site", "bin_number"], ["bin.site", "bin.number"]),)
    site: Mapped[str] = mapped_column(String(8), primary_key=True)
    bin_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    article: Mapped[str] = mapped_column(String(20), primary_key=True)
    amount: Mapped[int] = mapped_column(default=0)
    bin: Mapped[Bin] = relationship(back_populates="stock")


# %% factories
class BinFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Bin
        sqlalchemy_session = Session

    site = factory.Iterator(["north", "south"])
    number = factory.Sequence(lambda n: n)
    label = factory.LazyAttribute(lambda o: f"{o.site}/{o.number}")


class StockFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Stock
        sqlalchemy_session = Session

    bin = factory.SubFactory(BinFactory)
    article = factory.Sequence(lambda n: f"A{n}")
    amount = factory.Faker("random_int", min=0, max=50)


# %% counts
{"BinFactory": 3, "StockFactory": 6}


# %% equal
["SELECT site, number, label FROM bin", "SELECT site, bin_number, article FROM stock"]
