"""loaddata: load fixtures, all records or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import output
from ..options import json_option

if TYPE_CHECKING:
    from ..project import Project


@click.command()
@click.argument("fixtures", metavar="FIXTURE...", nargs=-1, required=True)
@json_option("Print the counts as JSON.")
@click.pass_obj
def command(project: Project, fixtures: tuple[str, ...], as_json: bool) -> None:
    """Load fixtures in one transaction: all records or none.

    FIXTURE is a path to a .json file, a name to look up in FIXTURE_DIRS and the apps'
    fixtures/ folders, or - for standard input. Existing rows are updated where they differ,
    so loading twice changes nothing. No row is ever deleted.

    \b
    Example:
      manage.py loaddata sample
      manage.py loaddata backup/all.json
      manage.py --database old dumpdata shop | manage.py loaddata -
    """
    import sys

    from ..data.load import load

    loaded = load(project, fixtures, sys.stdin)
    for note in loaded.notes[:5]:
        output.warn(f"a trigger may have changed a row. {note}")
    if len(loaded.notes) > 5:
        output.warn(f"{len(loaded.notes) - 5} more rows differ from the fixture.")
    counts = {
        "records": loaded.records,
        "new": loaded.new,
        "changed": loaded.changed,
        "unchanged": loaded.unchanged,
        "fixtures": loaded.fixtures,
    }
    if as_json:
        output.answer_json(counts)
        return
    output.say(
        f"Installed {loaded.records:,} record{'' if loaded.records == 1 else 's'} "
        f"({loaded.new:,} new, {loaded.changed:,} changed, {loaded.unchanged:,} unchanged) "
        f"from {loaded.fixtures} fixture{'' if loaded.fixtures == 1 else 's'}."
    )
