"""The guard that keeps the ledger, and refuses a run with files that were tampered with."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ..revisions.history import Revision, current_heads
from ..runner.engine import own_transaction
from ..runner.ledger import create_ledger, read_ledger, record
from ..runner.revision_runner import Guard, RevisionStep
from ..runner.status import applied_ids, status_on

if TYPE_CHECKING:
    from ..runner.run import Run


class LedgerGuard(Guard):
    """Each revision gets its row in its own transaction: both are saved, or neither."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.started = 0.0
        self.before: tuple[str, ...] = ()
        self.first: str | None = None
        self.unrecorded: list[Revision] = []

    def before_run(self, connection: sa.Connection) -> None:
        """Raises HistoryError for what was tampered with.

        What was applied before the ledger began, or by a tool that keeps none, is taken
        as it is.
        """
        with own_transaction(connection):
            now = status_on(connection, self.run.history)
            # What was restored from git may have been fixed there since.
            found = tuple(f for f in now.findings if self.run.folder not in f.folders)
            self.unrecorded = replace(now, findings=found).require_untampered().unrecorded

    def begin(self, step: RevisionStep) -> None:
        if self.first in (None, step.name):
            self._begin_ledger(step)
        self.started = time.monotonic()
        if step.verb == "stamp":
            self.before = current_heads(step.connection)

    def _begin_ledger(self, step: RevisionStep) -> None:
        """Make the ledger, in the transaction of the first revision that is run; a run of
        none makes none. On MariaDB this commits the transaction, in which nothing is yet."""
        self.first = step.name  # which may start over, all of it undone
        create_ledger(step.connection)
        record(step.connection, "adopt", self.unrecorded, applied=True)

    def end(self, step: RevisionStep) -> None:
        if step.verb == "stamp":
            self._stamped(step.connection)
            return
        revision = self.run.history.by_id.get(step.name, step.name)
        record(
            step.connection,
            step.verb,
            [revision],
            applied=step.verb == "upgrade",
            duration=time.monotonic() - self.started,
        )

    def _stamped(self, connection: sa.Connection) -> None:
        """A stamp names only its destination; write a row for each revision that it passes."""
        history, ledger = self.run.history, read_ledger(connection)
        before = applied_ids(history, ledger, self.before)
        after = applied_ids(history, ledger, current_heads(connection))
        for applied, ids in ((False, before - after), (True, after - before)):
            here = [r for r in history.revisions if r.id in ids]
            gone = sorted(i for i in ids - history.by_id.keys() if i in ledger)
            record(connection, "stamp", [*gone, *here], applied=applied)
