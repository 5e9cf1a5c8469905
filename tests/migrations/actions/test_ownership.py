"""What the history created: by replaying it, and, where that cannot be, by reading it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.programs import ROOT, run

from sqlalchemy_manage.migrations.actions import ownership
from sqlalchemy_manage.migrations.actions.ownership import Ownership, owned, written_things
from sqlalchemy_manage.migrations.actions.scratch import replayed
from sqlalchemy_manage.migrations.revisions.history import History, read_history
from sqlalchemy_manage.project import Project

FIRST = """
def upgrade():
    op.create_table(
        "person",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("boss_id", sa.Integer),
        sa.Column("code", sa.String(9), index=True),
        sa.UniqueConstraint("code", name="uq_person_code"),
        sa.ForeignKeyConstraint(["boss_id"], ["person.id"], name="fk_person_boss"),
    )
    op.create_index("ix_person_name", "person", ["name"])
    op.create_table("gone", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("CREATE TABLE raw (id INTEGER PRIMARY KEY, note VARCHAR(9), CHECK (id > 0))")
    op.create_table("town", sa.Column("id", sa.Integer), sa.Column("named", sa.String(9)))
"""
SECOND = """
TRIGGER = {
    "sqlite": "CREATE TRIGGER person_kept AFTER UPDATE ON person BEGIN SELECT 1; END",
    "postgresql": "CREATE TRIGGER person_kept BEFORE UPDATE ON person FOR EACH ROW "
    "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "mysql": "CREATE TRIGGER person_kept BEFORE UPDATE ON person FOR EACH ROW SET NEW.id = OLD.id",
}
TRIGGER["mariadb"] = TRIGGER["mysql"]

def upgrade():
    op.drop_table("gone")
    op.rename_table("town", "city")
    op.alter_column("city", "named", new_column_name="name", existing_type=sa.String(9))
    with op.batch_alter_table("city") as batch:
        batch.add_column(sa.Column("people", sa.Integer))
        batch.create_index("ix_city_people", ["people"])
        batch.create_check_constraint(op.f("ck_city_people"), "people >= 0")
    op.add_column("raw", sa.Column("extra", sa.Integer))
    op.execute("CREATE VIEW named AS SELECT name FROM person")
    op.execute(TRIGGER[op.get_context().dialect.name])

def downgrade():
    op.execute("DROP VIEW named")
    op.drop_table("person")
"""


@pytest.fixture
def history(tmp_path: Path) -> History:
    return write(tmp_path / "versions", FIRST, SECOND)


def write(folder: Path, *bodies: str) -> History:
    folder.mkdir(exist_ok=True, parents=True)
    last = None
    for number, body in enumerate(bodies, start=1):
        name = f"{number:04d}_x"
        (folder / f"{name}.py").write_text(
            "import sqlalchemy as sa\nfrom alembic import op\n"
            f"revision = {name!r}\ndown_revision = {last!r}\n{body}\n"
        )
        last = name
    return read_history(folder)


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Project]:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("DATABASE_URL", database_url)
    project = Project("settings")
    yield project
    project.close()


def check(found: Ownership, default: str | None = None) -> None:
    for schema in {None, default}:
        for table in ("person", "city", "raw"):
            assert found.table(schema, table)
        for table in ("gone", "town", "foreign", "named"):
            assert not found.table(schema, table)
        assert not found.table("elsewhere", "person")
        for table, column in (
            ("person", "name"),
            ("city", "name"),
            ("city", "people"),
            ("raw", "note"),
            ("raw", "extra"),
        ):
            assert found.column(schema, table, column)
        for table, column in (
            ("city", "named"),
            ("town", "named"),
            ("person", "notes"),
            ("raw", "CHECK"),
        ):
            assert not found.column(schema, table, column)
        for table, index in (
            ("person", "ix_person_name"),
            ("person", "ix_person_code"),
            ("person", "uq_person_code"),
            ("city", "ix_city_people"),
        ):
            assert found.index(schema, table, index)
        assert not found.index(schema, "city", "ix_person_name")
        for table, constraint in (
            ("person", "uq_person_code"),
            ("person", "fk_person_boss"),
            ("city", "ck_city_people"),
        ):
            assert found.constraint(schema, table, constraint)
        assert not found.constraint(schema, "person", "ck_city_people")
        assert found.view(schema, "named")
        assert not found.view(schema, "person")
        assert found.trigger(schema, "person", "person_kept")
        assert not found.trigger(schema, "person", "other")


def test_what_the_history_makes(project: Project, history: History) -> None:
    with project.connect() as connection:
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql("CREATE TABLE foreign_one (id INTEGER)")
        found = owned(project, history, connection)
        assert found.guess == ""
        check(found, connection.dialect.default_schema_name)
        assert not found.table(None, "foreign_one")
        # Nothing was run in the real database.
        assert not sa.inspect(connection).has_table("person")


@pytest.fixture(autouse=True)
def sqlite_file(request: pytest.FixtureRequest) -> None:
    """The tool does not connect to a file that is not there."""
    if "project" in request.fixturenames and request.getfixturevalue("backend") == "sqlite":
        url = request.getfixturevalue("database_url")
        Path(url.removeprefix("sqlite:///")).touch()


def test_names_made_by_a_naming_convention_and_the_database(
    project: Project, tmp_path: Path, backend: str
) -> None:
    history = write(
        tmp_path / "versions",
        """
def upgrade():
    op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "b",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a_id", sa.Integer, sa.ForeignKey("a.id")),
        sa.Column("n", sa.Integer, unique=True),
    )
