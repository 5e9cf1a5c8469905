"""One command on several databases: --all, patterns, --jobs; what fails, and what ends it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.programs import PROJECTS, Result, run
from support.signals import ended, started

ADD = '''\
"""Add a note."""

import sqlalchemy as sa
from alembic import op

revision = "0002_note"
down_revision = "0001_initial"


def upgrade() -> None:
    {0}op.create_table("note", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade() -> None:
    op.drop_table("note")
'''
# So long on one of the tenants that a signal finds it there.
SLEEP = """\
import time, pathlib
    file = pathlib.Path(op.get_bind().engine.url.database)
    if file.name == "tenant_001.sqlite" and not (file.parent / "begun").exists():
        (file.parent / "begun").touch()
        time.sleep(30)
    """


class Tenants:
    """A project of tenants in a folder, each command in a process of its own."""

    def __init__(self, folder: Path, **variables: str) -> None:
        shutil.copytree(PROJECTS / "tenants", folder)
        self.folder = folder
        self.variables = variables

    def __call__(self, *words: object, **more: str) -> Result:
        return run(self.folder, "manage.py", *words, **self.variables | more)

    def results(self, *words: object, code: int = 0, **more: str) -> dict[str, dict[str, Any]]:
        """What ``--json`` says, by alias."""
        result = self(*words, "--json", **more)
        assert result.code == code, result
        found = json.loads(result.stdout)
        assert found["ok"] == (code == 0)
        return {each["alias"]: each for each in found["databases"]}

    def write(self, before: str = "") -> None:
        (self.folder / "migrations/versions/0002_note.py").write_text(ADD.format(before))

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.sqlite"

    def tables(self, name: str) -> set[str]:
        with sqlite3.connect(self.file(name)) as connection:
            return {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


@pytest.fixture
def app(tmp_path: Path) -> Tenants:
    app = Tenants(tmp_path / "project")
    assert app("makemigrations", "--no-input").code == 0
    return app


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_all_are_migrated_and_told_in_a_table(app: Tenants, jobs: str) -> None:
    result = app("migrate", "--all", "--jobs", jobs)
    assert result.code == 0, result
    head, _, *rows = result.stdout.splitlines()
    assert head.split() == ["database", "status", "result", "at", "time"]
    names = ["default", *(f"tenant_{number:03}" for number in range(5))]
    assert [row.split()[:4] for row in rows] == [
        [name, "ok", "0001_initial", "0001_initial"] for name in names
    ]
    assert result.stderr == "6 of 6 databases ok.\n"
    assert all(app.tables(name) >= {"customer", "orders"} for name in names)
    again = app.results("migrate", "--all", "--jobs", jobs)
    assert {each["result"] for each in again.values()} == {
        "Nothing to do: the database is at 0001_initial."
    }


def test_the_keys_of_the_json(app: Tenants) -> None:
    found = app.results("migrate", "--database", "tenant_00[12]")
    assert [*found] == ["tenant_001", "tenant_002"]
    one = found["tenant_001"]
    assert one.pop("seconds") > 0
    assert one == {
        "alias": "tenant_001",
        "ok": True,
        "status": "ok",
        "exit_code": 0,
        "at": ["0001_initial"],
        "done": ["0001_initial"],
        "result": "0001_initial",
        "message": None,
        "hint": None,
        "output": None,
    }


def test_the_json_of_a_command_is_in_it(app: Tenants) -> None:
    planned = app.results("migrate", "--all", "--plan")["tenant_001"]["output"]["revisions"]
    assert [revision["id"] for revision in planned] == ["0001_initial"]
    assert not app.file("tenant_001").exists()
    app("migrate", "--all")
    shown = app.results("showmigrations", "--all", "--jobs", "2")
    assert [r["applied"] for each in shown.values() for r in each["output"]] == [True] * 6
    checked = app.results("check", "--all")
    assert all(each["output"]["ok"] for each in checked.values())
    linked = app.results("checklinks", "--all")
    assert all(each["output"]["links"][0]["links"] == 0 for each in linked.values())


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_one_that_fails_is_named_and_the_rest_is_done(app: Tenants, jobs: str) -> None:
    app.file("tenant_002").write_text("no database at all")
    result = app("migrate", "--all", "--jobs", jobs)
    assert result.code == 1
    rows = {line.split()[0]: line for line in result.stdout.splitlines()[2:]}
    assert " failed " in rows["tenant_002"]
    assert "Error: tenant_002: " in result.stderr and "is not an SQLite database" in result.stderr
    assert "5 of 6 databases ok, 1 failed." in result.stderr
    again = "Again for it alone: manage.py --database tenant_002 migrate\n"
    assert result.stderr.endswith(again)
    app.file("tenant_002").unlink()
    assert app("--database", "tenant_002", "migrate").code == 0
    assert "customer" in app.tables("tenant_002")


def test_a_check_that_finds_something_is_no_failure(app: Tenants) -> None:
    app("migrate", "--all")
    app("rollback", "--database", "tenant_001")
    result = app("migrate", "--all", "--check")
    assert result.code == 1
    assert result.stderr == "5 of 6 databases ok, 1 found.\n"
    assert "1 to apply" in result.stdout
    assert "tenant_001:\n  apply  0001_initial" in result.stdout


def test_equal_errors_are_said_once(app: Tenants) -> None:
    result = app("migrate", "--all", "0009")
    assert result.code == 2
    assert result.stderr.count("No revision '0009'.") == 1
    assert "(6 databases): No revision" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["migrate", "--all", "--database", "default"], "cannot be used together"),
        (["migrate", "--jobs", "2"], "--jobs needs --all"),
        (["prepare", "--json"], "--json needs --all"),
        (["migrate", "--database", "tenants_*"], "No database 'tenants_*'"),
        (["migrate", "--database", "tenant_001,tenat_002"], "Did you mean 'tenant_00"),
        (["migrate", "--all", "--json", "--jobs", "0"], "x>=1"),
        (["shell", "--database", "tenant_*"], "No database 'tenant_*'"),
        (["migrate", "--database", ""], "'--database': it is empty"),
        (["--database", " , ", "migrate"], "'--database': it is empty"),
    ],
)
def test_wrong_usage(app: Tenants, words: list[str], said: str) -> None:
    result = app(*words)
    assert result.code == 2, result
    assert said in result.stderr


def test_nobody_is_asked_and_what_would_be_lost_is_kept(app: Tenants) -> None:
    app("migrate", "--all")
    for name in ("default", "tenant_003"):
        assert app("seed", "Customer=2", "--database", name).code == 0
    found = app.results("rollback", "--all", code=1)
    failed = {alias: each for alias, each in found.items() if not each["ok"]}
    assert set(failed) == {"default", "tenant_003"}
    assert (
        failed["tenant_003"]["hint"]
        .splitlines()[-1]
        .endswith("manage.py --database tenant_003 rollback --json --allow-data-loss")
    )
    flushed = app("flush", "--database", "default,tenant_003")
    assert flushed.code == 3
    assert "manage.py --database tenant_003 flush --no-input" in flushed.stderr
    assert app("flush", "--database", "default,tenant_003", "--no-input").code == 0
    assert app("rollback", "--database", "default,tenant_003").code == 0


def test_a_locked_tenant_is_told_as_such(app: Tenants) -> None:
    app("migrate", "--all")
    app.write()
    with sqlite3.connect(app.file("tenant_001"), isolation_level=None) as connection:
        connection.execute("BEGIN IMMEDIATE")
        found = app.results("migrate", "--all", code=75, TENANTS_WAIT="0.2")
        connection.execute("ROLLBACK")
    assert found["tenant_001"]["status"] == "locked"
    assert found["tenant_001"]["exit_code"] == 75
    assert [each["status"] for each in found.values()].count("ok") == 5


def test_the_files_are_read_once_for_all(app: Tenants) -> None:
    counter = f"import pathlib; pathlib.Path({str(app.folder / 'read')!r}).open('a').write('x')\n"
    app.write()
    path = app.folder / "migrations/versions/0002_note.py"
    path.write_text(path.read_text().replace("\n\ndef upgrade", f"\n{counter}\n\ndef upgrade"))
    assert app("migrate", "--all").code == 0
    assert (app.folder / "read").read_text() == "x"


class TestHistories:
    def test_makemigrations_writes_once_for_a_history(self, app: Tenants) -> None:
        models = app.folder / "shop" / "models.py"
        app("migrate", "--all")
        models.write_text(models.read_text() + "    note: Mapped[str | None]\n")
        checked = app("makemigrations", "--all", "--check")
        assert checked.code == 1
        assert app("makemigrations", "--all").stdout == (
            "migrations/versions/0002_orders_note.py\n"
        )
        assert app("migrate", "--all", "--jobs", "2").code == 0
        assert app("makemigrations", "--all", "--check").code == 0


@pytest.mark.slow(reason="processes that are killed")
class TestEnds:
    @pytest.fixture
    def slow(self, app: Tenants) -> Tenants:
        assert app("migrate", "--all").code == 0
        app.write(SLEEP)
        return app

    def until_begun(self, app: Tenants) -> None:
        deadline = time.monotonic() + 60
        while not (app.folder / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_a_signal_ends_all_and_tells_what_is_done(self, slow: Tenants, jobs: str) -> None:
        with started(
            slow.folder, "manage.py", "migrate", "--all", "--jobs", jobs, "--json"
        ) as process:
            self.until_begun(slow)
            process.send_signal(signal.SIGTERM)
            result = ended(process)
        assert result.code == 143, result
        assert "was interrupted by SIGTERM" in result.stderr
        found = {each["alias"]: each for each in json.loads(result.stdout)["databases"]}
        assert found["tenant_001"]["status"] == "interrupted"
        assert "note" not in slow.tables("tenant_001")
        for alias, each in found.items():
            assert each["status"] in ("ok", "interrupted", "not begun"), each
            if each["status"] != "interrupted":  # which may be just after it was done
                assert ("note" in slow.tables(alias)) == (each["status"] == "ok"), alias
        assert slow("migrate", "--all", "--jobs", jobs).code == 0

    def test_a_worker_that_is_killed_takes_one_tenant_with_it(self, slow: Tenants) -> None:
        with started(
            slow.folder, "manage.py", "migrate", "--all", "--jobs", "2", "--json"
        ) as process:
            self.until_begun(slow)
            for child in children(process.pid):
                if holds(child, slow.file("tenant_001")):
                    os.kill(child, signal.SIGKILL)
            result = ended(process)
        assert result.code == 1, result
        found = {each["alias"]: each for each in json.loads(result.stdout)["databases"]}
        assert [a for a, each in found.items() if not each["ok"]] == ["tenant_001"]
        assert "killed by SIGKILL" in found["tenant_001"]["message"]
        assert "note" not in slow.tables("tenant_001")
        assert slow("--database", "tenant_001", "migrate").code == 0


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def holds(pid: int, file: Path) -> bool:
    """Whether a process has the file open."""
    links = Path(f"/proc/{pid}/fd").iterdir()
    return any(os.path.realpath(link) == str(file) for link in links if link.exists())


@pytest.mark.slow(reason="two hundred databases")
def test_two_hundred_tenants_with_two_commands_at_once(app: Tenants) -> None:
    app.variables["TENANTS"] = "199"
    words = ("manage.py", "migrate", "--all", "--jobs", "2", "--json")
    with started(app.folder, *words, TENANTS="199") as other:
        found = app.results("migrate", "--all", "--jobs", "2")
        assert ended(other).code == 0
    assert len(found) == 200
    for alias in found:
        with sqlite3.connect(app.file(alias)) as connection:
            query = "SELECT count(*) FROM sqlalchemy_manage_ledger"
            assert connection.execute(query).fetchone() == (1,), alias


@pytest.mark.server
class TestSchemas:
    @pytest.fixture
    def schemas(self, app: Tenants, new_database: Callable[..., str]) -> Iterator[Tenants]:
        app.variables |= {"TENANTS_URL": new_database("postgresql"), "TENANTS": "20"}
        yield app

    def query(self, app: Tenants, sql: str) -> list[Any]:
        engine = sa.create_engine(app.variables["TENANTS_URL"], poolclass=sa.NullPool)
        with engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql)]

    def test_tenants_in_schemas_of_one_database(self, schemas: Tenants) -> None:
        planned = schemas("migrate", "--database", "tenant_000", "--plan")
        assert planned.stdout.startswith("create schema tenant_000\napply  0001_initial")
        found = schemas.results("migrate", "--database", "tenant_*", "--jobs", "2")
        assert len(found) == 20
        assert {each["result"] for each in found.values()} == {"0001_initial"}
        tables = self.query(
            schemas,
            "SELECT schemaname, count(*) FROM pg_tables WHERE schemaname LIKE 'tenant%%' "
            "OR schemaname = 'public' GROUP BY 1 ORDER BY 1",
        )
        assert tables == [(f"tenant_{number:03}", 4) for number in range(20)]
        assert schemas("check", "--database", "tenant_00?", "--jobs", "2").code == 0
        assert schemas("check", "--drift", "--database", "tenant_001").code == 0
        assert schemas("makemigrations", "--check", "--database", "tenant_001").code == 0

    def test_rows_are_those_of_a_schema(self, schemas: Tenants) -> None:
        assert schemas("prepare", "--database", "tenant_000,tenant_001,default").code == 0
        assert schemas("flush", "--database", "tenant_001", "--no-input").code == 0
        counts = "SELECT (SELECT count(*) FROM {0}.orders), (SELECT count(*) FROM {0}.customer)"
        assert self.query(schemas, counts.format("tenant_000")) == [(10, 20)]
        assert self.query(schemas, counts.format("tenant_001")) == [(0, 0)]
        assert self.query(schemas, counts.format("public")) == [(10, 20)]
        kept = schemas("backup", "--database", "tenant_000").stdout.strip()
        assert "tenant_000" in kept
        assert schemas("flush", "--database", "tenant_000", "--no-input").code == 0
        assert schemas("restore", kept, "--database", "tenant_000", "--no-input").code == 0
        assert self.query(schemas, counts.format("tenant_000")) == [(10, 20)]
        refused = schemas("restore", kept, "--database", "tenant_001", "--no-input")
        assert refused.code == 1 and "no backup of the schema 'tenant_001'" in refused.stderr
        assert self.query(schemas, counts.format("public")) == [(10, 20)]
        assert schemas("checklinks", "--database", "tenant_000,default").code == 0

    def test_each_schema_has_a_lock_of_its_own(self, schemas: Tenants) -> None:
        from sqlalchemy_manage.database_settings import Database
        from sqlalchemy_manage.databases.engines import create_engine
        from sqlalchemy_manage.databases.locks import migration_lock

        assert schemas("migrate", "--database", "tenant_000").code == 0
        held = Database("x", schemas.variables["TENANTS_URL"], schema="tenant_001")
        engine = create_engine(held, None, poolclass=sa.NullPool)
        with migration_lock(engine, 5, lambda who: None):
            found = schemas.results(
                "migrate", "--database", "tenant_00[12]", code=75, TENANTS_WAIT="0.2"
            )
        assert {alias: each["status"] for alias, each in found.items()} == {
            "tenant_001": "locked",
            "tenant_002": "ok",
        }


def test_a_schema_needs_postgresql(tmp_path: Path) -> None:
    app = Tenants(tmp_path / "project")
    settings = app.folder / "settings.py"
    settings.write_text(settings.read_text() + 'DATABASES["default"]["SCHEMA"] = "x"\n')
    result = app("showmigrations")
    assert result.code == 1 and "only PostgreSQL has" in result.stderr
    settings.write_text(
        settings.read_text() + 'DATABASES["default"]["URL"] = "mariadb+pymysql://me@localhost/x"\n'
    )
    result = app("showmigrations")
    assert result.code == 1 and "a schema is a database" in result.stderr
