"""What a record of each table looks like: its label, key, fields and relationships."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapper, RelationshipProperty
from sqlalchemy.orm.exc import UnmappedColumnError

from .. import advice
from ..errors import DatabaseError, UsageError, did_you_mean
from .codec import Codec
from .values import codec_of

if TYPE_CHECKING:
    from ..project import Project


@dataclass(frozen=True, eq=False)
class Field:
    """One column of a table, under the name that it has in fixtures."""

    name: str
    column: sa.Column[Any]
    codec: Codec


@dataclass(frozen=True, eq=False)
class Layout:
    """One table, as records show it. ``key`` is empty for a table without a primary key."""

    label: str
    table: sa.Table
    key: tuple[Field, ...]
    fields: tuple[Field, ...]
    relationships: dict[str, RelationshipProperty[Any]]

    @property
    def all_fields(self) -> tuple[Field, ...]:
        return (*self.key, *self.fields)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Every field under the name that a dump gives it."""
        return {field.name: field for field in self.all_fields}

    @cached_property
    def by_column(self) -> dict[sa.Column[Any], Field]:
        return {field.column: field for field in self.all_fields}

    @cached_property
    def accepted(self) -> dict[str, Field]:
        """The names that a fixture may use: those of the dump first, then the columns' own."""
        names = {field.column.key: field for field in self.all_fields}
        names |= {field.column.name: field for field in self.all_fields}
        return names | self.by_name

    def names(self, columns: Iterable[sa.Column[Any]]) -> tuple[str, ...]:
        """The field names of columns of this table; computed columns have none."""
        return tuple(self.by_column[c].name for c in columns if c in self.by_column)


class Layouts:
    """The layouts of all tables of a project on one dialect, parents before children."""

    def __init__(self, project: Project, dialect: Dialect) -> None:
        mappers: dict[sa.FromClause, list[Mapper[Any]]] = {}
        for mapper in project.mappers:
            # A subclass without its own table comes after the class that has it.
            mappers.setdefault(mapper.local_table, []).append(mapper)
            mappers[mapper.local_table].sort(key=lambda m: len(list(m.iterate_to_root())))
        labels = {table: label for label, table in project.labels.items()}
        self.by_table = {
            table: _layout(
                labels.get(table, table.fullname), table, mappers.get(table, []), dialect
            )
            for table in load_order(project.tables)
        }
        self.by_label = {layout.label: layout for layout in self.by_table.values()}

    def chosen(self, names: Iterable[str], exclude: Iterable[str] = ()) -> list[Layout]:
        """The layouts of ``app`` and ``app.Model`` names, of all for none; raises UsageError."""
        names = list(names)
        wanted = self.labels(names) if names else set(self.by_label)
        wanted -= self.labels(exclude)
        return [x for x in self.by_table.values() if x.label in wanted]

    def labels(self, names: Iterable[str]) -> set[str]:
        """The labels of ``app`` and ``app.Model`` names; raises UsageError."""
        wanted: set[str] = set()
        apps = {label.partition(".")[0] for label in self.by_label}
        for name in names:
            lower = name.lower()
            if lower in apps:
                wanted |= {label for label in self.by_label if label.startswith(f"{lower}.")}
            elif lower in self.by_label:
                wanted.add(lower)
            else:
                raise self._unknown(name, apps)
        return wanted

    def _unknown(self, name: str, apps: set[str]) -> UsageError:
        app, dot, _ = name.lower().partition(".")
        if dot and app in apps:
            inside = [label for label in self.by_label if label.startswith(f"{app}.")]
            return UsageError(
                f"No model '{name}'." + did_you_mean(name.lower(), inside),
                f"Known: {', '.join(inside)}.",
            )
        full = [label for label in self.by_label if label.partition(".")[2] == name.lower()]
        return UsageError(
            f"No app or model '{name}'."
            + did_you_mean(full[0] if full else name.lower(), [*apps, *self.by_label]),
            f"Known apps: {', '.join(sorted(apps))}.",
        )


def _layout(label: str, table: sa.Table, mappers: list[Mapper[Any]], dialect: Dialect) -> Layout:
    names: dict[sa.Column[Any], str] = {}
    for column in table.columns:
        if column.computed is not None or column.system:
            continue
        name = next((n for m in mappers if (n := _attribute(m, column))), column.name)
        # Two subclasses in one table may give the same name to different columns.
        for candidate in (name, column.name, f"{table.name}.{column.name}"):
            if candidate not in names.values():
                names[column] = candidate
                break
    fields = {
        column: Field(name, column, codec_of(column.type, dialect))
        for column, name in names.items()
    }
    key = tuple(fields.pop(column) for column in table.primary_key if column in fields)
    relationships: dict[str, RelationshipProperty[Any]] = {}
    for mapper in mappers:
        for relationship in mapper.relationships:
            relationships.setdefault(relationship.key, relationship)
    return Layout(label, table, key, tuple(fields.values()), relationships)


def _attribute(mapper: Mapper[Any], column: sa.Column[Any]) -> str | None:
    try:
        return mapper.get_property_by_column(column).key
    except UnmappedColumnError:
        return None


def load_order(tables: list[sa.Table]) -> list[sa.Table]:
    """``tables`` with parents before children.

    In a circle the foreign keys that may be null give way, because they can be filled in
    afterwards; only then the others.
    """
    waiting = list(tables)
    placed: set[sa.Table] = set()
    every = set(tables)
    parents = {t: _parents(t, every, nullable=True) for t in tables}
    needed = {t: _parents(t, every, nullable=False) for t in tables}
    ordered: list[sa.Table] = []
    while waiting:
        table = next(
            (t for t in waiting if parents[t] <= placed),
            next((t for t in waiting if needed[t] <= placed), waiting[0]),
        )
        waiting.remove(table)
        placed.add(table)
        ordered.append(table)
    return ordered


def _parents(table: sa.Table, known: set[sa.Table], *, nullable: bool) -> set[sa.Table]:
    return {
        constraint.referred_table
        for constraint in table.foreign_key_constraints
        if constraint.referred_table is not table
        and constraint.referred_table in known
        and (nullable or not may_be_null(constraint))
    }


def may_be_null(constraint: sa.ForeignKeyConstraint) -> bool:
    """Whether a row can be without the link."""
    return any(column.nullable and not column.primary_key for column in constraint.columns)


def require_tables(connection: sa.Connection, tables: Iterable[sa.Table]) -> set[sa.Table]:
    """Those of ``tables`` that are views; raises DatabaseError for a missing one."""
    inspector = sa.inspect(connection)
    tables = list(tables)
    missing, views = [], set()
    for schema in {table.schema for table in tables}:
        names = set(inspector.get_table_names(schema=schema))
        view_names = set(inspector.get_view_names(schema=schema))
        for table in tables:
            if table.schema != schema or table.name in names:
                continue
            if table.name in view_names:
                views.add(table)
            elif not inspector.has_table(table.name, schema=schema):
                missing.append(table.fullname)
    if missing:
        several = len(missing) > 1
        raise DatabaseError(
            f"The database has no table{'s' if several else ''} {', '.join(sorted(missing))}.",
            f"{advice.CREATE_TABLES} creates the tables of the revisions.",
        )
    return views
