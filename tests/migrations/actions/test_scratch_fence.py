"""A replay touches nothing but its scratch database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.scratch import TABLE, tables

from sqlalchemy_manage.database_settings import Database
from sqlalchemy_manage.databases.engines import create_engine
from sqlalchemy_manage.migrations.actions.scratch import replayed
from sqlalchemy_manage.migrations.actions.scratch_fence import LeavesScratch
from sqlalchemy_manage.migrations.revisions.history import History
from sqlalchemy_manage.project import Project

pytest_plugins = ["support.scratch_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_left")


SERVER_WIDE = {
    "a role": 'op.execute("CREATE ROLE {0}_role")\nop.execute("GRANT SELECT ON x TO {0}_role")',
    "the database by name": "op.execute(\"ALTER DATABASE {0} SET timezone = 'Asia/Tokyo'\")",
    "its comment": "op.execute(\"COMMENT ON DATABASE {0} IS 'replayed'\")",
    "the system": "with op.get_context().autocommit_block():\n"
    "    op.execute(\"ALTER SYSTEM SET application_name = 'replayed'\")",
}


@pytest.mark.parametrize("body", SERVER_WIDE.values(), ids=SERVER_WIDE)
def test_what_reaches_beyond_its_database_is_replayed_on_a_server_of_its_own(
    project_on: Callable[[str], Project],
    new_database: Callable[..., str],
    history_of: Callable[..., History],
    body: str,
) -> None:
    project = project_on(new_database("postgresql"))
    name = project.database.url.rpartition("/")[2]
    history = history_of(a=TABLE.format("x"), b=body.format(name))
    with replayed(project, history) as database:
        assert database.where == "the embedded PostgreSQL"
        assert tables(database) == {"x"}
    engine = create_engine(project.database, None, poolclass=sa.NullPool)
    with engine.connect() as connection:

        def one(query: str) -> object:
            return connection.exec_driver_sql(query).scalar()

        assert one(f"SELECT count(*) FROM pg_roles WHERE rolname = '{name}_role'") == 0
        assert one("SHOW timezone") != "Asia/Tokyo"
        assert one("SELECT count(*) FROM pg_shdescription WHERE description = 'replayed'") == 0
        assert one("SELECT count(*) FROM pg_file_settings WHERE setting = 'replayed'") == 0


OUTSIDE = {
    "another database's table": 'op.create_table("x", sa.Column("id", sa.Integer), schema="{0}")',
    "raw": 'op.execute("CREATE TABLE {0}.x (id INTEGER)")',
    "quoted": 'op.execute("DELETE FROM `{0}` . `kept`")',
    "index": 'op.execute("CREATE INDEX i ON {0}.kept (id)")',
    "dropped": 'op.execute("DROP DATABASE {0}")',
    "altered": 'op.execute("ALTER DATABASE {0} CHARACTER SET latin1")',
    "user": "op.execute(\"CREATE USER {0} IDENTIFIED BY 'x'\")",
    "use": 'op.execute("USE {0}")',
}


@pytest.mark.parametrize("body", OUTSIDE.values(), ids=OUTSIDE)
def test_a_replay_on_mariadb_does_not_touch_other_databases(
    project_on: Callable[[str], Project],
    new_database: Callable[..., str],
    history_of: Callable[..., History],
    body: str,
) -> None:
    other = Database("other", new_database("mariadb"))
    engine = create_engine(other, None, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (id INTEGER)")
        connection.exec_driver_sql("INSERT INTO kept VALUES (1)")
    project = project_on(new_database("mariadb"))
    history = history_of(a=body.format(engine.url.database))
    with (
        pytest.raises(LeavesScratch, match="a reaches beyond its own database"),
        replayed(project, history),
    ):
        pass
    assert tables(other) == {"kept"}
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM kept").scalar() == 1
        users = connection.exec_driver_sql("SELECT user FROM mysql.user").scalars().all()
        assert engine.url.database not in users


def test_a_table_may_have_the_name_of_another_database(
    project_on: Callable[[str], Project],
    new_database: Callable[..., str],
    history_of: Callable[..., History],
) -> None:
    other = sa.make_url(new_database("mariadb")).database
    project = project_on(new_database("mariadb"))
    history = history_of(
        a=TABLE.format(other)
        + f'\nop.execute("UPDATE {other} SET id = 2 WHERE {other}.id = 1")'
        + '\nop.execute("ALTER DATABASE CHARACTER SET utf8mb4")'
    )
    with replayed(project, history) as database:
        assert tables(database) == {other}


def test_a_replay_in_memory_opens_no_file(
    project_on: Callable[[str], Project],
    new_database: Callable[..., str],
    history_of: Callable[..., History],
    tmp_path: Path,
) -> None:
    project = project_on(new_database("sqlite"))
    file = tmp_path / "attached.sqlite"
    history = history_of(
        a=f"with op.get_context().autocommit_block():\n    op.execute(\"ATTACH '{file}' AS other\")"
    )
    with pytest.raises(LeavesScratch), replayed(project, history):
        pass
    assert not file.exists()
