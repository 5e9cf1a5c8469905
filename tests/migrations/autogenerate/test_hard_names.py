"""SQLite: constraints with names, and over columns with names, that have to be quoted."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import sqlalchemy as sa
from support.comparing import Database, there_and_back

NAMES = (
    'quo"te',
    '"',
    "new\nline",
    "apos'trophe",
    "back`tick",
    "a[b]",
    "per%cent",
    "co,m(ma",
    "a.b",
)
KINDS = ("unique", "check", "foreign key", "primary key")


def define(
    kind: str, name: str, *, column: str = "n", there: bool = True, wide: bool = False
) -> Any:
    def tables(metadata: sa.MetaData) -> None:
        parent = sa.Table("parent", metadata, sa.Column("id", sa.Integer, primary_key=True))
        key = sa.PrimaryKeyConstraint("id", name=name if kind == "primary key" else None)
        items: dict[str, Any] = {
            "unique": sa.UniqueConstraint(column, name=name),
            "check": sa.CheckConstraint(sa.column(column) > 0, name=name),
            "foreign key": sa.ForeignKeyConstraint([column], [parent.c.id], name=name),
        }
        more = [items[kind]] if there and kind in items else []
        a = sa.Column("a", sa.String(20 if wide else 10), nullable=not wide)
        sa.Table(
            "item",
            metadata,
            sa.Column("id", sa.Integer),
            sa.Column(column, sa.Integer),
            a,
            key,
            *more,
        )

    return tables


def filled(old: Any, column: str = "n") -> Database:
    database = Database(sa.create_engine("sqlite://"))
    database.create(old)
    column = column.replace('"', '""')
    database.execute("INSERT INTO parent VALUES (1)")
    with database.engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO item (id, \"{column}\", a) VALUES (7, 1, 'x')")
    return database


@pytest.mark.parametrize(("kind", "name"), list(itertools.product(KINDS, NAMES)))
def test_it_is_no_difference_and_survives_a_rebuild(kind: str, name: str) -> None:
    old = define(kind, name)
    database = filled(old)
    before = database.rows("SELECT * FROM item")
    found = there_and_back(database, old, define(kind, name, wide=True))
    assert len(found) == 1
    assert database.rows("SELECT * FROM item") == before


@pytest.mark.parametrize(("kind", "name"), list(itertools.product(KINDS[:3], NAMES)))
def test_it_goes_and_comes_back(kind: str, name: str) -> None:
    there_and_back(filled(define(kind, name)), define(kind, name), define(kind, name, there=False))


@pytest.mark.parametrize(("kind", "column"), list(itertools.product(KINDS[:3], NAMES)))
def test_a_column_of_such_a_name(kind: str, column: str) -> None:
    old = define(kind, "given", column=column)
    database = filled(old, column)
    there_and_back(database, old, define(kind, "given", column=column, wide=True))
    there_and_back(database, old, define(kind, "given", column=column, there=False))


@pytest.mark.parametrize("default", ["'''", "it's", "'", "''''", "'a' || 'b'", "", "''"])
def test_a_default_of_quotes(default: str) -> None:
    def models(*, nullable: bool) -> Any:
        def tables(metadata: sa.MetaData) -> None:
            column = sa.Column("a", sa.String(9), server_default=default, nullable=nullable)
            sa.Table("item", metadata, sa.Column("id", sa.Integer, primary_key=True), column)

        return tables

    database = Database(sa.create_engine("sqlite://"))
    there_and_back(database, lambda metadata: None, models(nullable=True))
    database.create(models(nullable=True))
    database.execute("INSERT INTO item (id) VALUES (1)")
    (stored,) = database.rows("SELECT a FROM item")
    there_and_back(database, models(nullable=True), models(nullable=False))
    database.execute("INSERT INTO item (id) VALUES (2)")
    assert database.rows("SELECT a FROM item WHERE id = 2") == [stored]
