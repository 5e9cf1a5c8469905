"""The revisions, and what the database knows of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..migrations.guards.journal.unfinished import UnfinishedRevision, unfinished
from ..migrations.runner.ledger import LedgerEntry
from ..migrations.runner.status import RevisionProblem, history_status

if TYPE_CHECKING:
    from ..project import Project


@dataclass(frozen=True)
class RevisionState:
    """A revision, and what is known of it in the database.

    ``ledger``: when it was applied, by whom, in how long; None where it is not applied, or
    nothing was recorded. ``tampered``: what is wrong with its file, None if nothing is.
    """

    id: str
    applied: bool
    doc: str
    parents: tuple[str, ...]
    file: Path
    ledger: LedgerEntry | None = None
    tampered: str | None = None


@dataclass(frozen=True)
class HistoryState:
    """The revisions in order, and what should not be: ``unknown`` ones, which the database has
    and which have no file here; ``half_done`` ones; ``problems`` of files that have changed."""

    revisions: tuple[RevisionState, ...]
    heads: tuple[str, ...]
    unknown: tuple[str, ...]
    half_done: tuple[UnfinishedRevision, ...]
    problems: tuple[RevisionProblem, ...]


def history_state(project: Project) -> HistoryState:
    """The history of the project, and where the database is in it; nothing is changed."""
    now = history_status(project)
    if now.history.problems:
        now.require_untampered()
    history, current = now.history, now.heads
    applied = history.ancestors(current)
    wrong = {finding.revision: finding.kind for finding in now.findings}
    states = (
        RevisionState(
            r.id,
            r.id in applied,
            r.doc,
            tuple(r.parents),
            r.path,
            now.ledger.get(r.id) if r.id in applied else None,
            wrong.get(r.id),
        )
        for r in history.revisions
    )
    unknown = tuple(sorted(set(current) - set(history.by_id)))
    return HistoryState(
        tuple(states), current, unknown, tuple(unfinished(project)), tuple(now.findings)
    )
