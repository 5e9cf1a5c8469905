"""Every revision, watched from inside its transaction, by guards that may stop it.

A guard is a class with methods that are called at the moments of a run. What it raises
before the end of a revision rolls that revision back, where the database can.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from ... import advice
from ...conf import failing_line, raised
from ...databases.bookkeeping import version_table
from ...databases.error_kinds import (
    ErrorKind,
    Fault,
    comes_of_stored_rows,
    error_kind,
    fault_as,
    fault_of,
    is_busy,
)
from ...errors import GuardFault, Interrupted, ManageError, MigrationError, Recorded, RowsInTheWay
from ...interrupts import interruption, received, stop
from ...sql.dialects import MARIADB
from .state import RunState

if TYPE_CHECKING:
    from .run import Run


class HeadsMoved(Exception):
    """Another process applied revisions since the plan was made."""


class StartOver(BaseException):
    """Raised by a guard: the revision is to be rolled back, and run again from its start.

    No Exception, so that no revision catches it.
    """


@dataclass(frozen=True)
class RevisionStep:
    """One revision on its way: ``verb`` is ``upgrade``, ``downgrade`` or ``stamp``.

    ``module`` is the revision file as Alembic imported it; None for a stamp. ``state`` is that
    of the run.
    """

    name: str
    verb: str
    module: Any
    connection: sa.Connection
    state: RunState = field(default_factory=RunState)

    @property
    def transactional(self) -> bool:
        """Whether the database undoes the whole revision when it fails."""
        if self.state.committed:
            return False  # an autocommit block
        return self.connection.dialect.name not in MARIADB


class Guard:
    """Does nothing; subclasses say what to do at which moment, and ``what`` that is in words."""

    what = "what watches a revision"

    def before_run(self, connection: sa.Connection) -> None:
        """Before the first statement of a run, when the lock is held; outside a transaction."""

    def before_downgrade(
        self, connection: sa.Connection, steps: Sequence[RevisionStep], zero: bool
    ) -> None:
        """With the lock held, before the first of ``steps``; ``zero``: no revision is left."""

    def prepare(self, step: RevisionStep) -> None:
        """In the revision's transaction, before it is announced as started."""

    def begin(self, step: RevisionStep) -> None:
        """Before a revision runs, in its transaction."""

    def ran(self, step: RevisionStep) -> None:
        """After its own statements, before its id is recorded."""

    def end(self, step: RevisionStep) -> None:
        """After it, in its transaction, when its id is recorded and nothing committed."""

    def failed(self, step: RevisionStep, error: Exception) -> None:
        """After an error; its transaction is still open, and will be rolled back."""

    def after_run(self, connection: sa.Connection) -> None:
        """When the run is over, whatever its end; the connection may be used on by others."""


