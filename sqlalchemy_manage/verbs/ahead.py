"""What a migration may do, and what it would do before it does it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..migrations.revisions.history import History, project_heads
from ..migrations.revisions.plan import Plan, make_plan
from ..migrations.runner.status import history_status, order_applied, sound_history

if TYPE_CHECKING:
    from ..migrations.actions.new_database import NewDatabase
    from ..migrations.actions.preview import Preview
    from ..migrations.actions.sync_branch import BranchToLeave
    from ..project import Project


@dataclass(frozen=True)
class MigrateOptions:
    """What a migration may do, and how; the flags of ``migrate``.

    ``fake``: revisions are recorded and not run. ``fake_initial``: the first one is, where its
    tables are there. ``from_base``: the revisions are run even where the database would be made
    from the models. ``sync_branch``: revisions of another branch are undone first.
    """

    fake: bool = False
    fake_initial: bool = False
    from_base: bool = False
    sync_branch: bool = False
    allow_data_loss: bool = False
    no_backup: bool = False
    no_prove: bool = False
    allow_loss: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ahead:
    """What would be done: plans that follow one another.

    ``left``: what is undone first through files that are not here. ``new``: what is made of a
    new database, rather than run the steps.
    """

    plans: tuple[Plan, ...]
    left: BranchToLeave | None = None
    new: NewDatabase | None = None

    @property
    def steps(self) -> int:
        """How many revisions; of a new database, those that are recorded."""
        return sum(len(plan.steps) for plan in self.plans)

    def previews(self, project: Project) -> list[Preview]:
        """Each revision, what it would do to how many rows, and what would be lost."""
        from ..migrations.actions.preview import previews

        more = (self.left.origin,) if self.left is not None else ()
        return previews(project, list(self.plans), *more) if self.steps else []


@contextmanager
def ahead(
    project: Project, target: str | None, wanted: MigrateOptions = MigrateOptions()
) -> Iterator[Ahead]:
    """What :func:`migrate` would do; nothing is changed."""
    now = history_status(project).require_untampered()
    history, current = now.history, now.heads
    if not history.by_id.keys() >= set(current):
        from ..migrations.actions.sync_branch import brought_back, left_behind

        left = left_behind(project, history, current)
        assert left is not None
        with brought_back(project, left, current) as (plan, after, _):
            if not wanted.sync_branch:
                raise left.refusal()
            yield Ahead((plan, make_plan(history, after, target)), left)
        return
    plan = make_plan(history, current, target, [*now.ledger])
    yield Ahead((plan,), new=to_make(project, history, current, plan, target, wanted))


def backwards(project: Project, steps: int = 1, *, again: bool = False) -> Ahead:
    """What it takes to undo the last ``steps`` revisions, and to apply them ``again``.

    Raises UsageError for less than one step.
    """
    if steps < 1:
        raise UsageError(f"Cannot go back {steps} revisions: one is the least.")
    history, current = sound_history(project), project_heads(project)
    order = order_applied(project) if len(current) > 1 else ()
    back = make_plan(history, current, f"-{steps}", order)
    plans, at = [back], back.after(history, current)
    for head in current if again else ():
        plans.append(make_plan(history, at, head))
        at = plans[-1].after(history, at)
    return Ahead(tuple(plans))


def to_make(
    project: Project,
    history: History,
    current: tuple[str, ...],
    plan: Plan,
    target: str | None,
    wanted: MigrateOptions,
) -> NewDatabase | None:
    """What is to be made of a new database, None where the steps of ``plan`` are to be run.

    Raises UsageError for a target below the heads.
    """
    if wanted.fake or wanted.from_base or plan.backwards or not (plan.steps or not current):
        return None
    from ..migrations.actions.new_database import new_database, require_whole

    new = new_database(project, history, current)
    if new is not None:
        require_whole(plan, history, current, target)
    return new
