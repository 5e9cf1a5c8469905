"""The tool's own tables, and Alembic's version table, as each database has them.

An engine knows what those of its database are called, and so does each of its connections.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.schema import CreateSchema, SchemaConst

from ..migration_settings import BOOKKEEPING, Bookkeeping
from .engines import on_mariadb


def bookkeeping_of(connection: sa.Connection) -> Bookkeeping:
    """What the tables of the database of ``connection`` are called."""
    found: Bookkeeping = connection.get_execution_options().get(BOOKKEEPING, Bookkeeping())
    return found


class OwnTable:
    """A table of the tool, in the schema that a database has for them.

    ``of_history``: each history that is kept in the database has one of its own.
    """

    def __init__(self, table: sa.Table, *, of_history: bool = False) -> None:
        self._table = table
        self._of_history = of_history
        self._copies: dict[tuple[str, str | None], sa.Table] = {(table.name, None): table}

    def on(self, connection: sa.Connection) -> sa.Table:
        """The table as it is called in the database of ``connection``."""
        kept = bookkeeping_of(connection)
        name = kept.own_name(self._table.name) if self._of_history else self._table.name
        key = (name, kept.own_schema)
        if key not in self._copies:
            schema: Any = kept.own_schema or SchemaConst.RETAIN_SCHEMA
            copy = self._table.to_metadata(sa.MetaData(), schema=schema, name=name)
            event.listen(copy, "before_create", on_mariadb)
            self._copies[key] = copy
        return self._copies[key]

    def is_there(self, connection: sa.Connection) -> bool:
        """Whether the database has it."""
        table = self.on(connection)
        return sa.inspect(connection).has_table(table.name, table.schema)

    def create(self, connection: sa.Connection) -> None:
        """Make it, and its schema, if it is not there. On MariaDB and MySQL this commits."""
        table = self.on(connection)
        create_schema(connection, table.schema)
        table.create(connection, checkfirst=True)


def version_table(connection: sa.Connection) -> str:
    """The version table of the database as SQL text spells it."""
    kept = bookkeeping_of(connection)
    quote = connection.dialect.identifier_preparer.quote
    return ".".join(quote(name) for name in (kept.version_table_schema, kept.version_table) if name)


def create_schema(connection: sa.Connection, schema: str | None) -> None:
    """Make a schema if it is not there; on MariaDB and MySQL it is a database."""
    # Who may not create one may still use one that is there.
    if schema is not None and not sa.inspect(connection).has_schema(schema):
        connection.execute(CreateSchema(schema, if_not_exists=True))
