"""A fingerprint is the same whatever the order, and another one when a row or a link is."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from sqlalchemy_manage.links.catalog import Name, read_catalog, read_tables
from sqlalchemy_manage.links.fingerprint import Fingerprint, fingerprint

metadata = sa.MetaData()
sa.Table("room", metadata, sa.Column("id", sa.String(10), primary_key=True))
sa.Table(
    "Odd %name",
    metadata,
    sa.Column("a b", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("c%d", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("room", sa.String(10), sa.ForeignKey("room.id")),
    sa.Column("other", sa.String(10), sa.ForeignKey("room.id")),
)
sa.Table(
    "pair",
    metadata,
    sa.Column("one", sa.String(10), sa.ForeignKey("room.id")),
    sa.Column("two", sa.String(10), sa.ForeignKey("room.id")),
)
sa.Table("plain", metadata, sa.Column("x", sa.Integer))

ODD = '"Odd %%name"'


@pytest.fixture
def connection(engine: sa.Engine):
    with engine.connect() as connection:
        metadata.create_all(connection)
        fill(connection, list(range(1, 9)))
        connection.commit()
        yield connection


def fill(connection: sa.Connection, order: list[int]) -> None:
    run = connection.execute
    tables = metadata.tables
    run(tables["room"].insert(), [{"id": f"r{i}"} for i in order])
    rows = [
        {"a b": i, "c%d": 10 - i, "room": f"r{i}", "other": "r1" if i % 2 else None} for i in order
    ]
    for row in rows:
        run(tables["Odd %name"].insert().values(dict(row)))
    run(tables["pair"].insert(), [{"one": f"r{i}", "two": f"r{9 - i}"} for i in order])
    run(tables["plain"].insert(), [{"x": i} for i in order])


def taken(connection: sa.Connection) -> dict[Name, Fingerprint]:
    tables = read_tables(connection, read_catalog(connection).tables)
    return {name: fingerprint(connection, table) for name, table in tables.items()}


def test_the_catalog_tells_keys_and_links(connection: sa.Connection) -> None:
    catalog = read_catalog(connection)
    assert set(catalog.tables) == {(None, name) for name in metadata.tables}
    tables = read_tables(connection, catalog.tables)
    odd = tables[None, "Odd %name"]
    assert odd.key == ("a b", "c%d")
    assert {(link.columns, link.parent) for link in odd.links} == {
        (("room",), "room"),
        (("other",), "room"),
    }
    assert set(tables[None, "pair"].identity) == {"one", "two"}
    assert tables[None, "plain"].identity == ()


def test_counts_are_those_of_the_rows(connection: sa.Connection) -> None:
    found = taken(connection)
    odd = found[None, "Odd %name"]
    assert odd.rows == 8
    assert {columns: count for columns, (count, _) in odd.links.items()} == {
        ("room",): 8,
        ("other",): 4,
    }
    assert found[None, "plain"] == Fingerprint(8, 0, {})


def test_the_order_does_not_matter(connection: sa.Connection) -> None:
    before = taken(connection)
    for table in reversed(metadata.sorted_tables):
        connection.execute(table.delete())
    assert all(found.rows == found.keys == 0 for found in taken(connection).values())
    fill(connection, [3, 1, 8, 2, 7, 5, 4, 6])
    assert taken(connection) == before


def test_every_change_of_a_key_or_a_link_shows(connection: sa.Connection) -> None:
    odd, pair = metadata.tables["Odd %name"], metadata.tables["pair"]
    before = taken(connection)
    exchanged = sa.case((odd.c["a b"] == 1, "r2"), else_="r1")
    changes = {
        "two links exchanged": odd.update().where(odd.c["a b"] < 3).values(room=exchanged),
        "a link to another": odd.update().where(odd.c["a b"] == 4).values(room="r5"),
        "a link gone": odd.update().where(odd.c["a b"] == 1).values(other=None),
        "the halves of a key exchanged": odd.update()
        .where(odd.c["a b"] == 1)
        .values({"a b": 9, "c%d": 1}),
        "a pair twice": pair.insert().values(one="r1", two="r8"),
        "another pair": pair.update().where(pair.c.one == "r1").values(two="r7"),
    }
    for kind, change in changes.items():
        with connection.begin_nested() as nested:
            connection.execute(change)
            now = taken(connection)
            name = (None, change.table.name)
            assert now[name] != before[name], kind
            now.pop(name)
            assert now == {n: f for n, f in before.items() if n != name}, kind
            nested.rollback()
    assert taken(connection) == before
