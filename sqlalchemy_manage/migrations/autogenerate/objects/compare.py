"""Declared views, functions and triggers beside those of the database and of the history.

Compared are the objects that are declared, and those that an operation of this history
made and nobody declares any more. Everything else in the database is somebody else's.

The database at hand is asked what it has; what the others have, only the history knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from ....declare import Declaration, declared
from ....declared.definitions import Definition, read_definitions
from ....errors import MigrationError
from ....sql.create_statements import DATABASES, arguments, created, equal_names, signature
from ....sql.normalize import normal
from .history import ObjectHistory, ObjectVersion
from .order import Item
from .server_form import ServerCopies


@dataclass
class KnownObjects:
    """What was read for one comparison, kept for the next, when renames have been accepted."""

    past: ObjectHistory
    forms: dict[Any, Any] = field(default_factory=dict)
    definitions: list[Definition] | None = None


def compare_objects(
    metadatas: list[sa.MetaData], inspector: Any, known: KnownObjects
) -> list[Item]:
    """Every object that is declared in ``metadatas`` or is to go, changed or not."""
    declarations = [d for metadata in metadatas for d in declared(metadata)]
    _require_tables(declarations, metadatas, inspector)
    with ServerCopies(inspector.bind, known.forms) as copies:
        return list(_Comparison(declarations, known, copies).items())


def _require_tables(
    declarations: list[Declaration], metadatas: list[sa.MetaData], inspector: Any
) -> None:
    """Raises MigrationError for a trigger whose table neither models nor database have."""
    known = {(t.schema, t.name) for metadata in metadatas for t in metadata.tables.values()}
    known |= {(d.schema, d.name) for d in declarations if d.kind == "view"}
    for declaration in declarations:
        table = (declaration.schema, declaration.table_name)
        if declaration.kind != "trigger" or table in known:
            continue
        if not inspector.has_table(declaration.table_name, schema=declaration.schema):
            raise MigrationError(
                f"{declaration} is declared on the table '{declaration.table_name}', which "
                "neither the models nor the database have.",
                "Was the table renamed? Then its triggers name it too.",
            )


class _Comparison:
    """One comparison with the database that ``copies`` is connected to."""

    def __init__(
        self, declarations: list[Declaration], known: KnownObjects, copies: ServerCopies
    ) -> None:
        self.declarations = declarations
        self.known = known
        self.past = known.past
        self.copies = copies
        self.here = copies.database
        self.home = copies.connection.dialect.default_schema_name

    @property
    def definitions(self) -> list[Definition]:
        """What the database has under the names of the declarations and of the history."""
        if self.known.definitions is None:
            wanted = [(d.kind, self._schema(d.schema), d.name) for d in self.declarations]
            wanted += [(p.kind, p.schema, p.name) for p in self.past.objects]
            self.known.definitions = read_definitions(self.copies.connection, wanted)
        return self.known.definitions

    def _schema(self, schema: str | None) -> str | None:
        return None if schema == self.home else schema

    def items(self) -> Iterator[Item]:
        """Every declared object, changed or not, and every one to be dropped."""
        used: set[int] = set()
        for declaration in self.declarations:
            schema = self._schema(declaration.schema)
            table = declaration.table_name
            past = self.past.find(declaration.kind, schema, declaration.name, table)
            used.add(id(past))
            given = {key: declaration.statement(key) for key in DATABASES}
            new = {key: statement for key, statement in given.items() if statement is not None}
            yield self._filled(Item(declaration.kind, declaration.name, schema, table, new), past)
        gone: set[str] = set()
        for past in sorted(self.past.objects, key=lambda past: past.kind != "function"):
            # A handwritten one goes only with a function that it cannot be without.
            if id(past) not in used and (past.by_tool or past.uses(gone)):
                item = Item(past.kind, past.name, past.schema, past.table_name, {})
                # Not here although the history says so: it went with its table, elsewhere too.
                if self.here not in past.statements or self._found(item, past):
                    gone |= {past.name.lower()} if past.kind == "function" else set()
                    yield self._filled(item, past)

    def _filled(self, item: Item, past: ObjectVersion | None) -> Item:
        """``item`` with what there is of it on every database."""
        found = self._found(item, past)
        if found is not None:
            item.old_table_name = found.table_name
        self._here(item, found, past)
        for database in DATABASES:
            if database != self.here:
                self._elsewhere(item, database, found, past)
        item.settle()
        return item

    def _here(self, item: Item, found: Definition | None, past: ObjectVersion | None) -> None:
        new = item.new.get(self.here)
        if found is None:
            if new is not None:
                item.changed.add(self.here)
        elif new is None:
            if past and (past.by_tool or not item.new):
                item.old[self.here] = self._statement(found, past)
                item.changed.add(self.here)
        elif self._same(found, new, past):
            item.old[self.here] = new
        else:
            item.old[self.here] = self._statement(found, past)
            item.changed.add(self.here)
            if not self._in_place(found, new):
                item.split.add(self.here)

    def _elsewhere(
        self, item: Item, database: str, found: Definition | None, past: ObjectVersion | None
    ) -> None:
        new = item.new.get(database)
        old = past.statements.get(database) if past else None
        if new is None:
            if past and old is not None and (past.by_tool or not item.new):
                item.old[database] = old
                item.changed.add(database)
        elif old is not None:
            same = normal(old, database) == normal(new, database)
            item.old[database] = new if same else old
            if not same:
                item.changed.add(database)
                if not _replaceable(old, new, database):
                    item.split.add(database)
        elif past.uncertain if past else found:
            item.unknown.add(database)
        else:
            item.changed.add(database)

    def _found(self, item: Item, past: ObjectVersion | None) -> Definition | None:
        """The object in the database; a trigger of the name may be on a table of another name."""
        named = [
            definition
            for definition in self.definitions
            if (definition.kind, definition.schema) == (item.kind, item.schema)
            and equal_names(definition.name, item.name, self.here)
        ]
        exact = [d for d in named if d.table_name == item.table_name]
        if item.kind == "function" and len(exact) > 1:
            known = past.statements.get(self.here) if past else None
            exact = self._with_arguments(exact, item.new.get(self.here), known)
        return exact[0] if exact else named[0] if len(named) == 1 else None

    def _with_arguments(self, found: list[Definition], *statements: str | None) -> list[Definition]:
        """Of several functions of one name, those with the arguments of the first statement."""
        for statement in statements:
            form = self.copies.form(statement, found[0]) if statement else None
            if form is not None:
                wanted = arguments(form[0], self.here)
                same = [d for d in found if arguments(d.form[0], self.here) == wanted]
                if same:
                    return same
        return []

    def _same(self, found: Definition, statement: str, past: ObjectVersion | None) -> bool:
        """Whether ``statement`` would create what was found."""
        if self._normal(found.statement) == self._normal(statement):
            return True
        if self.here == "sqlite" or (self.here == "mysql" and found.kind == "trigger"):
            return False  # the database keeps the text as it was given
        if _materialized(found.statement) != _materialized(statement):
            return False
        form = self.copies.form(statement, found)
        if form is None:
            # The server does not say: then it is what the last revision made of it.
            known = past.statements.get(self.here) if past else None
            return known is not None and self._normal(known) == self._normal(statement)
        if found.kind == "view":
            return form == found.form
        return self._normal(form[0]) == self._normal(found.form[0])

    def _normal(self, statement: str) -> str:
        return normal(statement, self.here, self.home)

    def _statement(self, found: Definition, past: ObjectVersion | None) -> str:
        """The statement that brings back what was found: the one it was made by, if possible.

        A view, and on PostgreSQL a trigger, comes out of the catalog in other words; the
        body of a function, and all of SQLite, comes out as it was.
        """
        known = past.statements.get(self.here) if past else None
        rewritten = found.kind == "view" or (found.kind == "trigger" and self.here == "postgresql")
        if known is not None and rewritten and self._same(found, known, None):
            return known
        return found.statement

    def _in_place(self, found: Definition, new: str) -> bool:
        form = self.copies.form(new, found) if found.kind == "function" else None
        if form is not None:
            return signature(form[0], self.here) == signature(found.form[0], self.here)
        return _replaceable(found.statement, new, self.here)


def _replaceable(old: str, new: str, database: str) -> bool:
    """Whether the new definition can replace the old one without a drop."""
    if database == "postgresql" and signature(old, database) != signature(new, database):
        return created(new, database).kind != "function"  # type: ignore[union-attr]
    return _materialized(old) == _materialized(new)


def _materialized(statement: str) -> bool:
    head = created(statement, "postgresql")
    return head is not None and head.materialized
