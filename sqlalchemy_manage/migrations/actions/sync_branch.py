"""Revision files that are not in the folder: find them, and undo them.

A database that was migrated on another branch is at a revision whose file disappeared
with the switch. Git still has it, on that branch, in a stash, or in what a reflog keeps.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ... import advice
from ...errors import HistoryError
from ..revisions.git import from_git
from ..revisions.history import LEGAL, History, Revision, revision_in
from ..revisions.locations import project_revisions, version_folders_of
from ..revisions.plan import NotHere, Plan
from ..runner.ledger import LedgerEntry, kept_source, read_ledger
from ..runner.status import says_what_was_applied

if TYPE_CHECKING:
    from ...project import Project


def _choices() -> str:
    return (
        f"Fetch the branch that has the file (git fetch --all), then: {advice.LEAVE_BRANCH}\n"
        f"Or, if the schema matches a revision here: {advice.RECORD_MATCHING}\n"
        "Or restore a backup from before it."
    )


@dataclass(frozen=True)
class RevisionText:
    """The text of a revision file, and where it was found, in words.

    ``differs``: the ledger knows that another one was applied, and nobody has that.
    ``kept``: the ledger has the text that was applied.
    """

    revision: Revision
    text: str
    origin: str
    differs: bool = False
    kept: bool = False


def sources_of_missing(project: Project, ids: Iterable[str]) -> dict[str, RevisionText]:
    """The files of revisions that are not here, as far as anybody has them.

    A file counts if it holds the id. Of its versions in git it is the newest that says what
    was applied, else the text that the ledger kept; only where the ledger does not know what
    was applied, the newest of all.
    """
    # An id comes from the database, or out of a file, and is to be the name of one.
    wanted = [i for i in ids if LEGAL.fullmatch(i)]
    if not wanted:
        return {}
    with project.connect() as connection:
        ledger = read_ledger(connection)
        kept = {i: kept_source(connection, i) for i in wanted}
    in_git = from_git(version_folders_of(project.migrations), wanted)
    found = {i: _found(i, in_git.get(i, ()), ledger.get(i), kept[i]) for i in wanted}
    return {i: source for i, source in found.items() if source is not None}


def _found(
    revision_id: str,
    in_git: Iterable[tuple[str, str]],
    entry: LedgerEntry | None,
    kept: str | None,
) -> RevisionText | None:
    newest: RevisionText | None = None
    known = entry is not None and entry.applied and entry.checksum is not None
    for text, origin in in_git:
        revision = _revision(text, revision_id)
        if revision is None:
            continue
        if entry is None or not known or says_what_was_applied(revision, entry, kept):
            return RevisionText(revision, text, origin, kept=kept is not None)
        newest = newest or RevisionText(revision, text, origin, differs=True)
    if kept is not None and (revision := _revision(kept, revision_id)):
        where = "as it was applied, kept in the database's ledger"
        if newest:
            where += f"; another version is in git: {newest.origin}"
        return RevisionText(revision, kept, where, kept=True)
    return newest


def _revision(text: str, revision_id: str) -> Revision | None:
    path = Path(f"{revision_id}.py")
    try:
        revision = revision_in(text, path)
    except (SyntaxError, ValueError):
        return None
    return revision if revision is not None and revision.id == revision_id else None


@dataclass(frozen=True)
class BranchToLeave:
    """What a database has of another branch: the revisions to undo, newest first.

    ``lost`` are those whose file nobody has. ``no_ledger``: the settings want none.
    """

    current: tuple[str, ...]
    sources: tuple[RevisionText, ...]
    lost: tuple[str, ...]
    no_ledger: bool = False

    @property
    def origins(self) -> list[str]:
        """A line for each revision that was found."""
        return [
            f"{source.revision.id}: {source.origin}"
            + ", which differs from what was applied" * source.differs
            for source in self.sources
        ]

    def origin(self, revision_id: str) -> str | None:
        """Where the file of a revision was found; None for one that is here."""
        return next((s.origin for s in self.sources if s.revision.id == revision_id), None)

    @property
    def can_be_undone(self) -> bool:
        """Whether each file is there, as it was applied."""
        return not self.lost and not any(source.differs for source in self.sources)

    def refusal(self) -> NotHere:
        """The error if nothing is done, with the available choices."""
        lines = [*self.origins, *(f"{i}: not found in git" for i in self.lost)]
        if self.lost and self.no_ledger:
            lines.append("The settings have LEDGER = False: the database has no copy of a file.")
        found = "".join(f"\n  {line}" for line in lines)
        if not self.can_be_undone:
            another = (
                "\nOr, if it is the mark of another tool, which --fake would erase, name a table "
                "of your own in the settings: VERSION_TABLE"
            )
            return NotHere(self.current, found, _choices() + another * (not self.sources))
        one = len(self.sources) == 1
        these = "it with the file" if one else "them with the files"
        hint = [f"Undo {these} found (this runs their code), and continue: {advice.LEAVE_BRANCH}"]
        if all(source.kept for source in self.sources):
            ids = sorted(source.revision.id for source in self.sources)
            back = advice.RESTORE_DELETED(revisions=ids)
            hint.append(f"Or restore {'it' if one else 'them'} if deleted by mistake: {back}")
        hint.append("Or get the branch: git switch, or git merge.")
        hint.append(f"Or, if the schema matches a revision here: {advice.RECORD_MATCHING}")
        return NotHere(self.current, found, "\n".join(hint))


def left_behind(
    project: Project, history: History, current: tuple[str, ...]
) -> BranchToLeave | None:
    """The revisions of ``current``, and below, that are not in ``history``; None without any."""
    unknown = tuple(i for i in current if i not in history.by_id)
    sources: dict[str, RevisionText] = {}
    lost: list[str] = []
    todo = list(unknown)
    while todo:
        found = sources_of_missing(project, todo)
        sources |= found
        lost += [i for i in todo if i not in found]
        parents = dict.fromkeys(p for s in found.values() for p in s.revision.parents)
        todo = [p for p in parents if p not in history.by_id and p not in {*sources, *lost}]
    if not unknown:
        return None
    above = History(source.revision for source in sources.values())
    order = [sources[r.id] for r in reversed(above.revisions)]
    no_ledger = project.database.bookkeeping.ledger is False
    return BranchToLeave(unknown, tuple(order), tuple(lost), no_ledger)


@contextmanager
def brought_back(
    project: Project, left: BranchToLeave, current: tuple[str, ...]
) -> Iterator[tuple[Plan, tuple[str, ...], Path]]:
    """The way back with the files of ``left``, which are in a folder while the block lasts.

    Yields the plan, where the database is after it, and the folder, which is a
    temporary one: the working tree is left as it is. Raises NotHere if a file is lost or
    is not as it was applied, HistoryError if those found do not fit together with those here.
    """
    if not left.can_be_undone:
        raise left.refusal()
    with tempfile.TemporaryDirectory(prefix="sqlalchemy_manage_") as name:
        folder = Path(name)
        for source in left.sources:
            (folder / source.revision.path.name).write_text(source.text, encoding="utf-8")
        joined = project_revisions(project, folder)
        if joined.problems:
            raise HistoryError(
                "The files found do not fit the ones here; nothing was run:\n  "
                + "\n  ".join([*left.origins, *joined.problems]),
                _choices(),
            )
        undone = {source.revision.id for source in left.sources}
        steps = tuple(r for r in reversed(joined.revisions) if r.id in undone)
        plan = Plan("base", True, steps, exactly=True)
        after = plan.after(joined, current)
        yield replace(plan, target=after[0] if after else "base"), after, folder
