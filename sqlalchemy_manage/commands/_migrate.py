"""What migrate, rollback and redo share: plans are shown, applied and reported.

Every function takes, as keywords, the options of ``options.run_options``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import output
from ..errors import UsageError
from . import _several

if TYPE_CHECKING:
    from ..migrations.actions.new_database import NewDatabase
    from ..migrations.actions.preview import Preview
    from ..migrations.actions.sync_branch import BranchToLeave
    from ..migrations.revisions.plan import Plan
    from ..project import Project
    from ..verbs.ahead import Ahead
    from ..verbs.migrating import Migration


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


def show(project: Project, ahead: Ahead, *, only_plan: bool, as_json: bool, **how: Any) -> None:
    """Print what would be done; without ``only_plan``, a line for each revision."""
    if ahead.new is not None:
        _show_new(ahead.new, only_plan, as_json)
        _several.summary("a new database to make")
        return
    if not only_plan:
        for plan in ahead.plans:
            verb = "undo " if plan.backwards else "apply"
            for step in plan.steps:
                output.answer(f"{verb}  {step.id}  {step.doc}")
    else:
        schema = None
        if ahead.steps and not ahead.plans[0].backwards:
            schema = _missing_schema(project)
        _show_ahead(ahead.previews(project), schema, as_json)
    _several.summary(_in_numbers(ahead.plans))
    if not ahead.steps:
        output.say("Nothing to do.")


def _in_numbers(plans: Sequence[Plan]) -> str:
    """How much is to be done."""
    counts = (
        f"{len(plan.steps)} to {'undo' if plan.backwards else 'apply'}"
        for plan in plans
        if plan.steps
    )
    return ", ".join(counts) or "nothing to do"


def _show_new(new: NewDatabase, only_plan: bool, as_json: bool) -> None:
    if as_json:
        output.answer_json({"revisions": [], "new_database": new.as_json()})
        return
    output.answer(output.clean(f"make   {new}"))
    for line in new.details() if only_plan else ():
        output.answer(output.clean(f"         {line}"))


def _show_ahead(found: list[Preview], schema: str | None, as_json: bool) -> None:
    if as_json:
        new = {} if schema is None else {"create_schema": schema}
        output.answer_json(new | {"revisions": [preview.as_json() for preview in found]})
        return
    if schema is not None:
        output.answer(output.clean(f"create schema {schema}"))
    for preview in found:
        output.answer(output.clean(preview.line))
        for line in preview.details():
            output.answer(output.clean(f"         {line}"))


def _missing_schema(project: Project) -> str | None:
    """The SCHEMA of the alias where it is still to be made."""
    from ..databases.tenants import missing_schema
    from ..errors import DatabaseMissing

    if project.database.schema is None:
        return None
    try:
        with project.connect() as connection:
            return missing_schema(connection, project.database)
    except DatabaseMissing:
        return project.database.schema


def migration(project: Project, **how: Any) -> Migration:
    """A migration that reports on stderr and asks on a terminal."""
    from ..verbs.ahead import MigrateOptions
    from ..verbs.migrating import Migration
    from ._prompts import name_asker

    wanted = MigrateOptions(
        **{name: how[name] for name in MigrateOptions.__dataclass_fields__ if name in how}
    )

    def agree(left: BranchToLeave) -> bool:
        return _agreed(project, left, wanted.sync_branch)

    return Migration(project, wanted, reporter(), name_asker(project), agree)


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


def reporter() -> output.Reporter:
    """A callback that reports each revision as it starts and ends."""
    verb = "Applying"

    def report(event: tuple[str, str, float]) -> None:
        nonlocal verb
        kind, name, seconds = event
        if kind == "wait":
            what = f"is migrating ({name})" if name else "keeps the database locked"
            output.say(f"Another process {what}; waiting up to {seconds:g} s ...")
        elif kind == "begin":
            verb = name
        elif kind == "say":
            output.say(name)
        elif kind == "warn":
            output.warn(name)
        elif kind == "note":
            output.say(f"  {name}")
        elif kind == "start":
            output.say(f"  {verb} {name} ...", nl=False)
        elif kind == "done":
            _several.done(name)
            output.say(f" OK ({seconds:.2f} s)")
        elif kind == "failed":
            output.say(" FAILED")
        elif kind == "busy":
            output.say(" a table is locked; rolled back, trying again")
        elif kind == "deadlock":
            output.say(" a deadlock ended it; rolled back, trying again")

    return report
