"""Whole random rows raise no alarm; a random damage is found, and named as what it is."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from sqlalchemy_manage.links.catalog import quoted
from sqlalchemy_manage.links.check import BrokenLink, check_links
from sqlalchemy_manage.links.declared_links import links_of
from support.random_links import World

UNCHECKED = {
    "sqlite": "PRAGMA foreign_keys = OFF",
    "postgresql": "SET session_replication_role = replica",
    "mariadb": "SET foreign_key_checks = 0",
}
ENFORCED = {"sqlite": "PRAGMA foreign_keys = ON"}


@contextmanager
def created(world: World, engine: sa.Engine) -> Iterator[None]:
    try:
        world.metadata.create_all(engine)
        yield
    finally:
        world.metadata.drop_all(engine)


def found(world: World, connection: sa.Connection) -> list[BrokenLink]:
    links = links_of(world.mappers, world.metadata.sorted_tables)
    return check_links(connection, links, with_circles=True).findings


def readable(world: World, connection: sa.Connection) -> None:
    """Every object and all that it leads to is read by the ORM, without a warning."""
    with Session(connection) as session:
        for mapper in world.mappers:
            for thing in session.scalars(sa.select(mapper)).unique():
                for relation in mapper.relationships:
                    getattr(thing, relation.key, None)
        session.expunge_all()


def clean_then_damaged(world: World, engine: sa.Engine, random: Random | None) -> str | None:
    """Assert what the module says; the kind of the damage, None without ``random``."""
    with created(world, engine), engine.connect() as connection:
        if enforce := ENFORCED.get(engine.dialect.name):
            connection.exec_driver_sql(enforce)
        for table, row in world.rows:
            connection.execute(table.insert().values({table.c[n]: v for n, v in row.items()}))
        connection.commit()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            readable(world, connection)
        alarms = [finding.message for finding in found(world, connection)]
        assert alarms == [], f"false alarm: {alarms}"
        if random is None or not world.damages:
            return None
        kind = random.choice(sorted({damage.kind for damage in world.damages}))
        damage = random.choice([each for each in world.damages if each.kind == kind])
        connection.rollback()
        connection.exec_driver_sql(UNCHECKED[engine.dialect.name])
        for change in damage.changes:
            connection.execute(change)
        named = [(f.kind, f.table, f.key) for f in found(world, connection)]
        connection.rollback()
        expected = [(damage.kind, damage.table, damage.key)]
        assert named == expected, f"{expected} was found as {named}"
        return kind


def key_damaged(world: World, engine: sa.Engine, random: Random) -> str | None:
    """The same of a foreign key that the database lacks, does not enforce, or of two types."""
    tables = [t for t in world.metadata.sorted_tables if t.foreign_key_constraints]
    if not tables:
        return None
    table = random.choice(tables)
    key = random.choice(sorted(table.foreign_key_constraints, key=lambda key: key.column_keys))
    column: sa.Column[Any] = key.columns[0]
    kinds = ["missing constraint"]
    if not any(each.column is column for child in tables for each in child.foreign_keys):
        kinds.append("types differ")  # others could not be created
    if engine.dialect.name != "sqlite" and not _is_referred_to(table):
        kinds.append("not enforced")
    kind = random.choice(kinds)
    expected, type_ = {(kind, table.fullname)}, column.type
    if kind == "not enforced" and engine.dialect.name == "mariadb":
        table.kwargs["mariadb_engine"] = "MyISAM"
    elif kind != "not enforced":
        table.constraints.discard(key)
    if kind == "types differ":
        column.type = sa.String(20) if isinstance(type_, sa.Integer) else sa.Integer()
        expected |= {("missing constraint", table.fullname)}
    with created(world, engine), engine.connect() as connection:
        column.type = type_
        table.constraints.add(key)
        if kind == "not enforced" and engine.dialect.name == "postgresql":
            name = quoted(connection, table.name)
            connection.exec_driver_sql(f"ALTER TABLE {name} DISABLE TRIGGER ALL")
        named = {(f.kind, f.table) for f in found(world, connection)}
        connection.rollback()
    assert named == expected, f"{expected} was found as {named}"
    return kind


def _is_referred_to(table: sa.Table) -> bool:
    """Another table's, or its own: a MyISAM table can be neither."""
    return any(
        key.column.table is table
        for other in table.metadata.tables.values()
        for key in other.foreign_keys
    )