""",
    )
    with project.connect() as connection:
        found = owned(project, history, connection)
    assert found.constraint(None, "b", "fk_b_a_id_a")
    assert found.constraint(None, "b", "uq_b_n")
    assert found.constraint(None, "b", "b_pkey") == (backend == "postgresql")


def test_it_is_replayed_once(
    project: Project, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []

    def counted(*args: object, **kw: object) -> object:
        runs.append(1)
        return replayed(*args, **kw)  # type: ignore[arg-type]

    monkeypatch.setattr(ownership, "replayed", counted)
    with project.connect() as connection:
        first = owned(project, history, connection)
        assert owned(project, history, connection) is first
        assert len(runs) == 1
        file = history.revisions[0].path
        file.write_text(file.read_text().replace('"person"', '"human"'))
        later = time.time_ns() + 10**9
        os.utime(file, ns=(later, later))
        second = history.revisions[1].path
        second.write_text(second.read_text().replace("person", "human"))
        assert owned(project, history, connection).table(None, "human")
        assert len(runs) == 2


def test_a_replayed_database_is_not_replayed_again(
    project: Project, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy_manage.databases.engines import create_engine

    with replayed(project, history) as scratch:
        monkeypatch.setattr(ownership, "replayed", None)
        engine = create_engine(scratch, None, poolclass=sa.NullPool)
        with engine.connect() as connection:
            check(owned(project, history, connection), connection.dialect.default_schema_name)


def test_a_guess_where_the_history_cannot_be_replayed(project: Project, tmp_path: Path) -> None:
    needy = "def upgrade():\n    op.execute('UPDATE nothing SET id = 1')"
    history = write(tmp_path / "versions", FIRST, SECOND, needy)
    with project.connect() as connection:
        found = owned(project, history, connection)
        assert "0003_x cannot run on an empty scratch database" in found.guess
        check(found, connection.dialect.default_schema_name)


SHAPES = {
    "a constant": (
        'NAME = "t"\ndef upgrade():\n    op.create_table(NAME, sa.Column("c", sa.Integer))',
        {"table": {"t"}, "column": {"c"}},
    ),
    "keywords": (
        'def upgrade():\n    op.add_column(table_name="t", column=sa.Column("c", sa.Integer))',
        {"column": {"c"}},
    ),
    "a name made final": (
        'def upgrade():\n    op.create_index(op.f("ix_t"), "t", ["c"], schema="s")',
        {"index": {"ix_t"}},
    ),
    "our rename": (
        'def upgrade():\n    op.create_table("t", sa.Column("a", sa.Integer))\n'
        '    op.rename_column("t", "a", "b")',
        {"table": {"t"}, "column": {"b"}},
    ),
    "dropped again": (
        'def upgrade():\n    op.create_table("t", sa.Column("a", sa.Integer))\n'
        '    op.create_foreign_key("fk", "t", "u", ["a"], ["id"])\n'
        '    op.create_index("ix", "t", ["a"])\n    op.drop_index("ix", "t")\n'
        '    op.drop_constraint("fk", "t")\n    op.drop_column("t", "a")',
        {"table": {"t"}},
    ),
    "dropped in a batch": (
        'def upgrade():\n    op.create_table("t", sa.Column("a", sa.Integer))\n'
        '    with op.batch_alter_table("t") as batch_op:\n        batch_op.drop_column("a")',
        {"table": {"t"}},
    ),
    "raw": (
        "def upgrade():\n    op.execute('''CREATE TABLE IF NOT EXISTS \"t\" (\n"
        "  id INTEGER, \"n\" NUMERIC(10, 2) CHECK (n > 0), CONSTRAINT x UNIQUE (id, n))''')\n"
        '    op.execute("ALTER TABLE t ADD COLUMN `m` INT")\n'
        '    op.execute("CREATE UNIQUE INDEX i ON t (m)")\n'
        '    op.execute("CREATE OR REPLACE FUNCTION f() RETURNS int")',
        {"table": {"t"}, "column": {"id", "n", "m"}, "index": {"i"}, "function": {"f"}},
    ),
    "nothing": ("def upgrade():\n    op.bulk_insert(t, [])\n    other.create_table('t')", {}),
}


@pytest.mark.parametrize(("body", "expected"), SHAPES.values(), ids=SHAPES)
def test_the_reader_of_revisions(tmp_path: Path, body: str, expected: dict[str, set[str]]) -> None:
    found: dict[str, set[str]] = {}
    for thing in written_things(write(tmp_path / "versions", body)):
        found.setdefault(thing.kind, set()).add(thing.name)
    assert found == expected


ENV = """
import logging
from alembic import context, op
from pathlib import Path
from sqlalchemy import MetaData
from sqlalchemy_manage import Project
from sqlalchemy_manage.migrations.revisions.history import read_history
from sqlalchemy_manage.migrations.actions.ownership import owned

