"""sqlmigrate: the SQL of a revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import output
from ..options import x_option

if TYPE_CHECKING:
    from ..project import Project


@click.command()
@click.argument("revision")
@click.option("--backwards", is_flag=True, help="Print the SQL that undoes the revision.")
@x_option
@click.pass_obj
def command(project: Project, revision: str, backwards: bool) -> None:
    """Print the SQL of REVISION, without connecting to a database.

    The SQL is for the kind of database that the settings name.

    \b
    Example:
      manage.py sqlmigrate 0002
      manage.py sqlmigrate 0002 --backwards
    """
    from ..migrations.actions.migrate import revision_sql
    from ..migrations.revisions.locations import project_history

    history = project_history(project)
    sql = revision_sql(project, history, history.resolve(revision), backwards=backwards)
    output.answer(sql, nl=False)
