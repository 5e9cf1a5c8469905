"""UNIQUE and EXCLUDE: changes that Alembic does not see, there and back with rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import CITEXT, ExcludeConstraint
from support.comparing import Database, there_and_back

PG, ALL = ("postgresql",), ("sqlite", "postgresql", "mariadb")
Items = Callable[[], list[Any]]

assert CITEXT


def unique(*columns: str, name: str | None = "uq", **kw: Any) -> Items:
    return lambda: [sa.UniqueConstraint(*columns, name=name, **kw)]


def both_orders() -> list[Any]:
    return [*unique("a", "b", name=None)(), *unique("b", "a", name=None)()]


def exclude(*elements: Any, name: str | None = "ex", **kw: Any) -> Items:
    return lambda: [ExcludeConstraint(*elements, name=name, **kw)]


def nothing() -> list[Any]:
    return []


ROOM = (("a", "="),)
PERIOD = (sa.literal_column("int4range(a, b)"), "&&")
CHANGES: dict[str, tuple[tuple[str, ...], Items, Items]] = {
    "order": (ALL, unique("a", "b"), unique("b", "a")),
    "two orders": (ALL, nothing, both_orders),
    "a second order": (ALL, unique("b", "a", name=None), both_orders),
    "deferrable": (PG, unique("a"), unique("a", deferrable=True)),
    "no longer deferrable": (PG, unique("a", deferrable=True, initially="DEFERRED"), unique("a")),
    "initially": (
        PG,
        unique("a", deferrable=True),
        unique("a", deferrable=True, initially="DEFERRED"),
    ),
    "initially alone": (PG, unique("a"), unique("a", initially="DEFERRED")),
    "include": (PG, unique("a"), unique("a", postgresql_include=["b", "order"])),
    "other include": (
        PG,
        unique("a", postgresql_include=["b"]),
        unique("a", postgresql_include=["order"]),
    ),
    "nulls": (PG, unique("a"), unique("a", postgresql_nulls_not_distinct=True)),
    "unnamed": (PG, unique("a", name=None), unique("a", name=None, deferrable=True)),
    "exclude added": (PG, nothing, exclude(*ROOM, using="btree")),
    "exclude removed": (
        PG,
        exclude((sa.text("name text_pattern_ops"), "="), using="btree", where=sa.text("a > 5")),
        nothing,
    ),
    "exclude of an expression": (PG, exclude(PERIOD), exclude((PERIOD[0], "-|-"))),
    "exclude where": (PG, exclude(PERIOD), exclude(PERIOD, where=sa.text("a > 5"))),
    "exclude where in": (
        PG,
        exclude(PERIOD, where=sa.text("name IN ('x', 'y')")),
        exclude(PERIOD, where=sa.text("name IN ('x', 'y:z')")),
    ),
    "exclude where a column": (
        PG,
        exclude(PERIOD, where=sa.column("a") > 5),
        exclude(PERIOD, where=sa.column("order").in_([5, 6])),
    ),
    "exclude deferrable": (
        PG,
        exclude(PERIOD, deferrable=True),
        exclude(PERIOD, deferrable=True, initially="DEFERRED"),
    ),
    "exclude with an operator class": (
        PG,
        exclude((sa.column("name"), "="), using="btree", ops={"name": "text_pattern_ops"}),
        exclude((sa.column("name"), "="), (sa.column("order"), "="), using="btree"),
    ),
}


def models(items: Items) -> sa.MetaData:
    metadata = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True)
    numbers = [sa.Column(name, sa.Integer) for name in ("a", "b", "order")]
    sa.Table("item", metadata, key, *numbers, sa.Column("name", sa.String(9)), *items())
    return metadata


@pytest.mark.parametrize(
    ("backend", "change"),
    [(backend, name) for name, (backends, *_) in CHANGES.items() for backend in backends],
)
def test_a_constraint_of_rows(change: str, engine: sa.Engine) -> None:
    _, old, new = CHANGES[change]
    database = Database(engine)
    database.compare(models(old))
    database.run(database.code[0], models(old))
    word = engine.dialect.identifier_preparer.quote("order")
    database.execute(
        f"INSERT INTO item (id, a, b, {word}, name) VALUES (1, 1, 2, 3, 'x'), (2, 7, 9, 4, 'y')"
    )
    before = database.rows("SELECT * FROM item ORDER BY id")
    there_and_back(database, models(old), models(new))
    database.compare(models(new))
    database.run(database.code[0])
    assert database.operations(models(new)) == [], database.code[0]
    assert database.rows("SELECT * FROM item ORDER BY id") == before


@pytest.mark.parametrize("backend", PG)
def test_a_table_comes_back_with_its_constraints(engine: sa.Engine) -> None:
    full = models(lambda: [*CHANGES["exclude removed"][1](), *CHANGES["initially"][2]()])
    database = Database(engine)
    database.create(full)
    there_and_back(database, full, sa.MetaData())


@pytest.mark.parametrize("backend", PG)
def test_a_deferrable_unique_is_one(engine: sa.Engine) -> None:
    database = Database(engine)
    database.create(models(unique("a")))
    database.compare(models(unique("a", deferrable=True, initially="DEFERRED")))
    database.run(database.code[0])
    database.execute(
        "INSERT INTO item (id, a) VALUES (1, 1), (2, 2)",
        "UPDATE item SET a = 3 - a",  # each for a moment the same as the other
    )
    assert database.rows("SELECT id, a FROM item ORDER BY id") == [(1, 2), (2, 1)]
