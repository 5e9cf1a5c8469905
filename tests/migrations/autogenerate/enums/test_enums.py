"""Values of an Enum added, removed, renamed and moved: with rows, up, down and up again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from support.enum_revisions import Tool

from sqlalchemy_manage.errors import MigrationError
from sqlalchemy_manage.migrations.operations.enums.operations import AlterEnumOp

KINDS: dict[str, dict[str, Any]] = {
    "native": {},
    "checked": {"create_constraint": True},
    "text": {"native_enum": False, "create_constraint": True, "length": 20},
}


@pytest.fixture
def tool(database_url: str) -> Iterator[Tool]:
    tool = Tool(database_url)
    yield tool
    tool.engine.dispose()


@pytest.fixture(params=KINDS)
def models(request: pytest.FixtureRequest, backend: str) -> Callable[..., sa.MetaData]:
    """``models("a", "b", default="a")``: a table with an Enum, of each sort in turn."""
    if request.param == "native" and backend == "sqlite":
        pytest.skip("nothing in the database tells the values")
    return lambda *values, **more: made(*values, **KINDS[request.param], **more)


def made(*values: str, default: str | None = "a", name: str | None = "kind", **kw: Any) -> Any:
    metadata = sa.MetaData()
    enum = sa.Enum(*values, name=name, **kw)
    sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", enum, nullable=False, server_default=default),
        sa.Column("other", sa.String(5)),
        sa.Index("ix_t_kind", "kind"),
    )
    return metadata


def fill(tool: Tool, *values: str) -> None:
    with tool.engine.begin() as connection:
        table = sa.table("t", sa.column("kind", sa.String))
        if tool.engine.dialect.name == "postgresql":
            for value in values:
                literal = value.replace("'", "''").replace("%", "%%")
                connection.exec_driver_sql(f"INSERT INTO t (kind) VALUES ('{literal}')")
        else:
            connection.execute(table.insert(), [{"kind": value} for value in values])


def kinds(tool: Tool) -> list[str]:
    text = "kind::text" if tool.engine.dialect.name == "postgresql" else "kind"
    return tool.column(f"SELECT {text} FROM t ORDER BY id")


def there_and_back(
    tool: Tool,
    old: sa.MetaData,
    new: sa.MetaData,
    before: tuple[str, ...],
    after: tuple[str, ...],
    back: tuple[str, ...] | None = None,
    **compare: Any,
) -> Any:
    """Up, down and up again, the comparison empty and the rows right after each."""
    tool.create(old)
    assert tool.same(old)
    fill(tool, *before)
    revision = tool.compare(new, **compare)
    assert [type(op) for op in revision.operations] == [AlterEnumOp], revision.upgrade
    tool.run(revision.upgrade, new)
    assert tool.same(new)
    assert kinds(tool) == list(after)
    tool.run(revision.downgrade, old)
    assert tool.same(old)
    assert kinds(tool) == list(before if back is None else back)
    tool.run(revision.upgrade, new)
    assert tool.same(new)
    return revision


def test_values_are_added_at_their_places(tool: Tool, models: Callable[..., Any]) -> None:
    revision = there_and_back(
        tool, models("a", "b"), models("x", "a", "m", "b", "y", "z"), ("a", "b"), ("a", "b")
    )
    assert "rename_values" not in revision.upgrade
    fill(tool, "x", "m", "y", "z")
    ordered = tool.column("SELECT kind FROM t ORDER BY kind")
    if tool.engine.dialect.name == "postgresql" and "native_enum" not in revision.upgrade:
        assert ordered == ["x", "a", "m", "b", "y", "z"]


def test_a_downgrade_does_not_lose_an_added_value(
    tool: Tool, models: Callable[..., Any], backend: str
) -> None:
    old, new = models("a", "b"), models("a", "b", "c")
    tool.create(old)
    fill(tool, "a")
    revision = tool.compare(new)
    tool.run(revision.upgrade)
    fill(tool, "c", "c")
    with pytest.raises(MigrationError, match=r"2 rows hold 'c' in t\.kind"):
        tool.run(revision.downgrade)
    assert tool.same(new)
    assert kinds(tool) == ["a", "c", "c"]
    tool.execute("UPDATE t SET kind = 'b' WHERE kind = 'c'")
    tool.run(revision.downgrade)
    assert tool.same(old)
    assert kinds(tool) == ["a", "b", "b"]


def test_a_value_without_rows_is_removed_without_a_question(
    tool: Tool, models: Callable[..., Any]
) -> None:
    there_and_back(tool, models("a", "b", "c"), models("a", "c"), ("a", "c"), ("a", "c"))
    with pytest.raises(sa.exc.DBAPIError):
        fill(tool, "b")


def test_a_value_is_renamed_in_all_rows(tool: Tool, models: Callable[..., Any]) -> None:
    there_and_back(
        tool,
        models("a", "b", "c"),
        models("a", "z", "c"),
        ("a", "b", "c", "b"),
        ("a", "z", "c", "z"),
        rename_values={"t.kind": {"b": "z"}},
    )


def test_the_default_is_renamed_with_its_value(tool: Tool, models: Callable[..., Any]) -> None:
    there_and_back(
        tool,
        models("a", "b"),
        models("z", "b", default="z"),
        ("a", "b"),
        ("z", "b"),
        rename_values={"t.kind": {"a": "z"}},
    )
    tool.execute("INSERT INTO t (other) VALUES ('x')")
    assert kinds(tool) == ["z", "b", "z"]


def test_the_default_follows_also_where_the_operation_says_nothing_of_it(
    tool: Tool, models: Callable[..., Any]
) -> None:
    tool.create(models("a", "b"))
    revision = tool.compare(models("z", "b", default="z"), rename_values={"t.kind": {"a": "z"}})
    code = re.sub(r"^ *server_default='z',\n", "", revision.upgrade, flags=re.MULTILINE)
    assert code != revision.upgrade
    tool.run(code)
    assert tool.same(models("z", "b", default="z"))


@pytest.mark.parametrize("backend", ["mariadb"])
def test_the_rest_of_a_column_stays_on_mariadb(tool: Tool) -> None:
    tool.create(made("a", "b"))
    tool.execute(
        "ALTER TABLE t MODIFY kind ENUM('a', 'b') CHARACTER SET latin1 COLLATE latin1_bin "
        "NOT NULL DEFAULT 'a' COMMENT 'it''s, (one)'"
    )
    metadata = made("a", "c")
    metadata.tables["t"].columns["kind"].comment = "it's, (one)"
    tool.run(tool.compare(metadata, rename_values={"t.kind": {"b": "c"}}).upgrade)
    (_, shown), *_ = tool.query("SHOW CREATE TABLE t")
    assert (
        "`kind` enum('a','c') CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'a' "
        "COMMENT 'it''s, (one)'"
    ) in shown


def test_values_are_renamed_added_and_removed_at_once(
    tool: Tool, models: Callable[..., Any]
) -> None:
    there_and_back(
        tool,
        models("a", "b", "gone", "d"),
        models("first", "a", "z", "d", "last"),
        ("a", "b", "d"),
        ("a", "z", "d"),
        rename_values={"t.kind": {"b": "z"}},
        allow_drop={"t.kind:gone"},
    )


def test_a_chain_of_renames(tool: Tool, models: Callable[..., Any]) -> None:
    there_and_back(
        tool,
        models("a", "b", "k"),
        models("b", "c", "k", default="k"),
        ("a", "b", "k", "a"),
        ("b", "c", "k", "b"),
        rename_values={"t.kind": {"a": "b", "b": "c"}},
    )


def test_rows_of_a_removed_value_get_an_existing_one(
    tool: Tool, models: Callable[..., Any]
) -> None:
    there_and_back(
        tool,
        models("a", "b", "c"),
        models("a", "b"),
        ("a", "b", "c", "c"),
        ("a", "b", "a", "a"),
        back=("a", "b", "a", "a"),
        rename_values={"t.kind": {"c": "a"}},
    )


def test_two_values_become_a_new_one(tool: Tool, models: Callable[..., Any]) -> None:
    there_and_back(
        tool,
        models("a", "b", "c"),
        models("a", "new"),
        ("a", "b", "c"),
        ("a", "new", "new"),
        back=("a", "b", "b"),
        rename_values={"t.kind": {"b": "new", "c": "new"}},
    )


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_the_order_of_a_native_type(tool: Tool) -> None:
    there_and_back(tool, made("a", "b", "c"), made("c", "a", "b"), ("a", "c", "b"), ("a", "c", "b"))
    assert tool.column("SELECT kind FROM t ORDER BY kind") == ["c", "a", "b"]


def test_the_order_in_a_check_does_not_matter(tool: Tool) -> None:
    tool.create(made("a", "b", "c", **KINDS["text"]))
    assert tool.same(made("c", "a", "b", **KINDS["text"]))


def test_values_with_quotes_and_the_like(tool: Tool, models: Callable[..., Any]) -> None:
    odd = ("a", "it's", "b, c", "(p)", "ä€", "back\\slash", 'dq"x', "per%cent", "co:lon", "$do$")
    revision = there_and_back(
        tool,
        models(*odd[:5]),
        models("a", "x's", *odd[2:], default="x's"),
        ("it's", "b, c", "ä€"),
        ("x's", "b, c", "ä€"),
        rename_values={"t.kind": {"it's": "x's"}},
    )
    fill(tool, *odd[2:])
    assert kinds(tool)[3:] == list(odd[2:])
    assert "back" in revision.upgrade


def test_a_case_only_rename(tool: Tool, models: Callable[..., Any]) -> None:
    there_and_back(
        tool,
        models("a", "b"),
        models("a", "B"),
        ("a", "b", "b"),
        ("a", "B", "B"),
        rename_values={"t.kind": {"b": "B"}},
    )


def test_a_longer_value_in_plain_text(tool: Tool) -> None:
    plain = {"native_enum": False}
    tool.create(made("a", "b", **plain))
    fill(tool, "a", "b")
    new = made("a", "b", "longer", **plain)
    revision = tool.compare(new)
    tool.run(revision.upgrade)
    assert tool.same(new)
    fill(tool, "longer")
    # Still one that a shorter column holds: the way back is open.
    tool.execute("DELETE FROM t WHERE kind = 'longer'")
    tool.run(revision.downgrade)
    assert tool.same(made("a", "b", **plain))
    assert kinds(tool) == ["a", "b"]


def test_a_rename_to_a_longer_value_in_checked_text(tool: Tool) -> None:
    text = {"native_enum": False, "create_constraint": True}
    there_and_back(
        tool,
        made("a", "b", **text),
        made("a", "longer", **text),
        ("a", "b"),
        ("a", "longer"),
        rename_values={"t.kind": {"b": "longer"}},
    )


def test_the_new_value_as_default_in_the_same_revision(
    tool: Tool, models: Callable[..., Any]
) -> None:
    there_and_back(
        tool, models("a", "b"), models("a", "b", "c", default="c"), ("a", "b"), ("a", "b")
    )
    tool.execute("INSERT INTO t (other) VALUES ('x')")
    assert kinds(tool) == ["a", "b", "c"]


def test_a_removed_default(tool: Tool, models: Callable[..., Any]) -> None:
    there_and_back(
        tool,
        models("gone", "b", default="gone"),
        models("b", "c", default="c"),
        ("b",),
        ("b",),
        allow_drop={"t.kind:gone"},
    )


def test_other_changes_of_the_same_column(tool: Tool, models: Callable[..., Any]) -> None:
    old, new = models("a", "b"), models("a", "b", "c", default=None)
    new.tables["t"].columns["kind"].nullable = True
    tool.create(old)
    fill(tool, "a")
    revision = tool.compare(new)
    tool.run(revision.upgrade)
    assert tool.same(new)
    tool.execute("INSERT INTO t (kind) VALUES (NULL)")
    tool.execute("DELETE FROM t WHERE kind IS NULL")
    tool.run(revision.downgrade)
    assert tool.same(old)
    assert kinds(tool) == ["a"]


def test_without_a_name_for_the_check(tool: Tool) -> None:
    text = KINDS["text"]
    there_and_back(
        tool,
        made("a", "b", name=None, **text),
        made("a", "c", "d", name=None, **text),
        ("a", "b"),
        ("a", "c"),
        rename_values={"t.kind": {"b": "c"}},
    )


def test_the_check_gets_its_name_by_the_convention(tool: Tool) -> None:
    def models(*values: str) -> sa.MetaData:
        metadata = made(*values, **KINDS["text"])
        named = sa.MetaData(naming_convention={"ck": "ck_%(table_name)s_%(constraint_name)s"})
        metadata.tables["t"].to_metadata(named)
        return named

    there_and_back(tool, models("a", "b"), models("a", "b", "c"), ("a", "b"), ("a", "b"))
    with tool.engine.connect() as connection:
        checks = sa.inspect(connection).get_check_constraints("t")
    assert [check["name"] for check in checks] == ["ck_t_kind"]


def test_a_check_written_by_hand_is_left_alone(tool: Tool, backend: str) -> None:
    def models(*values: str) -> sa.MetaData:
        metadata = made(*values, **KINDS["text"])
        metadata.tables["t"].append_constraint(
            sa.CheckConstraint("kind IN ('a', 'b')", name="ck_few")
        )
        return metadata

    there_and_back(
        tool,
        models("a", "b", "x"),
        models("a", "b", "y"),
        ("a", "b"),
        ("a", "b"),
        allow_drop={"t.kind:x"},
    )
    with pytest.raises(sa.exc.DBAPIError):
        fill(tool, "y")


def test_a_constraint_of_its_own_comes_and_goes(tool: Tool) -> None:
    plain = {"native_enum": False, "length": 20}
    there_and_back(
        tool, made("a", "b", **plain), made("a", "b", **KINDS["text"]), ("a", "b"), ("a", "b")
    )
    with pytest.raises(sa.exc.DBAPIError):
        fill(tool, "c")


def test_a_boolean_gets_its_check(tool: Tool, backend: str) -> None:
    def models(**kw: Any) -> sa.MetaData:
        metadata = sa.MetaData()
        sa.Table(
            "t",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("kind", sa.Boolean(name="ck_kind", **kw)),
        )
        return metadata

    old, new = models(), models(create_constraint=True)
    tool.create(old)
    tool.execute("INSERT INTO t (id, kind) VALUES (1, true), (2, NULL)")
    revision = tool.compare(new)
    if backend == "postgresql":
        assert revision.operations == []
        return
    tool.run(revision.upgrade)
    assert tool.same(new)
    with pytest.raises(sa.exc.DBAPIError):
        tool.execute("UPDATE t SET kind = 7")
    tool.run(revision.downgrade)
    assert tool.same(old)
    assert tool.query("SELECT id, kind FROM t ORDER BY id") == [(1, 1), (2, None)]