logging.basicConfig(level=logging.INFO)
project = Project()

def hook(migration_context, revision, directives):
    history = read_history(Path(__file__).parent / "versions")
    found = owned(project, history, migration_context.connection)
    print("owned", found.guess == "", found.table(None, "person"), found.table(None, "gone"))
    # Alembic's own modules still stand for the run that is under way.
    assert context.get_context() is migration_context
    assert op.get_bind() is migration_context.connection
    assert context.config.cmd_opts is not None
    directives[:] = []

with project.connect() as connection:
    context.configure(
        connection=connection, target_metadata=MetaData(),
        process_revision_directives=hook,
    )
    with context.begin_transaction():
        context.run_migrations()
print("done", hasattr(context, "config"))
"""


def test_inside_a_running_alembic(copy_project: Callable[[str], Path], database_url: str) -> None:
    folder = copy_project("bare")
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    write(folder / "migrations" / "versions", FIRST, SECOND)
    env = folder / "migrations" / "env.py"
    env.write_text(
        "from alembic import context\nfrom sqlalchemy_manage import run_env\nrun_env(context)"
    )
    (folder / "migrations" / "script.py.mako").write_text("")
    migrated = run(folder, "-m", "alembic", "upgrade", "head", url=database_url)
    assert migrated.code == 0, migrated
    env.write_text(ENV)
    result = run(folder, "-m", "alembic", "revision", "--autogenerate", url=database_url)
    assert result.code == 0, result
    assert result.stdout.splitlines()[:2] == ["owned True True False", "done True"]
    assert "Context impl" in result.stderr
    assert "Running upgrade" not in result.stderr