class RevisionRunner:
    """Calls the guards, reports events, and explains what fails."""

    def __init__(self, run: Run, connection: sa.Connection, guards: Sequence[Guard]) -> None:
        self.run = run
        self.connection = connection
        self.guards = guards
        self.versions = version_table(connection)
        self.heads: set[str] | None = None
        self.step: RevisionStep | None = None
        self.started = 0.0
        self.left: Iterator[Any] = iter(())
        self.current: Any = None  # Alembic's step that was started last

    def before_run(self) -> None:
        """Have the guards look at the database before anything is run."""
        for guard in self.guards:
            guard.before_run(self.connection)

    def run_migrations(self, run: Callable[[], None]) -> None:
        """Call Alembic's ``run``, and again whenever a revision has to start over."""
        try:
            self._run(run)
        finally:
            for guard in self.guards:
                guard.after_run(self.connection)

    def _run(self, run: Callable[[], None]) -> None:
        while True:
            try:
                return run()
            except StartOver:
                self.connection.rollback()
                # SQLAlchemy takes a commit for done that was stopped by an event.
                self.connection.connection.rollback()
            except CommandError:
                # Where each transaction takes the lock, none holds it in an autocommit block.
                if not self.run.state.lent and self._is_elsewhere():
                    raise HeadsMoved from None
                raise

    def _is_elsewhere(self) -> bool:
        """Whether another run has recorded a revision since the last of this one."""
        self.connection.rollback()
        try:
            return self.heads is not None and self._current_heads() != self.heads
        finally:
            self.connection.rollback()

    def guard(self, plan: Callable[..., Iterable[Any]]) -> Callable[..., Iterator[Any]]:
        """``plan``, with every step checked before and explained after a failure."""

        def guarded(heads: Any, context: Any) -> Iterator[Any]:
            if self.current is not None:
                yield from self._rest(context)
                return
            self.heads = set(heads)
            steps = iter(plan(heads, context))
            first = list(islice(steps, 1))
            if first and not first[0].info.is_stamp and not first[0].info.is_upgrade:
                first += steps
                coming = [_step_of(step, self.connection, self.run.state) for step in first]
                zero = not first[-1].info.destination_revision_ids
                for guard in self.guards:
                    guard.before_downgrade(self.connection, coming, zero)
            self.left = chain(first, steps)
            yield from self._rest(context)

        guarded.unguarded = plan  # type: ignore[attr-defined]
        return guarded

    def _rest(self, context: Any) -> Iterator[Any]:
        if self.current is not None:
            yield self.current
        for step in self.left:
            self.current = None
            step.migration_fn = self._guarded(step, step.migration_fn, context)
            yield step

    def _guarded(self, step: Any, inner: Callable[..., None], context: Any) -> Callable[..., None]:
        @functools.wraps(inner)  # Alembic's log takes "upgrade" from the name
        def migration_fn(**kw: Any) -> None:
            # SQLite's lock ends with each revision's transaction: somebody else may have
            # had a turn since the last one.
            if self._current_heads() != self.heads:
                raise HeadsMoved
            now = self.step = _step_of(step, self.connection, self.run.state)
            if self.current is None:
                for guard in self.guards:
                    guard.prepare(now)
                self.run.on_event(("start", now.name, 0.0))
            self.current = step
            self.started = time.monotonic()
            with self._explaining(now):
                for guard in self.guards:
                    with guarding(now, guard.what):
                        guard.begin(now)
                try:
                    inner(**kw)
                except Exception as error:
                    if is_busy(error):
                        raise
                    raise explained(now, error) from error
                for guard in self.guards:
                    with guarding(now, guard.what):
                        guard.ran(now)

        return migration_fn

    def _current_heads(self) -> set[str]:
        """As Alembic's get_current_heads, which looks for the table first, each time."""
        found = self.connection.exec_driver_sql(f"SELECT version_num FROM {self.versions}")
        return set(found.scalars())

    def applied(self, *, step: Any, heads: set[str], **kw: Any) -> None:
        """Alembic's on_version_apply: the last word before the revision is committed."""
        self.heads = set(heads)
        self.run.applied += 1
        assert self.step is not None
        with self._explaining(self.step):
            self._end(self.step)
            if received():  # it was raised where it could not get through
                raise stop()
        self.run.on_event(("done", self.step.name, time.monotonic() - self.started))

    def _end(self, step: RevisionStep) -> None:
        recorded: Recorded | None = None
        for guard in self.guards:
            try:
                with guarding(step, guard.what):
                    guard.end(step)
            except Recorded as error:
                recorded = error
        if recorded is not None:
            # With the version, so that the downgrade can be run: it is what undoes the DDL.
            self.connection.exec_driver_sql("COMMIT")
            raise recorded

    @contextmanager
    def _explaining(self, step: RevisionStep) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt as stopped:
            if not self.run.recorded:
                raise
            raise self._interrupted(step) from stopped
        except Exception as error:
            if received():
                raise self._interrupted(step) from error
            if is_busy(error):
                deadlock = error_kind(error) is ErrorKind.DEADLOCK
                self.run.on_event(("deadlock" if deadlock else "busy", step.name, 0.0))
                raise
            self.run.on_event(("failed", step.name, 0.0))
            for guard in self.guards:
                guard.failed(step, error)
            if isinstance(error, ManageError) and not isinstance(error, GuardFault):
                raise
            raise explained(step, error) from error

    def _interrupted(self, step: RevisionStep) -> Interrupted:
        self.run.on_event(("failed", step.name, 0.0))
        state = "It was rolled back: the database is as it was before it."
        if not step.transactional:
            state = "What it did up to its last commit is in the database, and recorded."
        return interruption(step.name, state, f"To continue: {advice.CONTINUE}")


