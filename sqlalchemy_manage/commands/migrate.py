"""migrate: bring a database to a revision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .. import advice, output
from ..fitting import count
from ..options import RevisionType, run_options

if TYPE_CHECKING:
    from ..project import Project


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("revision", type=RevisionType(), required=False)
@run_options
@click.option(
    "--check", is_flag=True, help="Exit with 1 if there is something to do; change nothing."
)
@click.option("--fake", is_flag=True, help="Record the revisions without running them.")
@click.option(
    "--fake-initial",
    is_flag=True,
    help="Record the first revision without running it if its tables exist and match.",
)
@click.option(
    "--sync-branch",
    is_flag=True,
    help="First undo the revisions of another branch; runs the code of their files in git.",
)
@click.option(
    "--prune",
    is_flag=True,
    help="Only remove the ledger rows of unapplied revisions that have no file.",
)
@click.pass_obj
def command(
    project: Project,
    /,
    revision: str | None,
    check: bool,
    fake: bool,
    fake_initial: bool,
    sync_branch: bool,
    prune: bool,
    **how: Any,
) -> int:
    """Apply pending revisions, or go to REVISION.

    REVISION is a name or the unique beginning of one, 'zero' for before the first, or -N
    or +N relative to the current one; of a branch by its label: LABEL@head, LABEL@base,
    LABEL@+N, LABEL@-N; 'heads' for all. Each revision is one transaction: on SQLite and
    PostgreSQL it is applied whole or not at all. A revision that loses rows or links without
    declaring it (expected_loss = {"employee": "all"}) is rolled back, and they are named.

    A downgrade that would drop tables or columns with data is refused without
    --allow-data-loss. On SQLite a backup is made before data is destroyed, in upgrades too.

    \b
    Example:
      manage.py migrate                  apply all
      manage.py migrate 0002             upgrade or downgrade to 0002
      manage.py migrate -1               undo the last one
      manage.py migrate --check          for scripts: 1 if one is pending
      manage.py migrate --plan           show what would be done
      manage.py migrate --fake-initial   adopt a database that has its tables
    """
    _ = project.settings  # report wrong settings before anything heavy is imported
    from ..migrations.foreign_env.harvest import harvested_env
    from ..migrations.guards.journal.unfinished import forget_unfinished, require_finished
    from ..migrations.revisions.locations import require_found
    from ..migrations.revisions.plan import make_plan
    from ..migrations.runner.status import history_status
    from . import _migrate

    if prune:
        return pruned(project, revision)
    flags = {"check": check, "fake": fake, "fake_initial": fake_initial, "sync_branch": sync_branch}
    if _migrate.as_is(project, revision, **flags, **how):
        return 0
    _migrate.require_plan(**how)
    now = history_status(project).require_untampered()
    history, current = now.history, now.heads
    if not history.by_id.keys() >= set(current):
        if fake and not (check or how["only_plan"]):
            _migrate.record(project, history, revision)
            return 0
        done, current = _migrate.leave_branch(
            project, history, current, revision, sync=sync_branch, check=check, **how
        )
        if done:
            return int(check)
    _not_an_app(project, revision, [*history.by_id])
    plan = make_plan(history, current, revision)
    if how["only_plan"] or check:
        _migrate.show(project, [plan], **how)
        return 1 if check and plan.steps else 0
    if not history.revisions:
        require_found(project, history)
        output.say(f"No revisions yet: {advice.WRITE_FIRST} writes the first.")
        return 0
    if not plan.steps:
        if fake:
            for half_done in forget_unfinished(project):
                output.say(f"Taken as undone by hand: {half_done.revision}.")
        else:
            require_finished(project, project.settings.lock_wait)
        where = ", ".join(current) or "before the first revision"
        output.say(f"Nothing to do: the database is at {where}.")
        return 0
    harvested_env(project)  # before anything is said of a table of versions that is not its own
    if not current and not plan.backwards and not fake:
        from ..migrations.actions.fake_initial import adopt

        report = _migrate.reporter(plan.backwards)
        adopted = adopt(project, history, allowed=fake_initial, on_event=report)
        if adopted is not None:
            output.say(f"  Recorded {adopted} without running it: the tables match.")
            plan = make_plan(history, (adopted,), revision)
    _migrate.apply(project, plan, fake=fake, **how)
    if fake:
        how_so = "as not applied, without undoing" if plan.backwards else "without running"
        output.say(f"  Recorded {how_so}: {', '.join(r.id for r in plan.steps)}")
    return 0


def _not_an_app(project: Project, revision: str | None, known: list[str]) -> None:
    """Raises UsageError where an app is named, as Django's users do, and not a revision."""
    if revision is None or any(name.startswith(revision) for name in known):
        return
    if revision in (app.label for app in project.homes):
        from ..elsewhere import no_app_here
        from ..errors import UsageError

        raise UsageError(f"'{revision}' is an app, not a revision.", no_app_here("migrate"))


def pruned(project: Project, revision: str | None) -> int:
    """Prune the ledger, and print what was removed."""
    from ..errors import UsageError
    from ..migrations.actions.repair import prune

    if revision is not None:
        raise UsageError("--prune works on the whole ledger and takes no REVISION.")
    found = prune(project)
    for name in found:
        output.answer(name)
    output.say(
        f"{count(len(found), 'revision')} removed from the ledger."
        if found
        else "Nothing to prune."
    )
    return 0
