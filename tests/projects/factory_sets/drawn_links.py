"""Link and Links: rows drawn from those that are there, unique ones, some without."""


# %% models
class Artist(Base):
    __tablename__ = "artist"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))


class Studio(Base):
    __tablename__ = "studio"
    id: Mapped[int] = mapped_column(primary_key=True)
    artist_id: Mapped[int] = mapped_column(ForeignKey("artist.id"), unique=True)
    artist: Mapped[Artist] = relationship()


class Album(Base):
    __tablename__ = "album"
    id: Mapped[int] = mapped_column(primary_key=True)
    artist_id: Mapped[int] = mapped_column(ForeignKey("artist.id"))
    producer_id: Mapped[Optional[int]] = mapped_column(ForeignKey("artist.id"))
    artist: Mapped[Artist] = relationship(foreign_keys=[artist_id])
    producer: Mapped[Optional[Artist]] = relationship(foreign_keys=[producer_id])


# %% factories
class ArtistFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Artist
        sqlalchemy_session = Session

    name = factory.Faker("name")


class StudioFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Studio
        sqlalchemy_session = Session

    artist = Link(ArtistFactory, unique=True)


class AlbumFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Album
        sqlalchemy_session = Session

    artist = Link(ArtistFactory)
    producer = Link(ArtistFactory, none=1.0)


# %% counts
{"ArtistFactory": 5, "StudioFactory": 4, "AlbumFactory": 30}


# %% equal
[
    "SELECT count(*), count(DISTINCT artist_id) FROM studio",
    "SELECT count(*), count(DISTINCT artist_id), count(producer_id) FROM album",
]
