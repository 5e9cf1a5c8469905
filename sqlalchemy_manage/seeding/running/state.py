"""What the parts of one run share."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ... import advice
from ..generating.numbering import Counters, Starts
from ..generating.sessions import SeedSessions
from ..generating.unique_sets import Refused
from ..undoing import ledger
from ..undoing.accounts import Accounts
from ..writers.row_errors import require_references
from ..writers.writer import BlockWriter, Encoder
from .chunks import DeferredLink
from .work import record_found

if TYPE_CHECKING:
    from ...project import Project

NOTHING = "Nothing was written."


class SeedState:
    """The run's connection, its numbers, and what it has written so far.

    ``locked``: nobody else writes to the tables. ``run``: its number in the ledger, 0 before it
    is there. ``committed``: a failure leaves the run, and those of its rows that were committed.
    ``token`` identifies it, and so its database. ``rows``: how many of each table.
    ``uncommitted``: how many since the last commit. ``generating``: seconds of processor time
    in which rows were made. ``unproved``: tables with foreign keys that may lead nowhere.
    ``deferred``: for each plan, the links to write when all rows exist.
    """

    sessions: SeedSessions

    def __init__(self, project: Project, connection: sa.Connection, *, locked: bool) -> None:
        self.project = project
        self.connection = connection
        self.tables = {table.fullname: table for table in project.tables}
        self.encoder = Encoder(connection.dialect)
        self.accounts = Accounts(connection, self.tables)
        self.writer = BlockWriter(connection, self.tables)
        used = partial(ledger.used_numbers, connection)
        self._starts = Starts(connection, self.tables, locked=locked, used=used)
        self.counters = Counters({}, load=self._starts)
        self.seen: dict[Any, set[Any]] = {}
        self.refused = Refused()
        self.deferred: dict[int, list[DeferredLink]] = {}
        self.run = 0
        self.committed = False
        self.token = secrets.token_hex(8)
        self.rows: dict[str, int] = {}
        self.uncommitted = 0
        self.generating = 0.0
        self.unproved: set[str] = set()

    @property
    def fate(self) -> str:
        """What becomes of the rows if the run fails now."""
        if not self.committed:
            return NOTHING
        return f"What was committed is run {self.run}; {advice.UNDO_RUN(run=self.run)} removes it."

    def count_on(self, numbers: Mapping[str, int], plan: Mapping[str, Any]) -> None:
        """Continue with the next ``numbers`` of an interrupted run; ``plan``: as it was saved."""
        self.counters = Counters(
            dict(numbers), plan["first"], self._starts, plan.get("steps"), plan.get("turn")
        )

    def watch(self) -> None:
        """In a new transaction: look at the tables that triggers write to."""
        self.know_triggers()
        self.accounts.begin()

    def know_triggers(self) -> None:
        """Rows to whose tables triggers may give other keys are encoded for that."""
        self.encoder = Encoder(self.connection.dialect, self.accounts.triggers.changing)

    def count(self, rows: Mapping[str, int]) -> None:
        """So many rows of each table were written."""
        for table, count in rows.items():
            self.rows[table] = self.rows.get(table, 0) + count
            self.uncommitted += count

    def note_rest(self) -> None:
        """Before a commit: rows that no chunk brought, as those of triggers to UPDATE."""
        found = self.accounts.new.take()
        record_found(self.connection, self.run, found)
        self.count({table.fullname: len(rows) for table, rows in found.items()})
        self.accounts.end()

    def prove(self) -> None:
        """Foreign keys that were not drawn lead somewhere; the other databases have looked."""
        if self.connection.dialect.name == "sqlite":
            for name in sorted(self.unproved):
                require_references(self.connection, self.tables[name])
        self.unproved.clear()
