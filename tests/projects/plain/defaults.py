"""Defaults of the server, of several types, that come and go."""


# %% before
class Article(Base):
    __tablename__ = "article"
    id: Mapped[int] = mapped_column(primary_key=True)
    live: Mapped[bool] = mapped_column(server_default=sa.false())
    kind: Mapped[str] = mapped_column(String(10), server_default="news")
    views: Mapped[int]
    made: Mapped[datetime.datetime] = mapped_column(server_default=func.now())


# %% rows
{
    "article": [
        {
            "id": 1,
            "live": True,
            "kind": "blog",
            "views": 3,
            "made": datetime.datetime(2026, 1, 2, 3, 4, 5),
        }
    ]
}


# %% after
class Article(Base):
    __tablename__ = "article"
    id: Mapped[int] = mapped_column(primary_key=True)
    live: Mapped[bool]
    kind: Mapped[str] = mapped_column(String(10), server_default="page")
    views: Mapped[int] = mapped_column(server_default="0")
    made: Mapped[datetime.datetime] = mapped_column(server_default=func.now())
    changed: Mapped[datetime.datetime] = mapped_column(server_default=func.now())


# %% django before
class Article(Model):
    live = BooleanField(db_default=False)
    kind = CharField(max_length=10, db_default="news")
    views = IntegerField()
    made = DateTimeField(db_default=Now())


# %% django after
class Article(Model):
    live = BooleanField()
    kind = CharField(max_length=10, db_default="page")
    views = IntegerField(db_default=0)
    made = DateTimeField(db_default=Now())
    changed = DateTimeField(db_default=Now())
