"""check: is the project in order?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from .. import output
from ..options import json_option, x_option
from . import _several
from ._several import OnSeveral

if TYPE_CHECKING:
    from ..project import Project

_COLORS = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "yellow"}


@click.command(cls=OnSeveral)
@click.option(
    "--drift",
    is_flag=True,
    help="Also compare the database with a scratch database built from the revisions.",
)
@json_option("Print JSON: ok, and a list of name, status, message, hint.")
@x_option
@click.pass_obj
def command(project: Project, drift: bool, as_json: bool) -> int:
    """Check the settings, models, revisions and database.

    The checks are settings, models, history, connection, migrations (none is pending) and
    schema. Exits with 1 if one of them fails. A foreign key without an index is a warning.

    \b
    Example:
      manage.py check
      manage.py check --drift            find changes that no revision made
      manage.py check --database replica --json
    """
    from ..checks import run_checks

    results = []
    for result in run_checks(project, drift=drift):
        results.append(result)
        if not as_json:
            status = click.style(f"{result.status:<7}", fg=_COLORS[result.status])
            output.answer(f"{status}  {result.name:<10}  {_indented(result.message)}")
            if result.hint:
                output.answer(f"{'':<21}{_indented(result.hint)}")
    wrong = [result.name for result in results if result.status == "failed"]
    _several.summary(f"failed: {', '.join(wrong)}" if wrong else "in order")
    ok = all(result.status in ("ok", "warning") for result in results)
    if as_json:
        output.answer_json({"ok": ok, "checks": [asdict(result) for result in results]})
    return 0 if ok else 1


def _indented(text: str) -> str:
    """Its lines, all but the first below the column of the messages."""
    return output.redact(text).replace("\n", f"\n{'':<21}")
