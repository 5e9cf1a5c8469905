"""The tables that SQL text names: the project's, and those that only the database knows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import sqlalchemy as sa

from ...links.catalog import Name, dotted, read_catalog
from ...sql.tokens import words_of


class KnownTables:
    """The tables of ``project``, by their full names, and the others of its database."""

    def __init__(self, connection: sa.Connection, project: Mapping[str, sa.Table]) -> None:
        self.connection = connection
        self.project = project
        self._reflected: dict[Name, sa.Table] = {}

    def filled_by(self, text: str) -> list[sa.Table]:
        """Those that SQL text inserts into, be it a statement or the body of a trigger."""
        if "INTO" not in text.upper():
            return []
        words = words_of(text)
        into = set()
        for place, token in enumerate(words):
            if token.kind == "word" and token.text.upper() == "INTO":
                name = words[place + 1 : place + 4]
                if len(name) == 3 and name[1].text == ".":
                    name = name[2:]
                into |= {token.name.lower() for token in name[:1]}
        return [self._table(name) for name in self.names if name[1].lower() in into] if into else []

    @cached_property
    def names(self) -> dict[Name, None]:
        """Every table of the database, but the tool's own."""
        schemas = {table.schema for table in self.project.values() if table.schema}
        return dict.fromkeys(read_catalog(self.connection, schemas).tables)

    def label(self, name: Name) -> str:
        """The full name of a table, as the project has it."""
        return self._known[name].fullname if name in self._known else dotted(name)

    @cached_property
    def _known(self) -> dict[Name, sa.Table]:
        default = self.connection.dialect.default_schema_name
        return {
            (None if table.schema == default else table.schema, table.name): table
            for table in self.project.values()
        }

    def _table(self, name: Name) -> sa.Table:
        if name in self._known:
            return self._known[name]
        if name not in self._reflected:
            self._reflected[name] = reflected(self.connection, *name)
        return self._reflected[name]


def reflected(connection: sa.Connection, schema: str | None, name: str) -> sa.Table:
    """A table as the database has it, without the tables that it refers to."""
    metadata = sa.MetaData()
    return sa.Table(name, metadata, schema=schema, autoload_with=connection, resolve_fks=False)
