"""Keys, numbers and unique values that are not just counted from 1."""

import datetime
import decimal
import enum
import uuid

import sqlalchemy as sa
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    column_property,
    declared_attr,
    mapped_column,
    relationship,
    synonym,
)


class Base(DeclarativeBase):
    pass


metadata = Base.metadata


class Kind(enum.Enum):
    person = "p"
    patient = "pa"
    doctor = "d"


class Person(Base):
    """The base of a joined inheritance, its keys made in Python."""

    __tablename__ = "person"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    kind: Mapped[Kind]
    name: Mapped[str] = mapped_column(String(50))
    loud: Mapped[str] = column_property(sa.func.upper(name))
    title = synonym("name")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": Kind.person}


class Patient(Person):
    """Its key has another name."""

    __tablename__ = "patient"
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    ward: Mapped[str] = mapped_column(String(50))
    __mapper_args__ = {"polymorphic_identity": Kind.patient}


class Doctor(Person):
    """Its key has a default of its own, which the base's goes before."""

    __tablename__ = "doctor"
    id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("person.id"), primary_key=True, default=uuid.uuid4
    )
    field: Mapped[str] = mapped_column(String(50))
    __mapper_args__ = {"polymorphic_identity": Kind.doctor}


class Doc(Base):
    """Three levels, with a key of two columns."""

    __tablename__ = "doc"
    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: str(uuid.uuid4()))
    lang: Mapped[str] = mapped_column(String(5), primary_key=True, default="en")
    kind: Mapped[str] = mapped_column(String(20))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "doc"}


class Page(Doc):
    __tablename__ = "page"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    lang: Mapped[str] = mapped_column(String(5), primary_key=True)
    __table_args__ = (sa.ForeignKeyConstraint(["id", "lang"], ["doc.id", "doc.lang"]),)
    __mapper_args__ = {"polymorphic_identity": "page"}


class Home(Page):
    __tablename__ = "home"
    home_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    lang: Mapped[str] = mapped_column(String(5), primary_key=True)
    __table_args__ = (sa.ForeignKeyConstraint(["home_id", "lang"], ["page.id", "page.lang"]),)
    __mapper_args__ = {"polymorphic_identity": "home"}


class Item(Base):
    """Its discriminator is an expression."""

    __tablename__ = "item"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    type: Mapped[str] = mapped_column(String(5))
    __mapper_args__ = {
        "polymorphic_on": sa.case((type == "b", "book"), else_="item"),
        "polymorphic_identity": "item",
    }


class Book(Item):
    __tablename__ = "book"
    id: Mapped[uuid.UUID] = mapped_column(ForeignKey("item.id"), primary_key=True)
    __mapper_args__ = {"polymorphic_identity": "book"}


class Root(Base):
    __tablename__ = "root"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)


class Leaf(Root):
    """A concrete subclass: its rows are not its base's."""

    __tablename__ = "leaf"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    __mapper_args__ = {"concrete": True}


class Owned:
    @declared_attr
    def product_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("product.id"))


class Tool(Owned, Base):
    __tablename__ = "tool"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)


class Product(Base):
    __tablename__ = "product"
    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(String(20), unique=True)


class Sheet(Base):
    """One for each product: its key is the product's, and no inheritance."""

    __tablename__ = "sheet"
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)


class Label(Base):
    __tablename__ = "label"
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), unique=True)
    product: Mapped[Product] = relationship()


class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(50))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    product: Mapped[Product] = relationship()


class Ticket(Base):
    __tablename__ = "ticket"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)


class Counted(Base):
    __tablename__ = "counted"
    id: Mapped[int] = mapped_column(sa.Identity(start=1000, increment=10), primary_key=True)
    n: Mapped[int]


class Down(Base):
    __tablename__ = "down"
    id: Mapped[int] = mapped_column(sa.Identity(start=-1, increment=-1), primary_key=True)
    n: Mapped[int]


class Drawn(Base):
    __tablename__ = "drawn"
    id: Mapped[int] = mapped_column(
        sa.Sequence("drawn_ids", start=500, increment=2), primary_key=True
    )
    n: Mapped[int]


class Kept(Base):
    """Keys are not given again (SQLite), or begin at 700 (MariaDB)."""

    __tablename__ = "kept"
    __table_args__ = {"mariadb_auto_increment": "700", "sqlite_autoincrement": True}
    id: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int]


class Zero(Base):
    __tablename__ = "zero"
    id: Mapped[int] = mapped_column(primary_key=True)


class Child(Base):
    __tablename__ = "child"
    id: Mapped[int] = mapped_column(primary_key=True)
    zero_id: Mapped[int] = mapped_column(ForeignKey("zero.id"))
    zero: Mapped[Zero] = relationship()


class City(Base):
    __tablename__ = "city"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)


class Word(Base):
    __tablename__ = "word"
    id: Mapped[int] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(
        String(20).with_variant(String(20, collation="NOCASE"), "sqlite"), unique=True
    )


class Account(Base):
    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(20))
    __table_args__ = (
        sa.Index("low_email", sa.func.lower(email), unique=True).ddl_if(
            dialect=("postgresql", "sqlite")
        ),
    )


class Address(Base):
    """One main address for each owner (where the database has such an index)."""

    __tablename__ = "address"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[int]
    main: Mapped[bool]
    __table_args__ = (
        sa.Index(
            "one_main",
            "owner",
            unique=True,
            postgresql_where=sa.text("main"),
            sqlite_where=sa.text("main"),
        ).ddl_if(dialect=("postgresql", "sqlite")),
    )


class Pair(Base):
    __tablename__ = "pair"
    id: Mapped[int] = mapped_column(primary_key=True)
    a: Mapped[int | None]
    b: Mapped[int | None]
    __table_args__ = (sa.UniqueConstraint("a", "b", postgresql_nulls_not_distinct=True),)


class Vote(Base):
    """Unique over a foreign key that nobody declares, a link and a text."""

    __tablename__ = "vote"
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    city_id: Mapped[int] = mapped_column(ForeignKey("city.id"))
    kind: Mapped[str] = mapped_column(String(5))
    city: Mapped[City] = relationship()
    __table_args__ = (sa.Index("one_vote", "product_id", "city_id", "kind", unique=True),)


class Value(Base):
    """Values of another type than the column's."""

    __tablename__ = "value"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str | None] = mapped_column(String(50))
    whole: Mapped[int | None]
    exact: Mapped[decimal.Decimal | None] = mapped_column(sa.Numeric(10, 2))
    broken: Mapped[float | None]
    moment: Mapped[datetime.datetime | None]
    key: Mapped[uuid.UUID | None]
    kind: Mapped[Kind | None]
