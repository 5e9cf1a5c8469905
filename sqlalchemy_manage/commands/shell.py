"""shell: Python with the project's models, factories and session imported."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from .. import output

if TYPE_CHECKING:
    from ..project import Project


@click.command()
@click.option("-c", "--command", "code", metavar="CODE", help="Run this code and exit.")
@click.option(
    "-i",
    "--interface",
    type=click.Choice(["ipython", "ptpython", "python"]),
    help="The shell to use (default: IPython if installed, else Python).",
)
@click.pass_obj
def command(project: Project, code: str | None, interface: str | None) -> int:
    """Open a Python shell, or run code, with the models imported.

    Available are engine, session and project, the models, the factories, the link tables,
    the names in SHELL_IMPORTS, and the query functions (select, func, ...). Without a
    terminal, code is read from standard input. Only what session.commit() saves is kept.
    With an async driver there are async_session and async_engine too, and await.

    \b
    Example:
      manage.py shell
      manage.py shell -c "print(session.get(Employee, 1))"
      manage.py shell < report.py
    """
    from ..async_shell import awaiting
    from ..interrupts import as_usual
    from ..sessions import opened_session
    from ..shell import banner, find_interface, interact, run_code, shell_names

    interface = find_interface(interface)
    with opened_session(project.settings, project.engine) as session, awaiting(project) as later:
        names = shell_names(project, session, later)
        for warning in names.warnings:
            output.warn(warning)
        for remark in names.hidden:
            output.say(remark, level=2)
        with project.connect():
            pass  # report a database that cannot be reached now, not at the first query
        file = "<command>"
        if code is None and not (sys.stdin and sys.stdin.isatty()):
            code, file = sys.stdin.read() if sys.stdin else "", "<stdin>"
        if code is None:
            output.say(banner(project, names, min(output.width(err=True) or 100, 100)))
            with as_usual():
                interact(interface, names, later)
        elif (trace := run_code(code, names, file, later)) is not None:
            output.say(trace, level=0, nl=False)
            return 1
    return 0
