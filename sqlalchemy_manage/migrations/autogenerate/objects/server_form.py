"""What a database would make of a statement: a copy is created, read and dropped.

PostgreSQL and MariaDB rewrite what they are given (a view above all), so that its text
and theirs differ though nothing has changed. The objects of the database itself are not
touched: PostgreSQL's copy is a temporary one in a savepoint, MariaDB's is in a database
of its own.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import ExitStack
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ....declared.definitions import Definition, read_definitions
from ....sql.create_statements import database_of, renamed
from ....sql.raw import execute, qualified

_COPY = "sqlalchemy_manage_copy"
# A comparison must not wait behind a migration that holds a lock on a table.
_PG_SETTINGS = (
    "SELECT set_config('lock_timeout', '2s', true), "
    "set_config('check_function_bodies', 'off', true)"
)
_PG_COPY = "SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()"


class ServerCopies:
    """Copies of objects on the server of ``connection``; a context, after which none is left."""

    def __init__(self, connection: sa.Connection, forms: dict[Any, Any] | None = None) -> None:
        self.connection = connection
        self.database = database_of(connection.dialect.name)
        self._stack = ExitStack()
        # What was asked before is not asked again.
        self._forms: dict[Any, Any] = {} if forms is None else forms

    def __enter__(self) -> ServerCopies:
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.close()

    def form(self, statement: str, like: Definition) -> tuple[Any, ...] | None:
        """The form of what ``statement``, another version of ``like``, would create.

        None where that is unknown: the statement does not fit the database as it is
        now, the right to create a copy is missing, or the database (SQLite) keeps the text
        as it was given, so that there is nothing to ask.
        """
        key = (statement, like.table_name)
        if key not in self._forms:
            try:
                copy = {"postgresql": self._postgresql, "mysql": self._mysql}.get(self.database)
                self._forms[key] = copy(statement, like) if copy else None
            except DBAPIError:
                self._forms[key] = None
        form: tuple[Any, ...] | None = self._forms[key]
        return form

    def _postgresql(self, statement: str, like: Definition) -> tuple[Any, ...] | None:
        name = _COPY
        savepoint = self.connection.begin_nested()
        try:
            execute(self.connection, _PG_SETTINGS)
            if like.kind == "trigger":
                name = like.name
                table = qualified(self.connection.dialect, like.schema, str(like.table_name))
                execute(
                    self.connection,
                    f"CREATE TEMPORARY VIEW {_COPY} AS TABLE {table}"
                    if " INSTEAD OF " in like.statement
                    else f"CREATE TEMPORARY TABLE {_COPY} (LIKE {table})",
                )
                statement = renamed(statement, "postgresql", table=f"pg_temp.{_COPY}")
            else:
                statement = renamed(statement, "postgresql", name=f"pg_temp.{_COPY}")
            execute(self.connection, _as_plain_view(statement))
            schema = execute(self.connection, _PG_COPY).scalar()
            found = read_definitions(self.connection, [(like.kind, schema, name)])
        finally:
            savepoint.rollback()
        return found[0].form if found else None

    def _mysql(self, statement: str, like: Definition) -> tuple[Any, ...] | None:
        if like.kind == "trigger" or self._scratch is None:
            return None
        connection, name = self._scratch
        copy = qualified(connection.dialect, name, _COPY)
        execute(connection, renamed(statement, "mysql", name=copy))
        found = read_definitions(connection, [(like.kind, name, _COPY)])
        execute(connection, f"DROP {like.kind.upper()} {copy}")
        return found[0].form if found else None

    @cached_property
    def _scratch(self) -> tuple[sa.Connection, str] | None:
        """A second connection, and the empty database for copies; None without the right."""
        connection = self._stack.enter_context(self.connection.engine.connect())
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        name = f"scratch_{os.getpid()}_{secrets.token_hex(4)}"
        charset, collation = connection.exec_driver_sql(
            "SELECT @@character_set_database, @@collation_database"
        ).one()
        try:
            connection.exec_driver_sql(
                f"CREATE DATABASE {name} CHARACTER SET {charset} COLLATE {collation}"
            )
        except DBAPIError:
            return None
        self._stack.callback(connection.exec_driver_sql, f"DROP DATABASE {name}")
        return connection, name


def _as_plain_view(statement: str) -> str:
    """``statement`` for a view that is not materialized, since no temporary one can be."""
    if not re.match(r"(?i)create\s+materialized\s", statement):
        return statement
    statement = re.sub(r"(?i)^create\s+materialized\s", "CREATE ", statement)
    return re.sub(r"(?i)\swith\s+(no\s+)?data$", "", statement)
