"""Row versions, times that are kept up to date, soft deletion, a computed column."""


# %% models
class Kept:
    created_at: Mapped[datetime.datetime] = mapped_column(
        default=lambda: datetime.datetime(2024, 1, 1)
    )
    updated_at: Mapped[Optional[datetime.datetime]] = mapped_column(
        onupdate=lambda: datetime.datetime(2024, 2, 2)
    )
    deleted_at: Mapped[Optional[datetime.datetime]]

    def delete(self):
        self.deleted_at = datetime.datetime(2024, 3, 3)


class Article(Kept, Base):
    __tablename__ = "article"
    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    net: Mapped[int]
    gross: Mapped[int] = mapped_column(Computed("net + 7"))
    __mapper_args__ = {"version_id_col": version}


# %% factories
class ArticleFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Article
        sqlalchemy_session = Session
        sqlalchemy_session_persistence = "flush"

    net = factory.Sequence(lambda n: n)


class DeletedArticleFactory(ArticleFactory):
    gone = factory.PostGenerationMethodCall("delete")


# %% counts
{"ArticleFactory": 4, "DeletedArticleFactory": 3}


# %% equal
["SELECT net, gross, version, created_at, updated_at, deleted_at FROM article"]
