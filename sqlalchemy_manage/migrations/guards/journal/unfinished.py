"""Revisions of which a part is in the database, since they were interrupted or failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from .... import advice
from ....errors import DatabaseMissing, HistoryError
from ....sql.statement_kinds import Kind
from . import table
from .step_state import wait_for, was_done
from .table import DONE, INTENT

if TYPE_CHECKING:
    from ....project import Project


def recorded(connection: sa.Connection) -> list[tuple[str, str]]:
    """Revision and direction of what the journal holds: none or one, as a rule."""
    if not sa.inspect(connection).has_table(table.TABLE.name):
        return []
    wanted = sa.select(table.TABLE.c.revision, table.TABLE.c.direction).distinct()
    return [(row.revision, row.direction) for row in connection.execute(wanted)]


def left_anything(connection: sa.Connection, name: str, direction: str, wait: float) -> bool:
    """Whether a revision of the journal changed anything: one that failed at once did not.

    Waits for a statement of it that still runs; raises Locked after ``wait`` seconds.
    """
    wait_for(connection, table.sessions(connection), wait)
    return any(
        entry.state == DONE
        if entry.state != INTENT
        else was_done(connection, entry.statement, entry.fingerprint)
        for entry in table.read(connection, name, direction)
        if entry.kind is not Kind.READ
    )


def require_finished(project: Project) -> None:
    """Raises HistoryError when part of an interrupted revision is in the project's database."""
    wait = project.settings.lock_wait
    try:
        with project.connect() as connection:
            found = [key for key in recorded(connection) if left_anything(connection, *key, wait)]
    except DatabaseMissing:
        return
    if found:
        raise unfinished_error(found)


def forget_unfinished(project: Project) -> None:
    """Take what is in the journal for finished by hand."""
    with project.connect() as connection:
        if recorded(connection):
            table.forget(connection, None, None)
            connection.commit()


def unfinished_error(found: list[tuple[str, str]]) -> HistoryError:
    """The error for any other command while a revision is half done."""
    name, direction = found[0]
    doing, finish = "applied", advice.CONTINUE_REVISION(revision=name)
    if direction == "downgrade":
        doing = "undone"
        finish = f"repeat the command that undid it, such as: {advice.CONTINUE_UNDOING}"
    return HistoryError(
        f"{name} was interrupted while it was {doing}; part of it is in the database.",
        f"Finish it first: {finish}\nIf its file is gone, bring it back; or undo by hand what it "
        f"did, then record the revision that the database is at: {advice.RECORD_UNDONE}",
    )
