"""Options of tables on MariaDB and SQLite, there and back with rows."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from support.comparing import Database, there_and_back

from sqlalchemy_manage.migrations.operations.table_options import AlterTableOptionsOp

CHANGES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "engine": ({}, {"engine": "MyISAM"}),
    "row format": ({}, {"row_format": "COMPRESSED"}),
    "another row format": ({"row_format": "dynamic"}, {"row_format": "COMPACT"}),
    "block size": ({"row_format": "COMPRESSED"}, {"key_block_size": "4"}),
    "character set": ({}, {"charset": "latin1"}),
    "character set in other words": ({"charset": "utf8"}, {"default_character_set": "utf8mb4"}),
    "collation": ({"charset": "utf8mb4"}, {"collate": "utf8mb4_bin"}),
    "all": ({}, {"engine": "MyISAM", "charset": "latin1", "collate": "latin1_bin"}),
}


def models(options: dict[str, str]) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "item",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(9), nullable=False, server_default="it's", comment="a, b"),
        sa.Column("kind", sa.Enum("ä", "b", name="kind"), index=True),
        sa.Column("note", sa.Text),
        sa.Column("own", mysql.VARCHAR(9, charset="ucs2")),
        sa.Column("data", sa.JSON),
        **{f"mariadb_{key}": value for key, value in options.items()},  # type: ignore[arg-type]
    )
    return metadata


@pytest.mark.parametrize("backend", ["mariadb"])
@pytest.mark.parametrize("change", CHANGES)
def test_an_option_of_a_table(change: str, engine: sa.Engine) -> None:
    old, new = CHANGES[change]
    database = Database(engine)
    database.create(models(old))
    database.execute(
        "INSERT INTO item VALUES (1, 'Zoë', 'ä', 'é', 'x', '{\"a\": 1}')",
        "INSERT INTO item VALUES (2, 'b', 'b', '', '', '1')",
    )
    before = database.rows("SELECT * FROM item ORDER BY id")
    found = there_and_back(database, models(old), models(new))
    assert [type(op).__name__ for op in found] == ["AlterTableOptionsOp"]
    database.compare(models(new))
    database.run(database.code[0])
    assert database.rows("SELECT * FROM item ORDER BY id") == before


@pytest.mark.parametrize("backend", ["mariadb"])
def test_what_a_model_does_not_say_is_left_alone(engine: sa.Engine) -> None:
    database = Database(engine)
    database.create(models({"engine": "Aria", "charset": "latin1", "row_format": "PAGE"}))
    assert database.operations(models({})) == []


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_the_operation_does_nothing_elsewhere(engine: sa.Engine) -> None:
    Database(engine).run("    op.alter_table_options('item', {'engine': 'Aria'}, existing={})")


COUNTS, STRICT, KEYED = "sqlite_autoincrement", "sqlite_strict", "sqlite_with_rowid"
ON_SQLITE: dict[str, tuple[dict[str, bool], dict[str, bool], str]] = {
    "counts": ({}, {COUNTS: True}, "AUTOINCREMENT"),
    "counts no more": ({COUNTS: True}, {}, "not AUTOINCREMENT"),
    "strict": ({}, {STRICT: True}, "STRICT"),
    "strict no more": ({STRICT: True}, {STRICT: False}, "not STRICT"),
    "without rowid": ({}, {KEYED: False}, "WITHOUT ROWID"),
    "with rowid": ({KEYED: False}, {KEYED: True}, "with rowid"),
    "strict, and counts": ({COUNTS: True}, {STRICT: True}, "not AUTOINCREMENT; STRICT"),
    "all": ({}, {STRICT: True, KEYED: False}, "STRICT, WITHOUT ROWID"),
}


def on_sqlite(options: dict[str, bool], *, named: bool = False, changed: bool = False) -> Any:
    def define(metadata: sa.MetaData) -> None:
        sa.Table(
            "item",
            metadata,
            sa.Column("id", sa.Integer, autoincrement=True),
            sa.Column("n", sa.Integer, nullable=not changed),
            sa.Column("a", sa.Text(collation="NOCASE"), index=True),
            sa.PrimaryKeyConstraint("id", name="pk" if named else None),
            sa.CheckConstraint("n > 0", name="positive"),
            **options,  # type: ignore[arg-type]
        )

    return define


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize("named", [False, True], ids=["plain", "named"])
@pytest.mark.parametrize("changed", [False, True], ids=["alone", "with a column"])
@pytest.mark.parametrize("change", ON_SQLITE)
def test_an_option_of_sqlite(change: str, named: bool, changed: bool, engine: sa.Engine) -> None:
    old, new, said = ON_SQLITE[change]
    database = Database(engine)
    database.create(on_sqlite(old, named=named))
    database.execute("INSERT INTO item VALUES (3, 1, 'x'), (7, 2, '007')")
    rows = "SELECT id, quote(n), typeof(n), quote(a), typeof(a) FROM item ORDER BY id"
    before = database.rows(rows)
    found = there_and_back(
        database, on_sqlite(old, named=named), on_sqlite(new, named=named, changed=changed)
    )
    options = [op for op in found if isinstance(op, AlterTableOptionsOp)]
    assert "; ".join(op.describe().words.partition(": ")[2] for op in options) == said
    assert len(found) == len(options) + changed
    assert database.rows(rows) == before
    database.compare(on_sqlite(new, named=named, changed=changed))
    database.run(database.code[0])
    assert database.rows(rows) == before


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_key_that_cannot_count_is_no_difference(engine: sa.Engine) -> None:
    database = Database(engine)

    def define(metadata: sa.MetaData) -> None:
        sa.Table("one", metadata, sa.Column("id", sa.Text, primary_key=True), **{COUNTS: True})
        up = sa.Column("id", sa.ForeignKey("one.id", name="fk"), primary_key=True)
        sa.Table("two", metadata, up, **{COUNTS: True})

    database.create(define)
    assert database.operations(define) == []
