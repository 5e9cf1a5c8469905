import dataclasses
import json
import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.declarative import AbstractConcreteBase
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    backref,
    column_property,
    composite,
    declared_attr,
    foreign,
    mapped_column,
    registry,
    relationship,
    remote,
)


class Base(DeclarativeBase):
    pass


class Packed(sa.TypeDecorator):
    """A dict in a text."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return None if value is None else json.dumps(value, sort_keys=True)

    def process_result_value(self, value, dialect):
        return None if value is None else json.loads(value)


class Stamped:
    """A mixin with columns, one of them made anew for each class."""

    made: Mapped[datetime | None]

    @declared_attr.directive
    def __tablename__(cls) -> str:
        return cls.__name__.lower()

    @declared_attr
    def owner_id(cls) -> Mapped[uuid.UUID | None]:
        return mapped_column(sa.ForeignKey("owner.id"), index=True)


class Abstract(Base):
    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True)


class Owner(Base):
    __tablename__ = "owner"
    id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True, default=uuid.uuid4)
    _name: Mapped[str] = mapped_column("full name", sa.String(40))
    facts: Mapped[dict] = mapped_column(Packed(200))

    @hybrid_property
    def name(self):
        return self._name

    @name.inplace.setter
    def _set_name(self, value):
        self._name = value


class Vehicle(Stamped, Abstract):
    kind: Mapped[str] = mapped_column(sa.String(20))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "vehicle"}


class Car(Vehicle):
    __tablename__ = "car"
    id: Mapped[int] = mapped_column(sa.ForeignKey("vehicle.id"), primary_key=True)
    owner_id = None
    made = None
    seats: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "car"}


class Bike(Vehicle):
    __tablename__ = None
    gears: Mapped[int | None]
    __mapper_args__ = {"polymorphic_identity": "bike"}


class Shape(AbstractConcreteBase, Base):
    strict_attrs = True
    id: Mapped[int] = mapped_column(primary_key=True)


class Round(Shape):
    __tablename__ = "round"
    id: Mapped[int] = mapped_column(primary_key=True)
    radius: Mapped[float]
    __mapper_args__ = {"polymorphic_identity": "round", "concrete": True}


class Square(Shape):
    __tablename__ = "square"
    id: Mapped[int] = mapped_column(primary_key=True)
    side: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "square", "concrete": True}


class Paper(Abstract):
    __tablename__ = "paper"
    text: Mapped[str] = mapped_column(sa.Text)
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(16))


class Draft(Paper):
    __tablename__ = "draft"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(sa.Text)
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(16))
    __mapper_args__ = {"concrete": True}


@dataclasses.dataclass
class Point:
    x: int
    y: int


class Walk(Abstract):
    __tablename__ = "walk"
    start: Mapped[Point] = composite(mapped_column("x1"), mapped_column("y1"))
    end: Mapped[Point] = composite(mapped_column("x2"), mapped_column("y2"))


class Keyword(Abstract):
    __tablename__ = "keyword"
    word: Mapped[str] = mapped_column(sa.String(30))


class OwnerKeyword(Base):
    """An association object."""

    __tablename__ = "owner_keyword"
    owner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("owner.id"), primary_key=True)
    keyword_id: Mapped[int] = mapped_column(
        sa.ForeignKey("keyword.id"), primary_key=True, index=True
    )
    weight: Mapped[int | None]
    owner: Mapped[Owner] = relationship(backref=backref("owner_keywords"))
    keyword: Mapped[Keyword] = relationship()


Owner.keywords: AssociationProxy[list[Keyword]] = association_proxy("owner_keywords", "keyword")


class Comment(Abstract):
    """A generic link: to what it leads stands in a column beside the key."""

    __tablename__ = "comment"
    about: Mapped[str] = mapped_column(sa.String(20))
    about_id: Mapped[int] = mapped_column(index=True)
    walk: Mapped[Walk | None] = relationship(
        primaryjoin=lambda: sa.and_(
            foreign(Comment.about_id) == remote(Walk.id), Comment.about == "walk"
        ),
        overlaps="keyword",
    )
    keyword: Mapped[Keyword | None] = relationship(
        primaryjoin=lambda: sa.and_(
            foreign(Comment.about_id) == remote(Keyword.id), Comment.about == "keyword"
        ),
        overlaps="walk",
    )


class Chunk(Base):
    """A key of bytes."""

    __tablename__ = "chunk"
    digest: Mapped[bytes] = mapped_column(
        sa.BINARY(16).with_variant(sa.LargeBinary(), "postgresql"), primary_key=True
    )
    size: Mapped[int]


class Node(Base):
    """A table made by hand, with an attribute that is called otherwise."""

    __table__ = sa.Table(
        "node",
        Base.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("parent", sa.ForeignKey("node.id"), key="parent_id", index=True),
        sa.Column("label", sa.String(20), nullable=False),
    )
    shouted = column_property(sa.func.upper(__table__.c.label))
    parent = relationship("Node", remote_side=[__table__.c.id], backref="children")


class DataBase(MappedAsDataclass, DeclarativeBase):
    metadata = Base.metadata


class Address(DataBase):
    __tablename__ = "address"
    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    street: Mapped[str] = mapped_column(sa.String(40))
    flats: Mapped[list["Flat"]] = relationship(
        back_populates="address", default_factory=list, repr=False
    )


class Flat(DataBase):
    __tablename__ = "flat"
    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    floor: Mapped[int]
    address_id: Mapped[int] = mapped_column(sa.ForeignKey("address.id"), init=False, index=True)
    address: Mapped[Address] = relationship(back_populates="flats", kw_only=True)


reg = registry(metadata=Base.metadata)


@reg.mapped_as_dataclass
class Coin:
    __tablename__ = "coin"
    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    value: Mapped[int] = mapped_column(default=1)
