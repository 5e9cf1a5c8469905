"""Reserved words and capitals as names."""


# %% before
class User(Base):
    __tablename__ = "User"
    Id: Mapped[int] = mapped_column(primary_key=True)
    order: Mapped[str] = mapped_column("order", String(20))
    select: Mapped[int | None] = mapped_column("select")


class Group(Base):
    __tablename__ = "group"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[int] = mapped_column("from", ForeignKey("User.Id"))


# %% rows
{"User": [{"Id": 1, "order": "x", "select": 2}], "group": [{"id": 1, "from": 1}]}


# %% after
class User(Base):
    __tablename__ = "User"
    Id: Mapped[int] = mapped_column(primary_key=True)
    order: Mapped[str] = mapped_column("order", String(20), unique=True)
    select: Mapped[int | None] = mapped_column("select", index=True)


class Group(Base):
    __tablename__ = "group"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[int] = mapped_column(
        "from", ForeignKey("User.Id", ondelete="CASCADE"), index=True
    )


# %% django before
class User(Model):
    order = CharField(max_length=20)
    select = IntegerField(null=True)


class Group(Model):
    owner = ForeignKey(User, on_delete=RESTRICT, db_column="from", db_index=False)


# %% django after
class User(Model):
    order = CharField(max_length=20, unique=True)
    select = IntegerField(null=True)


class Group(Model):
    owner = ForeignKey(User, on_delete=CASCADE, db_column="from")
