"""Bring a database to a revision: the whole way, from where it stands to what was asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .. import advice
from ..errors import UsageError
from ..migrations.guards.journal.unfinished import forget_unfinished, require_finished
from ..migrations.revisions.history import History, project_heads
from ..migrations.revisions.locations import require_found
from ..migrations.revisions.plan import Plan, make_plan
from ..migrations.runner.status import history_status, sound_history
from .ahead import MigrateOptions, backwards, to_make

if TYPE_CHECKING:
    from pathlib import Path

    from ..databases.protection import Ask
    from ..migrations.actions.new_database import NewDatabase
    from ..migrations.actions.sync_branch import BranchToLeave
    from ..project import Project

# What needs Alembic is imported where there is something to do.

Event = tuple[str, str, float]
OnEvent = Callable[[Event], None]
"""Hears of what happens: see ``Event``. ``say`` and ``warn`` are sentences for the user;
``begin`` comes before the first revision, with ``Applying``, ``Undoing`` or ``Recording``."""


def silent(event: Event) -> None:
    """Hears, and says nothing."""


@dataclass(frozen=True)
class Migrated:
    """What was done: revisions that were ``applied``, ``undone``, or ``recorded`` and not run.

    ``heads``: where the database is now. ``made``: it was new, and was made from the models.
    """

    heads: tuple[str, ...]
    applied: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    made: bool = False


@dataclass
class Migration:
    """One way to a revision. ``ask``: asks for the name of a protected database. ``agree``:
    says whether the files of another branch may be run, instead of ``sync_branch``."""

    project: Project
    wanted: MigrateOptions = field(default_factory=MigrateOptions)
    on_event: OnEvent = silent
    ask: Ask | None = None
    agree: Callable[[BranchToLeave], bool] | None = None
    applied: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    recorded: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.on_event(("say", text, 0.0))

    def done(self, *, made: bool = False) -> Migrated:
        applied, undone, recorded = map(tuple, (self.applied, self.undone, self.recorded))
        return Migrated(project_heads(self.project), applied, undone, recorded, made)

    def to(self, target: str | None = None) -> Migrated:
        """Go to ``target``, None for the head; all that ``migrate`` promises."""
        wanted, project = self.wanted, self.project
        now = history_status(project).require_untampered()
        history, current = now.history, now.heads
        if not history.by_id.keys() >= set(current):
            if wanted.fake:
                self._record(history, target)
                return self.done()
            current = self._leave_branch(history, current, target)
        plan = make_plan(history, current, target, [*now.ledger])
        new = to_make(project, history, current, plan, target, wanted)
        if not history.revisions:
            require_found(project, history)
            self.say(f"No revisions yet: {advice.WRITE_FIRST} writes the first.")
            return self.done()
        if not plan.steps:
            self._nothing(current)
            return self.done()
        from ..migrations.foreign_env.harvest import harvested_env

        harvested_env(project)  # before anything is said of a table of versions not its own
        if new is not None:
            self._make(history, new, plan)
            return self.done(made=True)
        if not (current or plan.backwards or wanted.fake or wanted.from_base):
            from ..migrations.actions.fake_initial import adopt

            adopted = adopt(project, history, allowed=wanted.fake_initial, on_event=self._recording)
            if adopted:
                names = " and ".join(adopted)
                self.say(f"  Recorded {names} without running it: the tables match.")
                plan = make_plan(history, adopted, target)
        self.apply(plan, from_base=wanted.from_base and not current)
        if wanted.fake:
            how_so = "as not applied, without undoing" if plan.backwards else "without running"
            self.say(f"  Recorded {how_so}: {', '.join(r.id for r in plan.steps)}")
        return self.done()

    def back(self, steps: int = 1) -> Migrated:
        """Undo the last ``steps`` revisions."""
        (plan,) = backwards(self.project, steps).plans
        self.apply(plan)
        return self.done()

    def again(self, steps: int = 1) -> Migrated:
        """Undo the last ``steps`` revisions, and apply them.

        Raises MigrationError, with nothing run, where one could not be applied again.
        """
        from ..migrations.analysis.reversible import require_undone

        history, heads = sound_history(self.project), project_heads(self.project)
        (back,) = backwards(self.project, steps).plans
        require_undone(back.steps)
        self.apply(back)
        for head in heads:
            forth = make_plan(history, project_heads(self.project), head)
            if forth.steps:
                self.apply(forth)
        return self.done()

    def _nothing(self, current: tuple[str, ...]) -> None:
        if self.wanted.fake:
            for half_done in forget_unfinished(self.project):
                self.say(f"Taken as undone by hand: {half_done.revision}.")
        else:
            require_finished(self.project, self.project.settings.lock_wait)
        where = ", ".join(current) or "before the first revision"
        self.say(f"Nothing to do: the database is at {where}.")

    def _recording(self, event: Event) -> None:
        self.on_event(event)
        if event[0] == "done":
            self.recorded.append(event[1])

    def _make(self, history: History, new: NewDatabase, plan: Plan) -> None:
        from ..migrations.actions.new_database import make_database

        advice.go_on_with(["migrate"])
        if new.again:
            self.say("An earlier try was interrupted; what it left is made again.")
        self.say(f"A new database: {new}.")
        self.on_event(("begin", "Recording", 0.0))
        make_database(self.project, history, plan, on_event=self._recording)
        if not self.recorded:
            self.say("Nothing to do: another process has made it meanwhile.")

    def _record(self, history: History, target: str | None) -> None:
        """``fake`` if the database is at a revision that has no file: forget that one."""
        if target is None or target[0] in "+-":
            raise UsageError(
                "What to record is unclear: the database is at a revision that has no file here.",
                f"Name the revision that the schema matches: {advice.RECORD_MATCHING}",
            )
        plan = make_plan(history, (), target)
        self.apply(plan, forget=True)
        where = "before the first revision" if plan.target == "base" else plan.target
        self.say(f"  Recorded without running: the database is at {where}.")

    def _leave_branch(
        self, history: History, current: tuple[str, ...], target: str | None
    ) -> tuple[str, ...]:
        """Undo the revisions of another branch; returns where the database then is.

        Raises NotHere if that is not wanted, or not possible.
        """
        from ..migrations.actions.sync_branch import brought_back, left_behind

        left = left_behind(self.project, history, current)
        assert left is not None
        with brought_back(self.project, left, current) as (plan, after, folder):
            if not (self.agree(left) if self.agree else self.wanted.sync_branch):
                raise left.refusal()
            words = ["migrate", *([target] if target else []), "--sync-branch"]
            self.apply(plan, folder=folder, again=words)
        return after

    def apply(
        self,
        plan: Plan,
        *,
        from_base: bool = False,
        forget: bool = False,
        folder: Path | None = None,
        again: list[str] | None = None,
    ) -> None:
        """Apply or undo the steps of ``plan``. ``again``: the words that go on with it."""
        from ..migrations.actions.migrate import apply_plan
        from ..migrations.analysis.reversible import does_nothing
        from ..migrations.guards.losses.guard import UNPROVED
        from ..migrations.runner.run import Allowed

        wanted = replace(self.wanted, from_base=from_base)
        fake = wanted.fake
        empty = {s.id for s in plan.steps if plan.backwards and not fake and does_nothing(s)}
        if wanted.no_prove and not fake:
            self.on_event(("warn", UNPROVED, 0.0))
        into = self.recorded if fake else self.undone if plan.backwards else self.applied
        done = 0

        def on_event(event: Event) -> None:
            nonlocal done
            if event[0] == "start" and event[1] in empty:
                what = f"{event[1]} is not undone: downgrade() does nothing."
                self.on_event(("warn", what, 0.0))
            self.on_event(event)
            if event[0] == "done":
                done += 1
                into.append(event[1])
            advice.go_on_with(_again(plan, wanted, done, again))

        verb = "Recording" if fake else "Undoing" if plan.backwards else "Applying"
        self.on_event(("begin", verb, 0.0))
        advice.go_on_with(_again(plan, wanted, 0, again))
        apply_plan(
            self.project,
            plan,
            fake=fake,
            forget=forget,
            folder=folder,
            allowed=Allowed(wanted.allow_data_loss, wanted.no_backup),
            ask=self.ask,
            prove=not wanted.no_prove,
            allow_loss=wanted.allow_loss,
            on_event=on_event,
        )


def _again(plan: Plan, wanted: MigrateOptions, done: int, words: list[str] | None) -> list[str]:
    """What goes on with ``plan`` where it stopped; ``done`` of its steps are behind it."""
    if words is None:
        target = "zero" if plan.target == "base" else plan.target
        if count := re.fullmatch(r"(.+@-|-)(\d+)", target):
            target = f"{count[1]}{int(count[2]) - done}"
        words = ["migrate", *([] if plan.to_head else [target])]
    if done:
        wanted = replace(wanted, from_base=False)  # from then on there is a history
    words = words.copy()
    for name in ("fake", "from_base", "allow_data_loss", "no_backup", "no_prove"):
        words += [f"--{name.replace('_', '-')}"] if getattr(wanted, name) else []
    return words + [word for name in wanted.allow_loss for word in ("--allow-loss", name)]
