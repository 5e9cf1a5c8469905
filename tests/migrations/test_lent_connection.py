"""``config.attributes["connection"]``: the caller's database is migrated, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import event
from support.databases import user_tables
from support.project import ProjectFolder

from sqlalchemy_manage.sql.dialects import MARIADB

MODELS = """
table("note", key(), Column("text", String(20)))
table("comment", key(), Column("note_id", ForeignKey("note.id", ondelete="CASCADE")))
"""
SECOND = MODELS.replace("String(20)", "String(30), nullable=False")
ROWS = (
    "INSERT INTO note (id, text) VALUES (1, 'a')",
    "INSERT INTO comment (id, note_id) VALUES (1, 1), (2, 1)",
)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """Two revisions; the second makes a table again on SQLite. Its own database has neither."""
    folder = tmp_path_factory.mktemp("lent")
    project = ProjectFolder(folder / "project", f"sqlite:///{folder / 'own.sqlite'}")
    project.begin(MODELS)
    project.models(SECOND)
    project.done("makemigrations", "--no-input")
    project.done("migrate", "zero")
    return project


@pytest.fixture
def project(history: ProjectFolder) -> Iterator[ProjectFolder]:
    yield history
    assert history.tables() == set()
    assert history.heads() == set()


@contextmanager
def lending(project: ProjectFolder, connection: Any) -> Iterator[Config]:
    config = Config()
    config.set_main_option("script_location", str(project.folder / "migrations"))
    config.attributes["connection"] = connection
    with project.imported_anew():
        yield config


def engine_of(url: str) -> sa.Engine:
    """An engine as an application has it: with foreign keys that are enforced."""
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, poolclass=sa.StaticPool)

        @event.listens_for(engine, "connect")
        def connect(connection: Any, record: Any) -> None:
            connection.execute("PRAGMA foreign_keys=ON")

        return engine
    return sa.create_engine(url)


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = engine_of(database_url)
    yield engine
    engine.dispose()


def count(connection: sa.Connection, table: str) -> Any:
    return connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()


def version(connection: sa.Connection) -> set[str]:
    return {v for (v,) in connection.exec_driver_sql("SELECT version_num FROM alembic_version")}


@pytest.mark.parametrize("what", ["engine", "connection"])
def test_its_database_is_migrated_there_and_back(
    project: ProjectFolder, engine: sa.Engine, what: str
) -> None:
    lent = engine if what == "engine" else engine.connect()
    with lending(project, lent) as config:
        command.upgrade(config, "0001")
        with engine.begin() as connection:
            for sql in ROWS:
                connection.exec_driver_sql(sql)
        command.upgrade(config, "head")
        command.check(config)
        with engine.connect() as connection:
            # The keys cascade: a rebuilt table must not take the rows that refer to it along.
            assert (count(connection, "note"), count(connection, "comment")) == (1, 2)
            assert {v[:4] for v in version(connection)} == {"0002"}
            assert count(connection, "sqlalchemy_manage_ledger") == 2
            if engine.dialect.name == "sqlite":
                assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        with pytest.raises(CommandError, match="would destroy data"):
            command.downgrade(config, "base")
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM comment")
            connection.exec_driver_sql("DELETE FROM note")
        command.downgrade(config, "base")
    assert user_tables(engine) == set()
    if lent is not engine:
        assert not lent.in_transaction()
        lent.close()


@pytest.mark.parametrize("ends", ["rollback", "commit"])
def test_an_open_transaction_is_its_owners_to_end(
    project: ProjectFolder, engine: sa.Engine, ends: str
) -> None:
    if engine.dialect.name in MARIADB:
        pytest.skip("it commits with each DDL statement")
    with engine.connect() as connection, lending(project, connection) as config:
        transaction = connection.begin()
        command.upgrade(config, "head")
        assert connection.in_transaction() and transaction.is_active
        connection.exec_driver_sql("INSERT INTO note (id, text) VALUES (1, 'a')")
        getattr(transaction, ends)()
        with connection.begin():
            assert sa.inspect(connection).has_table("note") is (ends == "commit")
            if engine.dialect.name == "sqlite":
                assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    tables = {"note", "comment"} if ends == "commit" else set()
    assert user_tables(engine) == tables


def test_a_revision_that_fails_says_whose_transaction_it_was(
    tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    project = ProjectFolder(tmp_path / "project", new_database("sqlite")).write_history()
    project.step("0001_bad", "op.execute('CREATE TABLE a (id INTEGER)')", "raise ValueError('no')")
    engine = engine_of("sqlite://")
    with lending(project, engine) as config:
        with pytest.raises(CommandError, match="It was rolled back"):
            command.upgrade(config, "head")
        assert user_tables(engine) == set()
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            with pytest.raises(CommandError, match="the transaction is that of the connection's"):
                command.upgrade(config, "head")
            connection.rollback()
    assert user_tables(engine) == set()
    engine.dispose()


def test_what_cannot_be_used_is_named(project: ProjectFolder) -> None:
    lent = type("AsyncEngine", (), {"__module__": "sqlalchemy.ext.asyncio.engine"})()
    for given, says in ((lent, "is an AsyncEngine.*run_sync"), ("sqlite://", "is str, neither")):
        with lending(project, given) as config, pytest.raises(CommandError, match=f"(?s){says}"):
            command.upgrade(config, "head")


def test_pytest_alembic_on_a_database_of_its_own(project: ProjectFolder, engine: sa.Engine) -> None:
    pytest_alembic = pytest.importorskip("pytest_alembic")
    from pytest_alembic.tests import default, experimental

    tests = [getattr(default, name) for name in dir(default) if name.startswith("test_")]
    if engine.dialect.name == "postgresql":
        # One transaction around all revisions, with savepoints.
        tests.append(experimental.test_downgrade_leaves_no_trace)
    assert len(tests) >= 4
    config = pytest_alembic.Config(
        config_options={"script_location": str(project.folder / "migrations")}
    )
    for test in tests:
        with project.imported_anew(), pytest_alembic.runner(config=config, engine=engine) as runner:
            test(runner)
            runner.migrate_down_to("base")
        assert user_tables(engine) == set()


ENV = """
from alembic import context
from sqlalchemy import text
from sqlalchemy_manage import run_env

