"""A transaction that the database ended by itself stops a revision."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from ...errors import MigrationError
from ...sql.dialects import MARIADB
from .state import RunState


def watch_transaction(engine: sa.Engine, state: RunState) -> None:
    """Have ``engine`` refuse all further work in a transaction that is no longer there.

    SQLite ends it by itself when the disk is full, and in other need
    (https://sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction),
    MariaDB in a deadlock. A revision that catches the error would continue without one.
    """
    name = engine.dialect.name

    @event.listens_for(engine, "handle_error")
    def lost(context: Any) -> None:
        connection = context.connection
        if connection is None or connection.closed or connection.invalidated:
            return
        if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            return
        if name == "sqlite":
            driver: Any = connection.connection.dbapi_connection
            gone = connection.in_transaction() and not getattr(driver, "in_transaction", True)
        else:
            arguments = getattr(context.original_exception, "args", ())
            gone = name in MARIADB and arguments[:1] == (1213,)
        if gone:
            state.lost = str(context.original_exception)

    def refuse(connection: sa.Connection, *more: Any) -> None:
        if state.lost is not None:
            raise MigrationError(
                f"The database ended the transaction by itself: {state.lost}. "
                "Nothing more was done."
            )

    event.listen(engine, "before_cursor_execute", refuse)
    event.listen(engine, "commit", refuse)

    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, record: Any) -> None:
        state.lost = None
