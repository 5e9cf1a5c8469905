"""migrate: bring a database to a revision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .. import output
from ..fitting import count
from ..options import RevisionType, run_options
from ._several import OnSeveral

if TYPE_CHECKING:
    from ..project import Project


@click.command(cls=OnSeveral, moves=True, context_settings={"ignore_unknown_options": True})
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
    "--from-base",
    is_flag=True,
    help="Run the revisions from the first one, whatever tables a database without history has.",
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
    from_base: bool,
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
    from ..verbs.ahead import ahead
    from . import _migrate

    if prune:
        return pruned(project, revision)
    flags = {"check": check, "fake": fake, "fake_initial": fake_initial, "sync_branch": sync_branch}
    if _migrate.as_is(project, revision, **flags, **how):
        return 0
    _migrate.require_plan(**how)
    _not_an_app(project, revision)
    migration = _migrate.migration(project, from_base=from_base, **flags, **how)
    if how["only_plan"] or check:
        with ahead(project, revision, migration.wanted) as found:
            _migrate.show(project, found, **how)
            return 1 if check and (found.steps or found.left) else 0
    migration.to(revision)
    return 0


def _not_an_app(project: Project, revision: str | None) -> None:
    """Raises UsageError where an app is named, as Django's users do, and not a revision."""
    if revision is None or revision not in (app.label for app in project.homes):
        return
    from ..elsewhere import no_app_here
    from ..errors import UsageError
    from ..migrations.revisions.locations import project_history

    if not any(name.startswith(revision) for name in project_history(project).by_id):
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
