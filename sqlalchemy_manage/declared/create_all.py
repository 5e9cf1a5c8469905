"""Declared objects created and dropped with the tables, by create_all and drop_all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

import sqlalchemy as sa

from ..sql.create_statements import (
    DEFAULT_SCHEMAS,
    KINDS,
    arguments,
    created,
    database_of,
    names_in,
)
from ..sql.raw import execute
from ..sqlalchemy_internals import leave_out
from .definitions import drop_statement, read_definitions

KEY = "sqlalchemy_manage.declared"
"""Where the info of a MetaData holds its declarations."""


class Declared(Protocol):
    """What this module asks of a declared view, function or trigger."""

    kind: ClassVar[str]
    name: str
    schema: str | None
    table_name: str | None
    metadata: sa.MetaData

    def statement(self, database: str) -> str | None:
        """What creates it in the database; None where it is not meant for that one."""


class _Objects:
    """The declarations of one MetaData that are meant for the database of ``connection``."""

    def __init__(self, declarations: Iterable[Declared], connection: sa.Connection) -> None:
        self.connection = connection
        self.database = database_of(connection.dialect.name)
        self.statements: dict[Declared, str] = {}
        for declaration in declarations:
            statement = declaration.statement(self.database)
            if statement is not None:
                self.statements[declaration] = statement

    def names(self, item: Declared) -> frozenset[str]:
        """The names that the statement of ``item`` uses."""
        return names_in(self.statements[item], self.database)

    def ordered(self) -> list[Declared]:
        """Each after those it is built on."""
        return creation_order(self.statements, self.names)

    def tables(self) -> tuple[set[str], set[str]]:
        """The MetaData's table names that exist in the database, and those that do not."""
        tables = {t for item in self.statements for t in item.metadata.tables.values()}
        tables = {table for table in tables if not is_view(table)}
        inspector = sa.inspect(self.connection)
        there = {
            (schema, name)
            for schema in {table.schema for table in tables}
            for name in inspector.get_table_names(schema=schema)
        }
        present = {t.name.lower() for t in tables if (t.schema, t.name) in there}
        return present, {t.name.lower() for t in tables if (t.schema, t.name) not in there}


def create_declared(
    declarations: Iterable[Declared], connection: sa.Connection, checkfirst: Any
) -> None:
    """Create the ``declarations`` for this database, except those that already exist.

    One that uses a missing table waits for the create_all that creates the table.
    """
    objects = _Objects(declarations, connection)
    present: set[tuple[Any, ...]] = set()
    missing: set[str] = set()
    if checkfirst:
        wanted = [(item.kind, item.schema, item.name) for item in objects.statements]
        found = read_definitions(connection, wanted)
        present = {(d.kind, d.schema, d.name, d.table_name) for d in found}
        _, missing = objects.tables()
    for item in objects.ordered():
        key = (item.kind, item.schema, item.name, item.table_name)
        if key not in present and not missing & objects.names(item):
            execute(connection, objects.statements[item])


def drop_declared(
    declarations: Iterable[Declared],
    connection: sa.Connection,
    tables: Sequence[sa.Table],
    kinds: tuple[str, ...],
) -> None:
    """Drop the declared views and triggers of ``tables``, and everything with the last table."""
    objects = _Objects(declarations, connection)
    dropped = {table.name.lower() for table in tables}
    last = not isinstance(connection, sa.Connection) or objects.tables()[0] <= dropped
    for item in reversed(objects.ordered()):
        needed = {item.table_name.lower()} if item.table_name else objects.names(item)
        if item.kind not in kinds or not (last or (needed & dropped and item.kind != "function")):
            continue
        statement = objects.statements[item]
        head = created(statement, objects.database)
        drop = drop_statement(
            connection.dialect,
            item.kind,
            item.schema,
            item.name,
            table_name=item.table_name,
            arguments=arguments(statement, objects.database),
            materialized=head is not None and head.materialized,
        )
        execute(connection, drop)


def is_view(table: Any) -> bool:
    """Whether a Table is a view: by SQLAlchemy 2.1's CreateView, or by a declaration of ours.

    A model may be mapped on the second kind as on any table.
    """
    return is_native_view(table) or any(
        item.kind == "view" and (item.schema, item.name) == (schema_of(table), table.name)
        for item in table.metadata.info.get(KEY, ())
    )


def is_native_view(table: Any) -> bool:
    """Whether a Table is a view that SQLAlchemy 2.1's CreateView put into its MetaData."""
    return bool(getattr(table, "is_view", False))


def schema_of(table: sa.Table) -> str | None:
    """The schema of a Table; None for the default one, under whatever name."""
    return None if table.schema in DEFAULT_SCHEMAS.values() else table.schema


def keep_views(metadata: sa.MetaData) -> None:
    """Have create_all and drop_all take no declared view of ``metadata`` for a table."""
    for table in metadata.tables.values():
        if is_view(table) and not is_native_view(table):
            leave_out(table)


class Named(Protocol):
    """Anything with the kind and the name of a view, function or trigger."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


def creation_order(items: Iterable[T], names: Callable[[T], frozenset[str]]) -> list[T]:
    """``items`` with each after those whose name it uses; functions, views, triggers otherwise.

    ``names`` gives the names that the statement of an item uses.
    """
    waiting = sorted(items, key=lambda item: KINDS.index(item.kind))
    placed: list[T] = []
    seen: set[int] = set()

    def place(item: T) -> None:
        if id(item) in seen:
            return
        seen.add(id(item))
        for other in waiting:
            # Nothing is built on a trigger, whose name is often that of its function.
            if other.kind != "trigger" and other.name.lower() in names(item):
                place(other)
        placed.append(item)

    for item in waiting:
        place(item)
    return placed
