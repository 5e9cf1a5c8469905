"""dumpdata: write rows as JSON that loaddata can load."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import output

if TYPE_CHECKING:
    from ..project import Project


@click.command()
@click.argument("names", metavar="[APP[.MODEL]]...", nargs=-1)
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(path_type=Path),
    help="Write to this file; an existing one is replaced only at the end.",
)
@click.option(
    "--indent",
    type=click.IntRange(0, 16),
    help="Print records over several lines, indented by this.",
)
@click.pass_obj
def command(
    project: Project, names: tuple[str, ...], file: Path | None, indent: int | None
) -> None:
    """Write rows as JSON that loaddata can load.

    Without names, the rows of all models are written, link rows included. Every record is a
    row of one table, so a model's name alone leaves out its link rows; name the app to
    include them.

    \b
    Example:
      manage.py dumpdata > all.json
      manage.py dumpdata shop -o fixtures/shop.json
      manage.py dumpdata shop.Product --indent 2
    """
    from ..data.dump import dump, replacing

    if file is None or str(file) == "-":
        dump(project, names, lambda text: output.answer(text, nl=False), indent)
        return
    with replacing(file) as write:
        dumped = dump(project, names, write, indent)
    records = "record" if dumped.records == 1 else "records"
    tables = "table" if dumped.tables == 1 else "tables"
    output.say(f"Dumped {dumped.records:,} {records} of {dumped.tables} {tables} to {file}.")
