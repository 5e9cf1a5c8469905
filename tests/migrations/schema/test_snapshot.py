"""A schema read once and renamed in memory: every mention follows, and nothing is asked again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import NoSuchTableError

from sqlalchemy_manage.migrations.schema.snapshot import Snapshot


def define(metadata: sa.MetaData) -> None:
    sa.Table(
        "parent",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("net", sa.Integer),
        sa.Column("gross", sa.Integer, sa.Computed("net * 2", persisted=True)),
        sa.UniqueConstraint("net", name="uq_net"),
        sa.CheckConstraint("net > 0 AND net <> 5", name="ck_net"),
        sa.Index("ix_net", "net", sqlite_where=sa.text("net > 1"), postgresql_where="net > 1"),
    )
    sa.Table(
        "child",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("up", sa.ForeignKey("parent.id", name="fk_up")),
    )


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    metadata = sa.MetaData()
    define(metadata)
    metadata.create_all(engine)
    with engine.connect() as connection:
        yield connection


def only(found: Any, name: str) -> Any:
    (item,) = (item for item in found if item["name"] == name)
    return item


def test_a_column_and_all_that_mentions_it(connection: sa.Connection) -> None:
    snapshot = Snapshot(connection)
    snapshot.rename_columns(None, "parent", {"net": "price", "id": "number"})
    assert snapshot.columns(None, "parent") == ["number", "price", "gross"]
    assert snapshot.get_pk_constraint("parent")["constrained_columns"] == ["number"]
    gross = only(snapshot.get_columns("parent"), "gross")
    assert "price" in gross["computed"]["sqltext"]
    assert "net" not in gross["computed"]["sqltext"]
    (unique,) = snapshot.get_unique_constraints("parent")
    assert unique["column_names"] == ["price"]
    (check,) = snapshot.get_check_constraints("parent")
    assert check["sqltext"].count("price") == 2
    index = only(snapshot.get_indexes("parent"), "ix_net")
    assert index["column_names"] == ["price"]
    for option, value in index.get("dialect_options", {}).items():
        if option.endswith("_where"):
            assert "price" in str(value)
    (key,) = snapshot.get_foreign_keys("child")
    assert (key["referred_table"], key["referred_columns"]) == ("parent", ["number"])


def test_a_table_and_the_foreign_keys_to_it(connection: sa.Connection) -> None:
    snapshot = Snapshot(connection)
    snapshot.rename_tables(None, {"parent": "child", "child": "parent"})
    (key,) = snapshot.get_foreign_keys("parent")
    assert key["referred_table"] == "child"
    assert snapshot.columns(None, "child") == ["id", "net", "gross"]
    assert sorted(snapshot.get_table_names()) == ["child", "parent"]


def test_two_columns_swap_their_names(connection: sa.Connection) -> None:
    snapshot = Snapshot(connection)
    before = {column["name"]: column["type"] for column in snapshot.get_columns("child")}
    snapshot.rename_columns(None, "child", {"id": "up", "up": "id"})
    assert snapshot.columns(None, "child") == ["up", "id"]
    assert snapshot.get_pk_constraint("child")["constrained_columns"] == ["up"]
    (key,) = snapshot.get_foreign_keys("child")
    assert key["constrained_columns"] == ["id"]
    assert len(before) == 2


def test_the_database_is_asked_once(connection: sa.Connection) -> None:
    snapshot = Snapshot(connection)
    snapshot.columns(None, "parent")
    snapshot.get_table_names()
    statements: list[str] = []
    sa.event.listen(connection, "before_cursor_execute", lambda c, u, s, *a: statements.append(s))
    snapshot.fresh()
    snapshot.rename_columns(None, "parent", {"net": "price"})
    for kind in ("columns", "indexes", "unique_constraints", "check_constraints", "foreign_keys"):
        getattr(snapshot, f"get_{kind}")("parent")
        getattr(snapshot, f"get_multi_{kind}")(filter_names=["child"])
    assert snapshot.has_table("parent")
    assert statements == []


def test_what_a_comparison_changes_is_its_own(connection: sa.Connection) -> None:
    snapshot = Snapshot(connection)
    snapshot.get_columns("parent")[0]["name"] = "changed"
    snapshot.get_pk_constraint("parent")["name"] = "changed"
    assert snapshot.columns(None, "parent")[0] == "id"
    assert snapshot.get_pk_constraint("parent")["name"] != "changed"


def test_a_table_that_is_not_there(connection: sa.Connection) -> None:
    snapshot = Snapshot(connection)
    assert snapshot.columns(None, "nothing") == []
    with pytest.raises(NoSuchTableError):
        snapshot.get_columns("nothing")
    assert not snapshot.has_table("nothing")


def test_what_it_does_not_hold_is_asked_of_the_real_one(connection: sa.Connection) -> None:
    connection.exec_driver_sql("CREATE VIEW v AS SELECT 1 AS one")
    assert Snapshot(connection).get_view_names() == ["v"]
