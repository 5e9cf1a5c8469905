"""What points at some tables: foreign keys, also those the project does not know of, and
relationships without one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import sqlalchemy as sa

from ...links.link_types import Link, LinkColumns
from ...links.referrers import undeclared_links
from ...links.statements import ReferenceStatements

Ident = tuple[str, str]


@dataclass(frozen=True)
class ForeignReference:
    """``child`` refers with ``columns`` to ``referred`` of ``parent``; columns by their keys.

    ``name`` is the child's full name, ``shown`` the columns that identify one of its rows.
    ``rule``: what a deletion does, in capitals. ``lookup`` says whether the reference is indexed.
    ``enforced``: False where only the models declare it.
    """

    child: sa.FromClause
    name: str
    columns: tuple[str, ...]
    parent: sa.Table
    referred: tuple[str, ...]
    shown: tuple[str, ...]
    rule: str
    lookup: Callable[[], bool]
    enforced: bool = True

    @property
    def acts(self) -> bool:
        """Whether a deletion changes or deletes the rows that refer to what goes."""
        return self.rule not in ("NO ACTION", "RESTRICT")

    @property
    def indexed(self) -> bool:
        """Whether the database finds the referring rows without reading the whole table."""
        return self.lookup()

    @property
    def itself(self) -> bool:
        return self.name == self.parent.fullname

    @property
    def extends(self) -> bool:
        """Whether the two share a primary key, as with joined-table inheritance."""
        if not isinstance(self.child, sa.Table) or self.itself:
            return False
        key = {column.key for column in self.child.primary_key}
        far = {column.key for column in self.parent.primary_key}
        return key == set(self.columns) and far == set(self.referred)


@dataclass(frozen=True)
class UndeclaredReference:
    """``child`` refers to ``parent`` as only a relationship of the models says."""

    link: LinkColumns

    @property
    def name(self) -> str:
        return self.link.child.fullname

    @property
    def parent(self) -> sa.Table:
        return self.link.parent

    @cached_property
    def statements(self) -> ReferenceStatements:
        return ReferenceStatements(self.link)

    @property
    def shown(self) -> tuple[str, ...]:
        return tuple(column.key for column in self.link.child.primary_key or self.link.columns)


def undeclared_references(
    connection: sa.Connection, links: Iterable[Link], parents: Iterable[sa.Table]
) -> list[UndeclaredReference]:
    """Those that the database can follow: it has both tables, and compares their columns."""
    links, found = list(links), []
    for parent in parents:
        for link in undeclared_links(links, parent):
            reference = UndeclaredReference(link)
            statements = reference.statements
            one: sa.ColumnElement[int] = sa.literal_column("1")
            joined = statements.child.join(statements.parent, statements.equal)
            probe = sa.select(one).select_from(joined).where(*statements.follows).limit(0)
            with suppress(sa.exc.DBAPIError), connection.begin_nested():
                connection.execute(probe)
                found.append(reference)
    return found


class ForeignReferences:
    """The foreign keys of a database, as it has them and as ``tables`` declare them."""

    def __init__(self, connection: sa.Connection, tables: Mapping[str, sa.Table]) -> None:
        self._inspector = sa.inspect(connection)
        self._dialect = connection.dialect.name
        self._tables = {self._ident(t.schema, t.name): t for t in tables.values()}
        # PostgreSQL leaves out the schema of what the search path finds.
        options: dict[str, Any] = (
            {"postgresql_ignore_search_path": True} if self._dialect == "postgresql" else {}
        )
        self._found: dict[Ident, list[Any]] = {}
        for schema in {None, *(table.schema for table in tables.values())}:
            found = self._inspector.get_multi_foreign_keys(schema=schema, **options)
            for (_, name), keys in found.items():
                self._found[self._ident(schema, name)] = [
                    {**key, "child": (schema, name)} for key in keys
                ]

    def exists(self, table: sa.Table) -> bool:
        """Whether the database has the table."""
        return self._ident(table.schema, table.name) in self._found

    def to(self, parents: Collection[sa.Table]) -> list[ForeignReference]:
        """Every foreign key that refers to one of ``parents``."""
        wanted = {self._ident(table.schema, table.name) for table in parents}
        made: dict[Any, ForeignReference] = {}
        for child, keys in self._found.items():
            for key in keys:
                parent = self._ident(key["referred_schema"], key["referred_table"])
                if parent in wanted:
                    names = tuple(key["constrained_columns"])
                    far = tuple(key["referred_columns"])
                    rule = (key.get("options") or {}).get("ondelete")
                    reference = self._reference(key["child"], names, parent, far, rule)
                    made[child, _fold(names), parent, _fold(far)] = reference
        for child, names, parent, far, rule in self._declared():
            signature = (child, _fold(names), parent, _fold(far))
            if parent in wanted and child in self._found and signature not in made:
                table = self._tables[child]
                place = (table.schema, table.name)
                reference = self._reference(place, names, parent, far, rule)
                made[signature] = replace(reference, enforced=False)
        return list(made.values())

    def _declared(
        self,
    ) -> Iterator[tuple[Ident, tuple[str, ...], Ident, tuple[str, ...], str | None]]:
        for child, table in self._tables.items():
            for key in table.foreign_key_constraints:
                with suppress(sa.exc.NoReferenceError):
                    parent = self._ident(key.referred_table.schema, key.referred_table.name)
                    names = tuple(column.name for column in key.columns)
                    far = tuple(element.column.name for element in key.elements)
                    yield child, names, parent, far, key.ondelete

    def _reference(
        self,
        child: tuple[str | None, str],
        names: tuple[str, ...],
        parent: Ident,
        far: tuple[str, ...],
        rule: str | None,
    ) -> ForeignReference:
        schema, name = child
        referred = _keys(self._tables[parent], far)
        assert referred is not None, f"{parent} has no columns {far}"
        known = self._tables.get(self._ident(schema, name))
        columns = _keys(known, names) if known is not None else None
        table: sa.FromClause
        if known is None or columns is None:
            primary = self._inspector.get_pk_constraint(name, schema)["constrained_columns"]
            columns, shown = names, tuple(primary or names)
            made = dict.fromkeys((*shown, *names))
            table = sa.table(name, *(sa.column(c) for c in made), schema=schema)
            full = f"{schema}.{name}" if schema else name
        else:
            table, full = known, known.fullname
            shown = tuple(column.key for column in known.primary_key) or columns
        return ForeignReference(
            child=table,
            name=full,
            columns=columns,
            parent=self._tables[parent],
            referred=referred,
            shown=shown,
            rule=(rule or "NO ACTION").upper(),
            lookup=partial(self._indexed, schema, name, names),
        )

    def _indexed(self, schema: str | None, name: str, names: tuple[str, ...]) -> bool:
        if self._dialect not in ("postgresql", "sqlite"):
            return True  # InnoDB makes an index for every foreign key
        starts = [self._inspector.get_pk_constraint(name, schema)["constrained_columns"]]
        unique = self._inspector.get_unique_constraints(name, schema)
        starts += [list(key["column_names"]) for key in unique]
        for index in self._inspector.get_indexes(name, schema):
            options = index.get("dialect_options", {})
            if not any(option.endswith("_where") for option in options):
                starts.append([str(column) for column in index["column_names"]])
        return any(set(start[: len(names)]) == set(names) for start in starts)

    def _ident(self, schema: str | None, name: str) -> Ident:
        place = schema or self._inspector.default_schema_name or ""
        return (place, name.lower() if self._dialect == "sqlite" else name)


def _fold(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


def _keys(table: sa.Table, names: tuple[str, ...]) -> tuple[str, ...] | None:
    by_name = {column.name.lower(): column.key for column in table.columns}
    if not all(name.lower() in by_name for name in names):
        return None
    return tuple(by_name[name.lower()] for name in names)
