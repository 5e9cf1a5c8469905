"""The tables of the models, made at once: NEW_DATABASE = "create_all"."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from ...declare import declared
from ...declared.create_all import is_view, schema_of
from ...models import is_managed
from ...sql.dialects import MARIADB
from ...sqlalchemy_internals import leave_out


def create_all(metadatas: Iterable[sa.MetaData], connection: sa.Connection) -> None:
    """Create what the models describe, in the transaction of ``connection``.

    That is every managed table, with the schema it is in, and the declared views, functions
    and triggers; what exists is passed over, as by SQLAlchemy's own create_all, and so is
    an index without columns.
    """
    metadatas = list(metadatas)
    create_schemas(connection, {t.schema for m in metadatas for t in m.tables.values()})
    for metadata in metadatas:
        # A view that SQLAlchemy's CreateView declares is one of its tables.
        tables = [t for t in metadata.tables.values() if is_managed(t) or is_view(t)]
        for index in (index for table in tables for index in table.indexes):
            if not index.expressions:  # models have them, and no database makes them
                leave_out(index)
        metadata.create_all(connection, tables=tables)


def create_schemas(connection: sa.Connection, schemas: Iterable[str | None]) -> None:
    """Create the schemas that are missing; on SQLite, which has none, nothing is done.

    On MariaDB and MySQL, where a schema is a database, it has the server's character set.
    """
    wanted = set(schemas) - {None, connection.dialect.default_schema_name}
    if not wanted or connection.dialect.name not in ("postgresql", *MARIADB):
        return
    wanted -= set(sa.inspect(connection).get_schema_names())
    for schema in sorted(filter(None, wanted)):
        connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))


def described(metadatas: Iterable[sa.MetaData], database: str) -> tuple[list[str], list[str]]:
    """What create_all makes on a kind of database: its tables, then ``view x`` and the like."""
    metadatas = list(metadatas)
    tables = [t.fullname for m in metadatas for t in m.tables.values() if is_managed(t)]
    others = [
        f"{item.kind} {item.schema + '.' if item.schema else ''}{item.name}"
        for metadata in metadatas
        for item in declared(metadata)
        if item.statement(database) is not None
    ]
    return sorted(tables), others


def tables_among(
    connection: sa.Connection, names: Iterable[tuple[str | None, str]]
) -> list[tuple[str | None, str]]:
    """Those of ``names``, schema and table, that exist in the database."""
    default, inspector = connection.dialect.default_schema_name, sa.inspect(connection)
    wanted: dict[str | None, set[str]] = {}
    for schema, name in names:
        wanted.setdefault(None if schema == default else schema, set()).add(name)
    found: list[tuple[str | None, str]] = []
    for schema, tables in wanted.items():
        if schema is not None and schema not in inspector.get_schema_names():
            continue
        there = set(inspector.get_table_names(schema=schema))
        found += [(schema, name) for name in sorted(tables & there)]
    return found


def model_tables(metadatas: Iterable[sa.MetaData]) -> set[tuple[str | None, str]]:
    """Schema (None: the default one) and name of every managed table."""
    return {
        (schema_of(table), table.name)
        for metadata in metadatas
        for table in metadata.tables.values()
        if is_managed(table)
    }
