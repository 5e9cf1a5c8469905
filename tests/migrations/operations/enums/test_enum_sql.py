"""The operations on enums without a database: the SQL that --sql shows, and that it runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from support.enum_revisions import Tool

from sqlalchemy_manage.errors import MigrationError


@pytest.fixture
def tool(database_url: str) -> Iterator[Tool]:
    tool = Tool(database_url)
    yield tool
    tool.engine.dispose()


def models(*values: str, default: str = "a", tables: tuple[str, ...] = ("t",)) -> sa.MetaData:
    metadata = sa.MetaData()
    kind = sa.Enum(*values, name="kind")
    for name in tables:
        sa.Table(
            name,
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("kind", kind, nullable=False, server_default=default),
        )
    return metadata


def run_sql(tool: Tool, sql: str) -> None:
    """Run what was shown, statement by statement."""
    parts = re.split(r";\n\n", re.sub(r"^(BEGIN|COMMIT);\n", "", sql, flags=re.MULTILINE))
    tool.execute(*(part.replace("%", "%%") for part in parts if part.strip()))


NATIVE = pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
CHANGES: list[tuple[sa.MetaData, dict[str, str], list[str]]] = [
    (models("a", "b", "c"), {}, ["a", "b"]),
    (models("b", "a"), {}, ["a", "b"]),
    (models("a", "z%"), {"b": "z%"}, ["a", "z%"]),
    (models("z", "b", default="z"), {"a": "z"}, ["z", "b"]),
    (models("a"), {"b": "a"}, ["a", "a"]),
]


@NATIVE
@pytest.mark.parametrize(("new", "renames", "rows"), CHANGES)
def test_what_is_shown_does_what_is_done(
    tool: Tool, new: sa.MetaData, renames: dict[str, str], rows: list[str]
) -> None:
    old = models("a", "b")
    tool.create(old)
    tool.execute("INSERT INTO t (kind) VALUES ('a'), ('b')")
    revision = tool.compare(new, rename_values={"t.kind": renames} if renames else {})
    run_sql(tool, tool.sql(revision.upgrade))
    assert tool.same(new)
    assert tool.column("SELECT kind FROM t ORDER BY id") == rows
    run_sql(tool, tool.sql(revision.downgrade))
    assert tool.same(old)


@NATIVE
def test_a_type_of_two_tables_is_remade_once(tool: Tool) -> None:
    tables = ("t", "u")
    old, new = models("a", "b", tables=tables), models("b", "a", tables=tables)
    tool.create(old)
    tool.execute("INSERT INTO t (kind) VALUES ('a')", "INSERT INTO u (kind) VALUES ('b')")
    sql = tool.sql(tool.compare(new).upgrade)
    run_sql(tool, sql)
    assert tool.same(new)
    assert sql.count("CREATE TYPE") == (1 if tool.engine.dialect.name == "postgresql" else 0)


@NATIVE
def test_a_type_of_two_tables_gets_its_values_once(tool: Tool) -> None:
    tables = ("t", "u")
    old, new = models("a", "b", tables=tables), models("a", "z", "c", tables=tables)
    tool.create(old)
    tool.execute("INSERT INTO t (kind) VALUES ('b')", "INSERT INTO u (kind) VALUES ('b')")
    revision = tool.compare(new, rename_values={"t.kind": {"b": "z"}})
    run_sql(tool, tool.sql(revision.upgrade))
    assert tool.same(new)
    assert tool.query("SELECT t.kind, u.kind FROM t, u") == [("z", "z")]
    run_sql(tool, tool.sql(revision.downgrade))
    assert tool.same(old)
    assert tool.query("SELECT t.kind, u.kind FROM t, u") == [("b", "b")]


@NATIVE
def test_types_are_created_and_dropped_without_a_look(tool: Tool) -> None:
    revision = tool.compare(models("a", "b", tables=("t", "u")))
    up, down = tool.sql(revision.upgrade), tool.sql(revision.downgrade)
    for _ in range(2):
        run_sql(tool, up)
        assert tool.same(models("a", "b", tables=("t", "u")))
        run_sql(tool, down)
    if tool.engine.dialect.name == "postgresql":
        assert up.count("CREATE TYPE") == 1
        with tool.engine.connect() as connection:
            assert sa.inspect(connection).get_enums() == []


@pytest.mark.parametrize("backend", ["sqlite"])
def test_sqlite_needs_the_database_to_make_a_table_again(tool: Tool) -> None:
    upgrade = """
