"""makemigrations: write the revision that brings the database to the models."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from .. import output

if TYPE_CHECKING:
    from ..project import Project


@click.command()
@click.option("-n", "--name", help="Name of the revision, in place of one made from its content.")
@click.option("--empty", is_flag=True, help="A revision without operations, to fill by hand.")
@click.option("--check", is_flag=True, help="Exit with 1 if the models changed; write nothing.")
@click.option("--dry-run", is_flag=True, help="Print the file that would be written.")
@click.pass_obj
def command(project: Project, name: str | None, empty: bool, check: bool, dry_run: bool) -> int:
    """Compare the models with the database and write the difference as a revision.

    The history is one for the whole project, as Alembic's is. Only the path of the new
    file is printed on stdout. The first call also makes the migrations folder.

    \b
    Example:
      manage.py makemigrations
      manage.py makemigrations -n add_salary
      manage.py makemigrations --check       for CI: 1 if a revision is missing
    """
    from ..migrations.autogenerate import draft_revision
    from ..migrations.scripts import create_folder

    draft = draft_revision(project, name=name, empty=empty)
    if draft is None:
        output.say("No changes detected.")
        return 0
    output.say(f"{draft.path.stem}:")
    for change in draft.changes:
        output.say(f"  {change}")
    if dry_run:
        output.answer(draft.text, nl=False)
    elif not check:
        for path in create_folder(project.settings.migrations_dir):
            output.say(f"Created {os.path.relpath(path)}")
        output.answer(os.path.relpath(draft.write()))
    return 1 if check else 0
