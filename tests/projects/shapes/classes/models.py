import uuid

import sqlalchemy as sa
from common import Base, Row
from sqlalchemy import ForeignKey, String, event
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import (
    Mapped,
    MappedAsDataclass,
    mapped_column,
    relationship,
    synonym,
    validates,
)


class Validated(Row):
    @validates("text")
    def tidy(self, key, value):
        self.more = f"{key} {value}"
        return value.strip().lower()


class Propertied(Row):
    @property
    def full(self):
        return f"{self.text} {self.more}"

    @full.setter
    def full(self, value):
        self.text, self.more = value.split()


class Hybrid(Row):
    @hybrid_property
    def double(self):
        return self.number * 2

    @double.inplace.setter
    def _double_setter(self, value):
        self.number = value // 2


class Synonymous(Row):
    alias = synonym("text")


class OwnInit(Row):
    def __init__(self, first: str, last: str) -> None:
        self.text = f"{first} {last}"
        self.number = len(self.text)


class InitTown(Row):
    pass


class InitRelated(Row):
    town_id: Mapped[int] = mapped_column(ForeignKey("t_inittown.id"))
    town: Mapped[InitTown] = relationship()

    def __init__(self, town: InitTown) -> None:
        self.town = town
        self.text = f"in {town.text}"


class SetListened(Row):
    pass


@event.listens_for(SetListened.text, "set", retval=True)
def _shorten(target, value, old, initiator):
    return value[:3]


class InitListened(Row):
    pass


@event.listens_for(InitListened, "init")
def _fill(target, args, kwargs):
    kwargs.setdefault("more", f"init {kwargs['number']}")


class Inserted(Row):
    pass


@event.listens_for(Inserted, "before_insert")
def _stamp(mapper, connection, target):
    target.more = f"before {target.text}"


class DataTown(MappedAsDataclass, Base):
    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    name: Mapped[str] = mapped_column(String(20))


class Data(MappedAsDataclass, Base):
    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    level: Mapped[int] = mapped_column(default=4)
    tags: Mapped[list[str]] = mapped_column(sa.JSON, default_factory=lambda: ["new"])
    town_id: Mapped[int | None] = mapped_column(ForeignKey("t_datatown.id"), init=False)
    state: Mapped[str] = mapped_column(String(20), init=False, default="fresh")
    late: Mapped[str | None] = mapped_column(String(20), insert_default="late", init=False)
    town: Mapped[DataTown | None] = relationship(default=None)

    def __post_init__(self) -> None:
        self.name = self.name.title()


class Imperative:
    pass


class ImperativeInit:
    def __init__(self, word: str) -> None:
        self.text = word * 2


for _class in (Imperative, ImperativeInit):
    Base.registry.map_imperatively(
        _class,
        sa.Table(
            f"t_{_class.__name__.lower()}",
            Base.metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("text", String(200)),
            sa.Column("level", sa.Integer, default=2),
        ),
    )


class Single(Row):
    kind: Mapped[str] = mapped_column(String(20))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "single"}


class SingleChild(Single):
    extra: Mapped[str | None] = mapped_column(String(20), default="extra")
    __mapper_args__ = {"polymorphic_identity": "child"}
    __tablename__ = None


class Joined(Row):
    kind: Mapped[str] = mapped_column(String(20))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "base"}


class JoinedChild(Joined):
    id: Mapped[int] = mapped_column(ForeignKey("t_joined.id"), primary_key=True)
    extra: Mapped[str] = mapped_column(String(20), default="extra")
    __mapper_args__ = {"polymorphic_identity": "child"}


class JoinedGrandchild(JoinedChild):
    child_id: Mapped[int] = mapped_column(ForeignKey("t_joinedchild.id"), primary_key=True)
    last: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "grandchild"}


class Concrete(Row):
    pass


class ConcreteChild(Concrete):
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(20))
    extra: Mapped[int]
    __mapper_args__ = {"concrete": True}


class Versioned(Row):
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}


class TextKey(Base):
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    word: Mapped[str] = mapped_column(String(20))


class TextChild(Row):
    code: Mapped[str] = mapped_column(ForeignKey("t_textkey.code"))
    parent: Mapped[TextKey] = relationship()


class CompositeKey(Base):
    shelf: Mapped[str] = mapped_column(String(2), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    word: Mapped[str] = mapped_column(String(20))


class CompositeChild(Row):
    shelf: Mapped[str] = mapped_column(String(2))
    place: Mapped[int]
    parent: Mapped[CompositeKey] = relationship()
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["shelf", "place"], ["t_compositekey.shelf", "t_compositekey.number"]
        ),
    )


class UuidKey(Base):
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    word: Mapped[str] = mapped_column(String(20))


class UuidChild(Row):
    parent_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("t_uuidkey.id"))
    parent: Mapped[UuidKey] = relationship()


class OtherKeyParent(Row):
    code: Mapped[str] = mapped_column(String(20), unique=True)


class OtherKey(Row):
    """Refers to a column that is not the key."""

    parent_code: Mapped[str] = mapped_column(ForeignKey("t_otherkeyparent.code"))
    parent: Mapped[OtherKeyParent] = relationship()


class OneToOneParent(Row):
    pass


class OneToOne(Base):
    """Its key is that of its parent."""

    id: Mapped[int] = mapped_column(ForeignKey("t_onetooneparent.id"), primary_key=True)
    word: Mapped[str] = mapped_column(String(20))
    parent: Mapped[OneToOneParent] = relationship()


class PlainData(MappedAsDataclass, Base):
    """A dataclass without a method that makes values: its fields tell them all."""

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    town_id: Mapped[int | None] = mapped_column(ForeignKey("t_datatown.id"), init=False)
    town: Mapped[DataTown] = relationship()
    level: Mapped[int] = mapped_column(default=4, kw_only=True)
    tags: Mapped[list[str]] = mapped_column(sa.JSON, default_factory=lambda: ["new"])
    state: Mapped[str] = mapped_column(String(20), init=False, default="fresh")
    late: Mapped[str | None] = mapped_column(String(20), insert_default="late", init=False)
    empty: Mapped[str | None] = mapped_column(String(20), default=None)
    loose: int = 3  # no column
