"""dumpdata: write rows as JSON that loaddata can load."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import output
from ..fitting import count

if TYPE_CHECKING:
    from ..project import Project


@click.command()
@click.argument("names", metavar="[APP[.MODEL]]...", nargs=-1)
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(path_type=Path),
    help="Write to this file, compressed if its name ends with .gz, .bz2 or .xz; an existing "
    "one is replaced only at the end.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "jsonl"]),
    help="A JSON list, or a record a line. Without it: jsonl for a file named .jsonl.",
)
@click.option(
    "--indent",
    type=click.IntRange(0, 16),
    help="Print records over several lines, indented by this.",
)
@click.option(
    "-e",
    "--exclude",
    metavar="APP[.MODEL]",
    multiple=True,
    help="Leave these rows out. Can be given several times.",
)
@click.option(
    "--pks",
    metavar="KEY,...",
    help="Only the rows with these primary keys, of the one model that is named.",
)
@click.option(
    "--natural-foreign",
    is_flag=True,
    help="Write links by the natural key of the row that they refer to.",
)
@click.option(
    "--natural-primary",
    is_flag=True,
    help="Leave out a primary key where a natural key says the same.",
)
@click.pass_obj
def command(
    project: Project,
    names: tuple[str, ...],
    file: Path | None,
    form: str | None,
    indent: int | None,
    exclude: tuple[str, ...],
    pks: str | None,
    natural_foreign: bool,
    natural_primary: bool,
) -> None:
    """Write rows as JSON that loaddata can load.

    Without names, the rows of all models are written, link rows included. Every record is a
    row of one table, so a model's name alone leaves out its link rows; name the app to
    include them.

    The natural key of a model is its unique constraint of NOT NULL columns, or the one that
    info={"natural_key": [...]} of the table names. A model without one keeps its primary key.

    \b
    Example:
      manage.py dumpdata > all.json
      manage.py dumpdata shop -e shop.Log -o fixtures/shop.jsonl.gz
      manage.py dumpdata shop.Product --indent 2 --pks 1,2
      manage.py dumpdata shop --natural-foreign --natural-primary
    """
    from ..data.collector import rarely_collecting

    with rarely_collecting():  # the imports too
        _dump(
            project,
            file if file is not None and str(file) != "-" else None,
            form,
            names=names,
            exclude=exclude,
            pks=pks or "",
            indent=indent,
            natural_foreign=natural_foreign,
            natural_primary=natural_primary,
        )


def _dump(
    project: Project, file: Path | None, form: str | None, *, pks: str, **wanted: Any
) -> None:
    from ..data.dump import Request, dump, typed_list
    from ..data.fixture_files import named_jsonl, replacing
    from ..errors import UsageError

    lines = form == "jsonl" or (form is None and file is not None and named_jsonl(file))
    if lines and wanted["indent"] is not None:
        raise UsageError("--indent needs several lines for a record, and jsonl has one.")
    request = Request(pks=typed_list(pks), lines=lines, **wanted)
    if file is None:
        dumped = dump(project, request, lambda text: output.answer(text, nl=False))
    else:
        with replacing(file) as write:
            dumped = dump(project, request, write)
    for note in dumped.notes:
        output.warn(note)
    if file is not None:
        records, tables = count(dumped.records, "record"), count(dumped.tables, "table")
        output.say(f"Dumped {records} of {tables} to {file}.")
