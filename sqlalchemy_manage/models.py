"""What a models module holds: metadata, tables, mappers; declared in whatever way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from types import ModuleType
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, UniqueConstraint
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper, registry
from sqlalchemy.schema import sort_tables_and_constraints

from .declare import declared
from .declared.create_all import is_view, schema_of
from .errors import AppError


def reachable_metadatas(modules: Iterable[ModuleType]) -> list[MetaData]:
    """Every MetaData with content that a name in ``modules`` is or leads to, each once.

    These are: a MetaData, a Table, a declarative base or mapped class, a registry, and
    any object with ``metadata`` or ``metadatas`` (Flask-SQLAlchemy's ``db``, SQLModel).
    """
    found: dict[int, MetaData] = {}
    for module in modules:
        for value in list(vars(module).values()):
            candidates = [value, getattr(value, "metadata", None)]
            several = getattr(value, "metadatas", None)
            if isinstance(several, dict):
                candidates += several.values()
            for candidate in candidates:
                if not isinstance(candidate, MetaData):
                    continue
                if candidate.tables or declared(candidate):
                    found.setdefault(id(candidate), candidate)
    return list(found.values())


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


def mappers_of(modules: Iterable[ModuleType], tables: list[Table]) -> list[Mapper[Any]]:
    """The mappers of every registry that ``modules`` use, sorted by their tables."""
    registries: dict[int, registry] = {}
    for module in modules:
        for value in list(vars(module).values()):
            mapper = vars(value).get("__mapper__") if isinstance(value, type) else None
            for candidate in (value, getattr(value, "registry", None), mapper and mapper.registry):
                if isinstance(candidate, registry):
                    registries.setdefault(id(candidate), candidate)
    try:
        # Not configure_mappers(): other registries of this process are not ours.
        for found in registries.values():
            found.configure(cascade=True)
    except SQLAlchemyError as error:
        raise AppError(f"the models cannot be configured: {error}") from error
    position: dict[Any, int] = {table: index for index, table in enumerate(tables)}
    mappers = {m for r in registries.values() for m in r.mappers}
    return sorted(
        mappers,
        key=lambda m: (position.get(m.local_table, len(position)), m.class_.__qualname__),
    )


def table_labels(
    mappers: Sequence[Mapper[Any]],
    tables: Sequence[Table],
    modules: Mapping[str, ModuleType],
    label_of: Callable[[Mapper[Any]], str],
    default: str,
) -> dict[str, Table]:
    """``app.name`` -> table: by its base model's class name, else by the table's own name.

    Single-table subclasses share their base's label. A name taken twice in one app is
    distinguished by the table's full name. ``modules``: the models module of each app, by its
    label; ``default``: the label of a table that is in none of them.
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
            labels[f"{_owner_label(modules, table, default)}.{table.fullname}".lower()] = table
    return labels


def _owner_label(modules: Mapping[str, ModuleType], table: Table, default: str) -> str:
    """The app whose models module holds the table under a name, else one with its MetaData."""
    fallback = None
    for label, module in modules.items():
        values = list(vars(module).values())
        if any(value is table for value in values):
            return label
        if fallback is None and table.metadata in reachable_metadatas([module]):
            fallback = label
    return fallback or default
