"""migrate: bring a database to a revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import output
from ..options import RevisionType

if TYPE_CHECKING:
    from ..migrations.plan import Plan
    from ..project import Project


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("revision", type=RevisionType(), required=False)
@click.option("--plan", "only_plan", is_flag=True, help="Show what would be done; do nothing.")
@click.option("--check", is_flag=True, help="Exit with 1 if something is to be done; do nothing.")
@click.option("--fake", is_flag=True, help="Record the revisions without running them.")
@click.option(
    "--fake-initial",
    is_flag=True,
    help="Record the first revision without running it, if its tables are there and match.",
)
@click.pass_obj
def command(
    project: Project,
    revision: str | None,
    only_plan: bool,
    check: bool,
    fake: bool,
    fake_initial: bool,
) -> int:
    """Apply the revisions that the database lacks, or go to REVISION.

    REVISION is a name or the unique beginning of one, 'zero' for before the first, or
    -N or +N from where the database stands. Each revision is one transaction: on SQLite
    and PostgreSQL it is applied whole or not at all.

    \b
    Example:
      manage.py migrate                  apply all
      manage.py migrate 0002             up or down to 0002
      manage.py migrate -1               undo the last one
      manage.py migrate --check          for a deploy script: 1 if something is pending
      manage.py migrate --fake-initial   adopt a database that has its tables already
    """
    from ..migrations.history import project_history, stands_at
    from ..migrations.plan import make_plan

    history = project_history(project)
    current = stands_at(project)
    plan = make_plan(history, current, revision)
    if only_plan or check:
        show(plan)
        return 1 if check and plan.steps else 0
    if not history.revisions:
        output.say("No revisions yet: manage.py makemigrations writes the first.")
        return 0
    if not plan.steps:
        where = ", ".join(current) or "before the first revision"
        output.say(f"Nothing to do: the database is at {where}.")
        return 0
    from ..migrations.adopt import adopt
    from ..migrations.executor import apply_plan

    if not current and not plan.backwards and not fake:
        report = reporter(plan.backwards)
        adopted = adopt(project, history, allowed=fake_initial, on_event=report)
        if adopted is not None:
            output.say(f"  Recorded {adopted} without running it: the tables match.")
            plan = make_plan(history, (adopted,), revision)
    apply_plan(project, plan, fake=fake, on_event=reporter(plan.backwards))
    if fake:
        output.say(f"  Recorded without running: {', '.join(r.id for r in plan.steps)}")
    return 0


def show(plan: Plan) -> None:
    """Print the steps of a plan, one a line."""
    verb = "undo " if plan.backwards else "apply"
    for step in plan.steps:
        output.answer(f"{verb}  {step.id}  {step.doc}")
    if not plan.steps:
        output.say("Nothing to do.")


def reporter(backwards: bool) -> output.Reporter:
    """A callback that tells of each revision as it starts and ends."""
    verb = "Undoing" if backwards else "Applying"

    def report(event: tuple[str, str, float]) -> None:
        kind, name, seconds = event
        if kind == "wait":
            what = f"is migrating ({name})" if name else "keeps the database locked"
            output.say(f"Another process {what}; waiting up to {seconds:g} s ...")
        elif kind == "start":
            output.say(f"  {verb} {name} ...", nl=False)
        elif kind == "done":
            output.say(f" OK ({seconds:.2f} s)")
        elif kind == "failed":
            output.say(" FAILED")
        elif kind == "busy":
            output.say(" a table is locked; rolled back, trying again")

    return report
