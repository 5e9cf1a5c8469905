"""The table of kinds in docs/links.md: each kind of damage, on each database, found and named."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import ForeignKey, ForeignKeyConstraint, String
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    configure_mappers,
    foreign,
    mapped_column,
    relationship,
)
from support.programs import ROOT

from sqlalchemy_manage.errors import AppError
from sqlalchemy_manage.links.check import BrokenLink, check_links
from sqlalchemy_manage.links.declared_links import links_of


class Base(DeclarativeBase):
    type_annotation_map = {str: String(20)}


class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str | None]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}


class Doctor(Person):
    __tablename__ = "doctor"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    __mapper_args__ = {"polymorphic_identity": "doctor"}


class Surgeon(Doctor):
    __tablename__ = "surgeon"
    person_id: Mapped[int] = mapped_column(ForeignKey("doctor.person_id"), primary_key=True)
    __mapper_args__ = {"polymorphic_identity": "surgeon"}


class Patient(Person):
    __tablename__ = "patient"
    id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    __mapper_args__ = {"polymorphic_identity": "patient"}


class Nurse(Person):
    """Single-table inheritance beside the joined one."""

    __mapper_args__ = {"polymorphic_identity": "nurse"}


class Asset(Base):
    """A base that no row is of itself."""

    __tablename__ = "asset"
    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[int | None]
    __mapper_args__ = {"polymorphic_on": "type", "polymorphic_abstract": True}


class Car(Asset):
    __mapper_args__ = {"polymorphic_identity": 1}


class Visit(Base):
    __tablename__ = "visit"
    id: Mapped[int] = mapped_column(primary_key=True)
    doctor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    nurse_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    doctor: Mapped[Doctor | None] = relationship(foreign_keys=[doctor_id])
    nurse: Mapped[Nurse | None] = relationship(foreign_keys=[nurse_id], back_populates="visits")


Nurse.visits = relationship(Visit, foreign_keys=[Visit.nurse_id], back_populates="nurse")


class Team(Base):
    __tablename__ = "team"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None]


class Fan(Base):
    __tablename__ = "fan"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None]
    team: Mapped[Team | None] = relationship(primaryjoin=lambda: foreign(Fan.code) == Team.code)


class Category(Base):
    __tablename__ = "category"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))


class Account(Base):
    __tablename__ = "account"
    __table_args__ = {"info": {"soft_deleted": "deleted_at"}}
    id: Mapped[int] = mapped_column(primary_key=True)
    deleted_at: Mapped[dt.datetime | None]


class Parcel(Base):
    __tablename__ = "parcel"
    shelf: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class Order(Base):
    __tablename__ = "order"  # a reserved word
    __table_args__ = (
        ForeignKeyConstraint(
            ["shelf", "number"], ["parcel.shelf", "parcel.number"], name="fk_order_parcel"
        ),
        ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_order_account"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int | None]
    shelf: Mapped[str | None]
    number: Mapped[int | None]


fan_team = sa.Table(
    "fan_team",
    Base.metadata,
    sa.Column("fan_id", ForeignKey("fan.id")),
    sa.Column("team_id", ForeignKey("team.id")),
)
Fan.teams = relationship(Team, secondary=fan_team)


class Badge(Base):
    __tablename__ = "badge"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    live: Mapped[bool] = mapped_column(default=True)


Person.badge = relationship(Badge, uselist=False)


class Drawer(Base):
    __tablename__ = "drawer"
    id: Mapped[int] = mapped_column(primary_key=True)
    open: Mapped[bool]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    account: Mapped[Account | None] = relationship(back_populates="drawers")


Account.drawers = relationship(
    Drawer,
    primaryjoin=sa.and_(Drawer.account_id == Account.id, Drawer.open.is_(True)),
    back_populates="account",
)


class Tag(Base):
    __tablename__ = "tag"
    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str | None]
    to_id: Mapped[int | None]
    team: Mapped[Team | None] = relationship(
        primaryjoin="and_(foreign(Tag.to_id) == Team.id, Tag.type == 'team')", overlaps="fan"
    )
    fan: Mapped[Fan | None] = relationship(
        primaryjoin="and_(foreign(Tag.to_id) == Fan.id, Tag.type == 'fan')", overlaps="team"
    )


configure_mappers()
MAPPERS = sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__name__)
LINKS = links_of(MAPPERS, Base.metadata.sorted_tables)

OFF = {
    "sqlite": "PRAGMA foreign_keys = OFF",
    "postgresql": "SET session_replication_role = replica",
    "mariadb": "SET foreign_key_checks = 0",
}
CLEAN = """\
INSERT INTO person (id, kind) VALUES (1, 'person'), (2, 'doctor'), (3, 'surgeon'),
    (4, 'patient'), (5, 'nurse'), (6, NULL);
