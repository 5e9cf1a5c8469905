"""The SQL of a draft, for the database of the project, which is only read."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.programs import run

from sqlalchemy_manage.migrations.actions.dry_run import draft_sql
from sqlalchemy_manage.migrations.revisions.files import Draft, create_folder
from sqlalchemy_manage.project import Project

FIRST = """
op.create_table(
    "note",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("text", sa.String(100), server_default="50%: 'x'"),
    sa.PrimaryKeyConstraint("id"),
)
op.create_index("ix_note_text", "note", ["text"])
"""
BATCH = """
with op.batch_alter_table("note") as batch_op:
    batch_op.alter_column("text", existing_type=sa.String(100), nullable=False,
        existing_server_default="50%: 'x'")
"""


def revision(number: str, upgrade: str, down: str | None) -> str:
    return (
        "import sqlalchemy as sa\nfrom alembic import op\n\n"
        f'revision = "{number}"\ndown_revision = {down!r}\n\n\ndef upgrade():\n'
        f"{textwrap.indent(upgrade, '    ')}\n\ndef downgrade():\n    pass\n"
    )


@pytest.fixture
def folder(copy_project: Callable[[str], Path]) -> Path:
    """The bare project with a first revision."""
    folder = copy_project("bare")
    versions = folder / "migrations" / "versions"
    create_folder(folder / "migrations")
    (versions / "0001_first.py").write_text(revision("0001_first", FIRST, None))
    return folder


@pytest.fixture
def project(
    folder: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Project]]:
    """``project()``: the project, on an empty database, on each backend in turn."""
    import sys

    def make(url: str = database_url) -> Project:
        monkeypatch.chdir(folder)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.setenv("DATABASE_URL", url)
        forget()
        return Project("settings")

    def forget() -> None:
        # Not by monkeypatch: of two calls it would bring back the modules of the first.
        for name in ("settings", "notes", "notes.models"):
            sys.modules.pop(name, None)

    yield make
    forget()


def draft(folder: Path, upgrade: str, down: str | None = "0001_first") -> Draft:
    path = folder / "migrations" / "versions" / "0002_next.py"
    return Draft(path, revision("0002_next", upgrade, down), ())


def migrate(folder: Path, url: str) -> None:
    result = run(folder, "manage.py", "migrate", url=url)
    assert result.code == 0, result


def catalog(engine: sa.Engine) -> Any:
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        names = inspector.get_table_names()
        return {
            name: (
                [str(c) for c in inspector.get_columns(name)],
                inspector.get_indexes(name),
                connection.execute(sa.text(f"SELECT * FROM {name}")).all(),
            )
            for name in names
        }


def test_the_statements_and_nothing_changed(
    folder: Path, project: Callable[..., Project], database_url: str, engine: sa.Engine
) -> None:
    migrate(folder, database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO note (id, text) VALUES (1, 'row')"))
    before = catalog(engine)
    sql = draft_sql(
        project(),
        draft(folder, 'op.add_column("note", sa.Column("more", sa.String(9)))\n' + BATCH),
    )
    assert "ALTER TABLE note ADD COLUMN more VARCHAR(9);\n\n" in sql
    assert sql.endswith(";\n") and not sql.endswith("\n\n")
    assert "SELECT sql" not in sql and "PRAGMA" not in sql and "BEGIN" not in sql
    if engine.dialect.name == "sqlite":
        assert "CREATE TABLE _alembic_tmp_note" in sql
        assert "INSERT INTO _alembic_tmp_note" in sql
        assert "DROP TABLE note;" in sql
        assert "'50%: ''x'''" in sql
        # The index of the table comes back: the schema was there to be read.
        assert "CREATE INDEX ix_note_text ON note (text);" in sql
    else:
        assert "NOT NULL" in sql
    assert catalog(engine) == before


def test_the_first_revision_needs_no_database(
    folder: Path, project: Callable[..., Project], new_database: Callable[..., str], backend: str
) -> None:
    (folder / "migrations" / "versions" / "0001_first.py").unlink()
    url = new_database(backend, create=False)
    sql = draft_sql(project(url), draft(folder, FIRST, None))
    assert sql.startswith("CREATE TABLE note (")
    # One percent sign, and quotes doubled, as the server would read it.
    assert "DEFAULT '50%: ''x'''" in sql
    assert sql.endswith("CREATE INDEX ix_note_text ON note (text);\n")
    if backend == "sqlite":
        assert not Path(url.removeprefix("sqlite:///")).exists()


def test_values_are_in_the_statements(
    folder: Path, project: Callable[..., Project], database_url: str
) -> None:
    migrate(folder, database_url)
    sql = draft_sql(
        project(),
        draft(
            folder,
            'note = sa.table("note", sa.column("id", sa.Integer), sa.column("text", sa.String))\n'
            'op.execute(note.update().where(note.c.id == 3).values(text="it\'s 5%"))\n'
            'op.execute("DELETE FROM note;")\n'
            'op.bulk_insert(note, [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}])',
        ),
    )
    assert "UPDATE note SET text='it''s 5%' WHERE note.id = 3;\n\n" in sql
    assert "DELETE FROM note;\n\n" in sql
    assert "VALUES (1, 'a');" in sql and "VALUES (2, 'b');" in sql


def test_sqlite_reads_the_replayed_history_where_the_database_is_elsewhere(
    folder: Path, project: Callable[..., Project], database_url: str, backend: str
) -> None:
    # Nothing is migrated: the draft stands on a revision that the database has not seen.
    sql = draft_sql(project(), draft(folder, BATCH))
    assert "NOT NULL" in sql
    if backend == "sqlite":
        assert not Path(database_url.removeprefix("sqlite:///")).exists()
        assert "DROP TABLE note;" in sql


@pytest.mark.parametrize(
    ("upgrade", "reason"),
    [
        ('op.drop_column("nowhere", "x")\nraise RuntimeError("not today")', "not today"),
        ("raise ValueError", "ValueError"),
    ],
)
def test_what_cannot_be_shown_says_why(
    folder: Path, project: Callable[..., Project], upgrade: str, reason: str, backend: str
) -> None:
    sql = draft_sql(project(), draft(folder, upgrade))
    assert sql.startswith("-- The SQL of 0002_next cannot be shown: ")
    assert reason in sql or (backend == "sqlite" and "no such table: nowhere" in sql)
    assert all(line.startswith("-- ") for line in sql.splitlines())


def test_a_revision_that_reads_the_database_is_explained(
    folder: Path, project: Callable[..., Project], database_url: str, backend: str
) -> None:
    migrate(folder, database_url)
    upgrade = 'rows = op.get_bind().execute(sa.text("SELECT count(*) FROM note")).scalar()\n'
    sql = draft_sql(project(), draft(folder, upgrade + 'op.execute(f"SELECT {rows}")'))
    if backend == "sqlite":
        assert sql.startswith("-- The revision asks the database while it runs (line 9)")
        assert sql.endswith("\n\nSELECT 0;\n")
    else:
        assert "cannot be shown" in sql and "op.get_context().as_sql" in sql


@pytest.mark.server
def test_mariadb_is_told_from_mysql_by_asking_it(
    folder: Path, project: Callable[..., Project], new_database: Callable[..., str]
) -> None:
    url = new_database("mariadb")
    migrate(folder, url)
    upgrade = 'op.drop_constraint("ck", "note", type_="check")'
    for shown in (url, url.replace("mariadb+", "mysql+")):
        assert "DROP CONSTRAINT ck" in draft_sql(project(shown), draft(folder, upgrade))


def test_sqlite_keeps_views_triggers_and_virtual_tables_apart(
    folder: Path, project: Callable[..., Project], new_database: Callable[..., str]
) -> None:
    url = new_database("sqlite")
    migrate(folder, url)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in (
            "CREATE VIRTUAL TABLE found USING fts5(words)",
            "CREATE VIEW texts AS SELECT text FROM note",
            "CREATE TRIGGER log AFTER UPDATE ON note BEGIN SELECT 1; SELECT 2; END",
            "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT)",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    sql = draft_sql(
        project(url), draft(folder, BATCH + '\nop.execute("INSERT INTO counted VALUES (7)")')
    )
    assert "DROP TABLE note;" in sql and "INSERT INTO counted VALUES (7);\n" in sql
    assert "CREATE TRIGGER log AFTER UPDATE ON note BEGIN SELECT 1; SELECT 2; END;" in sql
    assert "CREATE VIEW" not in sql
