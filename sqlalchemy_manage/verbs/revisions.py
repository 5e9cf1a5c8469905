"""The revisions: listed, written, merged, and repaired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..migrations.actions import repair as repairing
from ..migrations.actions.makemigrations import draft_revision, draft_update
from ..migrations.actions.merge import draft_merge, plan_merge
from ..migrations.guards.journal.unfinished import UnfinishedRevision, unfinished
from ..migrations.questions import Answers, Closed, Questioner
from ..migrations.revisions.files import Draft, complete_folder
from ..migrations.runner.ledger import LedgerEntry
from ..migrations.runner.status import HistoryStatus, history_status, sound_history

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
    """The revisions in order, and what should not be: ``unknown`` ones that the database has
    and that have no file here, and ``half_done`` ones."""

    revisions: tuple[RevisionState, ...]
    heads: tuple[str, ...]
    unknown: tuple[str, ...]
    half_done: tuple[UnfinishedRevision, ...]
    status: HistoryStatus


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
    return HistoryState(tuple(states), current, unknown, tuple(unfinished(project)), now)


def draft(
    project: Project,
    *,
    name: str | None = None,
    empty: bool = False,
    update: bool = False,
    scratch: bool = False,
    answers: Answers | None = None,
    questioner: Questioner | None = None,
    only_looks: bool = False,
) -> tuple[Draft | None, tuple[str, ...]]:
    """The next revision, or the newest with further changes (``update``), not written yet."""
    if update:
        return draft_update(project, answers=answers, questioner=questioner, only_looks=only_looks)
    return draft_revision(
        project,
        name=name,
        empty=empty,
        answers=answers,
        questioner=questioner,
        only_looks=only_looks,
        scratch=scratch,
    )


def draft_joined(
    project: Project,
    name: str | None,
    questioner: Questioner | None,
    *,
    anyway: bool,
    on_line: Callable[[str], None] = lambda line: None,
) -> tuple[Draft | None, tuple[str, ...]]:
    """The revision that merges the heads; None if there is only one head, or the answer is no.

    ``on_line`` gets what each branch did. Raises OpenQuestion when branches touch the same
    things and nobody can be asked; ``anyway`` is the answer beforehand.
    """
    history = sound_history(project)
    plan = plan_merge(history)
    if plan is None:
        found = f"one head, {history.heads[0]}" if history.heads else "no revisions"
        return None, (f"There is nothing to merge: the history has {found}.",)
    for line in plan.lines():
        on_line(line)
    if plan.conflicts and not anyway:
        questioner = questioner or Closed()
        answer = questioner.ask(plan.question())
        if isinstance(questioner, Closed):
            questioner.finish()
        if answer.answer != "yes":
            return None, ("The heads were not merged.",)
    return draft_merge(project, history, plan, name)


def write(project: Project, drafted: Draft) -> tuple[Path, list[Path]]:
    """Write a draft; its path, and those of the other files of the folder that were missing."""
    created = complete_folder(project)
    return drafted.write(), created


@dataclass(frozen=True)
class PutRight:
    """How files that differ from what was applied were put right.

    ``done``: ``restored`` (``files``), ``accepted`` (``ids``), or None where they were left.
    """

    done: str | None = None
    files: tuple[Path, ...] = ()
    ids: tuple[str, ...] = ()


def put_right(
    project: Project,
    now: HistoryStatus,
    *,
    reason: str | None = None,
    restore: bool = False,
    questioner: Questioner | None = None,
) -> PutRight:
    """Restore the files that ``now`` has findings of, or accept them for a ``reason``.

    With neither, the questioner is asked; raises OpenQuestion where nobody is.
    """
    if not restore and reason is None:
        questioner = questioner or Closed()
        answer = questioner.ask(repairing.question(now.findings))
        if isinstance(questioner, Closed):
            questioner.finish()
        restore, reason = answer.answer == "restore", answer.value
    if restore:
        return PutRight("restored", files=tuple(repairing.restore(project, now)))
    if reason is None:
        return PutRight()
    return PutRight("accepted", ids=tuple(repairing.accept(project, now.findings, reason)))
