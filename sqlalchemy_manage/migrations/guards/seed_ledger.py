"""The guard that lets ``seed --undo`` find its rows after a revision has renamed their tables.

What a revision renames, moves, rebuilds and drops is read from its statements, up and down; when
it is done, the names in the seed's ledger follow, in the same transaction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from ...data.seed_keys import SEED_KEYS
from ...sql.raw import undoubled
from ...sql.tokens import words_of
from ..runner.revision_runner import Guard, RevisionStep
from .losses.effects import Copied, Moved, Renamed, moves, pieces

_SAVEPOINT = re.compile(
    r"(?P<back>ROLLBACK\s+(?:WORK\s+|TRANSACTION\s+)?TO\s+)?(?:SAVEPOINT\s+)?(?P<name>[\w\"`]+)$",
    re.IGNORECASE,
)
_DROP = re.compile(r"DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?P<names>.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Dropped:
    """A table that a statement drops, by its name alone."""

    table: str


Move = Renamed | Moved | Copied | Dropped


@dataclass(frozen=True)
class RecordedTable:
    """A table as the ledger knows it, with the columns of its keys; ``gone``: it was dropped."""

    schema: str | None
    name: str
    columns: tuple[str, ...]
    gone: bool = False

    @property
    def fullname(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def after(self, found: Iterable[Move]) -> RecordedTable:
        """What is known of it when the statements have been run."""
        now, copies = self, []
        for move in found:
            if isinstance(move, Copied):
                copies.append(move)
            elif move.table.lower() != now.name.lower() or now.gone:
                continue
            elif isinstance(move, Moved):
                now = replace(now, schema=move.schema)
            elif isinstance(move, Dropped):
                mine = [c for c in copies if c.source.lower() == now.name.lower()]
                now = now.in_its_copy(mine[-1]) if mine else replace(now, gone=True)
            elif move.column and not move.copy:
                names = {move.old: move.new}
                now = replace(now, columns=tuple(names.get(c, c) for c in now.columns))
            elif not move.column:
                now = replace(now, name=move.new)
        return now

    def in_its_copy(self, copy: Copied) -> RecordedTable:
        names = dict(copy.columns)
        if not copy.whole and not set(self.columns) <= names.keys():
            return self  # its keys are lost with it; nobody can tell which rows they are
        return replace(self, name=copy.target, columns=tuple(names.get(c, c) for c in self.columns))


class SeedLedgerGuard(Guard):
    """Follows renames with the names in the seed's ledger, where there is one.

    Rows of a dropped table are forgotten: they cannot exist any more.
    """

    def __init__(self) -> None:
        self.step: RevisionStep | None = None
        self.moves: list[Move] = []
        self.marks: dict[str, int] = {}
        self.listens = False
        self.there: bool | None = None

    def begin(self, step: RevisionStep) -> None:
        self.step, self.moves, self.marks = None, [], {}
        if self.there is None:
            self.there = SEED_KEYS.is_there(step.connection)
        if step.verb == "stamp" or not self.there:
            return
        self.step = step
        if not self.listens:
            event.listen(step.connection, "before_cursor_execute", self._before)
            self.listens = True

    def after_run(self, connection: sa.Connection) -> None:
        if self.listens:
            event.remove(connection, "before_cursor_execute", self._before)
            self.listens = False

    def end(self, step: RevisionStep) -> None:
        if self.step is None:
            return
        self.step = None
        if any(not isinstance(move, Copied) for move in self.moves):
            self._follow(step.connection)

    def _before(self, connection: sa.Connection, cursor: Any, statement: str, *more: Any) -> None:
        if self.step is None:
            return
        for text in pieces(undoubled(statement, connection.dialect), connection.dialect.name):
            word = text.split(None, 1)[0].upper()
            if word in ("SAVEPOINT", "ROLLBACK") and (point := _SAVEPOINT.search(text)):
                if word == "SAVEPOINT":
                    self.marks[point["name"].lower()] = len(self.moves)
                else:
                    del self.moves[self.marks.get(point["name"].lower(), 0) :]
            elif drop := _DROP.match(text):
                self.moves += map(Dropped, _names(drop["names"]))
            else:
                self.moves += (m for m in moves(text) if isinstance(m, Renamed | Moved | Copied))

    def _follow(self, connection: sa.Connection) -> None:
        inspector = sa.inspect(connection)
        keys = SEED_KEYS.on(connection)
        query = sa.select(keys.c.table_name, keys.c.key_columns).distinct()
        for label, columns in connection.execute(query).all():
            schema, _, name = label.rpartition(".")
            before = RecordedTable(schema or None, name, tuple(json.loads(columns)))
            now = before.after(self.moves)
            same = (keys.c.table_name == label) & (keys.c.key_columns == columns)
            if now == before:
                continue
            if now.gone:
                connection.execute(sa.delete(keys).where(same))
                continue
            schema = None if now.schema == connection.dialect.default_schema_name else now.schema
            now = replace(now, schema=before.schema if schema == before.schema else schema)
            if inspector.has_table(now.name, now.schema):
                names = {"table_name": now.fullname, "key_columns": json.dumps(now.columns)}
                connection.execute(sa.update(keys).where(same).values(names))


def _names(text: str) -> list[str]:
    """The tables of a DROP TABLE, each without its schema."""
    found: list[str] = []
    words = words_of(text, "sqlite")
    for place, token in enumerate(words):
        if token.kind not in ("word", "quoted"):
            continue
        if place and words[place - 1].text == ".":
            found[-1] = token.name
        elif place == 0 or words[place - 1].text == ",":
            found.append(token.name)
    return found
