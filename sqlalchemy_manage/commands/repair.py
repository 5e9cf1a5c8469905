"""repair: revision files that have changed since they were applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import output
from ..options import json_option

if TYPE_CHECKING:
    from ..migrations.runner.status import HistoryStatus
    from ..project import Project


@click.command()
@click.argument("revisions", nargs=-1, metavar="[REVISION]...")
@click.option(
    "--reason", metavar="TEXT", help="Accept the files as they are; TEXT is kept in the ledger."
)
@click.option("--restore", is_flag=True, help="Restore the files as they were applied.")
@json_option("Print JSON: a list of revision, kind, message, files, difference, done.")
@click.pass_obj
def command(
    project: Project,
    revisions: tuple[str, ...],
    reason: str | None,
    restore: bool,
    as_json: bool,
) -> int:
    """Show, accept or restore revision files that have changed.

    Files that were edited, deleted or moved in the history after they were applied stop
    'migrate'. The ledger keeps their text as it was applied. Some changes cannot be accepted
    and must be fixed: two files with one id, or a deleted file that others build on.

    \b
    Example:
      manage.py repair                              show all, and ask
      manage.py repair 0002 --reason "typo in a comment column"
      manage.py repair 0002 --restore
    """
    from ..errors import UsageError
    from ..migrations.actions import repair as repairing
    from ..migrations.guards.journal.unfinished import require_finished

    if restore and reason is not None:
        raise UsageError("--restore and --reason cannot be used together.", "Give one of them.")
    if reason is not None:
        repairing.require_reason(reason)
    now = repairing.problems(project, revisions)
    differences = [repairing.difference(project, now, finding) for finding in now.findings]
    if not as_json:
        for finding, text in zip(now.findings, differences, strict=True):
            output.answer(output.clean(finding.message))
            for line in text.splitlines():
                output.answer(output.clean(line), verbatim=True)
        if not now.findings:
            require_finished(project)
            output.say("Nothing to repair: the revision files are as they were applied.")
    done: str | None = None
    try:
        if now.findings:
            done = _put_right(project, now, reason, restore)
    finally:
        if as_json:
            output.answer_json(
                [
                    {
                        "revision": finding.revision,
                        "kind": finding.kind,
                        "message": finding.message,
                        "files": [str(path) for path in finding.files],
                        "difference": text,
                        "done": done,
                    }
                    for finding, text in zip(now.findings, differences, strict=True)
                ]
            )
    return 0 if done or not now.findings else 1


def _put_right(
    project: Project, now: HistoryStatus, reason: str | None, restore: bool
) -> str | None:
    """``restored``, ``accepted``, or None where everything was left as it is."""
    from ..verbs.revisions import put_right
    from ._prompts import questioner_for

    done = put_right(
        project, now, reason=reason, restore=restore, questioner=questioner_for(project)
    )
    for path in done.files:
        output.say(f"Restored: {path}")
    if done.ids:
        output.say(f"Accepted: {', '.join(done.ids)}")
    return done.done
