"""Foreign keys of each shape, with no factory for any model."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


metadata = Base.metadata


class Country(Base):
    """Referred to by a UNIQUE column that is no key."""

    __tablename__ = "country"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(2), unique=True)


class Account(Base):
    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    country_code: Mapped[str] = mapped_column(sa.ForeignKey("country.code"))
    country: Mapped[Country] = relationship()
    boss_id: Mapped[int | None] = mapped_column(sa.ForeignKey("account.id"))
    boss: Mapped[Account | None] = relationship(remote_side=[id])
    main_team_id: Mapped[int | None] = mapped_column(sa.ForeignKey("team.id", use_alter=True))
    main_team: Mapped[Team | None] = relationship(foreign_keys=[main_team_id])
    teams: Mapped[list[Team]] = relationship(secondary="membership", back_populates="accounts")
    friends: Mapped[list[Account]] = relationship(
        secondary="friendship",
        primaryjoin="Account.id == friendship.c.one",
        secondaryjoin="Account.id == friendship.c.other",
    )
    newest: Mapped[Profile | None] = relationship(
        viewonly=True, primaryjoin="Account.id == foreign(Profile.account_id)", uselist=False
    )


class Team(Base):
    """In a circle with Account: only one of the two may be NULL."""

    __tablename__ = "team"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))
    owner: Mapped[Account] = relationship(foreign_keys=[owner_id])
    accounts: Mapped[list[Account]] = relationship(secondary="membership", back_populates="teams")


membership = sa.Table(
    "membership",
    metadata,
    sa.Column("account_id", sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("team_id", sa.ForeignKey("team.id"), primary_key=True),
)
friendship = sa.Table(
    "friendship",
    metadata,
    sa.Column("one", sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("other", sa.ForeignKey("account.id"), primary_key=True),
)


class Profile(Base):
    """One to one, by its own key."""

    __tablename__ = "profile"
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"), primary_key=True)
    bio: Mapped[str | None] = mapped_column(sa.Text)


class Passport(Base):
    """One to one, by a UNIQUE foreign key with a relationship."""

    __tablename__ = "passport"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"), unique=True)
    account: Mapped[Account] = relationship()


class Follow(Base):
    """Pairs of one table that must differ, and do not repeat."""

    __tablename__ = "follow"
    follower_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"), primary_key=True)
    followed_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"), primary_key=True)
    __table_args__ = (sa.CheckConstraint("follower_id <> followed_id"),)


class Seat(Base):
    """Pairs that are drawn again where they repeat, beside a link that is one to one."""

    __tablename__ = "seat"
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(sa.ForeignKey("team.id"), primary_key=True)
    passport_id: Mapped[int] = mapped_column(sa.ForeignKey("passport.id"), unique=True)
    passport: Mapped[Passport] = relationship()


class Tenant(Base):
    __tablename__ = "tenant"
    id: Mapped[int] = mapped_column(primary_key=True)


class Order(Base):
    """A composite key of which a part is a foreign key; a reserved word as its name."""

    __tablename__ = "order"
    tenant_id: Mapped[int] = mapped_column(sa.ForeignKey("tenant.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tenant: Mapped[Tenant] = relationship()


class Line(Base):
    """A composite foreign key that shares a column with a simple one."""

    __tablename__ = "line"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(sa.ForeignKey("tenant.id"))
    number: Mapped[int]
    order: Mapped[Order] = relationship()
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id", "number"], ["order.tenant_id", "order.number"]),
    )


class Parcel(Base):
    """A composite foreign key without a relationship."""

    __tablename__ = "parcel"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int]
    number: Mapped[int]
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id", "number"], ["order.tenant_id", "order.number"]),
    )


class Comment(Base):
    """Either of two, but not both."""

    __tablename__ = "comment"
    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int | None] = mapped_column(sa.ForeignKey("line.id"))
    parcel_id: Mapped[int | None] = mapped_column(sa.ForeignKey("parcel.id"))
    __table_args__ = (sa.CheckConstraint("(line_id IS NULL) <> (parcel_id IS NULL)"),)


class Vehicle(Base):
    """Joined inheritance, of a base without rows of its own, numbered together."""

    __tablename__ = "vehicle"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(10))
    plate: Mapped[str] = mapped_column(sa.String(12), unique=True)
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_abstract": True}


class Car(Vehicle):
    __tablename__ = "car"
    id: Mapped[int] = mapped_column(sa.ForeignKey("vehicle.id"), primary_key=True)
    doors: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "car"}


class Van(Vehicle):
    """In the table of its base."""

    load: Mapped[int | None]
    __mapper_args__ = {"polymorphic_identity": "van"}


class Trip(Base):
    __tablename__ = "trip"
    id: Mapped[int] = mapped_column(primary_key=True)
    vehicle_id: Mapped[int] = mapped_column(sa.ForeignKey("vehicle.id"))
    vehicle: Mapped[Vehicle] = relationship()


class Paper(Base):
    """Joined inheritance with a key that is made in Python."""

    __tablename__ = "paper"
    code: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(10))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "paper"}


class Letter(Paper):
    __tablename__ = "letter"
    code: Mapped[str] = mapped_column(sa.ForeignKey("paper.code"), primary_key=True)
    __mapper_args__ = {"polymorphic_identity": "letter"}


class Apart(Base):
    """Concrete inheritance."""

    __tablename__ = "apart"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(40))


class FurtherApart(Apart):
    __tablename__ = "further_apart"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(40))
    more: Mapped[int]
    __mapper_args__ = {"concrete": True}
