"""``makemigrations --merge``: show what each branch did, and merge the heads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import output

if TYPE_CHECKING:
    from ..migrations.questions import Questioner
    from ..migrations.revisions.files import Draft
    from ..project import Project


def draft_joined(
    project: Project, name: str | None, questioner: Questioner | None, *, anyway: bool
) -> tuple[Draft | None, tuple[str, ...]]:
    """The revision that merges the heads; None if there is only one head, or the answer is no.

    Raises OpenQuestion when branches touch the same things and nobody can be asked;
    ``anyway`` is the answer beforehand.
    """
    from ..migrations.actions.merge import draft_merge, plan_merge
    from ..migrations.questions import Closed
    from ..migrations.runner.status import sound_history

    history = sound_history(project)
    plan = plan_merge(history)
    if plan is None:
        found = f"one head, {history.heads[0]}" if history.heads else "no revisions"
        if len(history.heads) > 1:
            found = f"{len(history.heads)} heads by design: {', '.join(history.heads)}"
        return None, (f"There is nothing to merge: the history has {found}.",)
    for line in plan.lines():
        output.say(line)
    if plan.conflicts and not anyway:
        questioner = questioner or Closed()
        answer = questioner.ask(plan.question())
        if isinstance(questioner, Closed):
            questioner.finish()
        if answer.answer != "yes":
            return None, ("The heads were not merged.",)
    return draft_merge(project, history, plan, name)
