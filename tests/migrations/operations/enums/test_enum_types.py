"""Enum types of PostgreSQL: created once, dropped with their last use, renamed, converted.

The same files run on the other databases, which have no such types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from support.enum_revisions import Tool

from sqlalchemy_manage.errors import MigrationError


@pytest.fixture
def tool(database_url: str) -> Iterator[Tool]:
    tool = Tool(database_url)
    yield tool
    tool.engine.dispose()


only_postgresql = pytest.mark.parametrize("backend", ["postgresql"])


def kind(*values: str, name: str = "kind", **kw: Any) -> sa.Enum:
    return sa.Enum(*values, name=name, **kw)


def models(**tables: dict[str, Any]) -> sa.MetaData:
    """``models(t={"kind": Enum(...)})``: tables with an id and these columns."""
    metadata = sa.MetaData()
    for name, columns in tables.items():
        made = []
        for key, column in columns.items():
            column = column._copy() if isinstance(column, sa.Column) else sa.Column(column)
            column.name = column.key = key
            made.append(column)
        sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), *made)
    return metadata


def types(tool: Tool) -> dict[str, list[str]]:
    """The enum types of PostgreSQL and their values; empty elsewhere."""
    if tool.engine.dialect.name != "postgresql":
        return {}
    with tool.engine.connect() as connection:
        return {enum["name"]: enum["labels"] for enum in sa.inspect(connection).get_enums("*")}


def expected(tool: Tool, **there: list[str]) -> bool:
    return types(tool) == (there if tool.engine.dialect.name == "postgresql" else {})


def both_ways(tool: Tool, old: sa.MetaData, new: sa.MetaData, **compare: Any) -> Any:
    """Up, down, up: with an empty comparison after each step."""
    revision = tool.compare(new, **compare)
    before = types(tool)
    tool.run(revision.upgrade, new)
    assert tool.same(new)
    after = types(tool)
    tool.run(revision.downgrade, old)
    assert tool.same(old)
    assert types(tool) == before
    tool.run(revision.upgrade, new)
    assert tool.same(new)
    assert types(tool) == after
    return revision


def test_a_type_comes_and_goes_with_its_table(tool: Tool) -> None:
    empty, new = sa.MetaData(), models(t={"kind": kind("a", "b")})
    revision = both_ways(tool, empty, new)
    assert expected(tool, kind=["a", "b"])
    assert "op.create_enum('kind', ['a', 'b'])" in revision.upgrade
    assert revision.downgrade.strip().splitlines()[-2].strip() == "op.drop_enum('kind')"
    # The table is deleted, and comes back in the downgrade.
    tool.execute("INSERT INTO t (kind) VALUES ('a')")
    revision = both_ways(tool, new, empty)
    assert expected(tool)
    assert "ENUM(" not in revision.downgrade


def test_a_type_of_two_new_tables_is_created_once(tool: Tool) -> None:
    shared = kind("a", "b")
    both_ways(
        tool,
        sa.MetaData(),
        models(t={"kind": shared}, u={"kind": shared, "sort": kind("a", "b")}),
    )
    assert expected(tool, kind=["a", "b"])


def test_a_type_stays_while_another_table_uses_it(tool: Tool) -> None:
    empty = sa.MetaData()
    first = models(t={"kind": kind("a", "b")})
    second = models(t={"kind": kind("a", "b")}, u={"kind": kind("a", "b")})
    one = tool.compare(first)
    tool.run(one.upgrade)
    two = both_ways(tool, first, second)
    tool.run(two.downgrade)
    assert expected(tool, kind=["a", "b"])
    tool.run(two.upgrade)
    # The first table goes, the second keeps the type.
    three = both_ways(tool, second, models(u={"kind": kind("a", "b")}))
    assert expected(tool, kind=["a", "b"])
    tool.run(three.downgrade)
    tool.run(two.downgrade)
    tool.run(one.downgrade)
    assert tool.same(empty)
    assert expected(tool)


@pytest.mark.parametrize("checked", [False, True])
def test_a_type_comes_and_goes_with_a_column(tool: Tool, checked: bool) -> None:
    column = kind("a", "b", create_constraint=checked)
    old, new = models(t={}), models(t={"kind": column})
    tool.create(old)
    tool.execute("INSERT INTO t (id) VALUES (1)")
    both_ways(tool, old, new)
    assert expected(tool, kind=["a", "b"])
    tool.execute("UPDATE t SET kind = 'b'")
    if checked or tool.engine.dialect.name != "sqlite":
        with pytest.raises(sa.exc.DBAPIError):
            tool.execute("UPDATE t SET kind = 'c'")
    both_ways(tool, new, old)
    assert expected(tool)


def test_a_column_with_a_type_that_is_there(tool: Tool) -> None:
    old = models(t={"kind": kind("a", "b")}, u={})
    new = models(t={"kind": kind("a", "b")}, u={"kind": kind("a", "b")})
    tool.create(old)
    both_ways(tool, old, new)
    assert expected(tool, kind=["a", "b"])


# Alembic warns of what the tool's own implementation of SQLite keeps.
@pytest.mark.filterwarnings("ignore:Unnamed CHECK constraint")
@pytest.mark.parametrize("name", [None, "ck_kind"])
def test_a_checked_column_comes_and_goes(tool: Tool, name: str | None) -> None:
    checked = sa.Enum("a", "b", native_enum=False, create_constraint=True, name=name)
    others = {"flag": sa.Boolean(create_constraint=True)}
    old, new = models(t=others), models(t={**others, "kind": checked})
    tool.create(old)
    tool.execute("INSERT INTO t (id) VALUES (1)")
    both_ways(tool, old, new)
    with pytest.raises(sa.exc.DBAPIError):
        tool.execute("UPDATE t SET kind = 'c'")
    tool.execute("UPDATE t SET kind = 'a'")
    both_ways(tool, new, old)


def test_values_and_a_new_table_at_once(tool: Tool) -> None:
    old = models(t={"kind": kind("a", "b")})
    new = models(t={"kind": kind("a", "b", "cc")}, u={"kind": kind("a", "b", "cc")})
    tool.create(old)
    both_ways(tool, old, new)
    assert expected(tool, kind=["a", "b", "cc"])


def test_values_go_and_a_table_at_once(tool: Tool) -> None:
    new = models(t={"kind": kind("a", "b")})
    old = models(t={"kind": kind("a", "b", "cc")}, u={"kind": kind("a", "b", "cc")})
    tool.create(old)
    both_ways(tool, old, new, allow_drop={"t.kind:cc"})
    assert expected(tool, kind=["a", "b"])


def test_a_default_of_a_new_value_in_another_table(tool: Tool) -> None:
    old = models(t={"kind": kind("a", "b")})
    default = sa.Column("kind", kind("a", "b", "cc"), server_default="cc")
    new = models(t={"kind": kind("a", "b", "cc")}, u={"kind": default})
    tool.create(old)
    revision = both_ways(tool, old, new)
    if tool.engine.dialect.name != "sqlite":
        assert "postgresql_rewrite=True" in revision.upgrade
    tool.execute("INSERT INTO u (id) VALUES (1)")
    assert tool.query("SELECT kind FROM u") == [("cc",)]


TEXT_DEFAULT = {"nullable": False, "server_default": "a"}


def test_text_becomes_an_enum_and_text_again(tool: Tool, backend: str) -> None:
    old = models(t={"kind": sa.Column(sa.String(9), **TEXT_DEFAULT)})
    new = models(t={"kind": sa.Column(kind("a", "bb", create_constraint=True), **TEXT_DEFAULT)})
    tool.create(old)
    tool.execute("INSERT INTO t (kind) VALUES ('a'), ('bb')")
    both_ways(tool, old, new)
    assert expected(tool, kind=["a", "bb"])
    tool.execute("INSERT INTO t (id) VALUES (3)")
    assert tool.column("SELECT kind FROM t ORDER BY id") == ["a", "bb", "a"]
    with pytest.raises(sa.exc.DBAPIError):
        tool.execute("UPDATE t SET kind = 'c'")
    both_ways(tool, new, old)
    assert expected(tool)
    assert tool.column("SELECT kind FROM t ORDER BY id") == ["a", "bb", "a"]


def test_text_that_is_no_value_stops_the_revision(tool: Tool) -> None:
    old = models(t={"kind": sa.String(9)})
    new = models(t={"kind": kind("a", "b", create_constraint=True)})
    tool.create(old)
    tool.execute("INSERT INTO t (kind) VALUES ('a'), ('x'), ('y')")
    revision = tool.compare(new)
    with pytest.raises(MigrationError, match=r"2 rows hold 'x', 'y' in t.kind"):
        tool.run(revision.upgrade)
    assert tool.same(old)
    assert expected(tool)


def test_a_checked_enum_becomes_a_native_one(tool: Tool) -> None:
    def column(**kw: Any) -> Any:
        return sa.Column(kind("a", "b", create_constraint=True, **kw), **TEXT_DEFAULT)

    old = models(t={"kind": column(native_enum=False)})
    new = models(t={"kind": column()})
    tool.create(old)
    tool.execute("INSERT INTO t (kind) VALUES ('a'), ('b')")
    both_ways(tool, old, new)
    both_ways(tool, new, old)
    assert tool.column("SELECT kind FROM t ORDER BY id") == ["a", "b"]
    with pytest.raises(sa.exc.DBAPIError):
        tool.execute("UPDATE t SET kind = 'c'")


@only_postgresql
def test_a_type_gets_another_name(tool: Tool) -> None:
    old = models(t={"kind": sa.Column(kind("a", "b"), **TEXT_DEFAULT)}, u={"kind": kind("a", "b")})
    sort = kind("a", "b", name="Sort")
    new = models(t={"kind": sa.Column(sort, **TEXT_DEFAULT)}, u={"kind": sort})
    tool.create(old)
    tool.execute("INSERT INTO t (kind) VALUES ('b')")
    revision = both_ways(tool, old, new)
    assert types(tool) == {"Sort": ["a", "b"]}
    assert "op.rename_enum('kind', 'Sort')" in revision.upgrade
    assert "alter_enum" not in revision.upgrade


@only_postgresql
def test_a_type_gets_another_name_and_values(tool: Tool) -> None:
    old = models(t={"kind": kind("a", "b")})
    new = models(t={"kind": kind("a", "z", "c", name="sort")})
    tool.create(old)
    tool.execute("INSERT INTO t (kind) VALUES ('b')")
    both_ways(tool, old, new, rename_values={"t.kind": {"b": "z"}})
    assert tool.column("SELECT kind::text FROM t") == ["z"]


@only_postgresql
def test_one_of_two_columns_gets_another_type(tool: Tool) -> None:
    indexed = sa.Column("kind", kind("a", "b"), **TEXT_DEFAULT)
    old = models(t={"kind": indexed}, u={"kind": kind("a", "b")})
    tool.create(old)
    tool.execute(
        "CREATE INDEX part ON t (id) WHERE kind = 'a'",
        "ALTER TABLE t ADD CONSTRAINT ck CHECK (kind <> 'b')",
        "INSERT INTO t (kind) VALUES ('a')",
        "INSERT INTO u (kind) VALUES ('b')",
    )
    new = models(
        t={"kind": sa.Column(kind("a", "b", "c", name="sort"), **TEXT_DEFAULT)},
        u={"kind": kind("a", "b")},
    )
    new.tables["t"].append_constraint(
        sa.Index("part", new.tables["t"].c.id, postgresql_where=sa.text("kind = 'a'"))
    )
    revision = tool.compare(new)
    assert "rename_enum" not in revision.upgrade
    tool.run(revision.upgrade)
    assert types(tool) == {"kind": ["a", "b"], "sort": ["a", "b", "c"]}
    (definition,) = tool.column("SELECT indexdef FROM pg_indexes WHERE indexname = 'part'")
    assert "'a'::sort" in definition
    tool.run(revision.downgrade)
    assert types(tool) == {"kind": ["a", "b"]}
    assert tool.column("SELECT kind::text FROM t") == ["a"]


@only_postgresql
def test_everything_that_mentions_a_type_survives_its_remaking(tool: Tool) -> None:
    tool.execute(
        "CREATE TYPE kind AS ENUM ('a', 'b', 'c')",
        "COMMENT ON TYPE kind IS 'it''s 100%% used'",
        """CREATE TABLE t (id serial PRIMARY KEY, kind kind NOT NULL DEFAULT 'a',
           many kind[] DEFAULT '{a,b}', other int,
           CONSTRAINT ck CHECK (kind <> 'b' OR other > 0),
           CONSTRAINT ck_many CHECK (NOT 'b' = ANY (many) OR other::text LIKE '1%%'),
           CONSTRAINT ex EXCLUDE (other WITH =) WHERE (kind = 'b'))""".replace(
            "other LIKE '1%' ESCAPE '#'", "other::text LIKE '1%'"
        ).replace("%", "%%"),
        "CREATE INDEX part ON t (other) WHERE kind = 'a'",
        "CREATE UNIQUE INDEX expr ON t ((CASE kind WHEN 'a' THEN id END))",
        "CREATE INDEX plain ON t (kind)",
        "CREATE TABLE parted (id int, kind kind DEFAULT 'b') PARTITION BY RANGE (id)",
        "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (1) TO (10)",
        "ALTER TABLE parted_1 ALTER COLUMN kind SET DEFAULT 'a'",
        "CREATE INDEX parted_part ON parted (id) WHERE kind = 'a'",
        "INSERT INTO t (kind, many, other) VALUES ('a', '{a,b}', 1), ('b', '{b,b}', 1)",
        "INSERT INTO parted VALUES (1, 'b')",
    )
    before = _described(tool)
    metadata = sa.MetaData()
    sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", kind("a", "b"), nullable=False, server_default="a"),
    )
    upgrade = """