op.alter_enum("t", "kind", sa.Enum("a", "b", name="kind", create_constraint=True),
    existing_type=sa.Enum("a", name="kind", create_constraint=True))
"""
    with pytest.raises(MigrationError, match="without a database"):
        tool.sql(upgrade)


FROM_SQLITE = """
op.alter_enum("t", "kind", sa.Enum("a", "b", "longer", name="kind"),
    existing_type=sa.Enum(name="kind", length=1), existing_server_default="a",
    existing_nullable=False)
"""
BACK_FROM_SQLITE = """
op.alter_enum("t", "kind", sa.Enum(name="kind", length=1),
    existing_type=sa.Enum("a", "b", "longer", name="kind"), existing_server_default="a",
    existing_nullable=False)
"""


@NATIVE
@pytest.mark.parametrize("shown", [False, True])
def test_a_file_made_on_sqlite_where_nobody_knew_the_old_values(tool: Tool, shown: bool) -> None:
    def run(code: str) -> None:
        if shown:
            run_sql(tool, tool.sql(code))
        else:
            tool.run(code)

    new = models("a", "b", "longer")
    tool.create(models("a", "b"))
    run(FROM_SQLITE)
    assert tool.same(new)
    # The values stay: nobody knows which of them are new.
    run(BACK_FROM_SQLITE)
    assert tool.same(new)
    run(FROM_SQLITE)
    assert tool.same(new)


@pytest.mark.server
@pytest.mark.parametrize("source", ["postgresql", "mariadb", "checked"])
def test_a_file_runs_on_the_other_databases(
    tool: Tool, new_database: Callable[..., str], source: str
) -> None:
    """Made on one, run on each of them, up and down."""

    def made(*values: str) -> sa.MetaData:
        kind = sa.Enum(*values, name="kind", create_constraint=True)
        metadata = sa.MetaData()
        sa.Table(
            "t",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("kind", kind, nullable=False, server_default="a"),
        )
        return metadata

    steps: list[tuple[sa.MetaData, dict[str, Any]]] = [
        (made("a", "b"), {}),
        (made("a", "b", "c"), {}),
        (made("a", "z", "c"), {"rename_values": {"t.kind": {"b": "z"}}}),
        (made("c", "a"), {"rename_values": {"t.kind": {"z": "a"}}}),
    ]
    other = Tool(new_database("sqlite" if source == "checked" else source))
    revisions = []
    for metadata, answers in steps:
        revision = other.compare(metadata, **answers)
        other.run(revision.upgrade)
        revisions.append(revision)
    states = [sa.MetaData(), *(metadata for metadata, _ in steps)]
    for metadata, revision in zip(states[1:], revisions, strict=True):
        tool.run(revision.upgrade)
        assert tool.same(metadata)
    for metadata, revision in zip(reversed(states[:-1]), reversed(revisions), strict=True):
        tool.run(revision.downgrade)
        assert tool.same(metadata)


@pytest.mark.parametrize("name", ["kind", None])
@pytest.mark.parametrize("native", [True, False])
def test_a_deleted_table_comes_back_with_its_checks(
    tool: Tool, native: bool, name: str | None
) -> None:
    """On the database that the file was made on; the others know nothing of CHECKs not theirs."""
    if native and name is None:
        name = "other"
    old = sa.MetaData()
    kind = sa.Enum("a", "it's", "co:lon", name=name, native_enum=native, create_constraint=True)
    sa.Table(
        "t",
        old,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", kind, server_default="it's"),
        sa.Column("flag", sa.Boolean(create_constraint=True, name=name and "ck_flag")),
    )
    tool.create(old)
    revision = tool.compare(sa.MetaData())
    tool.run(revision.upgrade)
    tool.run(revision.downgrade)
    assert tool.same(old)
    with pytest.raises(sa.exc.DBAPIError):
        tool.execute("INSERT INTO t (kind) VALUES ('x')")
    assert "::" not in revision.downgrade and "ARRAY" not in revision.downgrade
