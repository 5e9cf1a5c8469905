from __future__ import annotations

from common import Row
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship


class Town(Row):
    """What many of the others refer to, each to a table of its own."""

    __abstract__ = True


class PlainTown(Town):
    pass


class Plain(Row):
    town_id: Mapped[int | None] = mapped_column(ForeignKey("t_plaintown.id"))
    town: Mapped[PlainTown | None] = relationship()


class OverTown(Town):
    pass


class Over(Row):
    town_id: Mapped[int | None] = mapped_column(ForeignKey("t_overtown.id"))
    town: Mapped[OverTown | None] = relationship()


class Land(Row):
    pass


class City(Row):
    land_id: Mapped[int] = mapped_column(ForeignKey("t_land.id"))
    land: Mapped[Land] = relationship()


class House(Row):
    city_id: Mapped[int] = mapped_column(ForeignKey("t_city.id"))
    city: Mapped[City] = relationship()


class Pair(Row):
    left_id: Mapped[int] = mapped_column(ForeignKey("t_pairtown.id"))
    right_id: Mapped[int | None] = mapped_column(ForeignKey("t_pairtown.id"))
    left: Mapped[PairTown] = relationship(foreign_keys=left_id)
    right: Mapped[PairTown | None] = relationship(foreign_keys=right_id)


class PairTown(Town):
    pass


class Chosen(Row):
    town_id: Mapped[int | None] = mapped_column(ForeignKey("t_chosentown.id"))
    town: Mapped[ChosenTown | None] = relationship()


class ChosenTown(Town):
    pass


class Flavoured(Row):
    town_id: Mapped[int | None] = mapped_column(ForeignKey("t_flavouredtown.id"))
    town: Mapped[FlavouredTown | None] = relationship()


class FlavouredTown(Town):
    pass


class Node(Row):
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("t_node.id"))
    parent: Mapped[Node | None] = relationship(remote_side="Node.id")


class Level(Row):
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("t_level.id"))
    parent: Mapped[Level | None] = relationship(remote_side="Level.id")
