"""showmigrations: the revisions, and which of them are applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import output
from ..options import json_option

if TYPE_CHECKING:
    from ..project import Project


@click.command()
@click.option("-p", "--plan", is_flag=True, help="With each revision, those it builds on.")
@json_option("Print JSON: a list of id, applied, doc, parents, file.")
@click.pass_obj
def command(project: Project, plan: bool, as_json: bool) -> None:
    """List the revisions: [X] is applied, [ ] is not.

    \b
    Example:
      manage.py showmigrations
      manage.py showmigrations --json
    """
    from ..migrations.history import project_history, stands_at

    history = project_history(project)
    current = stands_at(project)
    applied = history.ancestors(current)
    if as_json:
        output.answer_json(
            [
                {
                    "id": r.id,
                    "applied": r.id in applied,
                    "doc": r.doc,
                    "parents": list(r.parents),
                    "file": str(r.path),
                }
                for r in history.revisions
            ]
        )
        return
    for revision in history.revisions:
        mark = "X" if revision.id in applied else " "
        after = f"  after {', '.join(revision.parents)}" if plan and revision.parents else ""
        output.answer(f"[{mark}] {revision.id}{after}")
    if not history.revisions:
        output.say("No revisions yet: manage.py makemigrations")
    for unknown in sorted(set(current) - set(history.by_id)):
        output.warn(f"the database is at {unknown}, which has no file here.")
