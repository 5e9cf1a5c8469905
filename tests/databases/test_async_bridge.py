"""Connections of async drivers, used by what is not async."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from support.project import ProjectFolder
from support.signals import ended, running, started, until

from sqlalchemy_manage.database_settings import Database
from sqlalchemy_manage.databases.async_bridge import bridged_engine
from sqlalchemy_manage.databases.constraint_errors import violation
from sqlalchemy_manage.databases.engines import connecting, create_engine
from sqlalchemy_manage.errors import ConnectionFailed, DatabaseMissing

DRIVERS = [
    pytest.param(("sqlite", "aiosqlite"), id="aiosqlite"),
    pytest.param(("postgresql", "asyncpg"), id="asyncpg", marks=pytest.mark.server),
    pytest.param(("mariadb", "asyncmy"), id="asyncmy", marks=pytest.mark.server),
]


def asynchronous(url: str, driver: str) -> sa.URL:
    parsed = sa.make_url(url)
    parsed = parsed.set(drivername=f"{parsed.get_backend_name()}+{driver}")
    return parsed.difference_update_query(["ssl_disabled"])


@pytest.fixture(params=DRIVERS)
def engine(
    request: pytest.FixtureRequest, new_database: Callable[[str], str]
) -> Iterator[sa.Engine]:
    backend, driver = request.param
    pytest.importorskip(driver)
    made = bridged_engine(asynchronous(new_database(backend), driver), poolclass=sa.NullPool)
    yield made
    made.dispose()


def test_an_engine_that_is_not_async(engine: sa.Engine) -> None:
    metadata = sa.MetaData()
    table = sa.Table("a", metadata, sa.Column("id", sa.Integer, primary_key=True))
    assert "bridged" not in str(engine.url) and not engine.dialect.is_async
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"id": n} for n in range(1, 101)])
        nested = connection.begin_nested()
        connection.execute(table.delete())
        nested.rollback()
    with engine.connect() as connection:
        streamed = sa.select(table).execution_options(stream_results=True)
        rows = connection.execute(streamed)
        assert len([row for row in rows.yield_per(10)]) == 100
        with pytest.raises(IntegrityError) as caught:
            connection.execute(table.insert(), {"id": 1})
        found = violation(caught.value, [table])
        assert (found.kind, found.table) == ("UNIQUE", "a")
        connection.rollback()
    assert sa.inspect(engine).get_table_names() == ["a"]
    isolated = engine.execution_options(isolation_level="AUTOCOMMIT")
    with isolated.connect() as connection:
        connection.execute(table.delete())
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_in_a_thread_and_inside_an_event_loop(engine: sa.Engine) -> None:
    found: list[object] = []

    def look() -> None:
        with engine.connect() as connection:
            found.append(connection.scalar(sa.select(sa.literal(1))))

    async def inside() -> None:
        look()
        await asyncio.to_thread(look)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    asyncio.run(inside())
    assert found == [1, 1, 1]


def test_one_that_is_forgotten_is_closed(engine: sa.Engine) -> None:
    connection = engine.connect()
    connection.exec_driver_sql("SELECT 1")
    connection.close()
    del connection
    gc.collect()
    with engine.connect() as again:
        assert again.exec_driver_sql("SELECT 1").scalar() == 1


@pytest.mark.server
def test_a_connection_that_is_refused_is_told(new_database: Callable[..., str]) -> None:
    pytest.importorskip("asyncpg")
    url = asynchronous(new_database("postgresql", create=False), "asyncpg")
    options = {"async_creator": None}
    with pytest.raises(DatabaseMissing), connecting(_engine(url, options)):
        pass
    away = url.set(host="127.0.0.1", port=1)
    with pytest.raises(ConnectionFailed, match="No server"), connecting(_engine(away, options)):
        pass


def _engine(url: sa.URL, options: dict[str, object]) -> sa.Engine:
    """As the tool makes it; ``async_creator`` keeps the async driver."""
    text = url.render_as_string(hide_password=False)
    return create_engine(Database("default", text, options), None)


@pytest.mark.server
@pytest.mark.slow(reason="a program is interrupted")
@pytest.mark.parametrize(
    ("backend", "driver", "slow"),
    [
        ("postgresql", "asyncpg", "SELECT pg_sleep(60)"),
        ("mariadb", "asyncmy", "SELECT SLEEP(60)"),
    ],
)
def test_a_signal_ends_the_statement(
    tmp_path: Path, new_database: Callable[[str], str], backend: str, driver: str, slow: str
) -> None:
    pytest.importorskip(driver)
    url = new_database(backend)
    project = ProjectFolder(tmp_path / "p", url)
    settings = project.folder / "staff_settings.py"
    text = asynchronous(url, driver).render_as_string(hide_password=False)
    alone = "import sys\nfor name in ('psycopg', 'pymysql'):\n    sys.modules[name] = None\n"
    settings.write_text(alone + settings.read_text().replace(url, text))
    project.write_history()
    project.step("0001_a", f'op.execute("{slow}")')
    with started(project.folder, "manage.py", "migrate") as process:
        until(lambda: running(project.engine), "the statement")
        process.send_signal(signal.SIGINT)
        result = ended(process)
    assert result.code == 130 and "was interrupted by SIGINT" in result.stderr, result
    assert "Traceback" not in result.stderr
    assert not running(project.engine)


def test_what_a_driver_raises_is_sqlalchemys(engine: sa.Engine) -> None:
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.exec_driver_sql("SELECT nonsense_column")
    assert "<class" not in str(caught.value.orig)