INSERT INTO doctor (person_id) VALUES (2), (3);
INSERT INTO surgeon (person_id) VALUES (3);
INSERT INTO patient (id) VALUES (4);
INSERT INTO asset (id, type) VALUES (1, 1);
INSERT INTO visit (id, doctor_id, nurse_id) VALUES (1, 2, 5), (2, 3, NULL);
INSERT INTO team (id, code) VALUES (1, 'T1'), (2, 'T2'), (3, 'T3'), (4, 'T3'), (5, NULL);
INSERT INTO fan (id, code) VALUES (1, 'T1'), (2, NULL);
INSERT INTO fan_team (fan_id, team_id) VALUES (1, 1), (1, 2), (NULL, NULL);
INSERT INTO category (id, parent_id) VALUES (1, NULL), (2, 1), (3, 2), (4, 3);
INSERT INTO account (id, deleted_at) VALUES (1, NULL), (2, '2020-01-01 00:00:00');
INSERT INTO parcel (shelf, number) VALUES ('a', 1);
INSERT INTO "order" (id, account_id, shelf, number) VALUES (1, 1, 'a', 1), (2, NULL, NULL, NULL);
INSERT INTO badge (id, person_id, live) VALUES (1, 1, true);
INSERT INTO drawer (id, open, account_id) VALUES (1, true, 1), (2, false, NULL);
INSERT INTO tag (id, type, to_id) VALUES (1, 'team', 1), (2, 'fan', 2), (3, NULL, NULL)"""
# What is done -> the kind, the table and the key of what is found.
DAMAGES: dict[str, tuple[str, str, dict[str, object]]] = {
    'UPDATE "order" SET account_id = 9 WHERE id = 1': (
        "dangling", "order", {"id": 1, "account_id": 9}
    ),
    "INSERT INTO fan_team VALUES (1, 9)": ("dangling", "fan_team", {"team_id": 9}),
    "UPDATE \"order\" SET shelf = 'b' WHERE id = 1": (
        "dangling", "order", {"id": 1, "shelf": "b", "number": 1}
    ),
    "INSERT INTO patient VALUES (77)": ("dangling", "patient", {"id": 77}),
    "UPDATE fan SET code = 'T9' WHERE id = 1": ("dangling", "fan", {"id": 1, "code": "T9"}),
    "UPDATE tag SET to_id = 9 WHERE id = 1": ("dangling", "tag", {"id": 1, "to_id": 9}),
    'UPDATE "order" SET number = NULL WHERE id = 1': (
        "half link", "order", {"id": 1, "shelf": "a", "number": None}
    ),
    "INSERT INTO fan_team VALUES (1, NULL)": (
        "half link", "fan_team", {"fan_id": 1, "team_id": None}
    ),
    "INSERT INTO fan_team VALUES (1, 1)": ("duplicate", "fan_team", {"fan_id": 1, "team_id": 1}),
    "INSERT INTO badge (id, person_id, live) VALUES (2, 1, true)": (
        "several rows", "badge", {"person_id": 1}
    ),
    "UPDATE fan SET code = 'T3' WHERE id = 1": ("several targets", "team", {"code": "T3"}),
    "UPDATE drawer SET account_id = 1 WHERE id = 2": (
        "one way back", "Account", {"id": 1, "to id": 2}
    ),
    "UPDATE person SET kind = 'patient' WHERE id = 1": (
        "missing subclass row", "person", {"id": 1, "kind": "patient"}
    ),
    "DELETE FROM surgeon": (
        "missing subclass row", "person", {"id": 3, "kind": "surgeon"}
    ),
    "UPDATE person SET kind = 'alien' WHERE id = 1": (
        "unknown discriminator", "person", {"id": 1, "kind": "alien"}
    ),
    "UPDATE person SET kind = 'Person' WHERE id = 1": (
        "unknown discriminator", "person", {"id": 1, "kind": "Person"}
    ),
    "UPDATE asset SET type = NULL": ("unknown discriminator", "asset", {"id": 1, "type": None}),
    "UPDATE person SET kind = 'doctor' WHERE id = 4": (
        "wrong discriminator", "person", {"id": 4, "kind": "doctor"}
    ),
    "UPDATE person SET kind = NULL WHERE id = 4": (
        "wrong discriminator", "person", {"id": 4, "kind": None}
    ),
    "INSERT INTO patient VALUES (5)": ("wrong discriminator", "person", {"id": 5, "kind": "nurse"}),
    "UPDATE visit SET doctor_id = 4 WHERE id = 1": (
        "other class", "visit", {"id": 1, "doctor_id": 4}
    ),
    "UPDATE visit SET nurse_id = 1 WHERE id = 1": (
        "other class", "visit", {"id": 1, "nurse_id": 1}
    ),
    "UPDATE tag SET type = 'ghost' WHERE id = 1": (
        "unknown type", "tag", {"id": 1, "type": "ghost", "to_id": 1}
    ),
    'UPDATE "order" SET account_id = 2 WHERE id = 1': (
        "soft-deleted", "order", {"id": 1, "account_id": 2}
    ),
    "UPDATE category SET parent_id = 4 WHERE id = 2": ("circle", "category", {"id": 2}),
    "UPDATE category SET parent_id = 1 WHERE id = 1": ("circle", "category", {"id": 1}),
}  # fmt: skip
# What is done to the schema, and what is said of the key.
UNDONE = {
    "sqlite": ['DROP TABLE "order"', 'CREATE TABLE "order" (id INTEGER PRIMARY KEY, account_id {},'
               " shelf VARCHAR(20), number INTEGER,"
               " FOREIGN KEY (shelf, number) REFERENCES parcel (shelf, number))"],
    "postgresql": ['ALTER TABLE "order" DROP CONSTRAINT fk_order_account',
                   'ALTER TABLE "order" ALTER account_id TYPE {}'],
    "mariadb": ["ALTER TABLE `order` DROP FOREIGN KEY fk_order_account",
                "ALTER TABLE `order` MODIFY account_id {}"],
}  # fmt: skip
NOT_ENFORCED = {
    "postgresql": {
        "NOT VALID": [
            'ALTER TABLE "order" DROP CONSTRAINT fk_order_account',
            'ALTER TABLE "order" ADD CONSTRAINT fk_order_account FOREIGN KEY (account_id)'
            " REFERENCES account (id) NOT VALID",
        ],
        "triggers are disabled": ['ALTER TABLE "order" DISABLE TRIGGER ALL'],
    },
    "mariadb": {
        "MyISAM": [
            "ALTER TABLE `order` DROP FOREIGN KEY fk_order_account",
            "ALTER TABLE `order` DROP FOREIGN KEY fk_order_parcel",
            "ALTER TABLE `order` ENGINE = MyISAM",
        ],
    },
}


def schema_made(engine: sa.Engine, *statements: str) -> None:
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def run(connection: sa.Connection, *statements: str) -> None:
    for statement in statements:
        if connection.dialect.name == "mariadb":
            statement = statement.replace('"', "`")
        connection.exec_driver_sql(statement)


def found_after(connection: sa.Connection, *statements: str) -> list[BrokenLink]:
    """What is found once the statements have run; they are undone."""
    savepoint = connection.begin_nested()
    run(connection, *statements)
    report = check_links(connection, LINKS, with_circles=True)
    savepoint.rollback()
    assert report.ok is not bool(report.findings)
    return report.findings


def test_every_damage_of_rows_is_found_once(engine: sa.Engine) -> None:
    schema_made(engine)
    with engine.connect() as connection:
        run(connection, OFF[engine.dialect.name], *CLEAN.split(";\n"))
        assert [finding.message for finding in found_after(connection)] == []
        for statement, expected in DAMAGES.items():
            found = found_after(connection, statement)
            assert [(f.kind, f.table, f.key) for f in found] == [expected], statement
        run(connection, "UPDATE category SET parent_id = 1 WHERE id = 1")
        assert check_links(connection, LINKS).ok  # circles are looked for only where asked


def test_every_damage_of_keys_is_found_and_hides_no_other(engine: sa.Engine) -> None:
    name = engine.dialect.name
    dangling = "UPDATE fan SET code = 'T9' WHERE id = 1"
    cases = {("missing constraint",): [s.format("INTEGER") for s in UNDONE[name]]}
    cases["missing constraint", "types differ"] = [s.format("VARCHAR(20)") for s in UNDONE[name]]
    for kinds, statements in cases.items():
        schema_made(engine, *statements)
        with engine.connect() as connection:
            run(connection, OFF[name], *CLEAN.split(";\n"))
            found = found_after(connection, dangling)
        assert {f.kind for f in found} == {*kinds, "dangling"}
        assert {f.table for f in found if f.kind in kinds} == {"order"}
    for said, statements in NOT_ENFORCED.get(name, {}).items():
        schema_made(engine, *statements)
        with engine.connect() as connection:
            found = found_after(connection)
        assert found[0].kind == "not enforced"
        assert said in found[0].message
    schema_made(engine, "ALTER TABLE team DROP COLUMN code")
    with engine.connect() as connection:
        run(connection, OFF[name], "INSERT INTO visit (id, nurse_id) VALUES (1, 9)")
        found = found_after(connection)
    assert {(f.kind, f.table) for f in found} == {("not readable", "fan"), ("dangling", "visit")}
    assert any("fan(code) -> team(code): it cannot be followed: " in f.message for f in found)
    schema_made(engine)  # MyISAM would stay


def test_a_soft_deletion_by_a_column_that_is_not_there_is_named(engine: sa.Engine) -> None:
    columns = sa.Column("id", sa.Integer, primary_key=True), sa.Column("up", ForeignKey("t.id"))
    table = sa.Table("t", sa.MetaData(), *columns, info={"soft_deleted": "gone"})
    table.create(engine)
    with (
        engine.connect() as connection,
        pytest.raises(AppError, match="'gone' is no column of table t"),
    ):
        check_links(connection, links_of([], [table]))


@pytest.mark.parametrize(
    ("number", "text"),
    [(2013, "Lost connection"), (1205, "Lock wait timeout exceeded"), (1969, "max_statement_time")],
)
def test_what_says_nothing_of_a_link_is_no_broken_link(
    engine: sa.Engine, number: int, text: str
) -> None:
    schema_made(engine)

    class DriverError(Exception):
        pass

    def refuse(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if "category" in statement and "parent_id" in statement:
            raise sa.exc.OperationalError(statement, {}, DriverError(number, text))

    with engine.connect() as connection:
        sa.event.listen(connection, "before_cursor_execute", refuse)
        with pytest.raises(sa.exc.OperationalError, match=text):
            check_links(connection, LINKS)


def test_each_kind_is_on_the_page_of_links() -> None:
    text = (ROOT / "docs" / "links.md").read_text(encoding="utf-8")
    found = text.partition("## What is found")[2].partition("\n## ")[0]
    kinds = set(re.findall(r"(?m)^\| `([a-z -]+)` \| .*\|$", found))
    tried = {kind for kind, _, _ in DAMAGES.values()}
    tried |= {"missing constraint", "not enforced", "types differ"}
    # These have tests of their own.
    assert kinds == tried | {"missing table", "one way", "not readable"}
