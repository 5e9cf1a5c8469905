"""SQLite: a table made again from its own statement; everything else stays as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.enum_revisions import Tool

from sqlalchemy_manage.errors import MigrationError
from sqlalchemy_manage.migrations.schema.create_table import CreateTable
from sqlalchemy_manage.sql.expressions import in_list

STATEMENT = """CREATE TABLE "odd, (table" ( -- a comment, with (
    id INTEGER PRIMARY KEY AUTOINCREMENT, /* kind ( */
    "kind" VARCHAR(1) DEFAULT 'a' NOT NULL CONSTRAINT inline CHECK (kind IN ('a', ')')),
    "kind two" VARCHAR(1) COLLATE NOCASE,
    twice GENERATED ALWAYS AS (id * 2) VIRTUAL,
    amount DECIMAL(10, 2) DEFAULT (1 + 1) CHECK (amount > 0),
    CHECK ("kind two" IN ('x', 'y')),
    CONSTRAINT other CHECK (kind <> 'it''s, (here')
) STRICT"""


def test_an_unchanged_statement_is_itself() -> None:
    table = CreateTable(STATEMENT)
    assert str(table) == STATEMENT
    assert len(table.items) == 7


def test_edits_touch_nothing_else() -> None:
    table = CreateTable(STATEMENT)
    table.set_type("kind", "VARCHAR(20)")
    table.set_default("KIND", "'b'")
    table.drop_checks(lambda text: (in_list(text) or ("",))[0] in ("kind", "kind two"))
    table.add("CONSTRAINT ck CHECK (kind IN ('a'))")
    assert str(table) == (
        STATEMENT.replace(
            "\"kind\" VARCHAR(1) DEFAULT 'a' NOT NULL", '"kind" VARCHAR(20)  NOT NULL'
        )
        .replace("CONSTRAINT inline CHECK (kind IN ('a', ')'))", " DEFAULT 'b'")
        .replace("\n    CHECK (\"kind two\" IN ('x', 'y')),", "")
        .replace("(here')\n", "(here'),\n\tCONSTRAINT ck CHECK (kind IN ('a'))\n")
    )


def test_defaults_and_types_in_all_their_forms() -> None:
    table = CreateTable(
        "CREATE TABLE t (a, b INT DEFAULT -1 NOT NULL, c DEFAULT (f(1)), d DOUBLE "
        "PRECISION -- last\n)"
    )
    table.set_type("a", "TEXT")
    table.set_default("b", None)
    table.set_default("c", "lower('X')")
    table.set_type("d", "VARCHAR(1)")
    table.add("CHECK (1)")
    assert str(table) == (
        "CREATE TABLE t (a TEXT, b INT  NOT NULL, c  DEFAULT (lower('X')), d VARCHAR(1) -- last\n,"
        "\n\tCHECK (1))"
    )
    with pytest.raises(MigrationError, match="no column x"):
        table.column("x")


@pytest.fixture
def tool(tmp_path: Path) -> Iterator[Tool]:
    tool = Tool(f"sqlite:///{tmp_path / 'db.sqlite'}")
    yield tool
    tool.engine.dispose()


ALTER = """
op.alter_enum("t", "kind", sa.Enum("a", "zz", name="kind", create_constraint=True),
    existing_type=sa.Enum("a", "b", name="kind", create_constraint=True),
    rename_values={"b": "zz"})
"""
BACK = """
op.alter_enum("t", "kind", sa.Enum("a", "b", name="kind", create_constraint=True),
    existing_type=sa.Enum("a", "zz", name="kind", create_constraint=True),
    rename_values={"zz": "b"})
"""
SETUP = (
    """CREATE TABLE t (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind VARCHAR(1) DEFAULT 'a' COLLATE NOCASE,
        parent INTEGER REFERENCES t (id) ON DELETE CASCADE,
        twice INTEGER GENERATED ALWAYS AS (id * 2) STORED,
        n INTEGER CHECK (n > 0),
        UNIQUE (n) ON CONFLICT IGNORE,
        CONSTRAINT kind CHECK (kind IN ('a', 'b'))
    )""",
    "CREATE TABLE child (t_id INTEGER REFERENCES t (id) ON DELETE CASCADE)",
    "CREATE TABLE log (kind)",
    "CREATE INDEX part ON t (n DESC) WHERE kind = 'a'",
    "CREATE TRIGGER logged AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.kind); END",
    "CREATE VIEW seen AS SELECT t.kind, child.t_id FROM t JOIN child ON t_id = t.id",
    "INSERT INTO t (id, kind, parent, n) VALUES (1, 'a', NULL, 1), (2, 'b', 1, 2), (9, 'a', 1, 3)",
    "INSERT INTO child VALUES (1), (2)",
    "DELETE FROM t WHERE id = 9",
)


def test_everything_of_a_table_stays(tool: Tool) -> None:
    tool.execute(*SETUP)
    master = "SELECT name, sql FROM sqlite_master ORDER BY name"
    before = tool.query(master)
    tool.run(ALTER)
    statements = dict(tool.query(master))
    assert statements["t"].startswith("CREATE TABLE t (") or '"t"' in statements["t"]
    assert "kind VARCHAR(2) DEFAULT 'a' COLLATE NOCASE" in statements["t"]
    assert "CONSTRAINT kind CHECK (kind IN ('a', 'zz'))" in statements["t"]
    assert "UNIQUE (n) ON CONFLICT IGNORE" in statements["t"]
    for name in ("child", "log", "part", "logged", "seen"):
        assert statements[name] == dict(before)[name]
    assert tool.query("SELECT id, kind, parent, twice, n FROM t ORDER BY id") == [
        (1, "a", None, 2, 1),
        (2, "zz", 1, 4, 2),
    ]
    assert tool.query("SELECT * FROM seen") == [("a", 1), ("zz", 2)]
    # The number of the deleted row is not given again, and the trigger works.
    tool.execute("INSERT INTO t (kind, n) VALUES ('zz', 7)")
    assert tool.column("SELECT max(id) FROM t") == [10]
    assert tool.column("SELECT kind FROM log")[-1] == "zz"
    tool.execute("DELETE FROM t WHERE id = 10")
    legacy = "op.get_bind().exec_driver_sql('PRAGMA legacy_alter_table').scalar()"
    tool.run(f"{BACK}\nassert {legacy} == 1")
    assert _plain(tool.query(master)) == _plain(before)
    assert tool.column("SELECT kind FROM t ORDER BY id") == ["a", "b"]
    assert tool.query("PRAGMA foreign_key_check") == []


def test_rowids_stay(tool: Tool) -> None:
    tool.execute(
        "CREATE TABLE t (kind VARCHAR(1), CONSTRAINT kind CHECK (kind IN ('a', 'b')))",
        "INSERT INTO t (rowid, kind) VALUES (3, 'a'), (7, 'b')",
    )
    tool.run(ALTER)
    assert tool.query("SELECT rowid, kind FROM t ORDER BY 1") == [(3, "a"), (7, "zz")]


def _plain(rows: list[tuple[str, str]]) -> dict[str, str]:
    """Statements without the quotes and the white space in which they may differ."""
    return {name: "".join(sql.replace('"', "").split()) for name, sql in rows if sql}


def test_it_is_refused_where_it_would_delete_what_refers_to_the_table(tool: Tool) -> None:
    tool.execute(*SETUP)
    sa.event.listen(
        tool.engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON")
    )
    with pytest.raises(MigrationError, match="foreign_keys is on"):
        tool.run(ALTER)
    assert tool.column("SELECT count(*) FROM child") == [2]


def test_a_failure_leaves_the_table_as_it_was(tool: Tool) -> None:
    tool.execute(*SETUP)
    tool.execute("CREATE TABLE _alembic_tmp_t (x)")
    with pytest.raises(sa.exc.DBAPIError):
        tool.run(ALTER)
    assert tool.column("SELECT kind FROM t ORDER BY id") == ["a", "b"]


def test_an_enum_without_a_name_becomes_text(tool: Tool) -> None:
    def models(kind: object) -> sa.MetaData:
        metadata = sa.MetaData()
        sa.Table(
            "t",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("kind", kind),
            sa.Column("flag", sa.Boolean(create_constraint=True)),
        )
        return metadata

    old = models(sa.Enum("a", "b", native_enum=False, create_constraint=True, length=9))
    new = models(sa.String(9))
    tool.create(old)
    tool.execute("INSERT INTO t (kind) VALUES ('a')")
    revision = tool.compare(new)
    tool.run(revision.upgrade)
    assert tool.same(new)
    tool.execute("INSERT INTO t (kind) VALUES ('anything')")
    with pytest.raises(sa.exc.DBAPIError):
        tool.execute("UPDATE t SET flag = 7")
    with pytest.raises(MigrationError, match="1 row holds 'anything'"):
        tool.run(revision.downgrade)
    tool.execute("DELETE FROM t WHERE kind = 'anything'")
    tool.run(revision.downgrade)
    assert tool.same(old)
