"""persistence "commit": a hook that makes the many side with the key of the object."""


# %% models
class Coin(Base):
    __tablename__ = "coin"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)
    types: Mapped[list["CoinType"]] = relationship(back_populates="coin")


class CoinType(Base):
    __tablename__ = "coin_type"
    id: Mapped[int] = mapped_column(primary_key=True)
    coin_id: Mapped[Optional[int]] = mapped_column(ForeignKey("coin.id"))
    year: Mapped[int]
    coin: Mapped[Optional[Coin]] = relationship(back_populates="types")


# %% factories
class CoinTypeFactory(SQLAlchemyModelFactory):
    class Meta:
        model = CoinType
        sqlalchemy_session = Session
        sqlalchemy_session_persistence = "commit"

    year = factory.Sequence(lambda n: 1900 + n)


class CoinFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Coin
        sqlalchemy_session = Session
        sqlalchemy_session_persistence = "commit"

    name = factory.Sequence(lambda n: f"coin {n}")

    @factory.post_generation
    def types(obj, create, extracted, **kwargs):
        if create:
            CoinTypeFactory.create_batch(extracted or 3, coin_id=obj.id)


# %% counts
{"CoinFactory": 4, "CoinTypeFactory": 2}


# %% equal
["SELECT c.name, t.year FROM coin_type t LEFT JOIN coin c ON c.id = t.coin_id"]
