"""Link tables with a key of their own, or with none, and with a column the server fills."""

# %% models
band_genre = Table(
    "band_genre",
    Base.metadata,
    Column("id", Integer, primary_key=True),
    Column("band_id", ForeignKey("band.id"), nullable=False),
    Column("genre_id", ForeignKey("genre.id"), nullable=False),
    Column("added", DateTime, server_default=func.now()),
    UniqueConstraint("band_id", "genre_id"),
)
band_fan = Table(
    "band_fan",
    Base.metadata,
    Column("band_id", ForeignKey("band.id")),
    Column("fan_id", ForeignKey("fan.id")),
    Column("since", Integer, server_default="2000"),
)


class Band(Base):
    __tablename__ = "band"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    genres: Mapped[list["Genre"]] = relationship(secondary=band_genre, back_populates="bands")
    fans: Mapped[list["Fan"]] = relationship(secondary=band_fan)


class Genre(Base):
    __tablename__ = "genre"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    bands: Mapped[list[Band]] = relationship(secondary=band_genre, back_populates="genres")


class Fan(Base):
    __tablename__ = "fan"
    id: Mapped[int] = mapped_column(primary_key=True)


# %% factories
class GenreFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Genre
        sqlalchemy_session = Session

    name = factory.Sequence(lambda n: f"genre {n}")


class FanFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Fan
        sqlalchemy_session = Session


class BandFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Band
        sqlalchemy_session = Session

    name = factory.Sequence(lambda n: f"band {n}")
    genres = Links(GenreFactory, min=2, max=2)

    @factory.post_generation
    def fans(obj, create, extracted, **kwargs):
        obj.fans.extend(FanFactory.create_batch(2))


# %% own
session.add(Band(name="own", genres=[Genre(name="own")], fans=[Fan()]))


# %% counts
{"GenreFactory": 4, "BandFactory": 5}


# %% equal
[
    "SELECT b.id, count(*) FROM band b JOIN band_genre g ON g.band_id = b.id GROUP BY b.id",
    "SELECT b.id, f.since, count(DISTINCT f.fan_id) FROM band b JOIN band_fan f"
    " ON f.band_id = b.id GROUP BY b.id, f.since",
]
