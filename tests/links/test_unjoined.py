"""Relationships along which the two classes cannot be joined: named, and the rest is checked."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    aliased,
    column_property,
    foreign,
    mapped_column,
    relationship,
)

from sqlalchemy_manage.links.check import check_links
from sqlalchemy_manage.links.declared_links import links_of, not_judged


class Base(DeclarativeBase):
    pass


class Flow(Base):
    __tablename__ = "flow"
    id: Mapped[int] = mapped_column(primary_key=True)
    deleted: Mapped[bool]


class User(Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    entries: Mapped[list[Entry]] = relationship(
        primaryjoin=lambda: (
            (Entry.user_id == User.id) & (Entry.flow_id == Flow.id) & sa.not_(Flow.deleted)
        ),
        back_populates="user",
    )
    given = relationship(
        "Entry",
        primaryjoin=lambda: sa.and_(
            User.id == foreign(Entry.user_id), Entry.flow_id == sa.bindparam("flow")
        ),
        viewonly=True,
    )
    alike = relationship(
        "Entry",
        primaryjoin=lambda: foreign(Entry.label).op("~~", is_comparison=True)(User.name),
        viewonly=True,
    )
    existing = relationship(
        "Entry",
        primaryjoin=lambda: sa.and_(
            User.id == foreign(Entry.user_id), sa.exists().where(Flow.id == Entry.flow_id)
        ),
        viewonly=True,
    )
    flows = relationship(
        "Flow",
        secondary=lambda: sa.join(Entry.__table__, Flow.__table__),
        primaryjoin=lambda: User.id == Entry.user_id,
        secondaryjoin=lambda: Entry.flow_id == Flow.id,
        viewonly=True,
    )


class Entry(Base):
    __tablename__ = "entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str | None]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    flow_id: Mapped[int] = mapped_column(sa.ForeignKey("flow.id"))
    user: Mapped[User] = relationship(back_populates="entries")
    flow: Mapped[Flow] = relationship()


entry: sa.Table = Entry.__table__  # type: ignore[assignment]
newest = aliased(
    Entry,
    sa.select(
        entry,
        sa.func.row_number().over(partition_by=entry.c.user_id, order_by=entry.c.id).label("n"),
    ).subquery(),
)
User.first = relationship(newest, primaryjoin=User.id == newest.user_id, viewonly=True)  # type: ignore[attr-defined]
User.number = column_property(  # type: ignore[attr-defined]
    sa.select(sa.func.count(entry.c.id)).where(entry.c.user_id == User.id).scalar_subquery()
)


def test_they_are_named_and_the_keys_are_followed() -> None:
    Base.registry.configure()
    mappers = list(Base.registry.mappers)
    assert {each.relationship: each.reason for each in not_judged(mappers)} == {
        "User.entries": "its condition names the table flow as well; its foreign key is followed",
        "User.given": "its condition needs a value with each query: flow; "
        "its foreign key is followed",
        "User.alike": "its condition compares no columns of two tables",
    }
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO user VALUES (1, 'Ann')")
        connection.exec_driver_sql("INSERT INTO flow VALUES (1, 1)")
        connection.exec_driver_sql("INSERT INTO entry VALUES (1, NULL, 1, 1), (2, NULL, 7, 1)")
        report = check_links(connection, links_of(mappers, Base.metadata.sorted_tables))
    engine.dispose()
    assert [finding.message for finding in report.findings] == [
        "entry (id=2, user_id=7): no user with id=7 (dangling)"
    ]
