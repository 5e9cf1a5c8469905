"""Which rows go: those that were named, those that go with them; and which ones are in the way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from ...links.declared_links import links_of
from ..row_blocks import key_columns
from ..undoing.keys import KeyTables
from ..undoing.known_tables import reflected
from ..undoing.references import (
    ForeignReference,
    ForeignReferences,
    UndeclaredReference,
    undeclared_references,
)
from ..undoing.removal import refers
from ..writers.values import without_defaults
from .selection import Selection, inherited, keys_of_class

Reference = ForeignReference | UndeclaredReference

NAMED = "named"
SUBCLASS = "part of its objects"
LINK = "link rows"
CASCADED = "--cascade"


@dataclass(frozen=True)
class Referring:
    """``count`` rows of ``table`` that stay refer with ``columns`` to rows of ``parent`` that go.

    ``managed``: whether flush may delete rows of the table. ``rule``: what a deletion does to
    them; empty for a relationship without a foreign key.
    """

    table: str
    columns: tuple[str, ...]
    parent: str
    count: int
    rule: str
    managed: bool


@dataclass
class Growth:
    """The rows that a flush is to remove, in the caller's transaction.

    ``tables``: those of the project that the database has, by their full names. ``managed``: the
    names of those that the tool owns. ``cascade``: rows of these go too, if they refer to rows
    that go. ``link_tables``: names of tables that hold nothing but links.
    """

    connection: sa.Connection
    tables: dict[str, sa.Table]
    managed: Collection[str]
    link_tables: Collection[str]
    mappers: Sequence[Mapper[Any]]
    cascade: bool = False
    whole: dict[str, sa.Table] = field(default_factory=dict)
    parts: dict[str, KeyTables] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own = list(self.tables.values())
        self._read_references()
        links = links_of(self.mappers, own) if self.mappers else ()
        self.undeclared = undeclared_references(self.connection, links, own)
        self._inherited = inherited(self.mappers)

    def _read_references(self) -> None:
        """Those of the whole database; tables that no model knows are read from it."""
        default = self.connection.dialect.default_schema_name
        while True:
            found = ForeignReferences(self.connection, self.tables)
            self.references = found.to(list(self.tables.values()))
            unknown = {r.name: r for r in self.references if r.name not in self.tables}
            if not unknown:
                return
            for name, reference in unknown.items():
                child: Any = reference.child
                schema = None if child.schema == default else child.schema
                self.tables[name] = reflected(self.connection, schema, child.name)

    def grow(self, selection: Selection) -> None:
        """Take what was selected, and all that goes with it."""
        for table in selection.whole:
            if table.fullname in self.tables:
                self.whole[table.fullname] = table
                self.why[table.fullname] = NAMED
        for mapper in selection.classes:
            shared = mapper.local_table
            if isinstance(shared, sa.Table) and shared.fullname in self.tables:
                keys = self._part(shared, NAMED)
                self._insert(keys, keys_of_class(mapper, [shared.c[name] for name in keys.columns]))
        more = True
        while more:
            more = False
            for reference in self._every():
                more = self._follow(reference) or more
                if isinstance(reference, ForeignReference):
                    more = self._follow_up(reference) or more

    def _every(self) -> list[Reference]:
        return [*self.references, *self.undeclared]

    def goes(self, name: str) -> bool:
        """Whether rows of a table go."""
        return name in self.whole or name in self.parts

    def _follow(self, reference: Reference) -> bool:
        """Take the rows that go because they refer to what goes; whether there were more."""
        if not self.goes(reference.parent.fullname) or reference.name in self.whole:
            return False
        rule = rule_of(reference)
        why = f"ON DELETE CASCADE ({reference.parent.fullname})"
        if rule != "CASCADE":
            if reference.name in self.link_tables:
                why = LINK
            elif self.cascade and rule not in ("SET NULL", "SET DEFAULT"):
                if reference.name not in self.managed:
                    return False
                why = CASCADED
            else:
                return False
        row, conditions = self._referring(reference)
        return self._take(self.tables[reference.name], row, conditions, why)

    def _follow_up(self, reference: ForeignReference) -> bool:
        """Take the row of the base class's table with that of the subclass's."""
        if (reference.name, reference.parent.fullname) not in self._inherited:
            return False
        if not self.goes(reference.name) or reference.parent.fullname in self.whole:
            return False
        parent: Any = reference.parent.alias()
        child: Any = self.tables[reference.name]
        if reference.name in self.parts:
            keys = self.parts[reference.name]
            child = child.alias()
            own = [keys.match(child, keys.gone)]
        else:
            own, child = [], child.alias()
        pairs = zip(reference.columns, reference.referred, strict=True)
        equal = [child.c[near] == parent.c[far] for near, far in pairs]
        there = sa.exists().where(*equal, *own).correlate(parent)
        return self._take(reference.parent, parent, [there], SUBCLASS)

    def _referring(
        self, reference: Reference, row: Any = None
    ) -> tuple[Any, list[sa.ColumnElement[bool]]]:
        """Rows of the child (``row`` or an alias), and that they refer to rows that go."""
        name = reference.parent.fullname
        keys = self.parts.get(name)
        if isinstance(reference, UndeclaredReference):
            statements = reference.statements
            row, parent = statements.child, statements.parent
            conditions = [statements.equal, *statements.follows]
            if keys is not None:
                conditions.append(keys.match(parent, keys.gone))
            return row, [sa.exists().where(*conditions).correlate(row)]
        row = reference.child.alias() if row is None else row
        near = [row.c[name] for name in self._names(reference, row)]
        if keys is not None:
            found = refers(keys, keys.gone, near, reference.referred)
        else:
            target = reference.parent.alias()
            far = (target.c[column] for column in reference.referred)
            found = sa.and_(*(a == b for a, b in zip(near, far, strict=True)))
        return row, [sa.exists().where(found).correlate(row)]

    def _names(self, reference: ForeignReference, row: Any) -> Sequence[str]:
        """The names by which ``row`` has the columns that refer."""
        if isinstance(row, sa.TableClause) and not isinstance(row, sa.Table):
            return columns_of(reference)
        return reference.columns

    def _part(self, table: sa.Table, why: str) -> KeyTables:
        if table.fullname not in self.parts:
            keys = KeyTables(self.connection, table, key_columns(table), len(self.parts))
            keys.loaded()
            self.parts[table.fullname] = keys
            self.why.setdefault(table.fullname, why)
        return self.parts[table.fullname]

    def _take(
        self, table: sa.Table, row: Any, conditions: Iterable[sa.ColumnElement[bool]], why: str
    ) -> bool:
        new = table.fullname not in self.parts
        if new and not self._some(row, conditions):
            return False
        keys = self._part(table, why)
        columns = [row.c[name] for name in keys.columns]
        query = sa.select(*columns).where(*conditions)
        if not new:
            there = sa.exists().where(keys.equal(columns, keys.of(keys.gone))).correlate(row)
            query = query.where(~there)
        return self._insert(keys, query)

    def _some(self, row: Any, conditions: Iterable[sa.ColumnElement[bool]]) -> bool:
        one: sa.ColumnElement[int] = sa.literal_column("1")
        query = sa.select(one).select_from(row).where(*conditions).limit(1)
        return self.connection.execute(query).first() is not None

    def _insert(self, keys: KeyTables, query: sa.Select[Any]) -> bool:
        """Add keys to those that go, by way of ``some``: not every database inserts into what it
        reads."""
        names = [column.name for column in keys.some.c]
        self.connection.execute(sa.insert(keys.some).from_select(names, query))
        found = keys.count(keys.some)
        if found:
            rows = sa.select(*keys.of(keys.some))
            rows = rows if keys.whole else rows.distinct()
            self.connection.execute(sa.insert(keys.gone).from_select(names, rows))
            self.connection.execute(sa.delete(keys.some))
        return found > 0

    def staying(self) -> list[Referring]:
        """The rows that stay and refer to rows that go, by reference."""
        found = []
        for reference in self._every():
            if not self.goes(reference.parent.fullname) or reference.name in self.whole:
                continue
            row, conditions = self._referring(reference)
            keys = self.parts.get(reference.name)
            if keys is not None:
                own = sa.exists().where(keys.match(row, keys.gone)).correlate(row)
                conditions.append(~own)
            query = sa.select(sa.func.count()).select_from(row).where(*conditions)
            if count := self.connection.scalar(query):
                found.append(
                    Referring(
                        reference.name,
                        columns_of(reference),
                        reference.parent.fullname,
                        count,
                        rule_of(reference),
                        reference.name in self.managed,
                    )
                )
        return found

    def counts(self) -> dict[str, int]:
        """How many rows go of each table."""
        found = {}
        for name, table in self.whole.items():
            count = self.connection.scalar(sa.select(sa.func.count()).select_from(table))
            found[name] = count or 0
        for name, keys in self.parts.items():
            if name not in self.whole:
                found[name] = keys.count(keys.gone)
        return found

    def unlink(self, reference: ForeignReference) -> None:
        """Set the columns of the rows that stay, and refer to what goes, to NULL."""
        table = self.tables[reference.name]
        bare = without_defaults(table)
        _, conditions = self._referring(reference, bare)
        names = [table.c[key].name for key in reference.columns]
        update = sa.update(bare).where(*conditions)
        self.connection.execute(update.values(dict.fromkeys(names, sa.null())))

    def drop(self) -> None:
        """Drop the temporary tables."""
        # After an error PostgreSQL takes no statement, and its rollback drops them.
        with suppress(sa.exc.DBAPIError):
            for keys in self.parts.values():
                keys.drop()


def columns_of(reference: Reference) -> tuple[str, ...]:
    """The names of the columns that refer."""
    if isinstance(reference, UndeclaredReference):
        return tuple(column.name for column in reference.link.columns)
    child: Any = reference.child
    return tuple(child.c[key].name for key in reference.columns)


def rule_of(reference: Reference) -> str:
    """What the database does to a row that refers to one that goes; empty: nothing.

    A CASCADE counts also where only the models declare it: its rows are deleted here.
    """
    if isinstance(reference, UndeclaredReference):
        return ""
    return reference.rule if reference.enforced or reference.rule == "CASCADE" else ""


def link_tables(mappers: Iterable[Mapper[Any]], tables: Mapping[str, sa.Table]) -> set[str]:
    """The names of association tables: a relationship's ``secondary``, and of no class."""
    mapped = {table for mapper in mappers for table in mapper.tables}
    found = set()
    for mapper in mappers:
        for relationship in mapper.relationships:
            table = relationship.secondary
            if isinstance(table, sa.Table) and table not in mapped and table.fullname in tables:
                found.add(table.fullname)
    return found
