from __future__ import annotations

import datetime
import decimal
import enum
import hashlib
import os
import uuid
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Enum,
    Float,
    ForeignKey,
    Integer,
    Numeric,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    composite,
    mapped_column,
    relationship,
    synonym,
    validates,
)


class Base(DeclarativeBase):
    pass


class Continent(Base):
    __tablename__ = "continent"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(2), unique=True)


class Country(Base):
    __tablename__ = "country"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(2), unique=True)
    continent_id: Mapped[int] = mapped_column(ForeignKey("continent.id"))
    continent: Mapped[Continent] = relationship()


class City(Base):
    """Unique within its country."""

    __tablename__ = "city"
    __table_args__ = (UniqueConstraint("name", "country_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str | None] = mapped_column(String(40))
    country_id: Mapped[int] = mapped_column(ForeignKey("country.id"))
    country: Mapped[Country] = relationship()


def link(name: str, one: str, other: str) -> Table:
    return Table(
        name,
        Base.metadata,
        Column("a", ForeignKey(one), primary_key=True),
        Column("b", ForeignKey(other), primary_key=True),
    )


implications = link("role_role", "role.id", "role.id")


class Scope(Base):
    """Its table is sorted behind that of the roles, which name its rows."""

    __tablename__ = "zz_scope"

    code: Mapped[str] = mapped_column(String(20), primary_key=True)


class Perm(Base):
    __tablename__ = "perm"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)


class RoleBadge(Base):
    __tablename__ = "role_badge"

    role_id: Mapped[int] = mapped_column(ForeignKey("role.id"), primary_key=True)
    perm_id: Mapped[int] = mapped_column(ForeignKey("perm.id"), primary_key=True)
    perm: Mapped[Perm] = relationship()

    def __init__(self, perm: Perm, **kwargs: Any) -> None:
        super().__init__(perm=perm, **kwargs)


class Role(Base):
    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("role.id"))
    parent: Mapped[Role | None] = relationship(remote_side=[id])
    perms: Mapped[list[Perm]] = relationship(secondary=link("role_perm", "role.id", "perm.id"))
    scopes: Mapped[set[Scope]] = relationship(
        secondary=link("role_scope", "role.id", "zz_scope.code")
    )
    implied: Mapped[list[Role]] = relationship(
        secondary=implications,
        primaryjoin=lambda: Role.id == implications.c.a,
        secondaryjoin=lambda: Role.id == implications.c.b,
    )
    role_badges: Mapped[list[RoleBadge]] = relationship(cascade="all, delete-orphan")
    badges: AssociationProxy[list[Perm]] = association_proxy("role_badges", "perm")


class Address:
    def __init__(self, street: str | None, town: str | None) -> None:
        self.street, self.town = street, town

    def __composite_values__(self) -> tuple[Any, Any]:
        return self.street, self.town

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and vars(self) == vars(other)


class Profile(Base):
    __tablename__ = "profile"

    id: Mapped[int] = mapped_column(primary_key=True)
    bio: Mapped[str] = mapped_column(String(40))
    user_id: Mapped[int] = mapped_column(ForeignKey("account.id"), unique=True)
    user: Mapped[Account] = relationship(back_populates="profile")


class Account(Base):
    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column("e_mail", String(40), unique=True)
    first: Mapped[str | None] = mapped_column(String(40))
    last: Mapped[str | None] = mapped_column(String(40))
    password_hash: Mapped[str | None] = mapped_column(String(80))
    street: Mapped[str | None] = mapped_column(String(40))
    town: Mapped[str | None] = mapped_column(String(40))
    token: Mapped[str | None] = mapped_column(String(40))
    role_id: Mapped[int | None] = mapped_column(ForeignKey("role.id"))
    role: Mapped[Role | None] = relationship()
    profile: Mapped[Profile | None] = relationship(back_populates="user")
    address: Mapped[Address | None] = composite(Address, "street", "town")
    login: Mapped[str] = synonym("email")

    @property
    def password(self) -> str:
        raise AttributeError("the password is not kept")

    @password.setter
    def password(self, value: str) -> None:
        salt = os.urandom(4).hex()
        self.password_hash = salt + hashlib.sha256((salt + value).encode()).hexdigest()

    @hybrid_property
    def full_name(self) -> str:
        return f"{self.first} {self.last}"

    @full_name.inplace.setter
    def _set_full_name(self, value: str) -> None:
        self.first, self.last = value.split(" ")

    def set_token(self, value: str) -> None:
        self.token = os.urandom(2).hex() + value


class Status(enum.Enum):
    OPEN = "open"
    PAID = "paid"


class Salted(TypeDecorator[str]):
    """Another text each time."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else os.urandom(2).hex() + value


class Product(Base):
    """Codes are stored in lower case."""

    __tablename__ = "product"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    code: Mapped[str | None] = mapped_column(String(40))
    price: Mapped[decimal.Decimal | None] = mapped_column(Numeric(10, 2))
    weight: Mapped[float | None] = mapped_column(Float)
    status: Mapped[Status | None] = mapped_column(Enum(Status))
    size: Mapped[str | None] = mapped_column(Enum("small", "large", name="size"))
    moment: Mapped[datetime.datetime | None] = mapped_column(DateTime(timezone=True))
    naive: Mapped[datetime.datetime | None] = mapped_column(DateTime)
    day: Mapped[datetime.date | None] = mapped_column(Date)
    data: Mapped[Any | None] = mapped_column(JSON)
    other: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    active: Mapped[bool | None] = mapped_column(Boolean)
    number: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[str | None] = mapped_column(String(40))
    salted: Mapped[str | None] = mapped_column(Salted)
    changed: Mapped[datetime.datetime | None] = mapped_column(
        DateTime, onupdate=lambda: datetime.datetime(2001, 1, 1)
    )

    @validates("kind")
    def _lower(self, key: str, value: str) -> str:
        return value.lower()
