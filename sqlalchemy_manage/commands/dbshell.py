"""dbshell: the database's own client, connected to the project's database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import output
from ..errors import UsageError

if TYPE_CHECKING:
    from ..project import Project


class _AfterTwoHyphens(click.Command):
    """A command whose arguments are those after ``--`` alone.

    A name before it would be taken by psql and mariadb for that of another database, which is
    then open although nobody asked for it; whoever types one means an entry of DATABASES.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        rest = super().parse_args(ctx, args[:end])
        if stray := ctx.params["arguments"]:
            raise UsageError(
                f"dbshell takes no '{stray[0]}'.",
                "What is for the client comes after two hyphens: dbshell -- ARGS. An entry of "
                "DATABASES is chosen by --database ALIAS.",
            )
        ctx.params["arguments"] = tuple(args[end + 1 :])
        return rest


@click.command(cls=_AfterTwoHyphens)
@click.argument("arguments", metavar="[-- ARGS...]", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def command(project: Project, arguments: tuple[str, ...]) -> int:
    """Open sqlite3, psql or mariadb on the project's database.

    ARGS go to the client. SQL on standard input is run. The exit code is the client's. The
    password is given to the client in its environment or in a file that only you can read,
    never as an argument.

    \b
    Example:
      manage.py dbshell
      manage.py dbshell < report.sql
      manage.py --database old dbshell -- -c "SELECT count(*) FROM employee"
    """
    from ..data.client_shell import run_client

    if project.database.protected:
        output.warn(f"DATABASES['{project.alias}'] is PROTECTED, and nothing guards it here.")
    return run_client(project, arguments)
