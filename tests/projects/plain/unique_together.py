"""UNIQUE of several columns comes, with a foreign key in it that then is out of it."""


# %% before
class Album(Base):
    __tablename__ = "album"
    id: Mapped[int] = mapped_column(primary_key=True)


class Track(Base):
    __tablename__ = "track"
    __table_args__ = (UniqueConstraint("album_id", "position"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    album_id: Mapped[int] = mapped_column(ForeignKey("album.id"))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(50))


# %% rows
{
    "album": [{"id": 1}],
    "track": [
        {"id": 1, "album_id": 1, "position": 1, "title": "a"},
        {"id": 2, "album_id": 1, "position": 2, "title": "b"},
    ],
}


# %% after
class Album(Base):
    __tablename__ = "album"
    id: Mapped[int] = mapped_column(primary_key=True)


class Track(Base):
    __tablename__ = "track"
    __table_args__ = (UniqueConstraint("title", "position"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    album_id: Mapped[int] = mapped_column(ForeignKey("album.id"))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(50))


# %% django before
class Album(Model):
    pass


class Track(Model):
    album = ForeignKey(Album, on_delete=CASCADE, db_index=False)
    position = IntegerField()
    title = CharField(max_length=50)

    class Meta:
        unique_together = [("album", "position")]


# %% django after
class Album(Model):
    pass


class Track(Model):
    album = ForeignKey(Album, on_delete=CASCADE, db_index=False)
    position = IntegerField()
    title = CharField(max_length=50)

    class Meta:
        unique_together = [("title", "position")]
