"""Each kind of damage is found and named; whole links raise no alarm."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy import ForeignKey, ForeignKeyConstraint, String, Table
from sqlalchemy.orm import (
    DeclarativeBase,
    DynamicMapped,
    Mapped,
    WriteOnlyMapped,
    backref,
    configure_mappers,
    foreign,
    mapped_column,
    relationship,
    remote,
)

from sqlalchemy_manage.links.check import Report, check_links
from sqlalchemy_manage.links.declared_links import (
    Directions,
    LinkColumns,
    LinkTable,
    ToOne,
    links_of,
)


class Base(DeclarativeBase):
    pass


# No primary key, no foreign key: nothing but the mapper knows what it is.
liking = Table(
    "liking",
    Base.metadata,
    sa.Column("person_id", sa.Integer),
    sa.Column("dish_id", sa.Integer),
)


class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), default="person")
    boss_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    boss: Mapped[Person | None] = relationship(back_populates="staff", remote_side=[id])
    staff: Mapped[list[Person]] = relationship(back_populates="boss")
    badge: Mapped[Badge | None] = relationship(back_populates="person")
    likes: Mapped[list[Dish]] = relationship(
        secondary=liking,
        primaryjoin=lambda: Person.id == foreign(liking.c.person_id),
        secondaryjoin=lambda: Dish.id == foreign(liking.c.dish_id),
        back_populates="liked_by",
    )
    letters: DynamicMapped[Letter] = relationship(
        primaryjoin=lambda: Person.id == foreign(Letter.writer_id), back_populates="writer"
    )
    parcels: WriteOnlyMapped[Parcel] = relationship(back_populates="sender")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}


class Cook(Person):
    """Joined-table inheritance."""

    __tablename__ = "cook"
    id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    dishes: Mapped[list[Dish]] = relationship(back_populates="cook")
    __mapper_args__ = {"polymorphic_identity": "cook"}


class Waiter(Person):
    """Single-table inheritance."""

    __mapper_args__ = {"polymorphic_identity": "waiter"}


class Badge(Base):
    __tablename__ = "badge"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    person: Mapped[Person | None] = relationship(back_populates="badge")


class Dish(Base):
    __tablename__ = "dish"
    id: Mapped[int] = mapped_column(primary_key=True)
    cook_id: Mapped[int | None] = mapped_column(ForeignKey("cook.id"))
    cook: Mapped[Cook | None] = relationship(back_populates="dishes")
    liked_by: Mapped[list[Person]] = relationship(
        secondary=liking,
        primaryjoin=lambda: Dish.id == foreign(liking.c.dish_id),
        secondaryjoin=lambda: Person.id == foreign(liking.c.person_id),
        back_populates="likes",
    )


class Letter(Base):
    __tablename__ = "letter"
    id: Mapped[int] = mapped_column(primary_key=True)
    # A link that no foreign key declares.
    writer_id: Mapped[int | None]
    writer: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(Letter.writer_id) == remote(Person.id),
        back_populates="letters",
    )


class Parcel(Base):
    __tablename__ = "parcel"
    shelf: Mapped[str] = mapped_column(String(5), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sender_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    sender: Mapped[Person | None] = relationship(back_populates="parcels")


class Label(Base):
    __tablename__ = "label"
    __table_args__ = (ForeignKeyConstraint(["shelf", "number"], ["parcel.shelf", "parcel.number"]),)
    id: Mapped[int] = mapped_column(primary_key=True)
    shelf: Mapped[str | None] = mapped_column(String(5))
    number: Mapped[int | None]
    parcel: Mapped[Parcel | None] = relationship(backref=backref("labels"))


class Room(Base):
    """Two directions that disagree: one leaves out what the other follows."""

    __tablename__ = "room"
    id: Mapped[int] = mapped_column(primary_key=True)
    panes: Mapped[list[Pane]] = relationship(
        primaryjoin=lambda: sa.and_(Room.id == foreign(Pane.room_id), Pane.clear.is_(True)),
        back_populates="room",
    )


class Pane(Base):
    __tablename__ = "pane"
    id: Mapped[int] = mapped_column(primary_key=True)
    clear: Mapped[bool] = mapped_column(default=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    room: Mapped[Room] = relationship(back_populates="panes")


configure_mappers()
MAPPERS = sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__name__)

OFF = {
    "sqlite": "PRAGMA foreign_keys = OFF",
    "postgresql": "SET session_replication_role = replica",
    "mariadb": "SET foreign_key_checks = 0",
}
WHOLE = [
    "INSERT INTO person (id, kind, boss_id) VALUES (1, 'person', NULL), (2, 'cook', 1), "
    "(3, 'waiter', 1), (4, 'person', 4)",
    "INSERT INTO cook (id) VALUES (2)",
    "INSERT INTO badge (id, person_id) VALUES (1, 1), (2, 2), (3, NULL)",
    "INSERT INTO dish (id, cook_id) VALUES (1, 2), (2, NULL)",
    "INSERT INTO liking (person_id, dish_id) VALUES (1, 1), (1, 2), (3, 1)",
    "INSERT INTO letter (id, writer_id) VALUES (1, 3), (2, NULL)",
    "INSERT INTO parcel (shelf, number, sender_id) VALUES ('a', 1, 1), ('b', 1, NULL)",
    "INSERT INTO label (id, shelf, number) VALUES (1, 'a', 1), (2, NULL, NULL)",
    "INSERT INTO room (id) VALUES (1)",
    "INSERT INTO pane (id, clear, room_id) VALUES (1, true, 1)",
]
DAMAGES = {
    "dangling foreign key": (
        "UPDATE badge SET person_id = 77 WHERE id = 3",
        ["badge (id=3, person_id=77): no person with id=77 (dangling)"],
    ),
    "dangling self-reference": (
        "UPDATE person SET boss_id = 88 WHERE id = 3",
        ["person (id=3, boss_id=88): no person with id=88 (dangling)"],
    ),
    "dangling without a foreign key": (
        "UPDATE letter SET writer_id = 99 WHERE id = 2",
        ["letter (id=2, writer_id=99): no person with id=99 (dangling)"],
    ),
    "dangling in a link table without any key": (
        "INSERT INTO liking (person_id, dish_id) VALUES (1, 55)",
        ["liking (dish_id=55): no dish with id=55 (dangling)"],
    ),
    "a base row lost under joined inheritance": (
        "INSERT INTO cook (id) VALUES (66)",
        ["cook (id=66): no person with id=66 (dangling)"],
    ),
    "half a link row": (
        "INSERT INTO liking (person_id, dish_id) VALUES (NULL, 1)",
        ["liking (person_id=None, dish_id=1): only part of the row is filled (half link)"],
    ),
    "half a composite key": (
        "UPDATE label SET number = NULL WHERE id = 1",
        ["label (id=1, shelf='a', number=None): only part of the key is filled (half link)"],
    ),
    "a pair twice": (
        "INSERT INTO liking (person_id, dish_id) VALUES (1, 1)",
        ["liking (person_id=1, dish_id=1): occurs 2 times (duplicate)"],
    ),
    "two rows where one may be": (
        "UPDATE badge SET person_id = 1",
        ["badge (person_id=1): occurs 3 times, and Person.badge is to one (several rows)"],
    ),
    "directions that disagree": (
        "INSERT INTO pane (id, clear, room_id) VALUES (2, false, 1)",
        ["Pane (id=2, to id=1): Pane.room links them, Room.panes does not (one way)"],
    ),
}


@pytest.fixture
def checked(engine: sa.Engine) -> Callable[..., Report]:
    """``checked("INSERT ...")``: the report on whole rows and then that damage."""

    def check(*damage: str, **options: object) -> Report:
        Base.metadata.create_all(engine)
        links = links_of(MAPPERS, Base.metadata.sorted_tables)
        with engine.connect() as connection:
            connection.exec_driver_sql(OFF[engine.dialect.name])
            for statement in (*WHOLE, *damage):
                connection.exec_driver_sql(statement)
            return check_links(connection, links, **options)

    return check


def test_whole_links_raise_no_alarm(checked: Callable[..., Report]) -> None:
    report = checked()
    assert report.ok
    assert report.findings == []
    followed = {result.link.name: result.followed for result in report.results}
    assert followed["person(boss_id) -> person(id)"] == 3
    assert followed["liking(person_id) -> person(id)"] == 3
    assert followed["label(shelf, number) -> parcel(shelf, number)"] == 1
    assert followed["Dish.liked_by <-> Person.likes"] == 3
    assert followed["Letter.writer <-> Person.letters"] == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_kind_of_damage_is_named(checked: Callable[..., Report], damage: str) -> None:
    statement, messages = DAMAGES[damage]
    report = checked(statement)
    assert not report.ok
    assert [finding.message for finding in report.findings] == messages
    assert report.broken == len(messages)


def test_every_broken_row_is_counted_and_a_limit_only_names_fewer(
    checked: Callable[..., Report],
) -> None:
    rows = ", ".join(f"(1, {number})" for number in range(100, 150))
    statement = f"INSERT INTO liking (person_id, dish_id) VALUES {rows}"
    assert len(checked(statement).findings) == 50


def test_a_limit(checked: Callable[..., Report]) -> None:
    rows = ", ".join(f"(1, {number})" for number in range(100, 150))
    report = checked(f"INSERT INTO liking (person_id, dish_id) VALUES {rows}", limit=5)
    assert report.broken == 50
    assert len(report.findings) == 5


def test_only_the_tables_asked_for(checked: Callable[..., Report]) -> None:
    report = checked("UPDATE badge SET person_id = 77 WHERE id = 3", only={Label.__table__})
    assert report.ok
    assert {table for r in report.results for table in r.link.tables} == {
        Label.__table__,
        Parcel.__table__,
    }


def test_a_missing_table_is_a_finding(engine: sa.Engine) -> None:
    tables = [t for t in Base.metadata.sorted_tables if t.name not in ("liking",)]
    Base.metadata.create_all(engine, tables=tables)
    with engine.connect() as connection:
        report = check_links(connection, links_of(MAPPERS, Base.metadata.sorted_tables))
    assert not report.ok
    assert {finding.message for finding in report.findings} == {
        "table liking is missing: manage.py check"
    }


def test_what_is_found_in_the_models() -> None:
    links = links_of(MAPPERS, Base.metadata.sorted_tables)
    by_name = {link.name: link for link in links}
    assert len(by_name) == len(links)
    boss = by_name["person(boss_id) -> person(id)"]
    assert isinstance(boss, LinkColumns) and boss.declared
    assert set(boss.relationships) == {"Person.boss", "Person.staff"}
    writer = by_name["letter(writer_id) -> person(id)"]
    assert isinstance(writer, LinkColumns) and not writer.declared
    assert isinstance(by_name["Person.badge"], ToOne)
    assert isinstance(by_name["liking(person_id, dish_id)"], LinkTable)
    assert isinstance(by_name["Label.parcel <-> Parcel.labels"], Directions)
    # The inheritance key is a reference, and Cook inherits Person's relationships only once.
    assert "cook(id) -> person(id)" in by_name
    assert sum("Person.staff" in name for name in by_name) == 1


def test_a_relationship_of_a_subclass_says_nothing_of_the_rows_of_others() -> None:
    base = sa.orm.declarative_base()

    class Party(base):  # type: ignore[misc, valid-type]
        __tablename__ = "party"
        id = sa.Column(sa.Integer, primary_key=True)
        kind = sa.Column(sa.String(10))
        boss_id = sa.Column(ForeignKey("party.id"))
        __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "party"}

    class Company(Party):
        __mapper_args__ = {"polymorphic_identity": "company"}

    class Worker(Party):
        company = relationship(
            Company, foreign_keys=[Party.boss_id], remote_side=[Party.id], overlaps="boss"
        )
        __mapper_args__ = {"polymorphic_identity": "worker"}

    engine = sa.create_engine("sqlite://")
    base.metadata.create_all(engine)
    rows = [(1, "company", 2), (2, "worker", 1), (3, "party", 2), (4, "worker", 2)]
    mappers, tables = [sa.inspect(c) for c in (Party, Company, Worker)], [Party.__table__]
    with engine.connect() as connection:
        for row in rows:
            connection.execute(sa.insert(Party.__table__).values(row))
        report = check_links(connection, links_of(mappers, tables))
    assert [(b.kind, b.key) for b in report.findings] == [("other class", {"id": 4, "boss_id": 2})]
