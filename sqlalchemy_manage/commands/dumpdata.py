"""dumpdata: rows as JSON that loaddata takes."""

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
    help="Write to this file; it is replaced only when all is written.",
)
@click.option("--indent", type=click.IntRange(0, 16), help="Spread each record over lines.")
@click.pass_obj
def command(
    project: Project, names: tuple[str, ...], file: Path | None, indent: int | None
) -> None:
    """Write rows as JSON, link rows included, in an order that loads.

    Without names: the rows of all models. Every record is a row of one table, so a model's
    name alone leaves out its links to others; name the app to have them too.

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
