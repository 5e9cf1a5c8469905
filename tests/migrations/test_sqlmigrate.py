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


TABLE = """\
op.create_table(
    "note",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("a", sa.Integer),
    sa.Column("n", sa.Integer),
    sa.Column("t", sa.Text),
    sa.Column("text", sa.String(9)),
    sa.Column("kind", sa.String(9)),
    sa.CheckConstraint("a > 0", name="ck_a"),
    sqlite_autoincrement=True,
)
op.create_index("ix_a", "note", ["a"])
"""
REBUILT = "ALTER TABLE _alembic_tmp_note RENAME TO note;"


@pytest.fixture
def app(tmp_path: Path, backend: str) -> ProjectFolder:
    app = ProjectFolder(tmp_path / "project", URLS[backend]).write_history()
    app.revision("0001_first", None, TABLE)
    return app


@pytest.mark.parametrize(
    ("up", "sql"),
    [
        ('op.rename_column("note", "a", "b")', {"": "RENAME COLUMN a TO b"}),
        ('op.rename_table("note", "memo")', {"": "ALTER TABLE note RENAME TO memo"}),
        (
            'op.rename_index("note", "ix_a", "ix_b")',
            {
                "sqlite": "DROP INDEX ix_a;\n\nCREATE INDEX ix_b ON note (a);",
                "postgresql": "ALTER INDEX ix_a RENAME TO ix_b",
                "mariadb": "RENAME INDEX ix_a TO ix_b",
            },
        ),
        (
            'op.rename_constraint("note", "ck_a", "ck_b", type_="check")',
            {
                "sqlite": REBUILT,
                "postgresql": "RENAME CONSTRAINT ck_a TO ck_b",
                "mariadb": "DROP CONSTRAINT ck_a, ADD CONSTRAINT ck_b CHECK (', check_clause",
            },
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
        (COMPUTED, {"": "GENERATED ALWAYS AS (id)"}),
        ('op.create_view("v", "CREATE VIEW v AS SELECT 1")', {"": "CREATE VIEW v AS SELECT 1;"}),
        (
            'with op.batch_alter_table("note") as batch:\n'
            '    batch.create_unique_constraint("uq", ["a"])',
            {"": "CONSTRAINT uq UNIQUE"},
        ),
        ("op.execute('SELECT 7')", {"": "SELECT 7;"}),
        ("if op.get_context().as_sql:\n    op.execute('SELECT 8')", {"": "SELECT 8;"}),
        (
            'op.bulk_insert(sa.table("note", sa.column("id", sa.Integer)), [{"id": 3}])',
            {"": "INSERT INTO note (id) VALUES (3);"},
        ),
    ],
)
def test_the_sql_of_an_operation(
    app: ProjectFolder, backend: str, up: str, sql: dict[str, str]
) -> None:
    app.revision("0002_change", "0001_first", up)
    result = app.manage("sqlmigrate", "2")
    assert result.code == 0, result
    assert sql.get(backend, sql.get("", "")) in result.stdout
    rebuilt = "_alembic_tmp_" in result.stdout
    assert ("PRAGMA" in result.stdout) == rebuilt
    assert ("sqlite_sequence" in result.stdout) == rebuilt


READS = (
    "sa.inspect(op.get_bind()).get_table_names()",
    'assert op.get_bind().scalar(sa.text("SELECT 1")) == 1',
    "from sqlalchemy.orm import Session\nSession(op.get_bind()).scalars(sa.text('SELECT 1')).all()",
)


@pytest.mark.parametrize("up", READS)
def test_a_revision_that_asks_the_database(app: ProjectFolder, backend: str, up: str) -> None:
    path = app.revision("0002_change", "0001_first", f"{up}\nop.execute('DELETE FROM note')")
    line = path.read_text().splitlines().index("    " + up.splitlines()[-1]) + 1
    result = app.manage("sqlmigrate", "2")
    if backend == "sqlite":
        assert result.code == 0, result
        assert f"-- The revision asks the database while it runs (line {line})" in result.stdout
        assert "DELETE FROM note;" in result.stdout
        return
    assert (result.code, result.stdout) == (1, "")
    assert f"0002_change asks the database while it runs (line {line})" in result.stderr
    assert "op.get_context().as_sql" in result.stderr and "--traceback" not in result.stderr


@pytest.mark.parametrize(
    "up",
    [
        'op.bulk_insert(sa.table("note", sa.column("id")), [{"id": object()}])',
        'raise ValueError("not today")',
    ],
)
def test_what_cannot_be_shown_names_its_line(app: ProjectFolder, up: str) -> None:
    path = app.revision("0002_change", "0001_first", up)
    line = path.read_text().splitlines().index("    " + up) + 1
    result = app.manage("sqlmigrate", "2")
    assert (result.code, result.stdout) == (1, "")
    assert "0002_change cannot be shown as SQL" in result.stderr
    assert f"line {line})" in result.stderr and "asks the database" not in result.stderr
    assert ('sa.column("name", sa.String)' in result.stderr) == ("literal" in result.stderr)


def test_plain_alembic_shows_a_range(app: ProjectFolder, backend: str) -> None:
    app.revision("0002_more", "0001_first", 'op.rename_column("note", "a", "b")')
    drops = 'batch.drop_index("ix_a")\n    batch.drop_column("n")'
    app.revision(
        "0003_most", "0002_more", f'with op.batch_alter_table("note") as batch:\n    {drops}'
    )
    shown = app.alembic("upgrade", "0001_first:0003_most", "--sql")
    assert shown.code == 0, shown
    assert "RENAME COLUMN a TO b" in shown.stdout and "DROP INDEX ix_a" in shown.stdout
    assert "CREATE TABLE note" not in shown.stdout
    assert shown.stdout.count("Running upgrade") == 2


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


def test_an_env_py_that_fails_is_not_taken_for_the_revision(tmp_path: Path) -> None:
    app = ProjectFolder(tmp_path / "project", f"sqlite:///{tmp_path}/db.sqlite").write_history()
    app.step("0001_a", 'op.execute("SELECT 1")')
    env = app.folder / "migrations" / "env.py"
    env.write_text(env.read_text() + '\n\n{}["nothing"]\n')
    result = app.manage("sqlmigrate", "0001")
    assert result.code == 1
    assert f"{env} failed: KeyError: 'nothing' (line 10)" in result.stderr
    assert "shown as SQL" not in result.stderr


def test_a_history_that_cannot_be_replayed(tmp_path: Path) -> None:
    app = ProjectFolder(tmp_path / "project", f"sqlite:///{tmp_path}/db.sqlite").write_history()
    app.step("0001_first", 'op.add_column("memo", sa.Column("n", sa.Integer))')
    app.step(
        "0002_second",
        'with op.batch_alter_table("memo") as batch:',
        '    batch.alter_column("n", nullable=False, existing_type=sa.Integer())',
        undo='with op.batch_alter_table("memo") as batch:\n'
        '        batch.alter_column("n", nullable=True, existing_type=sa.Integer())',
    )
    app.step(
        "0003_third", 'op.drop_index("ix_memo")', undo='op.create_index("ix_memo", "memo", ["n"])'
    )
    app.execute("CREATE TABLE memo (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)")
    app.done("migrate", "--fake")
    # Above the revision, the schema of the database is taken back on a copy of it.
    shown = app.done("sqlmigrate", "0002").stdout
    assert "n INTEGER NOT NULL" in shown and "ALTER TABLE _alembic_tmp_memo" in shown, shown
    assert "DROP INDEX ix_memo" in app.done("sqlmigrate", "0003").stdout
    # Where there is no table to run on, as Alembic writes it.
    assert "ALTER TABLE memo ADD COLUMN n INTEGER" in app.done("sqlmigrate", "0001").stdout
    assert app.heads() == {"0003_third"}
    app.execute("DROP TABLE memo")
    refused = app.manage("sqlmigrate", "0002")
    assert refused.code == 1 and "0001_first" in refused.stderr, refused
