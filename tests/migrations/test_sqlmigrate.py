"""The SQL of revisions with every operation of the tool, without a database."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import ProjectFolder

URLS = {
    "sqlite": "sqlite:////nowhere/at/all.sqlite",
    "postgresql": "postgresql://nobody@127.0.0.1:1/x",
    "mariadb": "mariadb://nobody@127.0.0.1:1/x",
}
ENUMS = (
    'op.alter_enum("note", "kind", sa.Enum("b", name="kind"), '
    'existing_type=sa.Enum("a", name="kind"), rename_values={"a": "b"})'
)
COMPUTED = (
    'op.alter_computed("note", sa.Column("n", sa.Integer, sa.Computed("id")), '
    'existing=sa.Column("n", sa.Integer))'
)


@pytest.fixture
def app(tmp_path: Path, backend: str) -> ProjectFolder:
    app = ProjectFolder(tmp_path / "project", URLS[backend]).write_history()
    app.revision("0001_first", None)
    return app


@pytest.mark.parametrize(
    ("up", "sql"),
    [
        ('op.rename_column("note", "a", "b")', {"": "RENAME COLUMN a TO b"}),
        ('op.rename_table("note", "memo")', {"": "ALTER TABLE note RENAME TO memo"}),
        (
            'op.rename_index("note", "ix_a", "ix_b")',
            {
                "postgresql": "ALTER INDEX ix_a RENAME TO ix_b",
                "mariadb": "RENAME INDEX ix_a TO ix_b",
            },
        ),
        (
            'op.rename_constraint("note", "ck_a", "ck_b", type_="check")',
            {"postgresql": "RENAME CONSTRAINT ck_a TO ck_b"},
        ),
        ('op.fill_nulls("note", "n", 5)', {"": "SET n=5 WHERE note.n IS NULL"}),
        ('op.fill_nulls("note", "t", "it\'s")', {"": "SET t='it''s' WHERE note.t IS NULL"}),
        (
            'op.fill_nulls("note", "text", "it\'s 5%", type_=sa.String(9))',
            {"": "SET text='it''s 5%' WHERE note.text IS NULL"},
        ),
        (
            ENUMS,
            {"": "UPDATE note SET kind = CASE kind", "postgresql": "RENAME VALUE 'a' TO 'b'"},
        ),
        ('op.create_enum("kind", ["a"])', {"": "", "postgresql": "CREATE TYPE kind AS ENUM"}),
        (
            COMPUTED,
            {"postgresql": "GENERATED ALWAYS AS (id)", "mariadb": "GENERATED ALWAYS AS (id)"},
        ),
        ('op.create_view("v", "CREATE VIEW v AS SELECT 1")', {"": "CREATE VIEW v AS SELECT 1;"}),
        (
            'op.create_unique_constraint("uq", "note", ["a"])',
            {"postgresql": "ADD CONSTRAINT uq UNIQUE", "mariadb": "ADD CONSTRAINT uq UNIQUE"},
        ),
        ("sa.inspect(op.get_bind()).get_table_names()", {}),
        ('assert op.get_bind().scalar(sa.text("SELECT 1")) == 1', {}),
        ('op.bulk_insert(sa.table("note", sa.column("id")), [{"id": object()}])', {}),
    ],
)
def test_the_sql_or_why_there_is_none(
    app: ProjectFolder, backend: str, up: str, sql: dict[str, str]
) -> None:
    app.revision("0002_change", "0001_first", up)
    result = app.manage("sqlmigrate", "2")
    expected = sql.get(backend, sql.get(""))
    if expected is None:
        assert (result.code, result.stdout) == (1, "")
        said = result.stderr
        assert "without a database" in said
        assert "SQLite" not in said.splitlines()[0] or backend == "sqlite"
        assert "--traceback" not in said
    else:
        assert result.code == 0, result
        assert expected in result.stdout


def test_of_a_merge_its_own_sql_and_no_other(app: ProjectFolder) -> None:
    app.revision("0002_left", "0001_first", "op.execute('SELECT 20')", "op.execute('SELECT 21')")
    app.revision("0002_right", "0001_first", "op.execute('SELECT 30')", "op.execute('SELECT 31')")
    both = ("0002_left", "0002_right")
    app.revision("0003_join", both, "op.execute('SELECT 40')", "op.execute('SELECT 41')")
    up = app.done("sqlmigrate", "3").stdout
    down = app.done("sqlmigrate", "3", "--backwards").stdout
    assert [f"SELECT {n}" in up for n in (20, 21, 30, 31, 40, 41)] == [False] * 4 + [True, False]
    assert [f"SELECT {n}" in down for n in (20, 21, 30, 31, 40, 41)] == [False] * 5 + [True]
    app.revision("0003_join", both, "pass", None)
    refused = app.manage("sqlmigrate", "3", "--backwards")
    assert refused.code == 1
    assert "0003_join cannot be undone: it has no downgrade()" in refused.stderr
