"""Two tables that refer to each other, and a third that comes into the circle."""


# %% before
class Writer(Base):
    __tablename__ = "writer"
    id: Mapped[int] = mapped_column(primary_key=True)
    best_id: Mapped[int | None] = mapped_column(ForeignKey("novel.id"))


class Novel(Base):
    __tablename__ = "novel"
    id: Mapped[int] = mapped_column(primary_key=True)
    writer_id: Mapped[int | None] = mapped_column(ForeignKey("writer.id"))


# %% rows
{"writer": [{"id": 1, "best_id": None}], "novel": [{"id": 1, "writer_id": 1}]}


# %% after
class Writer(Base):
    __tablename__ = "writer"
    id: Mapped[int] = mapped_column(primary_key=True)
    best_id: Mapped[int | None] = mapped_column(ForeignKey("novel.id"))


class Publisher(Base):
    __tablename__ = "publisher"
    id: Mapped[int] = mapped_column(primary_key=True)
    star_id: Mapped[int | None] = mapped_column(ForeignKey("writer.id"))


class Novel(Base):
    __tablename__ = "novel"
    id: Mapped[int] = mapped_column(primary_key=True)
    writer_id: Mapped[int | None] = mapped_column(ForeignKey("writer.id"))
    publisher_id: Mapped[int | None] = mapped_column(ForeignKey("publisher.id"))


# %% django before
class Writer(Model):
    best = ForeignKey("Novel", on_delete=SET_NULL, null=True, related_name="+")


class Novel(Model):
    writer = ForeignKey(Writer, on_delete=SET_NULL, null=True)


# %% django after
class Writer(Model):
    best = ForeignKey("Novel", on_delete=SET_NULL, null=True, related_name="+")


class Publisher(Model):
    star = ForeignKey(Writer, on_delete=SET_NULL, null=True, related_name="+")


class Novel(Model):
    writer = ForeignKey(Writer, on_delete=SET_NULL, null=True)
    publisher = ForeignKey(Publisher, on_delete=SET_NULL, null=True)