op.alter_enum("t", "kind", sa.Enum("b", "a", name="kind"),
    existing_type=sa.Enum("a", "b", "c", name="kind"), existing_server_default="a")
op.alter_enum("t", "many", postgresql.ARRAY(sa.Enum("b", "a", name="kind")),
    existing_type=postgresql.ARRAY(sa.Enum("a", "b", "c", name="kind")))
"""
    tool.run(upgrade)
    assert types(tool) == {"kind": ["b", "a"]}
    assert _described(tool) == before
    assert tool.query("SELECT kind::text, many::text FROM t ORDER BY id") == [
        ("a", "{a,b}"),
        ("b", "{b,b}"),
    ]
    tool.execute("INSERT INTO parted VALUES (2)", "INSERT INTO parted_1 VALUES (3)")
    assert tool.column("SELECT kind::text FROM parted ORDER BY id") == ["b", "b", "a"]
    # And with a value merged into another, in everything.
    merge = """
op.alter_enum("t", "kind", sa.Enum("b", name="kind"), existing_type=sa.Enum("b", "a", name="kind"),
    rename_values={"a": "b"})
"""
    with pytest.raises(sa.exc.DBAPIError, match=r"exclusion|unique"):
        tool.run(merge)  # what the indexes say of the rows counts as before
    tool.execute("ALTER TABLE t DROP CONSTRAINT ex", "DROP INDEX expr")
    tool.run(merge)
    assert tool.query("SELECT kind::text, many::text FROM t ORDER BY id") == [
        ("b", "{b,b}"),
        ("b", "{b,b}"),
    ]
    assert "part: CREATE INDEX part ON public.t USING btree (other) WHERE (kind = 'b'::kind)" in (
        _described(tool)
    )


def _described(tool: Tool) -> list[str]:
    return tool.column(
        "SELECT indexname || ': ' || indexdef FROM pg_indexes WHERE schemaname = 'public'"
        " UNION ALL SELECT concat(conname, ': ', conrelid::regclass, pg_get_constraintdef(oid))"
        " FROM pg_constraint WHERE conrelid <> 0 AND contype <> 'n'"
        " UNION ALL SELECT concat(adrelid::regclass, '.', adnum, ': ', pg_get_expr(adbin, adrelid))"
        " FROM pg_attrdef"
        " UNION ALL SELECT obj_description('kind'::regtype, 'pg_type') ORDER BY 1"
    )


@only_postgresql
def test_a_view_stops_the_remaking_with_its_name(tool: Tool) -> None:
    old, new = models(t={"kind": kind("a", "b")}), models(t={"kind": kind("a")})
    tool.create(old)
    tool.execute("CREATE VIEW seen AS SELECT kind FROM t")
    revision = tool.compare(new)
    with pytest.raises(sa.exc.DBAPIError, match="view seen"):
        tool.run(revision.upgrade)
    assert tool.same(old)
    tool.execute("DROP VIEW seen")
    tool.run(revision.upgrade)


@only_postgresql
def test_a_type_of_two_columns_is_remade_once(tool: Tool) -> None:
    tool.create(models(t={"kind": kind("a", "b")}, u={"kind": kind("a", "b")}))
    revision = tool.compare(models(t={"kind": kind("b", "a")}, u={"kind": kind("b", "a")}))
    assert revision.upgrade.count("op.alter_enum(") == 2
    seen: list[str] = []
    sa.event.listen(
        tool.engine, "before_cursor_execute", lambda c, cur, text, *args: seen.append(text)
    )
    tool.run(revision.upgrade)
    assert len([text for text in seen if text.startswith("ALTER TABLE")]) == 2


@only_postgresql
def test_a_view_does_not_stop_an_added_value(tool: Tool) -> None:
    tool.create(models(t={"kind": kind("a", "b")}))
    tool.execute("CREATE VIEW seen AS SELECT kind FROM t")
    revision = tool.compare(models(t={"kind": kind("a", "b", "c")}))
    tool.run(revision.upgrade)
    assert types(tool) == {"kind": ["a", "b", "c"]}


@only_postgresql
def test_arrays(tool: Tool) -> None:
    def many(*values: str) -> Any:
        return models(
            t={
                "many": postgresql.ARRAY(kind(*values)),
                "one": sa.Column(kind(*values), server_default="a"),
            }
        )

    empty, old, new = sa.MetaData(), many("a", "b", "c"), many("a", "z", "c", "d")
    tool.run(tool.compare(old).upgrade)
    assert tool.same(old)
    tool.execute("INSERT INTO t (many) VALUES ('{a,b,b}'), (NULL)")
    both_ways(tool, old, new, rename_values={"t.many": {"b": "z"}})
    assert tool.query("SELECT many::text, one::text FROM t ORDER BY id") == [
        ("{a,z,z}", "a"),
        (None, "a"),
    ]
    merged = tool.compare(many("a", "c", "d"), rename_values={"t.one": {"z": "c"}})
    tool.run(merged.upgrade)
    assert tool.column("SELECT many::text FROM t ORDER BY id") == ["{a,c,c}", None]
    with pytest.raises(MigrationError, match=r"2 rows hold 'c' in t.many"):
        tool.run(tool.compare(many("a", "d"), allow_drop={"t.many:c"}, rows=False).upgrade)
    tool.execute("UPDATE t SET many = '{d}'")
    both_ways(tool, many("a", "c", "d"), empty)
    assert types(tool) == {}


@pytest.mark.server
def test_types_in_schemas(new_database: Callable[..., str]) -> None:
    tool = Tool(new_database("postgresql"), schemas=True)
    tool.execute('CREATE SCHEMA "App"')

    def made(*values: str, default: str = "a") -> sa.MetaData:
        metadata = sa.MetaData()
        sa.Table(
            "t",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("kind", kind(*values, schema="App"), server_default=default),
            sa.Column("here", kind(*values, schema="public")),
            schema="App",
        )
        return metadata

    old, new = made("a", "b"), made("a", "c", "d", default="d")
    tool.run(tool.compare(old).upgrade)
    assert tool.same(old)
    tool.execute("""INSERT INTO "App".t (kind, here) VALUES ('b', 'a')""")
    both_ways(
        tool,
        old,
        new,
        rename_values={"App.t.kind": {"b": "c"}},
        allow_drop={"App.t.here:b"},
    )
    assert tool.query('SELECT kind::text, here::text FROM "App".t') == [("c", "a")]
    other = sa.MetaData()
    sa.Table("u", other, sa.Column("id", sa.Integer, primary_key=True), schema="App")
    both_ways(tool, new, other)
    assert types(tool) == {}


@only_postgresql
def test_create_enum_refuses_a_type_with_other_values(tool: Tool) -> None:
    tool.run("op.create_enum('kind', ['a', 'b'])")
    tool.run("op.create_enum('kind', ['a', 'b'])")
    with pytest.raises(sa.exc.DBAPIError, match="the type kind exists with other values"):
        tool.run("op.create_enum('kind', ['a', 'c'])")
    tool.run("op.drop_enum('kind')\nop.drop_enum('kind')")
    assert types(tool) == {}


@only_postgresql
def test_a_table_written_by_hand_makes_its_type_after_it_was_dropped(tool: Tool) -> None:
    table = "op.create_table('t', sa.Column('kind', sa.Enum('a', name='kind')))"
    tool.run(
        f"op.create_enum('kind', ['a'])\n{table}\nop.drop_table('t')\nop.drop_enum('kind')\n{table}"
    )
    assert types(tool) == {"kind": ["a"]}


@only_postgresql
def test_a_type_that_somebody_else_makes(tool: Tool) -> None:
    foreign = postgresql.ENUM("a", "b", name="kind", create_type=False)
    tool.execute("CREATE TYPE kind AS ENUM ('a', 'b')")
    revision = tool.compare(models(t={"kind": foreign}))
    assert "create_enum" not in revision.upgrade
    assert "drop_enum" not in revision.downgrade


@only_postgresql
def test_the_owner_of_a_type_stays(tool: Tool) -> None:
    tool.create(models(t={"kind": kind("a", "b")}))
    tool.execute("CREATE ROLE enum_owner", "ALTER TYPE kind OWNER TO enum_owner")
    try:
        tool.run(tool.compare(models(t={"kind": kind("b", "a")})).upgrade)
        owner = "SELECT typowner::regrole::text FROM pg_type WHERE typname = 'kind'"
        assert tool.column(owner) == ["enum_owner"]
    finally:
        tool.execute("DROP TABLE t", "DROP TYPE kind", "DROP ROLE enum_owner")


@only_postgresql
def test_two_enums_of_one_name_cannot_be_settled(tool: Tool) -> None:
    tool.create(models(t={"kind": kind("a", "b")}))
    with pytest.raises(MigrationError, match=r"t\.kind and u\.kind"):
        tool.compare(models(t={"kind": kind("a", "b", "c")}, u={"kind": kind("a", "d")}))
