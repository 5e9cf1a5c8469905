"""Revisions of which a part is in the database, since they were interrupted or failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from .... import advice
from ....errors import DatabaseMissing, HistoryError
from ....output import clean
from ....sql.statement_kinds import Kind
from ...revisions.history import current_heads
from ...revisions.locations import project_revisions
from . import table
from .step_state import wait_for, was_done
from .table import DONE, INTENT

if TYPE_CHECKING:
    from ....project import Project
    from ...revisions.history import History

_SHOWN = 5


@dataclass(frozen=True)
class UnfinishedRevision:
    """A revision that is half done, in its direction; ``done``: its statements that were."""

    revision: str
    direction: str
    done: tuple[str, ...]

    def __str__(self) -> str:
        verb = "undone" if self.direction == "downgrade" else "applied"
        return f"{self.revision} was interrupted while it was {verb}; part of it is in the database"


def recorded(connection: sa.Connection) -> list[tuple[str, str]]:
    """Revision and direction of what the journal holds: none or one, as a rule."""
    if not table.TABLE.is_there(connection):
        return []
    journal = table.TABLE.on(connection)
    wanted = sa.select(journal.c.revision, journal.c.direction).distinct()
    return [(row.revision, row.direction) for row in connection.execute(wanted)]


def unfinished_on(connection: sa.Connection, wait: float) -> list[UnfinishedRevision]:
    """What is half done; a revision that failed at its first statement has done nothing.

    Waits for a statement that still runs; raises Locked after ``wait`` seconds.
    """
    found = []
    for name, direction in recorded(connection):
        wait_for(connection, table.sessions(connection), wait)
        done = tuple(
            entry.short
            for entry in table.read(connection, name, direction)
            if entry.kind is not Kind.READ
            and (
                entry.state == DONE
                if entry.state != INTENT
                else was_done(connection, entry.statement, entry.fingerprint)
            )
        )
        if done:
            found.append(UnfinishedRevision(name, direction, done))
    return found


def unfinished(project: Project, wait: float = 0) -> list[UnfinishedRevision]:
    """What is half done in the project's database, which may not exist yet."""
    try:
        with project.connect() as connection:
            return unfinished_on(connection, wait)
    except DatabaseMissing:
        return []


def require_finished(project: Project, wait: float = 0, unless: tuple[str, str] = ("", "")) -> None:
    """Raises HistoryError when a revision is half done, but not for the one that goes on.

    ``unless``: that one, and its direction.
    """
    found = [u for u in unfinished(project, wait) if (u.revision, u.direction) != unless]
    if found:
        history = project_revisions(project)
        with project.connect() as connection:
            raise unfinished_error(found[0], history, current_heads(connection))


def forget_unfinished(project: Project) -> list[UnfinishedRevision]:
    """Take what is in the journal for finished by hand; returns what was half done."""
    with project.connect() as connection:
        if not recorded(connection):
            return []
        found = unfinished_on(connection, 0)
        table.forget(connection, None, None)
        connection.commit()
        return found


def unfinished_error(
    found: UnfinishedRevision, history: History, current: tuple[str, ...]
) -> HistoryError:
    """The error for any other command while a revision is half done."""
    name = found.revision
    revision = history.by_id.get(name)
    if found.direction == "downgrade":
        below = revision.down[0] if revision and revision.down else "zero"
        finish, back = advice.FINISH_UNDOING(below=below), "bring back by hand what it removed"
        record = advice.RECORD_AS_BEFORE(revision=name)
    else:
        finish, back = advice.FINISH_REVISION(revision=name), "undo by hand what it did"
        record = advice.RECORD_AS_BEFORE(revision=current[0] if current else "zero")
    first = f"Finish it first: {finish}"
    if revision is None:
        first = f"Its file is gone. Bring it back, then finish the revision: {finish}"
    lines = [f"\n  {clean(text)}" for text in found.done[:_SHOWN]]
    if len(found.done) > _SHOWN:
        lines.append(f"\n  ... and {len(found.done) - _SHOWN} more")
    return HistoryError(f"{found}:" + "".join(lines), f"{first}\nOr {back}, then: {record}")
