"""LEDGER: in a schema of its own, or none; and the project's own tool beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.programs import ROOT, Result, run
from support.project import ProjectFolder

MAKE = 'op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True))'
OUTSIDE = """\
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX ix_b ON b (id)")
"""
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"])
on_servers = pytest.mark.parametrize("backend", ["postgresql", "mariadb"])


class Written(ProjectFolder):
    """0001 to 0003, of which the last one has an autocommit block."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, url)
        self.write_history()
        self.models('a = table("a", key())\nb = table("b", key(), Index("ix_b", "id"))\n')
        self.step("0001_a", MAKE.format("a"), undo='op.drop_table("a")')
        self.step("0002_b", MAKE.format("b"), undo='op.drop_table("b")')
        self.step("0003_index", OUTSIDE, undo='op.drop_index("ix_b", "b")')

    def setting(self, line: str) -> None:
        with (self.folder / "staff_settings.py").open("a") as file:
            file.write(f"{line}\n")

    def own(self, schema: str | None = None) -> set[str]:
        names = sa.inspect(self.engine).get_table_names(schema)
        return {name for name in names if name.startswith("sqlalchemy_manage_")}


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Written:
    return Written(tmp_path, database_url)


def test_none_of_a_seed(app: Written) -> None:
    app.setting("LEDGER = False")
    full = MAKE.format("c")[:-1] + ', sa.Column("n", sa.Integer, nullable=False))'
    app.step("0004_c", full, undo='op.drop_table("c")')
    app.done("migrate")
    told = "Not recorded, as the settings have LEDGER = False: --undo does not know it."
    assert told in app.done("seed", "--auto").stderr
    assert '"run": null' in app.done("seed", "--auto", "--json").stdout
    models = 'a = table("a", key())\nb = table("b", key(), Index("ix_b", "id"))\n'
    app.models(models + 'c = table("c", key())\n')
    failed = app.manage("seed", "--auto")
    assert failed.code == 1 and "Nothing was written" in failed.stderr, failed
    assert app.query("SELECT count(*) FROM a") == [(20,)]
    assert app.own() == set()
    undo = app.manage("seed", "--undo")
    assert undo.code == 1 and "LEDGER = False: none is recorded" in undo.stderr, undo
    again = app.manage("seed", "--auto", "--replant")
    assert again.code == 1 and "which rows were seeded is not known" in again.stderr, again
    assert app.query("SELECT count(*) FROM a") == [(20,)]


def test_none(app: Written) -> None:
    app.setting("LEDGER = False")
    app.done("migrate")
    app.done("rollback", "2")
    app.done("redo")
    app.done("migrate")
    app.done("migrate", "zero", "--fake")
    app.done("migrate", "--fake")
    assert app.own() == set()
    app.done("check", "--drift")
    shown = app.done("showmigrations", "-v", "2")
    assert shown.stdout.count("[X]") == 3
    assert "When they were applied is not known: the settings have LEDGER = False." in shown.stderr
    path = app.versions / "0001_a.py"
    path.write_text(path.read_text().replace('"id"', '"number"'))
    app.done("migrate", "--check")
    for command in (["repair"], ["migrate", "--prune"]):
        refused = app.manage(*command)
        assert refused.code == 1 and "LEDGER = False: what was applied is not" in refused.stderr


@on_sqlite
def test_none_and_the_file_of_a_branch_is_lost(app: Written) -> None:
    app.setting("LEDGER = False")
    app.done("migrate")
    (app.versions / "0003_index.py").unlink()
    refused = app.manage("migrate")
    assert refused.code == 1 and "not found in git" in refused.stderr
    assert "LEDGER = False: the database has no copy of a file." in refused.stderr


@on_servers
def test_a_half_done_revision_leaves_its_journal_until_it_is_finished(app: Written) -> None:
    app.setting("LEDGER = False")
    path = app.step("0003_index", OUTSIDE, 'op.execute("INSERT INTO nowhere VALUES (1)")')
    assert app.manage("migrate").code == 1
    assert app.own() == {"sqlalchemy_manage_journal"}
    path.write_text(path.read_text().replace("nowhere", "a"))
    app.done("migrate")
    assert app.own() == set()


@pytest.fixture
def schema(app: Written) -> Iterator[str]:
    name = f"{sa.make_url(app.url).database}_own"
    yield name
    if app.backend == "mariadb":
        app.execute(f"DROP DATABASE IF EXISTS {name}")


@on_servers
def test_a_schema_of_its_own(app: Written, schema: str) -> None:
    app.setting(f'LEDGER = "{schema}"')
    app.done("showmigrations")
    assert schema not in sa.inspect(app.engine).get_schema_names()
    app.done("migrate")
    app.done("rollback")
    assert app.own() == set()
    assert "sqlalchemy_manage_ledger" in app.own(schema)
    query = f"SELECT revision, direction FROM {schema}.sqlalchemy_manage_ledger ORDER BY id"
    assert app.query(query)[-1] == ("0003_index", "downgrade")
    app.done("migrate")
    app.done("check", "--drift")
    app.done("makemigrations", "--check")
    path = app.versions / "0001_a.py"
    before = path.read_text()
    path.write_text(before.replace('"id"', '"number"'))
    assert "was edited" in app.manage("migrate").stderr
    app.done("repair", "--restore")
    assert path.read_text() == before
    (app.versions / "0003_index.py").unlink()
    app.done("migrate", "--sync-branch")
    assert app.heads() == {"0002_b"}
    app.done("migrate", "--prune")


def test_sqlite_has_no_schema(tmp_path: Path) -> None:
    app = Written(tmp_path, f"sqlite:///{tmp_path}/db.sqlite")
    app.setting('LEDGER = "manage"')
    refused = app.manage("migrate")
    assert refused.code == 1
    assert "LEDGER names a schema, and SQLite, the database 'default', has none." in refused.stderr


@on_servers
def test_seeds_are_recorded_there_too(
    sample: Path, database_url: str, backend: str, schema: str, app: Written
) -> None:
    settings = sample / "settings.py"
    settings.write_text(f'{settings.read_text()}\nLEDGER = "{schema}"\n')

    def manage(*words: str) -> Result:
        found = run(sample, "manage.py", *words, url=database_url)
        assert found.code == 0, found
        return found

    manage("migrate")
    manage("seed")
    assert app.own() == set() and {"sqlalchemy_manage_seed_run"} < app.own(schema)
    assert app.query("SELECT count(*) FROM employee") != [(0,)]
    manage("seed", "--undo")
    assert app.query("SELECT count(*) FROM employee") == [(0,)]
    manage("migrate", "zero", "--allow-data-loss")


STOCK = """\
from alembic import context
from sqlalchemy import create_engine
from staff.models import metadata

with create_engine(%r).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        %s
    )
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.mark.parametrize("ignored", [True, False])
def test_the_documented_line_for_the_projects_own_autogenerate(
    tmp_path: Path, ignored: bool
) -> None:
    app = Written(tmp_path, f"sqlite:///{tmp_path}/db.sqlite").for_alembic()
    app.done("migrate")
    page = (ROOT / "docs" / "migrations.md").read_text()
    (line,) = re.findall(r"^    (include_name=.*)$", page, re.M)
    (app.folder / "migrations" / "env.py").write_text(STOCK % (app.url, line if ignored else ""))
    result = app.alembic("check")
    assert (result.code == 0) == ignored
    assert ("sqlalchemy_manage_ledger" in result.stdout + result.stderr) == (not ignored)