connection = context.config.attributes.get("connection")
if connection is not None:
    schema = context.config.attributes["target_schema"]
    connection.execute(text("SELECT set_config('search_path', :s, true)"), {"s": schema})
run_env(context)
"""


@pytest.mark.server
def test_alembic_gauntlet_in_a_schema_of_its_own(
    tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    pytest.importorskip("greenlet")
    consistency = pytest.importorskip("alembic_gauntlet.testing.consistency_mixin")
    from sqlalchemy.ext.asyncio import create_async_engine

    url = new_database("postgresql")
    project = ProjectFolder(tmp_path / "project", url)
    project.begin(MODELS)
    project.models(SECOND)
    project.done("makemigrations", "--no-input")
    project.done("migrate", "zero")
    (project.folder / "migrations" / "env.py").write_text(ENV)
    mixin = consistency.MigrationConsistencyMixin()
    mixin.migration_diff_ignore_tables = ["sqlalchemy_manage_ledger"]
    with lending(project, None) as config:
        del config.attributes["connection"]
        metadata = project.metadata

        async def check() -> None:
            engine = create_async_engine(url, poolclass=sa.NullPool)
            try:
                for name in ("stairway_upgrade_downgrade", "downgrade_all_the_way"):
                    project.execute(f"CREATE SCHEMA {name}")
                    await getattr(mixin, f"test_{name}")(config, engine, name)
                for name in ("migrations_up_to_date", "check_constraints_match"):
                    project.execute(f"CREATE SCHEMA {name}")
                    await getattr(mixin, f"test_{name}")(config, engine, name, metadata)
            finally:
                await engine.dispose()

        asyncio.run(check())
    assert project.tables() == set()
