"""What there was before a revision, found under the names that it has during it."""

from __future__ import annotations

import copy
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa

from ....errors import ManageError
from ....links.catalog import Catalog, Name, StoredLink, StoredTable, read_catalog, read_tables
from .copied_values import changed_values
from .effects import Copied, Moved, NewTable, Renamed, touched, touches
from .key_copies import KeyCopy
from .loss import Loss

if TYPE_CHECKING:
    from ....project import Project


T = TypeVar("T")


def _apart(thing: T) -> T:
    """A copy whose own dicts, lists and sets are copies too."""
    twin = copy.copy(thing)
    for name, value in getattr(thing, "__dict__", {}).items():
        if isinstance(value, dict | list | set):
            setattr(twin, name, copy.copy(value))
    return twin


class SchemaTracker:
    """The catalog of before, and what the statements since have renamed, made and copied.

    ``kept``: by the name before the revision, to which ``origin`` leads. ``stale``: a
    statement came after which the catalog may show more. ``compared``: what a copy has
    changed; ``changed``: the same of tables that were dropped since.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.catalog: Catalog | None = None
        self.stale = False
        self.files: dict[int, int] = {}
        self.kept: dict[Name, KeyCopy] = {}
        self.copied: list[Copied] = []
        self.compared: dict[tuple[str, str], list[Loss]] = {}
        self.changed: list[Loss] = []
        self._called: dict[Name, Name] = {}
        self._earlier: dict[str, str] = {}
        self._made: set[str] = set()
        self._tied: dict[Name, StoredTable] = {}
        self._default: str | None = None
        self._schemas: set[str] = set()

    def emptied(self) -> SchemaTracker:
        """For the next revision; what the models say is not asked again."""
        past = SchemaTracker(self.project)
        if "_undeclared" in self.__dict__:
            past._undeclared = self._undeclared
        return past

    def as_it_is(self) -> SchemaTracker:
        """A copy that does not change later.

        Quickly made: a data step may set a savepoint for each row.
        """
        past = _apart(self)
        past.catalog = _apart(self.catalog)
        past.kept = {name: _apart(kept) for name, kept in self.kept.items()}
        return past

    def read(self, connection: sa.Connection) -> Catalog:
        """What there is now."""
        schemas = {
            table.schema
            for metadata in self.project.metadatas
            for table in metadata.tables.values()
            if table.schema
        }
        self._default = connection.dialect.default_schema_name
        return read_catalog(connection, schemas | self._schemas)

    def known(self, connection: sa.Connection) -> Catalog:
        """What there was before the revision, under the names that it has now."""
        if self.catalog is None:
            self.catalog = self.read(connection)
            self.files = self.catalog.files
            for name in list(self.catalog.tables):
                if name[1].lower() in self._made:
                    del self.catalog.tables[name]
                elif old := self._earlier.get(name[1].lower()):
                    self._called[name] = (name[0], old)
        elif self.stale:
            # A table that the revision created itself has nothing to lose.
            known, self.catalog = self.catalog.tables, self.read(connection)
            self.catalog.tables = {n: o for n, o in self.catalog.tables.items() if n in known}
        self.stale = False
        return self.catalog

    def untied(self, connection: sa.Connection, text: str) -> None:
        """Before a key goes: remember what it tied, for the statements after it."""
        catalog = self.known(connection)
        names = (touched(text, catalog) or set()) & set(catalog.tables)
        wanted = {name: catalog.tables[name] for name in names}
        for name, table in read_tables(connection, wanted).items():
            self._tied.setdefault(self.origin(name), table)

    def origin(self, name: Name) -> Name:
        """What a table of today was called before the revision."""
        return self._called.get(name, name)

    def with_links(self, table: StoredTable) -> StoredTable:
        """A table with the links that only a relationship of the models declares.

        And with those whose foreign key the revision has dropped before.
        """
        before = self._tied.get(self.origin(table.name))
        key, links = table.key, list(table.links)
        if before and not key and set(before.key) <= set(table.columns):
            key = before.key
        for link in (*(before.links if before else ()), *self._undeclared.get(table.name, ())):
            known = any(set(link.columns) == set(other.columns) for other in links)
            if not known and set(link.columns) <= set(table.columns):
                links.append(link)
        return StoredTable(table.name, table.columns, key, tuple(links), table.oid)

    @cached_property
    def _undeclared(self) -> dict[Name, list[StoredLink]]:
        found: dict[Name, list[StoredLink]] = {}
        try:
            mappers = self.project.mappers
        except ManageError:
            return found  # checklinks says what is wrong with the models
        if not mappers:
            return found
        from ....links.declared_links import links_of  # imports the ORM
        from ....links.link_types import LinkColumns

        try:
            links = links_of(mappers, ())
        except ManageError:
            return found  # checklinks says what is wrong with the models
        for link in links:
            if isinstance(link, LinkColumns):
                columns = tuple(column.name for column in link.columns)
                name = (link.child.schema, link.child.name)
                found.setdefault(name, []).append(StoredLink(columns, link.parent.fullname))
        return found

    def follow(self, move: Renamed | Copied | NewTable | Moved) -> None:
        """Note what a statement is about to do with names and rows."""
        if isinstance(move, Moved):
            self._move(move.table.lower(), move.schema)
        elif isinstance(move, Copied):
            self.copied.append(move)
        elif isinstance(move, NewTable):
            self._made.add(move.table.lower())
        elif move.column:
            for kept in self.kept.values():
                if kept.now[1].lower() == move.table.lower():
                    for column in kept.stored.columns:
                        if kept.columns.get(column, column) == move.old:
                            names = kept.filled if move.copy else kept.columns
                            names[column] = move.new
        else:
            old, new = move.old.lower(), move.new.lower()
            if old in self._made:
                self._made = self._made - {old} | {new}
            else:
                self._earlier[new] = self._earlier.pop(old, move.old)
            for name in list(self.catalog.tables if self.catalog else ()):
                if name[1].lower() == old:
                    self._rename(name, (name[0], move.new))
            for kept in self.kept.values():
                if kept.now[1].lower() == old:
                    kept.now = (kept.now[0], move.new)

    def _move(self, table: str, schema: str | None) -> None:
        schema = None if schema == self._default else schema
        self._schemas |= {schema} if schema else set()
        for name in list(self.catalog.tables if self.catalog else ()):
            if name[1].lower() == table:
                self._rename(name, (schema, name[1]))
        for kept in self.kept.values():
            if kept.now[1].lower() == table:
                kept.now = (schema, kept.now[1])

    def _rename(self, old: Name, new: Name) -> None:
        assert self.catalog is not None
        catalog = self.catalog
        catalog.tables[new] = catalog.tables.pop(old)
        # Made anew, since a savepoint may have the old ones.
        catalog.children = {
            new if above == old else above: {new if name == old else name for name in below}
            for above, below in catalog.children.items()
        }
        if old in catalog.triggered:
            catalog.triggered = catalog.triggered - {old} | {new}
        self._called[new] = self._called.pop(old, old)

    def compare_copies(self, connection: sa.Connection, text: str) -> None:
        """Before a statement that changes or drops a table: what its copy has changed so far.

        Only of tables that the revision makes; others do not take the place of the old one.
        """
        for copied in self.copied:
            pair = (copied.source.lower(), copied.target.lower())
            if pair in self.compared or pair[1] not in self._made:
                continue
            if any(touches(text, name) for name in pair):
                self.compared[pair] = self._changed_values(connection, copied)

    def _changed_values(self, connection: sa.Connection, copied: Copied) -> list[Loss]:
        names = [n for n in self.known(connection).tables if n[1].lower() == copied.source.lower()]
        there = self.read(connection).tables
        wanted = {n: oid for n, oid in there.items() if n[1].lower() == copied.target.lower()}
        if len(names) != 1 or len(wanted) != 1 or names[0] not in there:
            return []
        (old,), (new,) = names, wanted
        found = read_tables(connection, {old: there[old], **wanted})
        return changed_values(connection, found[old], found[new], copied, self.origin(old))

    def dropped(self, text: str) -> None:
        """What took the rows of a table before it was dropped, represents it from now on."""
        for (source, _), losses in self.compared.items():
            if touches(text, source):
                self.changed += [loss for loss in losses if loss not in self.changed]
        for kept in self.kept.values():
            if touches(text, kept.now[1]):
                copies = [c for c in self.copied if c.source.lower() == kept.now[1].lower()]
                if copies:
                    names = dict(copies[-1].columns)
                    for column in kept.stored.columns:
                        now = kept.columns.get(column, column)
                        kept.columns[column] = names.get(now, now)
                    kept.now = (kept.now[0], copies[-1].target)
