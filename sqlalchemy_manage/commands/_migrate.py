"""What migrate, rollback and redo share: plans are shown, applied and reported.

Every function takes, as keywords, the options of ``options.run_options``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .. import advice, output
from ..errors import UsageError

if TYPE_CHECKING:
    from ..migrations.actions.sync_branch import BranchToLeave
    from ..migrations.revisions.history import History
    from ..migrations.revisions.plan import Plan
    from ..project import Project


def require_plan(*, only_plan: bool, as_json: bool, **how: Any) -> None:
    """Raises UsageError for ``--json`` without ``--plan``."""
    if as_json and not only_plan:
        raise UsageError("--json needs --plan.")


def as_is(project: Project, revision: str | None, *, only_plan: bool = False, **how: Any) -> bool:
    """With ``--as-is``: have env.py itself go to ``revision``; returns whether it did.

    Raises UsageError for another option, which it would know nothing of.
    """
    if not how.pop("as_is", False):
        return False
    given = [name for name, value in (("plan", only_plan), *how.items()) if value]
    if given:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(f"--as-is leaves everything to env.py, and takes no {flags}.")
    from ..migrations.actions.as_is import UNPROMISED, run_as_is

    output.warn(UNPROMISED)
    run_as_is(project, revision)
    return True


def show(
    project: Project,
    plans: list[Plan],
    left: BranchToLeave | None = None,
    *,
    only_plan: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Print the steps of plans that follow one another; without ``only_plan``, a line each.

    ``left``: what is undone through files that are not here.
    """
    if not only_plan:
        for plan in plans:
            verb = "undo " if plan.backwards else "apply"
            for step in plan.steps:
                output.answer(f"{verb}  {step.id}  {step.doc}")
    else:
        _show_ahead(project, plans, left, as_json)
    if not any(plan.steps for plan in plans):
        output.say("Nothing to do.")


def _show_ahead(
    project: Project, plans: list[Plan], left: BranchToLeave | None, as_json: bool
) -> None:
    from ..migrations.actions.preview import previews

    more = (left.origin,) if left is not None else ()
    found = previews(project, plans, *more) if any(plan.steps for plan in plans) else []
    if as_json:
        output.answer_json({"revisions": [preview.as_json() for preview in found]})
        return
    for preview in found:
        output.answer(output.clean(preview.line))
        for line in preview.details():
            output.answer(output.clean(f"         {line}"))


def apply(project: Project, plan: Plan, *, fake: bool = False, **how: Any) -> None:
    """Apply or undo the steps of ``plan``, and report each on stderr."""
    from ..migrations.actions.migrate import apply_plan
    from ..migrations.analysis.reversible import does_nothing
    from ..migrations.runner.run import Allowed
    from ._prompts import name_asker

    empty = {step.id for step in plan.steps if plan.backwards and not fake and does_nothing(step)}
    if how.get("no_prove") and not fake:
        from ..migrations.guards.losses.guard import UNPROVED

        output.warn(UNPROVED)
    more = {name: how[name] for name in ("folder", "forget") if name in how}
    report, done = reporter(plan.backwards, fake), 0

    def on_event(event: tuple[str, str, float]) -> None:
        nonlocal done
        if event[0] == "start" and event[1] in empty:
            output.warn(f"{event[1]} is not undone: downgrade() does nothing.")
        report(event)
        done += event[0] == "done"
        advice.go_on_with(again(plan, done, fake=fake, **how))

    advice.go_on_with(again(plan, fake=fake, **how))
    apply_plan(
        project,
        plan,
        fake=fake,
        allowed=Allowed(how.get("allow_data_loss", False), how.get("no_backup", False)),
        ask=name_asker(project),
        prove=not how.get("no_prove"),
        allow_loss=how.get("allow_loss", ()),
        on_event=on_event,
        **more,
    )


