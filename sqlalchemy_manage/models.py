"""What a models module holds: metadata, tables, mappers; declared in whatever way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, UniqueConstraint
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper
from sqlalchemy.schema import sort_tables_and_constraints

from .declared.create_all import is_view, schema_of
from .errors import AppError
from .module_contents import stored
from .sqlalchemy_internals import mappers_in, registries


def is_managed(table: Table) -> bool:
    """Whether the tool makes the table and its rows.

    Not a view, and not what ``info={"managed": False}`` leaves to another program.
    """
    return bool(table.info.get("managed", True)) and not is_view(table)


def managed_tables(metadatas: Iterable[MetaData]) -> list[Table]:
    """The tables of ``metadatas`` that the tool manages."""
    return [t for metadata in metadatas for t in metadata.tables.values() if is_managed(t)]


def set_unmanaged(metadatas: Iterable[MetaData], patterns: Sequence[str]) -> None:
    """Have ``is_managed`` refuse the tables that the patterns of UNMANAGED name."""
    for metadata in metadatas:
        for table in metadata.tables.values():
            if names_table(patterns, table.schema, table.name):
                table.info["managed"] = False


def unmanaged_tables(metadatas: Iterable[MetaData]) -> dict[tuple[str | None, str], Table]:
    """The tables that belong to other programs, by schema and name; no declared views."""
    return {
        (schema_of(table), table.name): table
        for metadata in metadatas
        for table in metadata.tables.values()
        if not table.info.get("managed", True) and not is_view(table)
    }


def create_copies(tables: Iterable[Table], connection: Connection) -> None:
    """Create ``tables`` with their keys and without their links, to be referred to."""
    copies = MetaData()
    for table in tables:
        columns = [Column(c.name, c.type, primary_key=c.primary_key) for c in table.columns]
        keys: list[Any] = [c for c in table.constraints if isinstance(c, UniqueConstraint)]
        keys += [index for index in table.indexes if index.unique]
        unique = [UniqueConstraint(*(c.name for c in key.columns)) for key in keys]
        Table(table.name, copies, *columns, *unique, schema=table.schema)
    copies.create_all(connection)


def column_named(table: Table, name: str) -> Column[Any] | None:
    """The column of that name in the database; ``table.columns`` has it by its ``key``."""
    return next((column for column in table.columns if column.name == name), None)


def names_table(patterns: Iterable[str], schema: str | None, name: str) -> bool:
    """Whether a pattern is for ``name``, or ``schema.name`` outside the default schema.

    ``*`` is any text.
    """
    names = (name, f"{schema}.{name}") if schema else (name,)
    return any(fnmatchcase(each, pattern) for pattern in patterns for each in names)


def sorted_tables(metadatas: Iterable[MetaData]) -> list[Table]:
    """The managed tables, referred-to ones first; those in a cycle in the order of their names."""
    tables = managed_tables(metadatas)
    ordered = sort_tables_and_constraints(sorted(tables, key=lambda table: table.fullname))
    return [table for table, _ in ordered if table is not None]


def mappers_of(metadatas: Iterable[MetaData], tables: list[Table]) -> list[Mapper[Any]]:
    """The mappers of every class with a table of ``metadatas``, sorted by their tables.

    Whichever module the classes are in, if it is imported.
    """
    own = {id(metadata) for metadata in metadatas}

    def is_own(mapper: Mapper[Any]) -> bool:
        return any(id(table.metadata) in own for table in tables_in(mapper))

    found = [
        each
        for each in registries()
        if id(each.metadata) in own or any(map(is_own, mappers_in(each)))
    ]
    try:
        # Not configure_mappers(): other registries of this process are not ours.
        for each in found:
            each.configure(cascade=True)
    except SQLAlchemyError as error:
        raise AppError(f"the models cannot be configured: {error}") from error
    position: dict[Any, int] = {table: index for index, table in enumerate(tables)}
    mappers = {m for each in found for m in mappers_in(each) if is_own(m) or not m.tables}
    return sorted(
        mappers,
        key=lambda m: (position.get(m.local_table, len(position)), m.class_.__qualname__),
    )


def tables_in(mapper: Mapper[Any]) -> list[Table]:
    """The tables that the rows of a class are read from; not those that stand for a text."""
    return [table for table in mapper.tables if isinstance(table, Table)]


def is_in_its_module(model: type) -> bool:
    """Whether a class is found under its name in the module that it says it is from.

    A class that a function made is not: the function may be a library's.
    """
    value: Any = sys.modules.get(model.__module__)
    for part in model.__qualname__.split("."):
        value = stored(value, part)
    return value is model


def table_labels(
    mappers: Sequence[Mapper[Any]],
    tables: Sequence[Table],
    label_of: Callable[[Mapper[Any]], str],
    owner_of: Callable[[Table], str],
) -> dict[str, Table]:
    """``app.name`` -> table: by its base model's class name, else by the table's own name.

    Single-table subclasses share their base's label. A name taken twice in one app is
    distinguished by the table's full name. ``owner_of``: the label of a table without a class.
    """
    labels: dict[str, Table] = {}
    taken: set[Table] = set()
    for mapper in mappers:
        table = mapper.local_table
        if not isinstance(table, Table) or table in taken or table not in tables:
            continue
        owner = next(m for m in reversed(list(mapper.iterate_to_root())) if m.local_table is table)
        label = f"{label_of(owner)}.{owner.class_.__name__}".lower()
        if label in labels:
            label = f"{label_of(owner)}.{table.fullname}".lower()
        labels[label] = table
        taken.add(table)
    for table in tables:
        if table not in taken:
            labels[f"{owner_of(table)}.{table.fullname}".lower()] = table
    return labels
