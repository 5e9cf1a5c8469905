"""makefactories: write factories for the models that have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import advice, output
from ..fitting import count

if TYPE_CHECKING:
    from ..project import Project


@click.command()
@click.argument("what", metavar="[APP|MODEL]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Print the new text; write nothing.")
@click.pass_obj
def command(project: Project, what: tuple[str, ...], dry_run: bool) -> None:
    """Write factories for the models that have none.

    They go into the factories.py of their apps, and are what seed --auto uses: read from the
    columns, CHECKs, keys and names. What a file has stays as it is; new factories come at its
    end. Prints the files that were written.

    \b
    Example:
      manage.py makefactories
      manage.py makefactories shop --dry-run
    """
    import os

    from ..verbs.factories import lay_out_factories

    made = lay_out_factories(project, what, joined=not dry_run)
    files = made.files
    for notice in made.notices:
        output.warn(notice)
    for model, why in made.skipped.items():
        output.say(f"{model} gets no factory: {why}.", level=1 if what else 2)
    for file in files:
        for each in file.factories:
            for problem in each.problems:
                output.warn(f"{each.name} is not complete: {problem}.")
        if dry_run:
            output.answer(file.text.rstrip(), verbatim=True)
            continue
        file.write()
        output.answer(os.path.relpath(file.path), verbatim=True)
        names = ", ".join(each.name for each in file.factories)
        output.say(f"{count(len(file.factories), 'factory', 'factories')}: {names}")
    if not files:
        output.say("Every model has a factory.")
    elif dry_run:
        output.say("Nothing was written.")
    else:
        output.say(f"Fill the tables with them: {advice.SEED}")
