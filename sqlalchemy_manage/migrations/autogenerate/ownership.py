"""What the history created, and so may drop.

The revisions are replayed into a scratch database, which is read back: renames, raw DDL
and names made by a naming convention count as they do in the real one. Where they cannot
be replayed, their source is read instead, and the answer is a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ...databases import create_engine
from ...errors import ManageError
from ..revisions.history import History
from ..revisions.written import written_things
from ..schemas.catalog import Thing, read_catalog
from ..schemas.scratch import holds_replay, replayed

if TYPE_CHECKING:
    from ...project import Project

_CONSTRAINTS = (
    "constraint",
    "foreign key",
    "unique constraint",
    "check constraint",
    "primary key",
    "index",
)
_known: dict[Any, Owned] = {}


@dataclass(frozen=True)
class Owned:
    """What a history makes; every method tells whether the named thing is of it.

    ``guess`` says why the answers are not sure to be complete: the revisions could not be
    replayed and were read as text, or not on this kind of database. Else it is empty.
    """

    things: frozenset[Thing]
    default_schema: str | None = None
    guess: str = ""

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


def owned(project: Project, history: History, connection: sa.Connection) -> Owned:
    """What ``history`` makes, for a comparison on ``connection``; remembered in this process.

    May be called while Alembic runs. Where ``connection`` is to a replayed history itself,
    that is read.
    """
    url = connection.engine.url
    key = (url, tuple((r.id, r.path, r.path.stat().st_mtime_ns) for r in history.revisions))
    if key not in _known:
        default = connection.dialect.default_schema_name
        if holds_replay(url):
            things, guess = frozenset(read_catalog(connection)), ""
        else:
            things, guess = _replay(project, history)
        _known[key] = Owned(things, default, guess)
    return _known[key]


def _replay(project: Project, history: History) -> tuple[frozenset[Thing], str]:
    try:
        with replayed(project, history) as scratch:
            engine = create_engine(scratch, None, poolclass=sa.NullPool)
            with engine.connect() as connection:
                return frozenset(read_catalog(connection)), scratch.note or ""
    except (ManageError, DBAPIError) as error:
        reason = error.message if isinstance(error, ManageError) else str(error.orig)
        return written_things(history), reason
