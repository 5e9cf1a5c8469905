"""A table and a column go, with what refers to them."""


# %% before
class Shelf(Base):
    __tablename__ = "shelf"
    id: Mapped[int] = mapped_column(primary_key=True)


class Box(Base):
    __tablename__ = "box"
    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int | None] = mapped_column(ForeignKey("shelf.id"), unique=True)
    label: Mapped[str] = mapped_column(String(20), unique=True)
    weight: Mapped[int] = mapped_column(CheckConstraint("weight > 0"))


# %% rows
{"shelf": [{"id": 1}], "box": [{"id": 1, "shelf_id": 1, "label": "a", "weight": 2}]}


# %% after
class Box(Base):
    __tablename__ = "box"
    id: Mapped[int] = mapped_column(primary_key=True)
    weight: Mapped[int]


# %% django before
class Shelf(Model):
    pass


class Box(Model):
    shelf = OneToOneField(Shelf, on_delete=CASCADE, null=True)
    label = CharField(max_length=20, unique=True)
    weight = IntegerField()

    class Meta:
        constraints = [CheckConstraint(condition=Q(weight__gt=0), name="weight_check")]


# %% django after
class Box(Model):
    weight = IntegerField()
