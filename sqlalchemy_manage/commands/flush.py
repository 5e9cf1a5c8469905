"""flush: remove all rows, or those of some models, and restart their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .. import advice, output
from ..errors import ManageError, OpenQuestion
from ..fitting import count
from ..options import json_option
from ._several import OnSeveral

if TYPE_CHECKING:
    from ..project import Project
    from ..seeding.flushing.flush import FlushPlan


@click.command(cls=OnSeveral)
@click.argument("names", metavar="[APP | MODEL]...", nargs=-1)
@click.option("--cascade", is_flag=True, help="Also remove the rows that refer to these.")
@click.option(
    "--plan",
    "--dry-run",
    "only_plan",
    is_flag=True,
    help="Only show how many rows of which tables would go.",
)
@json_option("Print JSON: rows (per table), why, changed, blocking, missing, ...")
@click.pass_obj
def command(
    project: Project, names: tuple[str, ...], cascade: bool, only_plan: bool, as_json: bool
) -> int:
    """Remove the rows of apps and models, by default all, and restart their numbers.

    All of it is done or nothing. The tables stay, and so does the history of migrations. Rows
    of association tables go with the rows that they link; rows with ON DELETE CASCADE or SET
    NULL follow their rule, and are counted. Where other rows refer to what would go, they are
    named and nothing is removed.

    It asks first, unless --no-input is given. For a protected database, or one stamped
    'production', its name is required: typed, or in MANAGE_CONFIRM_DATABASE.

    \b
    Example:
      manage.py flush
      manage.py flush shop.Order --plan
      manage.py flush shop --no-input
    """
    from ..databases.protection import require_permission, why_protected
    from ..seeding.flushing.flush import Flush, still_referred
    from ._prompts import name_asker

    flush = Flush(project, names, cascade=cascade)
    if only_plan:
        plan = flush.plan()
        if as_json:
            output.answer_json(_as_json(plan))
        else:
            _show(plan)
        if plan.blocking:
            raise still_referred(plan.blocking)
        if not as_json:
            output.answer(f"{_rows(plan.total)} would be removed. Nothing was changed.")
        return 0
    require_permission(project, "flush", name_asker(project))
    # Who gave the name of a protected database was asked already.
    if project.interactive and why_protected(project) is None:
        _ask(project, flush.plan())
    done = flush.run()
    if as_json:
        answer = _as_json(done.plan)
        answer |= {"undone": list(done.undone), "counting_on": list(done.counting_on)}
        output.answer_json(answer)
    else:
        _show(done.plan)
        output.answer(f"{_rows(done.plan.total)} removed.")
    for run in done.undone:
        output.say(f"Nothing is left of seed run {run}: it is undone.")
    if done.counting_on:
        output.warn(
            f"The numbers of {', '.join(done.counting_on)} were not restarted: the table is in "
            "use, or belongs to another user. Repeat the command to try again."
        )
    return 0


def _ask(project: Project, plan: FlushPlan) -> None:
    from ..databases.engines import shown
    from ..seeding.flushing.flush import still_referred
    from ._prompts import can_ask, confirm

    if plan.blocking:
        raise still_referred(plan.blocking)
    where = shown(project.engine.url)
    if not can_ask(project):
        raise OpenQuestion(
            f"flush would remove {_rows(plan.total)} of {where}, and there is no terminal to ask "
            "on. Nothing was done.",
            advice.FLUSH_UNASKED(),
        )
    _show(plan, err=True)
    question = f"Remove {_rows(plan.total)} of {where}?"
    if not confirm(question):
        raise ManageError("Nothing was removed.")


def _rows(number: int) -> str:
    return count(number, "row")


def _show(plan: FlushPlan, *, err: bool = False) -> None:
    rows = [(name, f"{number:,}", plan.why[name]) for name, number in plan.rows.items()]
    columns = 3 if len(set(plan.why.values())) > 1 else 2  # nothing is told by one reason
    if err:
        for name, number, why in rows:
            output.say(f"  {name}: {number}" + (f" ({why})" if columns == 3 else ""))
    elif rows:
        head = ("table", "rows", "why")
        output.table(head[:columns], [row[:columns] for row in rows], right=(1,))
    for each in plan.changed:
        names = ", ".join(each.columns)
        value = "NULL" if each.rule == "SET NULL" else "its default"
        output.say(f"{_rows(each.count)} of {each.table}: {names} becomes {value}.")
    if plan.missing:
        output.say(f"Not in the database yet: {', '.join(plan.missing)}.")


def _as_json(plan: FlushPlan) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(plan), "total": plan.total}
