from __future__ import annotations

from common import Base, Row
from sqlalchemy import Column, ForeignKey, Table
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship


class ChildRow(Row):
    """The many side of a row of the class that ``of`` names."""

    __abstract__ = True
    of: str

    @declared_attr
    def owner_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey(f"t_{cls.of.lower()}.id"))

    @declared_attr
    def owner(cls) -> Mapped[Row]:
        return relationship(cls.of, back_populates="children")


class OwnerRow(Row):
    """A row with ``children``, rows of the class called Child and its own name."""

    __abstract__ = True

    @declared_attr
    def children(cls) -> Mapped[list[Row]]:
        return relationship(f"Child{cls.__name__}", back_populates="owner", uselist=True)


class Related(OwnerRow):
    pass


class ChildRelated(ChildRow):
    of = "Related"


class Three(OwnerRow):
    pass


class ChildThree(ChildRow):
    of = "Three"


class Several(OwnerRow):
    pass


class ChildSeveral(ChildRow):
    of = "Several"


class Listed(OwnerRow):
    pass


class ChildListed(ChildRow):
    of = "Listed"


class Ahead(OwnerRow):
    pass


class ChildAhead(ChildRow):
    of = "Ahead"


class Linking(OwnerRow):
    """Its ``words`` are the texts of its children."""

    words: AssociationProxy[list[str]] = association_proxy(
        "children", "text", creator=lambda text: ChildLinking(text=text)
    )


class ChildLinking(ChildRow):
    of = "Linking"


class Shelf(Row):
    pass


class Volume(Row):
    """Refers to a shelf by the column alone."""

    shelf_id: Mapped[int] = mapped_column(ForeignKey("t_shelf.id"))


parcel_label = Table(
    "parcel_label",
    Base.metadata,
    Column("parcel_id", ForeignKey("t_parcel.id"), primary_key=True),
    Column("label_id", ForeignKey("t_label.id"), primary_key=True),
)


class Label(Row):
    pass


class Parcel(Row):
    labels: Mapped[list[Label]] = relationship(secondary=parcel_label)


bag_badge = Table(
    "bag_badge",
    Base.metadata,
    Column("bag_id", ForeignKey("t_bag.id"), primary_key=True),
    Column("badge_id", ForeignKey("t_badge.id"), primary_key=True),
)


class Badge(Row):
    pass


class Bag(Row):
    badges: Mapped[list[Badge]] = relationship(secondary=bag_badge)


class Club(Row):
    """Refers to one of its players, who refer to it."""

    captain_id: Mapped[int | None] = mapped_column(
        ForeignKey("t_player.id", use_alter=True, name="captain_of")
    )
    captain: Mapped[Player | None] = relationship(foreign_keys=captain_id, post_update=True)


class Player(Row):
    club_id: Mapped[int] = mapped_column(ForeignKey("t_club.id"))
    club: Mapped[Club] = relationship(foreign_keys=club_id)


class Resting(OwnerRow):
    pass


class ChildResting(ChildRow):
    of = "Resting"


class Switched(OwnerRow):
    pass


class ChildSwitched(ChildRow):
    of = "Switched"


class Quay(Row):
    pass


crate_quay = Table(
    "crate_quay",
    Base.metadata,
    Column("crate_id", ForeignKey("t_crate.id"), primary_key=True),
    Column("quay_id", ForeignKey("t_quay.id"), primary_key=True),
)


class Crate(OwnerRow):
    home_id: Mapped[int | None] = mapped_column(ForeignKey("t_quay.id"))
    home: Mapped[Quay | None] = relationship()
    quays: Mapped[list[Quay]] = relationship(secondary=crate_quay)


class ChildCrate(ChildRow):
    of = "Crate"
