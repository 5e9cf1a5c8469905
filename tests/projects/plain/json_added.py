"""JSON beside text, and a table with JSON that goes."""


# %% before
class Config(Base):
    __tablename__ = "config"
    id: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[Any] = mapped_column(JSON)


class Draft(Base):
    __tablename__ = "draft"
    id: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[Any] = mapped_column(JSON)


# %% rows
{"config": [{"id": 1, "data": {"a": [1, None, "x"]}}, {"id": 2, "data": [1.5]}]}


# %% after
class Config(Base):
    __tablename__ = "config"
    id: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[Any] = mapped_column(JSON)
    name: Mapped[str | None] = mapped_column(String(20), unique=True)
    more: Mapped[Any | None] = mapped_column(JSON)


# %% django before
class Config(Model):
    data = JSONField()


class Draft(Model):
    data = JSONField()


# %% django after
class Config(Model):
    data = JSONField()
    name = CharField(max_length=20, unique=True, null=True)
    more = JSONField(null=True)
