"""A column with a foreign key and an index, dropped."""


# %% before
class Ward(Base):
    __tablename__ = "ward"
    id: Mapped[int] = mapped_column(primary_key=True)


class Bed(Base):
    __tablename__ = "bed"
    id: Mapped[int] = mapped_column(primary_key=True)
    ward_id: Mapped[int | None] = mapped_column(ForeignKey("ward.id"), index=True)
    number: Mapped[int]


# %% rows
{
    "ward": [{"id": 1}],
    "bed": [{"id": 1, "ward_id": 1, "number": 7}, {"id": 2, "ward_id": None, "number": 8}],
}


# %% after
class Ward(Base):
    __tablename__ = "ward"
    id: Mapped[int] = mapped_column(primary_key=True)


class Bed(Base):
    __tablename__ = "bed"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]


# %% django before
class Ward(Model):
    pass


class Bed(Model):
    ward = ForeignKey(Ward, on_delete=CASCADE, null=True)
    number = IntegerField()


# %% django after
class Ward(Model):
    pass


class Bed(Model):
    number = IntegerField()