def again(plan: Plan, done: int = 0, *, fake: bool = False, **how: Any) -> list[str]:
    """What goes on with ``plan`` where it stopped; ``done`` of its steps are behind it."""
    target = "zero" if plan.target == "base" else plan.target
    if count := re.fullmatch(r"(.+@-)(\d+)", target):
        target = f"{count[1]}{int(count[2]) - done}"
    words = ["migrate", *([] if plan.to_head else [target])]
    if "folder" in how:  # the revisions of another branch
        words = ["migrate", *([how["target"]] if how["target"] else []), "--sync-branch"]
    flags = {"fake": fake, **how}
    for name in ("fake", "allow_data_loss", "no_backup", "no_prove"):
        words += [f"--{name.replace('_', '-')}"] if flags.get(name) else []
    return words + [word for name in how.get("allow_loss", ()) for word in ("--allow-loss", name)]


def record(project: Project, history: History, target: str | None) -> None:
    """``--fake`` if the database is at a revision that has no file: forget that one."""
    from ..migrations.revisions.plan import make_plan

    if target is None or target[0] in "+-":
        raise UsageError(
            "What to record is unclear: the database is at a revision that has no file here.",
            f"Name the revision that the schema matches: {advice.RECORD_MATCHING}",
        )
    plan = make_plan(history, (), target)
    apply(project, plan, fake=True, forget=True)
    where = "before the first revision" if plan.target == "base" else plan.target
    output.say(f"  Recorded without running: the database is at {where}.")


def leave_branch(
    project: Project,
    history: History,
    current: tuple[str, ...],
    target: str | None,
    *,
    sync: bool,
    check: bool,
    **how: Any,
) -> tuple[bool, tuple[str, ...]]:
    """Undo the revisions of another branch, if that is wanted.

    Returns whether nothing is left to do, which is so with ``--plan`` and ``--check``, and
    where the database then is. Raises NotHere if it is not wanted, or not possible.
    """
    from ..migrations.actions.sync_branch import brought_back, left_behind
    from ..migrations.revisions.plan import make_plan

    left = left_behind(project, history, current)
    assert left is not None
    with brought_back(project, left, current) as (plan, after, folder):
        if how["only_plan"] or check:
            if not sync:
                raise left.refusal()
            show(project, [plan, make_plan(history, after, target)], left, **how)
            return True, current
        if not _agreed(project, left, sync):
            raise left.refusal()
        apply(project, plan, folder=folder, target=target, **how)
    return False, after


def _agreed(project: Project, left: BranchToLeave, sync: bool) -> bool:
    """Whether the files found may be run: asked on a terminal, else given by the flag."""
    from ._prompts import can_ask, confirm

    files = "these files" if len(left.sources) > 1 else "this file"
    if not can_ask(project):
        if sync:
            output.say(f"Undoing revisions of another branch with {files}:")
            for line in left.origins:
                output.say(f"  {line}")
        return sync
    output.say("The database has revisions that have no file here. They were found in git:")
    for line in left.origins:
        output.say(f"  {line}")

    return confirm(f"Undo them by running the code of {files}?")


def reporter(backwards: bool, fake: bool = False) -> output.Reporter:
    """A callback that reports each revision as it starts and ends."""
    verb = "Recording" if fake else "Undoing" if backwards else "Applying"

    def report(event: tuple[str, str, float]) -> None:
        kind, name, seconds = event
        if kind == "wait":
            what = f"is migrating ({name})" if name else "keeps the database locked"
            output.say(f"Another process {what}; waiting up to {seconds:g} s ...")
        elif kind == "note":
            output.say(f"  {name}")
        elif kind == "start":
            output.say(f"  {verb} {name} ...", nl=False)
        elif kind == "done":
            output.say(f" OK ({seconds:.2f} s)")
        elif kind == "failed":
            output.say(" FAILED")
        elif kind == "busy":
            output.say(" a table is locked; rolled back, trying again")
        elif kind == "deadlock":
            output.say(" a deadlock ended it; rolled back, trying again")

    return report
