"""What the history created, and so may drop.

The revisions are replayed into a scratch database, which is read back: renames, raw DDL
and names made by a naming convention count as they do in the real one. Where they cannot
be replayed, their source is read instead, and the answer is a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ...errors import ManageError
from ...sql.tokens import split, words_of
from ..analysis.calls import OperationCall, TablePart
from ..analysis.operations import written_steps
from ..autogenerate.history_objects import Ownership
from ..revisions.history import History
from ..schema.contents import Thing, read_contents
from .new_database import makes_all
from .scratch import holds_replay, replayed

if TYPE_CHECKING:
    from ...project import Project

_known: dict[Any, Ownership] = {}


def owned(project: Project, history: History, connection: sa.Connection) -> Ownership:
    """What ``history`` makes, for a comparison on ``connection``; remembered in this process.

    May be called while Alembic runs. Where ``connection`` is to a replayed history itself,
    that is read.
    """
    url = connection.engine.url
    key = (url, tuple((r.id, r.path, r.path.stat().st_mtime_ns) for r in history.revisions))
    if key not in _known:
        default = connection.dialect.default_schema_name
        if holds_replay(url):
            things, guess = frozenset(read_contents(connection)), ""
        else:
            things, guess = _replay(project, history)
        # That they cannot be replayed is nothing new where create_all makes the tables.
        of_models = makes_all(project)
        _known[key] = Ownership(things, default, "" if of_models else guess, of_models)
    return _known[key]


def _replay(project: Project, history: History) -> tuple[frozenset[Thing], str]:
    try:
        with replayed(project, history) as scratch, scratch.connect() as connection:
            return frozenset(read_contents(connection)), scratch.note or ""
    except (ManageError, DBAPIError) as error:
        reason = error.message if isinstance(error, ManageError) else str(error.orig)
        return written_things(history), reason


_NAME = r'[`"\[]?(\w+)[`"\]]?'
_QUALIFIED = rf"(?:{_NAME}\.)?{_NAME}"
_RAW = {
    "table": rf"CREATE\s+(?:TEMP\w*\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{_QUALIFIED}",
    "column": rf"ALTER\s+TABLE\s+(?:ONLY\s+)?{_QUALIFIED}\s+ADD\s+COLUMN\s+"
    rf"(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}",
    "index": rf"CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?"
    rf"{_NAME}\s+ON\s+(?:ONLY\s+)?{_QUALIFIED}",
    "constraint": rf"ALTER\s+TABLE\s+(?:ONLY\s+)?{_QUALIFIED}\s+ADD\s+CONSTRAINT\s+{_NAME}",
    "view": rf"CREATE\s+(?:OR\s+REPLACE\s+)?(?:MATERIALIZED\s+)?VIEW\s+{_QUALIFIED}",
    "trigger": rf"CREATE\s+(?:OR\s+REPLACE\s+)?TRIGGER\s+{_NAME}\b.*?\bON\s+{_QUALIFIED}",
    "function": rf"CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\s+{_QUALIFIED}",
}
_NO_COLUMN = re.compile(r"(constraint|primary|foreign|unique|check|key|index|exclude|like)$", re.I)
_CREATES = {
    "create_index",
    "create_foreign_key",
    "create_unique_constraint",
    "create_check_constraint",
    "create_primary_key",
    "create_exclude_constraint",
}


def written_things(history: History) -> frozenset[Thing]:
    """The things that the upgrades of ``history`` seem to make, taken in order.

    The kinds of constraints are not distinguished: all are ``constraint``.
    """
    things = _Things()
    for revision in history.revisions:
        for step in written_steps(revision.path, "upgrade"):
            texts: Iterable[Any] = step.sql
            if step.call is not None:
                things.follow(step.call)
                texts = step.call.values.values()
            for text in texts:
                if isinstance(text, str):
                    things.update(_raw(text))
    return frozenset(things)


class _Things(set[Thing]):
    """What is there after the operations so far."""

    def follow(self, call: OperationCall) -> None:
        """Carry out an operation."""
        verb, kind, (name, *new) = call.verb, call.kind, call.names
        schema, _, table = call.table.rpartition(".")
        if not table:
            return
        if verb == "rename_table":
            to = call.values.get("new_table_name")
            self._replace(schema or None, table, to if isinstance(to, str) else None)
        elif verb == "move_table":
            to = call.values.get("new_schema")
            for thing in list(self):
                if thing.schema == (schema or None) and (thing.table or thing.name) == table:
                    self.discard(thing)
                    self.add(thing._replace(schema=to if isinstance(to, str) else None))
        elif verb == "drop_table":
            self._replace(schema or None, table, None)
        elif verb in ("create_table", "add_column"):
            if kind == "table":
                self.add(Thing("table", schema or None, "", table))
            for part in call.values.values():
                self._part(part, schema or None, table)
        elif verb in _CREATES:
            if name:
                self.add(Thing(kind, schema or None, table, name))
        elif (thing := Thing(kind, schema or None, table, name)) in self:
            if new or verb.startswith("drop"):
                self.discard(thing)
            self.update(thing._replace(name=other) for other in new)

    def _part(self, part: Any, schema: str | None, table: str) -> None:
        """A Column or a constraint inside create_table or add_column."""
        if not isinstance(part, TablePart):
            return
        if part.kind == "Column":
            column = part.arguments[0]
            if isinstance(column, str):
                self.add(Thing("column", schema, table, column))
                if "index" in part.keywords:
                    self.add(Thing("index", schema, table, f"ix_{table}_{column}"))
            for argument in part.arguments[1:]:
                refers = isinstance(argument, TablePart) and argument.kind == "ForeignKey"
                if refers and "name" not in argument.keywords:
                    self._unnamed("ForeignKey", schema, table, [column])
                else:
                    self._part(argument, schema, table)
            for keyword, kind in (("unique", "UniqueConstraint"), ("primary_key", "PrimaryKey")):
                if keyword in part.keywords:
                    self._unnamed(kind, schema, table, [column])
        elif isinstance(name := part.keywords.get("name"), str):
            kind = "index" if part.kind == "Index" else "constraint"
            self.add(Thing(kind, schema, table, name))
        else:
            given = [a if isinstance(a, list) else [a] for a in part.arguments]
            every = part.kind in ("UniqueConstraint", "PrimaryKeyConstraint")
            columns = [name for names in (given if every else given[:1]) for name in names]
            self._unnamed(part.kind, schema, table, columns)

    def _unnamed(self, kind: str, schema: str | None, table: str, columns: list[Any]) -> None:
        """A constraint without a name: those that a server may have given it."""
        listed = "_".join(str(column) for column in columns)
        names = {
            "UniqueConstraint": [f"{table}_{listed}_key", *map(str, columns[:1])],
            "ForeignKeyConstraint": [f"{table}_{listed}_fkey"],
            "ForeignKey": [f"{table}_{listed}_fkey"],
            "CheckConstraint": [f"{table}_check"],
            "PrimaryKey": [f"{table}_pkey"],
            "PrimaryKeyConstraint": [f"{table}_pkey"],
        }.get(kind, [])
        if kind.startswith("ForeignKey"):
            number = sum(t.table == table and "_ibfk_" in t.name for t in self) + 1
            names.append(f"{table}_ibfk_{number}")
        self.update(Thing("constraint", schema, table, name) for name in names)

    def _replace(self, schema: str | None, old: str, new: str | None) -> None:
        """Give a table and all that is in it another name, or (None) take it away."""
        for thing in list(self):
            if thing.schema == schema and (thing.table or thing.name) == old:
                self.discard(thing)
                if new and thing.table:
                    self.add(thing._replace(table=new))
                elif new:
                    self.add(thing._replace(name=new))


def _raw(sql: str) -> Iterator[Thing]:
    for kind, pattern in _RAW.items():
        for match in re.finditer(pattern, sql, re.IGNORECASE | re.DOTALL):
            groups = match.groups()
            if kind in ("table", "view", "function"):
                yield Thing(kind, groups[0], "", groups[1])
            elif kind in ("column", "constraint"):
                yield Thing(kind, groups[0], groups[1], groups[2])
            else:
                yield Thing(kind, groups[1], groups[2], groups[0])
            if kind == "table":
                for column in _columns(sql[match.end() :]):
                    yield Thing("column", groups[0], groups[1], column)


def _columns(text: str) -> Iterator[str]:
    """The names of the columns in the parentheses that ``text`` begins with."""
    found = words_of(text)
    for part in split(found[1:]) if found and found[0].text == "(" else ():
        names = [token.name for token in part if token.text != "("]
        if names and not _NO_COLUMN.match(names[0]):
            yield names[0]
