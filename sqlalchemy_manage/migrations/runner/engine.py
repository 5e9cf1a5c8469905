"""The engine that migrations run on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from ...database_settings import Database
from ...databases.engines import create_engine
from ...errors import UsageError
from .lost_transaction import watch_transaction
from .run import Run
from .state import RunState
from .timeouts import set_timeouts


def migration_engine(database: Database, root: Path, run: Run) -> sa.Engine:
    """A private engine for migrations, on which the application's own listeners do not act.

    SQLite: Python's driver leaves BEGIN to us, so that DDL is in the transaction;
    BEGIN IMMEDIATE takes the write lock at once; foreign keys must be off before BEGIN,
    or rebuilding a table deletes its cascading children
    (https://sqlite.org/lang_altertable.html#otheralter).
    """
    engine = create_engine(database, root, poolclass=sa.NullPool, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        # Until a commit has its turn, new readers wait behind it.
        wait = int(run.project.settings.lock_timeout * 1000)

        @event.listens_for(engine, "connect")
        def connect(dbapi_connection: Any, record: Any) -> None:
            dbapi_connection.isolation_level = None
            for pragma in ("foreign_keys=OFF", "legacy_alter_table=ON", f"busy_timeout={wait}"):
                dbapi_connection.execute(f"PRAGMA {pragma}")
            # What is kept of a table is written and read once, in order.
            dbapi_connection.execute("PRAGMA temp.cache_size=-256")

        @event.listens_for(engine, "begin")
        def begin(connection: sa.Connection) -> None:
            if _autocommits(connection):
                return
            # A revision may look at the database through the engine: it waits for nobody.
            alone = run.state.writer in (None, connection)
            immediate = run.state.writes and alone
            connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    if engine.dialect.driver == "psycopg":
        # A pooler gives the session, and what is prepared in it, to others.
        @event.listens_for(engine, "connect")
        def unprepared(dbapi_connection: Any, record: Any) -> None:
            dbapi_connection.prepare_threshold = None

    set_timeouts(engine, run.project.settings)
    watch_transaction(engine, run.state)
    return engine


def own_transaction(connection: sa.Connection) -> AbstractContextManager[Any]:
    """A transaction of its own; nothing where the caller of the run has one open."""
    return nullcontext() if connection.in_transaction() else connection.begin()


@contextmanager
def lent_connection(lent: Any, state: RunState) -> Iterator[sa.Connection]:
    """The connection of ``config.attributes["connection"]``, prepared as those above.

    An Engine is asked for one. An open transaction stays open, for its owner to end. SQLite:
    foreign keys are off meanwhile, and the driver leaves BEGIN to us. Raises UsageError for
    what is no connection that can be used here.
    """
    if type(lent).__module__.startswith("sqlalchemy.ext.asyncio"):
        raise UsageError(
            f'config.attributes["connection"] is an {type(lent).__name__}, and env.py is no '
            "coroutine.",
            "Give it the connection that run_sync() hands to a function:\n"
            "  async with engine.begin() as connection:\n"
            "      await connection.run_sync(upgrade)   # def upgrade(connection): ...",
        )
    if not isinstance(lent, sa.Connection):
        if not hasattr(lent, "connect"):
            raise UsageError(
                f'config.attributes["connection"] is {type(lent).__name__}, neither a '
                "Connection nor an Engine."
            )
        with lent.connect() as connection, lent_connection(connection, state) as prepared:
            yield prepared
        return
    state.lent = lent.in_transaction()
    with _on_sqlite(lent, state) if lent.dialect.name == "sqlite" else nullcontext():
        try:
            yield lent
        finally:
            if not state.lent:
                lent.rollback()  # what only looks has begun one too


@contextmanager
def _on_sqlite(connection: sa.Connection, state: RunState) -> Iterator[None]:
    driver: Any = connection.connection.dbapi_connection
    level = getattr(driver, "isolation_level", None)
    keys = 0

    def pragma(name: str, value: int) -> int:
        """Set it, where that is possible; what it was."""
        cursor = driver.cursor()
        try:
            (before,) = cursor.execute(f"PRAGMA {name}").fetchone()
            cursor.execute(f"PRAGMA {name}={value}")
        finally:
            cursor.close()
        return int(before)

    def begin(connection: sa.Connection) -> None:
        # The engine's own listener may have begun already.
        if not driver.in_transaction and not _autocommits(connection):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if state.writes else "BEGIN")

    def restore(*args: Any) -> None:
        pragma("foreign_keys", keys)

    # In a transaction that has begun, neither can be changed.
    begun = driver.in_transaction
    if not begun:
        driver.isolation_level = None
        keys = pragma("foreign_keys", 0)
        if state.lent:
            connection.exec_driver_sql("BEGIN")
    legacy = pragma("legacy_alter_table", 1)
    event.listen(connection, "begin", begin)
    try:
        yield
    finally:
        event.remove(connection, "begin", begin)
        pragma("legacy_alter_table", legacy)
        if not begun:
            driver.isolation_level = level
            if not driver.in_transaction:
                restore()
            elif keys:
                # When its owner has ended the transaction.
                event.listen(connection, "begin", restore, once=True)
                event.listen(connection.engine, "checkin", restore, once=True)


def _autocommits(connection: sa.Connection) -> bool:
    return connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
