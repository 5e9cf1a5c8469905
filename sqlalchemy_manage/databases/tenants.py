"""A schema of a PostgreSQL database as the database of an alias: one tenant of several.

All names without a schema are of that one, whoever writes them: the models, the revisions, the
version table and the tool's own tables. It is the whole search_path: with ``public`` behind
it, a table that is missing here would be found there.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from ..database_settings import Database
from ..errors import SettingsError
from ..sql.dialects import MARIADB


def live_in_schema(engine: sa.Engine, database: Database) -> None:
    """Have every transaction of ``engine`` begin in the schema of ``database``, if it has one.

    Raises SettingsError where the database has no schemas in this sense, or where the tables
    beside the application's would be those of all schemas.
    """
    schema, name = database.schema, engine.dialect.name
    if schema is None:
        return
    _require_own(database, name)
    path = engine.dialect.identifier_preparer.quote(schema)
    usual = database.options.get("isolation_level")

    def autocommits(connection: sa.Connection) -> bool:
        level = connection.get_execution_options().get("isolation_level", usual)
        return bool(level == "AUTOCOMMIT")

    # The dialect has asked for it by now, outside of any transaction of ours.
    @event.listens_for(engine, "connect")
    def at_home(dbapi_connection: Any, record: Any) -> None:
        engine.dialect.default_schema_name = schema

    # For each transaction, not for the session: a pooler gives the session to others.
    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if not autocommits(connection):
            connection.exec_driver_sql(f"SET LOCAL search_path = {path}")

    @event.listens_for(engine, "before_cursor_execute")
    def before(connection: sa.Connection, cursor: Any, *more: Any) -> None:
        if autocommits(connection):
            cursor.execute(f"SET search_path = {path}")

    @event.listens_for(engine, "after_cursor_execute")
    def after(connection: sa.Connection, cursor: Any, *more: Any) -> None:
        if autocommits(connection) and not cursor.description:  # its rows are to be read
            cursor.execute("RESET search_path")


def missing_schema(connection: sa.Connection, database: Database) -> str | None:
    """The schema of ``database`` if it has one that is not there yet; ``migrate`` makes it."""
    schema = database.schema
    if schema is None or sa.inspect(connection).has_schema(schema):
        return None
    return schema


def _require_own(database: Database, dialect: str) -> None:
    label = f"DATABASES[{database.alias!r}]"
    if dialect in MARIADB:
        raise SettingsError(
            f"{label} has a SCHEMA. On MariaDB and MySQL a schema is a database.",
            "Name it at the end of the URL instead.",
        )
    if dialect != "postgresql":
        raise SettingsError(
            f"{label} has a SCHEMA, which only PostgreSQL has.",
            "Give each alias a file of its own.",
        )
    kept = database.bookkeeping
    for setting, schema in (
        ("VERSION_TABLE_SCHEMA", kept.version_table_schema),
        ("LEDGER", kept.own_schema),
    ):
        if schema not in (None, database.schema):
            raise SettingsError(
                f"{label} has the SCHEMA '{database.schema}', and {setting} puts tables of the "
                f"history into '{schema}': every schema of the database would share them.",
                f"Leave {setting} out; these tables are then in the SCHEMA.",
            )
