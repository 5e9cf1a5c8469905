"""Columns that become NOT NULL, one of them new."""


# %% before
class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    nick: Mapped[str | None] = mapped_column(String(20))


# %% rows
{"person": [{"id": 1, "nick": "a"}, {"id": 2, "nick": "b"}]}


# %% after
class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    nick: Mapped[str] = mapped_column(String(20))
    city: Mapped[str] = mapped_column(String(20))
    height: Mapped[float]
    token: Mapped[uuid.UUID]
    born: Mapped[datetime.date]


# %% django before
class Person(Model):
    nick = CharField(max_length=20, null=True)


# %% django after
class Person(Model):
    nick = CharField(max_length=20)
    city = CharField(max_length=20, default="")
    height = FloatField(default=0)
    token = UUIDField(default=uuid.uuid4)
    born = DateField(default=datetime.date(2000, 1, 1))
