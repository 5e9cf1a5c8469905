"""environment: what the database is for, written in the database itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import output
from ..options import json_option

if TYPE_CHECKING:
    from ..project import Project


@click.command()
@click.argument("name", required=False)
@click.option("--remove", is_flag=True, help="Remove the stamp from the database.")
@json_option("Print JSON: environment, protected, why.")
@click.pass_obj
def command(project: Project, name: str | None, remove: bool, as_json: bool) -> None:
    """Show or set the environment stamped into the database.

    If a database is stamped 'production', or is PROTECTED in the settings, commands that
    destroy data ask for its name: typed, or in MANAGE_CONFIRM_DATABASE. So does removing the
    stamp.

    \b
    Example:
      manage.py environment production
      manage.py environment
    """
    from ..databases.protection import require_permission, stamp, stamp_of, why_protected
    from ..errors import UsageError
    from ._prompts import name_asker

    if name is not None and remove:
        raise UsageError("NAME and --remove cannot be used together.")
    if name is not None or remove:
        with project.connect() as connection:
            old = stamp_of(connection)
        if old is not None and old != (name or "").lower():
            require_permission(project, "environment", name_asker(project))
        with project.connect() as connection:
            stamp(connection, name)
            connection.commit()
    with project.connect() as connection:
        found, why = stamp_of(connection), why_protected(project, connection)
    if as_json:
        output.answer_json({"environment": found, "protected": why is not None, "why": why})
        return
    output.answer(found or "(not stamped)")
    output.say(
        f"Commands that destroy data ask for the database's name: {why}."
        if why
        else "Commands that destroy data do not ask for the database's name."
    )