def _step_of(step: Any, connection: sa.Connection, state: RunState) -> RevisionStep:
    info = step.info
    ids = info.up_revision_ids if not info.is_stamp else info.destination_revision_ids
    verb = "stamp" if info.is_stamp else "upgrade" if info.is_upgrade else "downgrade"
    module = None if info.is_stamp else step.revision.module
    return RevisionStep(", ".join(ids) or "base", verb, module, connection, state)


@contextmanager
def guarding(step: RevisionStep, what: str) -> Iterator[None]:
    """While a guard works: its own error is no fault of the revision, and is not told as one.

    Raises GuardFault for it. What the database says about the transaction, and a signal
    that ends in an error, pass.
    """
    try:
        yield
    except (ManageError, DBAPIError):
        raise
    except Exception as error:
        raise GuardFault(
            f"A fault of sqlalchemy-manage, not of {step.name}: {what} ended with {raised(error)}.",
            "Please report it, with what --traceback shows.",
        ) from error


def explained(step: RevisionStep, error: Exception) -> MigrationError:
    """What went wrong in a revision, and whose fault it is; the state it leaves; what to do."""
    name = step.name
    reason = str(error.orig).strip() if isinstance(error, DBAPIError) else str(error)
    if not isinstance(error, ManageError):
        reason = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
    if step.transactional and step.state.lent:
        state = "Nothing was committed: the transaction is that of the connection's owner."
        hint = "Roll it back, fix the revision, then repeat the command."
    elif step.transactional:
        state = f"It was rolled back: the database is as it was before {name}."
        hint = f"Fix the revision, then: {advice.AFTER_FIX}"
    elif step.state.half_done is False and not getattr(error, "connection_invalidated", False):
        state = f"Nothing of it was done: the database is as it was before {name}."
        hint = f"Fix the revision, then: {advice.AFTER_FIX}"
    else:
        state = (
            "What it did up to its last commit is in the database, and in the journal: "
            if step.state.committed and step.connection.dialect.name not in MARIADB
            else "MariaDB and MySQL commit every DDL statement at once; what was done is recorded: "
        ) + "the next migrate continues from there."
        hint = (
            f"Fix the statement that failed, but none before it, then: "
            f"{advice.AFTER_FIX_OF_STATEMENT}"
        )
    if step.verb == "downgrade" and not step.state.lent:  # the file was applied as it was
        hint = hint.replace(
            ", then: ", f", and accept the edit: {advice.ACCEPT_FIX(revision=name)}\nThen: ", 1
        )
    if step.state.of_branch:  # a file that differs from what was applied is not run
        hint = (
            "Fix the revision on its branch, and accept it there: "
            f"{advice.ACCEPT_ON_BRANCH(revision=name)}\nThen here: {advice.AFTER_FIX}"
        )
    first = f"{name} failed" if isinstance(error, ManageError) else f"The revision {name} failed"
    if (fault := _fault(step, error)) is not None:
        first = f"{fault.what}. {name} failed"
        hint = fault.hint(None if step.state.lent else str(advice.AFTER_FAULT))
    elif isinstance(error, RowsInTheWay) or comes_of_stored_rows(error):
        first = f"The data in the tables is in the way. {name} failed"
        hint = f"Correct the rows, then: {advice.AFTER_FIX_OF_ROWS}"
    if isinstance(error, ManageError) and error.hint:
        hint = error.hint
    if "already exists" in reason.lower():
        hint = (
            "If the database had these tables before it had migrations: "
            f"{advice.RECORD_INITIAL}\n{hint}"
        )
    if isinstance(error, GuardFault):
        return GuardFault(f"{error.message}\n{state}", hint)
    what, *more = reason.split("\n", 1)  # a server shows the statement with a mark below
    rest = f"\n{more[0].rstrip('.')}" if more else ""
    return MigrationError(f"{first}: {what}{failing_line(error)}.{rest}\n{state}", hint)


def _fault(step: RevisionStep, error: Exception) -> Fault | None:
    """Who is at fault if not the revision; also where it went on without its connection."""
    if isinstance(error, PendingRollbackError) and step.connection.invalidated:
        return fault_as(ErrorKind.LOST)
    return fault_of(error)
