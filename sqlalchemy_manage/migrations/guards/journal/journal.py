"""An interrupted revision continues where it stopped.

Where a revision is one transaction, an interruption undoes it and there is nothing to do.
MariaDB and MySQL commit at every DDL statement, and an autocommit block commits what was
done before it and each statement in it. So the steps of a revision are recorded: with
each commit, in the same transaction, all that was done since the last one; for a
statement that commits by itself its intent before it and its end after it.

When the revision is run again, a step that was done is not repeated: it gives the answer
that it gave the first time. That holds for reads too, so that code which looks into the
database and then decides takes the same way again. The step that was interrupted is
decided by a look at the database. What comes after it runs as usual.

A revision that is one transaction to its end is left alone: its cursors are the driver's
own, and nothing of it is kept. Where the word "commit" is not in its file, it is taken to
be one. If it commits all the same, in a function of another module, it is rolled back
before that and run again from its start, recorded.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from .... import advice
from ....databases.bookkeeping import bookkeeping_of
from ....errors import HistoryError, ManageError
from ....sql.dialects import MARIADB
from ....sql.statement_kinds import Kind, Temporary, kind_of
from ...revisions.history import current_heads
from ...runner.engine import own_transaction
from ...runner.revision_runner import Guard, RevisionStep, StartOver
from . import table
from .cursor import MOST_ROWS, StatementResult, record
from .step_state import clear_the_way, fingerprint, session_of, wait_for, was_done
from .table import DONE, FAILED, INTENT, JournalEntry
from .unfinished import recorded, unfinished_error, unfinished_on

if TYPE_CHECKING:
    from ...runner.run import Run

_COMMITS = re.compile(r"\s*(?:COMMIT|END)\b", re.IGNORECASE)


class JournalGuard(Guard):
    """Records the steps of each revision, and skips those that were already done.

    The last of the guards to begin and the first to see the revision's end, so that it
    sees the revision's own statements alone.
    """

    def __init__(self, run: Run) -> None:
        self.wait = run.project.settings.lock_wait
        self.history = run.history
        self.tell = run.on_event
        self.connection: sa.Connection | None = None
        self.step: RevisionStep | None = None  # while it is recorded
        self.left_alone = False
        self.commits: set[tuple[str, str]] = set()  # the revisions that turned out to
        self.records = False  # whether the cursors ask this
        self.quiet = ""
        self.key = ("", "")
        self.state = run.state
        self.stored = 0  # the highest step that is in the table
        self.is_there = False  # the table
        self.looked = False  # for what an earlier run left half done
        self.session: int | None = None
        self.refused: ManageError | None = None

    # Moments of a revision

    def before_run(self, connection: sa.Connection) -> None:
        with connection.begin():
            self.is_there = table.TABLE.is_there(connection)
        event.listen(connection.engine, "commit", self._on_commit)
        event.listen(connection, "before_cursor_execute", self._before)

    def before_downgrade(
        self, connection: sa.Connection, steps: Sequence[RevisionStep], zero: bool
    ) -> None:
        self.prepare(steps[0])

    def prepare(self, step: RevisionStep) -> None:
        """Before the first is announced: while a revision is half done, no other is begun."""
        first, self.looked = not self.looked, True
        if not self.is_there and step.connection.dialect.name in MARIADB:
            table.TABLE.create(step.connection)  # commits: nothing of the revision is there yet
            self.is_there = True
        if first and self.is_there and step.verb != "stamp":
            for found in unfinished_on(step.connection, self.wait):
                if (found.revision, found.direction) != (step.name, step.verb):
                    current = current_heads(step.connection)
                    raise unfinished_error(found, self.history, current)

    def begin(self, step: RevisionStep) -> None:
        connection = self.connection = step.connection
        self.past: list[JournalEntry] = []
        self.new: list[JournalEntry] = []
        self.temporary = Temporary()
        self.key = (step.name, step.verb)
        self.at = self.number = self.stored = 0
        self.refused = None
        if self.is_there:
            self._recall(step)
        step.state.committed = bool(self.past)
        step.state.half_done = any(map(self._is_done, self.past))
        self.step = None
        self.left_alone = step.verb != "stamp" and not self._may_commit(step)
        if step.verb != "stamp" and not self.left_alone:
            self.step = step
            if not self.records:
                record(connection.engine, self)
                self.records = True

    def _may_commit(self, step: RevisionStep) -> bool:
        """Whether a part of the revision may be committed before its end."""
        if self.past or self.key in self.commits or step.connection.dialect.name in MARIADB:
            return True
        revision = self.history.by_id.get(step.name)
        return revision is None or "commit" in revision.source.lower()

    def _recall(self, step: RevisionStep) -> None:
        found = recorded(step.connection)
        if not found:
            return
        if step.verb == "stamp":
            for half_done in unfinished_on(step.connection, self.wait):
                self.tell(("note", f"Taken as undone by hand: {half_done.revision}.", 0.0))
            table.forget(step.connection, None, None)
            return
        if (step.name, step.verb) not in found:
            table.forget(step.connection, None, None)
            return
        wait_for(step.connection, table.sessions(step.connection), self.wait)
        self.past = table.read(step.connection, step.name, step.verb)
        self.stored = self.past[-1].step

    def ran(self, step: RevisionStep) -> None:
        self.left_alone = False
        active, self.step = self.step, None
        if active is None:
            return
        if self.refused is not None:
            raise self.refused
        for entry in self.past[self.at :]:
            if self._is_done(entry):
                raise self._differs(entry, None)

    def end(self, step: RevisionStep) -> None:
        if self.stored and step.verb != "stamp":
            table.forget(step.connection, step.name, step.verb)

    def after_run(self, connection: sa.Connection) -> None:
        """Where no ledger is kept, no journal is either, but of a revision that is half done."""
        if self.is_there and bookkeeping_of(connection).ledger is False:
            with suppress(DBAPIError), own_transaction(connection):
                if not recorded(connection):
                    table.TABLE.on(connection).drop(connection)

    def failed(self, step: RevisionStep, error: Exception) -> None:
        self.step = None
        self.left_alone = False

    # What the cursors ask

    def watches(self, context: Any) -> bool:
        return (
            self.step is not None
            and not self.state.recording
            and context.root_connection is self.connection
        )

    def run(
        self, statement: str, execute: Callable[..., StatementResult], autocommit: bool
    ) -> StatementResult | None:
        assert self.connection is not None
        kind = kind_of(statement, self.connection.dialect.name, autocommit=autocommit)
        if kind is Kind.SESSION or self.temporary.concerns(statement):
            execute()
            return None
        if kind is Kind.COMMITS:
            self._flush()
            execute()
            return None
        digest = hashlib.sha256(statement.encode()).hexdigest()
        if kind is Kind.READ:
            known = self._known_read(digest)
        else:
            known = self._known_write(digest, statement)
        if known is not None:
            return known.answer
        if self.at < len(self.past):
            execute()  # a read that was not made, or not kept, the first time
            return None
        self.number += 1
        entry = JournalEntry(self.number, kind, DONE, digest, statement)
        self._execute(entry, execute, autocommit)
        return None

    def _execute(
        self, entry: JournalEntry, execute: Callable[..., StatementResult], autocommit: bool
    ) -> None:
        """Run a step, and record it together with the transaction."""
        try:
            if entry.kind is Kind.ALONE:
                self._execute_alone(entry, execute)
            elif autocommit and entry.kind is Kind.WRITE:
                with self._transaction():
                    entry.answer = execute(every=True)
                    self.new.append(entry)
                    self._flush()
            else:
                entry.answer = execute(every=entry.kind is not Kind.READ)
                self.new.append(entry)
        except Exception as error:
            entry.state, entry.error = FAILED, (type(error).__name__, list(error.args))
            self.new = [*(other for other in self.new if other is not entry), entry]
            raise
        if entry.kind is Kind.READ and len(entry.answer.rows or ()) > MOST_ROWS:
            # It is asked for again rather than kept.
            entry.answer, entry.kept = StatementResult(), False

    def _execute_alone(self, entry: JournalEntry, execute: Callable[..., StatementResult]) -> None:
        assert self.connection is not None
        with self._own() as connection:
            clear_the_way(connection, entry.statement)
            entry.fingerprint = fingerprint(connection, entry.statement)
        entry.state = INTENT
        self.new.append(entry)
        self._flush()
        self._commit()
        try:
            entry.answer = execute(every=True)
        except Exception:
            entry.state = FAILED
            raise
        entry.state = DONE
        self.state.half_done = True
        with self._own() as connection:
            table.settle(connection, *self.key, entry)
        self._commit()

    # What was recorded before

    def _known_read(self, digest: str) -> JournalEntry | None:
        for index in range(self.at, len(self.past)):
            entry = self.past[index]
            if entry.kind is not Kind.READ:
                return None
            if entry.digest == digest:
                self.at, self.number = index + 1, entry.step
                return entry if entry.kept else None
        return None

    def _known_write(self, digest: str, statement: str) -> JournalEntry | None:
        while self.at < len(self.past) and self.past[self.at].kind is Kind.READ:
            self.at += 1
        if self.at == len(self.past):
            return None
        entry = self.past[self.at]
        rest = self.past[self.at + 1 :]
        is_last = all(later.kind is Kind.READ or later.state == FAILED for later in rest)
        if entry.state == INTENT or (entry.state == FAILED and is_last):
            if not self._was_done(entry):
                # Nothing is known of it and what follows: they run as they would the first time.
                del self.past[self.at :]
                self.number = entry.step - 1
                return None
            entry.state = DONE
        if entry.digest != digest:
            raise self._differs(entry, statement)
        self.at, self.number = self.at + 1, entry.step
        if entry.state == FAILED:
            assert entry.error is not None and self.connection is not None
            name, arguments = entry.error
            raise getattr(self.connection.dialect.loaded_dbapi, name)(*arguments)
        if not entry.kept:
            raise self._refuse("its result was too large to keep", entry, statement)
        return entry

    def _is_done(self, entry: JournalEntry) -> bool:
        """Whether it is a statement that wrote, and was carried out."""
        return entry.kind is not Kind.READ and (entry.state == DONE or self._was_done(entry))

    def _was_done(self, entry: JournalEntry) -> bool:
        if entry.state != INTENT:
            return False
        with self._own() as connection:
            return was_done(connection, entry.statement, entry.fingerprint)

    def _differs(self, entry: JournalEntry, statement: str | None) -> ManageError:
        return self._refuse("the revision has changed since then", entry, statement)

    def _refuse(self, why: str, entry: JournalEntry, statement: str | None) -> ManageError:
        name = self.key[0]
        now = " ".join(statement.split())[:100] if statement else "(nothing)"
        self.refused = HistoryError(
            f"{name} was interrupted, and cannot continue: {why}.\n"
            f"  step {entry.step}, done: {entry.short}\n  the revision has: {now}",
            f"Restore the statements of {name} as they were, up to the one that failed or was "
            f"interrupted, then: {advice.AFTER_RESTORED_STATEMENTS}\n"
            f"Or finish it yourself, then record it: {advice.RECORD_FINISHED(revision=name)}",
        )
        return self.refused

    # Writing

    @contextmanager
    def _own(self) -> Iterator[sa.Connection]:
        assert self.connection is not None
        self.state.recording = True
        try:
            yield self.connection
        finally:
            self.state.recording = False

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """In autocommit mode: the step and its record together."""
        self._say("BEGIN")
        try:
            yield
        except BaseException:
            self._say("ROLLBACK")
            raise
        self._say("COMMIT")

    def _commit(self) -> None:
        if self.connection is not None and self.connection.dialect.name in MARIADB:
            self._say("COMMIT")

    def _say(self, statement: str) -> None:
        with self._own() as connection:
            connection.exec_driver_sql(statement)

    def _before(self, connection: sa.Connection, cursor: Any, statement: str, *more: Any) -> None:
        if self.left_alone and statement is not self.quiet:
            if _COMMITS.match(statement):
                self._start_over()
            self.quiet = statement  # for the next time at once

    def _on_commit(self, connection: sa.Connection) -> None:
        if connection is not self.connection:
            return
        if self.left_alone:
            self._start_over()
        if self.step is not None:
            self._flush()

    def _start_over(self) -> None:
        self.left_alone = False
        self.commits.add(self.key)
        raise StartOver

    def _flush(self) -> None:
        """Store what is not stored yet, in the transaction that is open."""
        if not self.new or self.step is None:
            return
        with self._own() as connection:
            if not self.is_there:
                table.TABLE.create(connection)
                self.is_there = True
            if self.session is None:
                self.session = session_of(connection)
            name, direction = self.key
            if self.new[0].step <= self.stored:
                table.forget(connection, name, direction, self.new[0].step)
            table.write(connection, name, direction, self.new, self.session)
            self.step.state.committed = True
            if any(e.kind is not Kind.READ and e.state == DONE for e in self.new):
                self.state.half_done = True
            self.stored = self.new[-1].step
            self.new = []
