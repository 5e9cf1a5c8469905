"""UNIQUE on a column that is there, and a new column that has it."""


# %% before
class Page(Base):
    __tablename__ = "page"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(50))


# %% rows
{"page": [{"id": 1, "title": "a"}, {"id": 2, "title": "b"}]}


# %% after
class Page(Base):
    __tablename__ = "page"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(50), unique=True)
    slug: Mapped[str | None] = mapped_column(String(20), unique=True)


# %% django before
class Page(Model):
    title = CharField(max_length=50)


# %% django after
class Page(Model):
    title = CharField(max_length=50, unique=True)
    slug = CharField(max_length=20, unique=True, null=True)
