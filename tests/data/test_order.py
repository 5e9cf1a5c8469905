"""The order of tables and rows, and where circles are opened."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from sqlalchemy_manage.data.fixtures import Origin
from sqlalchemy_manage.data.order import plan
from sqlalchemy_manage.data.record_layout import Field, Layout, load_order
from sqlalchemy_manage.data.record_rows import Row
from sqlalchemy_manage.data.values import codec_of

DIALECT = sa.create_engine("sqlite://").dialect


def layout_of(table: sa.Table) -> Layout:
    fields = [Field(c.name, c, codec_of(c.type, DIALECT)) for c in table.columns]
    key = tuple(f for f in fields if f.column.primary_key)
    return Layout(table.name, table, key, tuple(f for f in fields if f not in key), {})


def people(nullable: bool, *pairs: tuple[int, int | None]) -> tuple[Layout, list[Row]]:
    table = sa.Table(
        "person",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("boss_id", sa.ForeignKey("person.id"), nullable=nullable),
    )
    rows = [Row({"id": a, "boss_id": b}, Origin("x", i)) for i, (a, b) in enumerate(pairs)]
    return layout_of(table), rows


def ids(rows: Any) -> list[int]:
    return [row.values["id"] for row in rows]


def never(constraint: sa.ForeignKeyConstraint) -> bool:
    return False


def test_parents_come_first_and_nothing_is_put_off() -> None:
    layout, rows = people(False, (1, 2), (2, 3), (3, 3), (4, 1))
    made = plan(layout, rows, {}, never)
    assert ids(made.order) == [3, 2, 1, 4]
    assert (made.later, made.stuck) == ({}, [])


def test_a_circle_is_opened_at_one_row_and_its_followers_wait_for_no_update() -> None:
    layout, rows = people(True, (1, 2), (2, 3), (3, 2), (4, 3), (5, 77))
    made = plan(layout, rows, {}, never)
    assert sorted(ids(made.order)) == [1, 2, 3, 4, 5]
    assert len(made.later) == 1
    (opened,) = made.later
    assert opened.values["id"] in (2, 3)
    assert made.later[opened] == ("boss_id",)
    order = ids(made.order)
    assert order.index(1) > order.index(2)
    assert order.index(4) > order.index(3)


def test_a_circle_that_must_not_be_null_is_reported() -> None:
    layout, rows = people(False, (1, 2), (2, 1))
    made = plan(layout, rows, {}, never)
    assert [row.values["id"] for row, _ in made.stuck] == [1]


def test_a_circle_is_opened_where_a_link_may_be_null() -> None:
    table = sa.Table(
        "person",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("boss_id", sa.ForeignKey("person.id"), nullable=False),
        sa.Column("friend_id", sa.ForeignKey("person.id")),
    )
    values = [(1, 2, None), (2, 2, 1), (3, 3, 4), (4, 3, None)]
    rows = [Row({"id": a, "boss_id": b, "friend_id": c}, Origin("x", a)) for a, b, c in values]
    made = plan(layout_of(table), rows, {}, never)
    assert made.stuck == []
    assert {row.values["id"]: names for row, names in made.later.items()} == {
        2: ("friend_id",),
        3: ("friend_id",),
    }


def test_what_the_database_defers_needs_no_order() -> None:
    layout, rows = people(False, (1, 2), (2, 1))
    made = plan(layout, rows, {}, lambda constraint: True)
    assert (ids(made.order), made.later, made.stuck) == ([1, 2], {}, [])


def test_a_long_chain_needs_no_recursion() -> None:
    layout, rows = people(True, *((i, i + 1) for i in range(5000)), (5000, 0))
    made = plan(layout, rows, {}, never)
    assert len(made.order) == 5001
    assert len(made.later) == 1


def test_tables_in_a_circle_wait_for_those_that_must_be_there() -> None:
    metadata = sa.MetaData()
    # By name, a would come first; but its link must not be null.
    sa.Table(
        "a",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("b_id", sa.ForeignKey("b.id"), nullable=False),
    )
    sa.Table(
        "b",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a_id", sa.ForeignKey("a.id")),
    )
    tables = [metadata.tables["a"], metadata.tables["b"]]
    assert [table.name for table in load_order(tables)] == ["b", "a"]


def test_only_links_to_rows_that_come_later_are_put_off() -> None:
    metadata = sa.MetaData()
    team = sa.Table(
        "team",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("lead_id", sa.ForeignKey("member.id")),
    )
    member = sa.Table("member", metadata, sa.Column("id", sa.Integer, primary_key=True))
    rows = [Row({"id": i, "lead_id": i}, Origin("x", i)) for i in (1, 2)]
    later = [Row({"id": 2}, Origin("x", 3))]
    made = plan(layout_of(team), rows, {member: (layout_of(member), later)}, never)
    assert ids(made.later) == [2]
