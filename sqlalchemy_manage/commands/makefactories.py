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
    from functools import partial

    from ..migrations.revisions.format import lay_out
    from ..seeding.scaffolding.files import factory_files

    notices: list[str] = []
    finish = partial(lay_out, root=project.settings.root, notices=notices)
    models = _models(project, what) if what else None
    files, invention = factory_files(project, models, finish, joined=not dry_run)
    for notice in dict.fromkeys(notices):
        output.warn(notice)
    for model, why in invention.skipped.items():
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


def _models(project: Project, what: tuple[str, ...]) -> list[type]:
    """The models of the apps and models that are named."""
    labels = {app.label.lower() for app in project.homes}
    found = []
    for name in what:
        if name.lower() in labels:
            found += [m.class_ for m in project.mappers if project.label_of(m) == name.lower()]
        else:
            found.append(project.find_model(name).class_)
    return found
