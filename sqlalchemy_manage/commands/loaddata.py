"""loaddata: load fixtures, all records or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import output
from ..fitting import count
from ..options import json_option

if TYPE_CHECKING:
    from ..project import Project


@click.command()
@click.argument("fixtures", metavar="FIXTURE...", nargs=-1, required=True)
@click.option(
    "-i",
    "--ignorenonexistent",
    "ignore",
    is_flag=True,
    help="Leave out models and fields that do not exist, instead of refusing the fixture.",
)
@click.option(
    "-e",
    "--exclude",
    metavar="APP[.MODEL]",
    multiple=True,
    help="Leave these records out. Can be given several times.",
)
@json_option("Print the counts as JSON.")
@click.pass_obj
def command(
    project: Project,
    fixtures: tuple[str, ...],
    ignore: bool,
    exclude: tuple[str, ...],
    as_json: bool,
) -> None:
    """Load fixtures in one transaction: all records or none.

    FIXTURE is a path to a .json or .jsonl file (or .json.gz, .jsonl.xz ...), a name to look
    up in FIXTURE_DIRS and the apps' fixtures/ folders, or - for standard input. Existing rows
    are updated where they differ, so loading twice changes nothing. No row is ever deleted.

    A link may be the natural key of its row, as dumpdata --natural-foreign writes it. A record
    without pk is the row that its natural key names; without such a row it is a new one.

    \b
    Example:
      manage.py loaddata sample
      manage.py loaddata backup/all.json
      manage.py --database old dumpdata shop | manage.py loaddata -
    """
    import sys

    from ..data.collector import rarely_collecting

    with rarely_collecting():  # the imports too
        from ..data.load import load

        loaded = load(project, fixtures, sys.stdin, ignore_nonexistent=ignore, exclude=exclude)
    for note in loaded.notes[:5]:
        output.warn(note)
    if len(loaded.notes) > 5:
        output.warn(f"{count(len(loaded.notes) - 5, 'more note')} like these.")
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
        f"Installed {count(loaded.records, 'record')} "
        f"({loaded.new:,} new, {loaded.changed:,} changed, {loaded.unchanged:,} unchanged) "
        f"from {count(loaded.fixtures, 'fixture')}."
    )
