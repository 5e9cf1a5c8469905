"""Revision files that are not those which were applied; found before anything is run.

The ledger has the text, the parents and the id of each applied revision. A file may be
edited, deleted, moved to another place in the history, or be there twice under one id. Nothing here
imports Alembic, and a file whose text is as it was is not parsed: this is done by each
``migrate``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ... import advice
from ...errors import DatabaseMissing, HistoryError, ManageError
from ..revisions.checksum import checksum, digest
from ..revisions.history import History, Revision, current_heads
from ..revisions.locations import project_revisions, require_found
from ..revisions.other_tables import require_own_table

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ...project import Project
    from .ledger import Ledger, LedgerEntry


@dataclass(frozen=True)
class RevisionProblem:
    """What is wrong with a revision: ``edited``, ``re-ordered``, ``deleted`` or ``duplicated``.

    ``message`` says it in words, and what it usually means. ``acceptable``: the files as
    they are now can be accepted; others must be fixed.
    """

    kind: str
    revision: str
    message: str
    files: tuple[Path, ...] = ()
    acceptable: bool = True

    @property
    def folders(self) -> set[Path]:
        """Where the files are."""
        return {path.parent for path in self.files}


@dataclass(frozen=True)
class HistoryStatus:
    """A project and its database: its revisions, where the database is, what is wrong."""

    history: History
    heads: tuple[str, ...] = ()
    ledger: Ledger = field(default_factory=dict)
    findings: tuple[RevisionProblem, ...] = ()

    @property
    def unrecorded(self) -> list[Revision]:
        """The revisions that are applied and that the ledger does not know, or not as applied."""
        applied = self.history.ancestors(self.heads)
        known = {i for i, entry in self.ledger.items() if entry.applied}
        return [r for r in self.history.revisions if r.id in applied - known]

    def require_untampered(self) -> HistoryStatus:
        """This; raises HistoryError for the findings, then for a history that is not sound."""
        if self.findings:
            raise tampered(self.findings)
        self.history.require_sound()
        return self


def history_status(project: Project) -> HistoryStatus:
    """The project beside its database, which is only read; it may not exist yet.

    Raises HistoryError for a broken history where the database cannot be reached, and where
    another version table has it than the settings name.
    """
    history = project_revisions(project)
    try:
        with project.connect() as connection:
            found = status_on(connection, history)
            require_own_table(connection, history, found.heads)
            return found
    except DatabaseMissing:
        return HistoryStatus(history)
    except ManageError:
        history.require_sound()
        raise


def status_on(connection: Connection, history: History) -> HistoryStatus:
    """``history`` beside the database of ``connection``."""
    from .ledger import read_ledger  # imports SQLAlchemy: not before the settings are read

    heads, ledger = current_heads(connection), read_ledger(connection)
    found = findings(history, heads, ledger, connection)
    return HistoryStatus(history, heads, ledger, tuple(found))


def order_applied(project: Project) -> tuple[str, ...]:
    """What the ledger has as applied, oldest first; empty where there is no ledger."""
    from .ledger import read_ledger

    try:
        with project.connect() as connection:
            return tuple(i for i, entry in read_ledger(connection).items() if entry.applied)
    except DatabaseMissing:
        return ()


def require_sound(history: History, project: Project | None) -> History:
    """``history``; raises HistoryError if it is broken, with what the ledger knows of it.

    ``project``: None where its database is not to be connected to.
    """
    if history.problems and project is not None:
        found: tuple[RevisionProblem, ...] = ()
        from sqlalchemy.exc import SQLAlchemyError

        with suppress(ManageError, SQLAlchemyError), project.connect() as connection:
            found = status_on(connection, history).findings
        if found:
            raise tampered(found)
    return history.require_sound()


def sound_history(project: Project) -> History:
    """The project's history; raises HistoryError as require_sound does.

    What the ledger has of a file that is gone is more help than that others build on it.
    Without any revision, it is one too that revision files are beside the locations.
    """
    return require_found(project, require_sound(project_revisions(project), project))


def tampered(found: Iterable[RevisionProblem]) -> HistoryError:
    """The error that reports all findings."""
    found = list(found)
    lines = "\n  ".join(finding.message for finding in found)
    ids = list(dict.fromkeys(finding.revision for finding in found))
    what = "See the difference"
    if not all(finding.kind == "duplicated" for finding in found):
        what += ", then restore the file or accept it"
    return HistoryError(
        f"The revision files differ from what was applied to this database; nothing was "
        f"run:\n  {lines}",
        f"{what}: {advice.REPAIR(revisions=ids)}",
    )


def applied_ids(history: History, ledger: Ledger, heads: Iterable[str]) -> set[str]:
    """``heads`` and everything below them, by the files and, where there is none, the ledger."""
    found: set[str] = set()
    todo = list(heads)
    while todo:
        revision_id = todo.pop()
        if revision_id in found:
            continue
        found.add(revision_id)
        if revision_id in history.by_id:
            todo += history.by_id[revision_id].parents
        elif revision_id in ledger:
            todo += ledger[revision_id].parents
    return found


def findings(
    history: History, heads: Iterable[str], ledger: Ledger, connection: Connection
) -> Iterator[RevisionProblem]:
    """Everything that is wrong, in the order of the history.

    A revision that the database is at and that has no file is not among them: it may
    be of another branch.
    """
    applied = applied_ids(history, ledger, heads)
    for first, second in history.duplicates:
        if first.id == second.id:
            yield _twice(first, second, ledger)
    twice = {first.id for first, _ in history.duplicates}
    moved: set[str] = set()
    for revision in history.revisions:
        entry = ledger.get(revision.id)
        if revision.id not in applied or entry is None or not entry.applied:
            continue
        if entry.digest in (None, digest(revision.source)) or revision.id in twice:
            continue
        if set(entry.parents) != set(revision.parents):
            moved.update(entry.parents)
            yield RevisionProblem(
                "re-ordered",
                revision.id,
                f"{revision.id} was moved: {revision.path} builds on {_names(revision.parents)}, "
                f"and built on {_names(entry.parents)} when it was applied ({entry}). Usually "
                "the history was reordered after it was applied here, for example by a rebase "
                "or a squash.",
                (revision.path,),
            )
        if _differs(revision, entry, connection):
            yield RevisionProblem(
                "edited",
                revision.id,
                f"{revision.id} was edited: {revision.path} differs from what was applied "
                f"({entry}). Usually somebody changed an old revision instead of writing a new "
                "one: this database does not have the change, and new databases will.",
                (revision.path,),
            )
    needed = {p for i in applied & history.by_id.keys() for p in history.by_id[i].parents}
    for revision_id in sorted((applied | moved) - history.by_id.keys()):
        entry = ledger.get(revision_id)
        if entry is not None and entry.applied and revision_id in needed | moved:
            builds = [r for r in history.revisions if revision_id in r.parents]
            yield gone(revision_id, str(entry), builds)


def _names(ids: Iterable[str]) -> str:
    return " and ".join(ids) or "nothing"


def says_what_was_applied(revision: Revision, entry: LedgerEntry, kept: str | None) -> bool:
    """Whether a file does what ``entry`` records, and in its place; ``kept``: the text of then."""
    return set(revision.parents) == set(entry.parents) and _agrees(revision, entry, kept)


def _agrees(revision: Revision, entry: LedgerEntry, kept: str | None) -> bool:
    now = checksum(revision.source)
    # A later release may compute it otherwise.
    return now == entry.checksum or (kept is not None and now == checksum(kept))


def _differs(revision: Revision, entry: LedgerEntry, connection: Connection) -> bool:
    if _agrees(revision, entry, None):
        return False
    from .ledger import kept_source

    return not _agrees(revision, entry, kept_source(connection, revision.id))


def _twice(first: Revision, second: Revision, ledger: Ledger) -> RevisionProblem:
    message = (
        f"two files have the revision id '{first.id}': {first.path} and {second.path}. Usually "
        "a file was copied, or two branches each added a revision."
    )
    entry = ledger.get(first.id)
    if entry is not None and entry.applied:
        same = [r.path for r in (first, second) if checksum(r.source) == entry.checksum]
        if len(same) == 1:
            message += f" {same[0]} was applied; give the other an id of its own."
        elif same:
            message += " They do the same: delete the copy."
    return RevisionProblem("duplicated", first.id, message, (first.path, second.path), False)


def gone(
    revision_id: str, entry: str, builds: Iterable[Revision] = (), *, head: bool = False
) -> RevisionProblem:
    """The finding of a revision without a file, on which ``builds`` are built.

    ``head``: the database is at it, so that its absence cannot be accepted either.
    """
    files = tuple(revision.path for revision in builds)
    message = (
        f"{revision_id} no longer has a file, but was applied ({entry}). Usually the file was "
        "deleted by mistake, or lost when branches were merged."
    )
    if files:
        message += " These build on it: " + ", ".join(map(str, files)) + "."
    if head:
        message += " The database is at it: the file may be on another branch."
    return RevisionProblem("deleted", revision_id, message, files, not files and not head)
