"""Revisions written, merged, and repaired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..migrations.actions import repair as repairing
from ..migrations.actions.makemigrations import draft_revision, draft_update
from ..migrations.actions.merge import draft_merge, plan_merge
from ..migrations.questions import Answers, Closed, Questioner
from ..migrations.revisions.files import Draft, complete_folder
from ..migrations.runner.status import HistoryStatus, sound_history

if TYPE_CHECKING:
    from ..project import Project


def draft(
    project: Project,
    *,
    name: str | None = None,
    empty: bool = False,
    update: bool = False,
    scratch: bool = False,
    branch: str | None = None,
    answers: Answers | None = None,
    questioner: Questioner | None = None,
    only_looks: bool = False,
) -> tuple[Draft | None, tuple[str, ...]]:
    """The next revision, or the newest with further changes (``update``), not written yet.

    ``branch``: the label of the branch, where several heads are meant.
    """
    if update:
        return draft_update(
            project,
            answers=answers,
            questioner=questioner,
            only_looks=only_looks,
            branch=branch,
        )
    return draft_revision(
        project,
        name=name,
        empty=empty,
        answers=answers,
        questioner=questioner,
        only_looks=only_looks,
        scratch=scratch,
        branch=branch,
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
        if len(history.heads) > 1:
            found = f"{len(history.heads)} heads by design: {', '.join(history.heads)}"
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
