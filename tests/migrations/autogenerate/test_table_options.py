"""Options of MariaDB's tables, there and back with rows."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from support.comparing import Database, there_and_back

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
