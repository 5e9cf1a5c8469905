"""The keys of the rows that are inserted on a connection, whoever sends the INSERT.

An ORM session, a listener's ``connection.execute(table.insert(), ...)``, bulk inserts and SQL
text all come by here. Where the parameters hold the keys, these are noted; the table of any
other INSERT is watched (see ``new_rows``). What is sent past SQLAlchemy comes by nobody:
``accounts`` counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from ...sql.statement_kinds import Kind, kind_of
from ..row_blocks import WrittenKeys, key_columns
from .accounts import Accounts

# Which rows these insert and which they change or leave out, no parameter says.
_UPSERT = re.compile(
    r"\b(?:ON\s+CONFLICT|ON\s+DUPLICATE\s+KEY|INSERT\s+OR|INSERT\s+IGNORE|REPLACE\s+INTO)\b",
    re.IGNORECASE,
)
# SQLAlchemy's event for a savepoint does not tell its name.
_SAVEPOINT = re.compile(
    r"\s*(?:SAVEPOINT|(?P<back>ROLLBACK\s+(?:WORK\s+|TRANSACTION\s+)?TO)(?:\s+SAVEPOINT)?)"
    r"\s+(?P<name>\S+)\s*$",
    re.IGNORECASE,
)


@contextmanager
def watched_inserts(connection: sa.Connection, accounts: Accounts) -> Iterator[WrittenKeys]:
    """The keys of the rows inserted in the block, without those of the watched tables."""
    log = _InsertLog(accounts)
    handlers: dict[str, Any] = {
        "before_cursor_execute": log.before,
        "after_cursor_execute": log.after,
    }
    for name, handler in handlers.items():
        event.listen(connection, name, handler)
    try:
        yield log.keys
    finally:
        for name, handler in handlers.items():
            event.remove(connection, name, handler)


@dataclass
class _InsertLog:
    accounts: Accounts
    keys: WrittenKeys = field(default_factory=dict)
    _busy: bool = False
    _noted: Any = None
    _trying: sa.Table | None = None
    _told: tuple[Any, list[tuple[Any, ...]] | None] = (None, None)
    _marks: dict[str, tuple[dict[sa.Table, int], frozenset[str]]] = field(default_factory=dict)

    def before(
        self, connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: Any
    ) -> None:
        if self._busy or context is self._noted:
            return  # our own; or one more part of the same INSERT
        if point := _SAVEPOINT.match(statement):
            if not point["back"]:
                self._begun(point["name"])
            return
        table = self._table(context)
        self._trying = table
        if table is None:
            tables = self._named(connection, statement)
        elif (rows := self._rows(table, statement, context)) is None:
            tables = [table]
        else:
            self._told = context, rows
            return
        with self._quietly():
            for each in tables:
                self.accounts.new.watch(each)

    def after(
        self, connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: Any
    ) -> None:
        if self._busy or context is self._noted:
            return
        if (point := _SAVEPOINT.match(statement)) and point["back"]:
            self._rolled_back(point["name"])  # now that PostgreSQL takes queries again
            return
        self._trying = None
        table = self._table(context)
        if table is None or table in self.accounts.new:
            return
        self._noted = context
        known, rows = self._told
        if known is not context:
            rows = self._rows(table, statement, context)
        self.keys.setdefault(table, []).extend(rows or ())

    def _begun(self, savepoint: str) -> None:
        counts = {table: len(rows) for table, rows in self.keys.items()}
        self._marks[savepoint] = (counts, self.accounts.mark())

    def _rolled_back(self, savepoint: str) -> None:
        if savepoint not in self._marks:
            return  # it began before this
        counts, mark = self._marks[savepoint]
        told = {}
        for table, rows in self.keys.items():
            told[table.fullname] = len(rows) - counts.get(table, 0)
            del rows[counts.get(table, 0) :]
        refused = {self._trying.fullname} if self._trying is not None else set()
        self._trying = None
        with self._quietly():
            self.accounts.rolled_back(mark, told, refused)

    def _table(self, context: Any) -> sa.Table | None:
        """The table of an INSERT that was made with SQLAlchemy's ``insert()``."""
        statement = context.compiled.statement if context.compiled is not None else None
        if not isinstance(statement, sa.Insert) or not isinstance(statement.table, sa.Table):
            return None
        # The ORM's is a copy with annotations.
        return self.accounts.tables.project.get(statement.table.fullname, statement.table)

    def _rows(self, table: sa.Table, statement: str, context: Any) -> list[tuple[Any, ...]] | None:
        """The keys that the parameters of an INSERT tell; None where they do not tell all."""
        if table.fullname in self.accounts.triggers.changing or _UPSERT.search(statement):
            return None
        names = key_columns(table)
        get = itemgetter(*names)
        try:
            found = [*map(get, context.compiled_parameters)]
        except KeyError:
            return None
        if len(names) == 1:
            found = [(value,) for value in found]
        if table.primary_key and any(None in values for values in found):
            return None
        return found

    def _named(self, connection: Any, statement: str) -> list[sa.Table]:
        """The tables that a text may insert into."""
        if kind_of(statement, connection.dialect.name) is not Kind.WRITE:
            return []
        with self._quietly():
            return self.accounts.tables.filled_by(statement)

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """While the log itself asks the database."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
