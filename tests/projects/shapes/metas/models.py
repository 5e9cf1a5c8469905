from __future__ import annotations

from common import Base, Row
from sqlalchemy import Column, ForeignKey, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship


class Renamed(Row):
    pass


class Excluded(Row):
    pass


class Positional(Row):
    def __init__(self, text: str, number: int, more: str | None = None) -> None:
        super().__init__(text=text, number=number, more=more)


class Found(Row):
    pass


class FoundTown(Row):
    pass


class Foundling(Row):
    town_id: Mapped[int] = mapped_column(ForeignKey("t_foundtown.id"))
    town: Mapped[FoundTown] = relationship()


class Adjusted(Row):
    pass


class Created(Row):
    pass


class Instantiated(Row):
    pass


class Inherited(Row):
    pass


class Shared(Row):
    pass


class SharedToo(Row):
    """A model of its own, whose factory has a sequence of its own as well."""


class Touched(Row):
    pass


class Method(Row):
    def shout(self, text: str = "", times: int = 1) -> None:
        self.text = text.upper() * times


class Skipping(Row):
    pass


class SubPost(Row):
    town_id: Mapped[int] = mapped_column(ForeignKey("t_subposttown.id"))
    town: Mapped[SubPostTown] = relationship()


class SubPostTown(Row):
    pass


class Afterwards(Row):
    pass


class Named(Row):
    pass


friend = Table(
    "friend",
    Base.metadata,
    Column("left_id", ForeignKey("t_friendly.id"), primary_key=True),
    Column("right_id", ForeignKey("t_friendly.id"), primary_key=True),
)


class Friendly(Row):
    friends: Mapped[list[Friendly]] = relationship(
        secondary=friend,
        primaryjoin="Friendly.id == friend.c.left_id",
        secondaryjoin="Friendly.id == friend.c.right_id",
    )


class Grant(Row):
    town_id: Mapped[int | None] = mapped_column(ForeignKey("t_foundtown.id"))
    town: Mapped[FoundTown | None] = relationship()


class GrantNote(Row):
    grant_id: Mapped[int | None] = mapped_column(ForeignKey("t_grant.id"))
    grant: Mapped[Grant | None] = relationship()


class Cased(Row):
    pass
