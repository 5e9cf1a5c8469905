"""The engine that migrations run on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from ...conf import Database
from ...databases.engines import create_engine
from .run import Run
from .signals import watch_transaction
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
            if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
                return
            connection.exec_driver_sql("BEGIN IMMEDIATE" if run.state.writes else "BEGIN")

    set_timeouts(engine, run.project.settings)
    watch_transaction(engine, run.state)
    return engine
