"""showmigrations: the revisions, and which of them are applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .. import advice, output
from ..fitting import count
from ..options import json_option
from . import _several
from ._several import OnSeveral

if TYPE_CHECKING:
    from ..migrations.runner.ledger import LedgerEntry
    from ..project import Project


@click.command(cls=OnSeveral, shows=True, moves=True)
@click.option("-p", "--plan", is_flag=True, help="Also show the revisions that each one builds on.")
@json_option(
    "Print JSON: a list of id, applied, doc, parents, file, ledger (direction, applied_at, "
    "duration_ms, user, host, reason; or null), tampered."
)
@click.pass_obj
def command(project: Project, plan: bool, as_json: bool) -> None:
    """List the revisions and whether they are applied.

    [X] is applied, [ ] is not. With -v 2, also when, how long it took, and by whom.

    \b
    Example:
      manage.py showmigrations
      manage.py showmigrations -v 2
      manage.py showmigrations --json
    """
    from ..migrations.revisions.history import is_numbered
    from ..verbs.history import history_state

    now = history_state(project)
    applied = sum(r.applied for r in now.revisions)
    _several.summary(f"{applied} of {count(len(now.revisions), 'revision')} applied")
    if as_json:
        output.answer_json(
            [
                {
                    "id": r.id,
                    "applied": r.applied,
                    "doc": r.doc,
                    "parents": list(r.parents),
                    "file": str(r.file),
                    "ledger": told(r.ledger),
                    "tampered": r.tampered,
                }
                for r in now.revisions
            ]
        )
        return
    for revision in now.revisions:
        mark = "X" if revision.applied else " "
        after = f"  after {', '.join(revision.parents)}" if plan and revision.parents else ""
        entry = revision.ledger if project.verbosity > 1 else None
        ran = f"  {output.clean(entry)}" if entry is not None else ""
        words = "" if is_numbered(revision.id) else f"  {output.clean(revision.doc)}".rstrip()
        output.answer(f"[{mark}] {revision.id}{words}{after}{ran}")
    if not now.revisions and not _warned(project):
        output.say(f"No revisions yet: {advice.WRITE_FIRST}")
    if project.verbosity > 1 and project.database.bookkeeping.ledger is False:
        output.say("When they were applied is not known: the settings have LEDGER = False.")
    for unknown in now.unknown:
        output.warn(f"the database is at {unknown}, which has no file here.")
    for half_done in now.half_done:
        output.warn(f"{half_done}; {advice.FINISH_LATER} says more.")
    for finding in now.problems:
        output.warn(f"{finding.message}\n{advice.REPAIR(revisions=finding.revision)}")


def _warned(project: Project) -> bool:
    """Whether revision files are beside the project's locations, which is said then."""
    from ..migrations.revisions.locations import passed_over, where_they_are

    if found := passed_over(project):
        output.warn("\n".join(where_they_are(project, found)))
    return bool(found)


def told(entry: LedgerEntry | None) -> dict[str, Any] | None:
    """A revision's entry for JSON; times are UTC, null for what was applied before the ledger."""
    if entry is None:
        return None
    seen = entry.direction != "adopt"
    return {
        "direction": entry.direction,
        "applied_at": f"{entry.applied_at.isoformat()}Z" if seen else None,
        "duration_ms": entry.duration_ms,
        "user": entry.username if seen else None,
        "host": entry.host if seen else None,
        "reason": entry.reason,
    }
