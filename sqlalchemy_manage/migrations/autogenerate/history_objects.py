"""What a history created, and so may drop; ``actions.ownership`` finds it out."""

from __future__ import annotations

from dataclasses import dataclass

from ..schema.contents import Thing

_CONSTRAINTS = (
    "constraint",
    "foreign key",
    "unique constraint",
    "check constraint",
    "exclude constraint",
    "primary key",
    "index",
)


@dataclass(frozen=True)
class Ownership:
    """What a history makes; every method says whether it made the named thing.

    ``guess`` says why the answers are not sure to be complete: the revisions could not be
    replayed and were read as text, or not on this kind of database. Else it is empty.
    ``create_all``: what no revision made may be the models' all the same, since a new
    database is made from them; nobody can tell it from what another program made.
    """

    things: frozenset[Thing]
    default_schema: str | None = None
    guess: str = ""
    create_all: bool = False

    def table(self, schema: str | None, name: str) -> bool:
        return self._has("table", schema, "", name)

    def column(self, schema: str | None, table: str, name: str) -> bool:
        return self._has("column", schema, table, name)

    def index(self, schema: str | None, table: str, name: str) -> bool:
        """Also the index of a UNIQUE constraint, which some databases show as an index."""
        return any(
            self._has(kind, schema, table, name)
            for kind in ("index", "unique constraint", "constraint")
        )

    def constraint(self, schema: str | None, table: str, name: str) -> bool:
        """A constraint of any kind."""
        return any(self._has(kind, schema, table, name) for kind in _CONSTRAINTS)

    def view(self, schema: str | None, name: str) -> bool:
        return any(self._has(k, schema, "", name) for k in ("view", "materialized view"))

    def trigger(self, schema: str | None, table: str, name: str) -> bool:
        return self._has("trigger", schema, table, name)

    def function(self, schema: str | None, name: str) -> bool:
        """A function or procedure; PostgreSQL: with or without the types of its arguments."""
        wanted = self._schema(schema)
        return any(
            thing.kind in ("function", "procedure")
            and thing.schema == wanted
            and name in (thing.name, thing.name.partition("(")[0])
            for thing in self.things
        )

    def _has(self, kind: str, schema: str | None, table: str, name: str) -> bool:
        return Thing(kind, self._schema(schema), table, name) in self.things

    def _schema(self, schema: str | None) -> str | None:
        return None if schema == self.default_schema else schema
