"""Joined inheritance: a subclass gets a column, and another subclass comes."""


# %% before
class Animal(Base):
    __tablename__ = "animal"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}


class Dog(Animal):
    __tablename__ = "dog"
    id: Mapped[int] = mapped_column(ForeignKey("animal.id"), primary_key=True)
    __mapper_args__ = {"polymorphic_identity": "dog"}


# %% rows
{"animal": [{"id": 1, "kind": "dog"}, {"id": 2, "kind": "animal"}], "dog": [{"id": 1}]}


# %% after
class Animal(Base):
    __tablename__ = "animal"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), index=True)
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}


class Dog(Animal):
    __tablename__ = "dog"
    id: Mapped[int] = mapped_column(ForeignKey("animal.id", ondelete="CASCADE"), primary_key=True)
    chip: Mapped[str | None] = mapped_column(String(15), unique=True)
    __mapper_args__ = {"polymorphic_identity": "dog"}


class Cat(Animal):
    __tablename__ = "cat"
    id: Mapped[int] = mapped_column(ForeignKey("animal.id", ondelete="CASCADE"), primary_key=True)
    __mapper_args__ = {"polymorphic_identity": "cat"}


# %% django before
class Animal(Model):
    kind = CharField(max_length=20)


class Dog(Animal):
    pass


# %% django after
class Animal(Model):
    kind = CharField(max_length=20, db_index=True)


class Dog(Animal):
    chip = CharField(max_length=15, unique=True, null=True)


class Cat(Animal):
    pass
