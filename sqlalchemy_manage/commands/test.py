"""test: pytest, with the project's settings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..project import Project


class PytestCommand(click.Command):
    """Takes ``-h`` as the first argument only: of -phypothesis Click would take it out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, ["--help", *args[1:]] if args[:1] == ["-h"] else args)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            text = option.help or ""
            option.get_help_record = lambda ctx: ("-h, --help", text)  # type: ignore[method-assign]
        return option


@click.command(
    cls=PytestCommand,
    context_settings={
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
        "help_option_names": ["--help"],
    },
)
@click.argument("arguments", metavar="[PYTEST ARGS]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def command(project: Project, arguments: tuple[str, ...]) -> int:
    """Run pytest with the project's settings.

    pytest runs in the folder of the settings, with MANAGE_SETTINGS_MODULE set, and its exit
    code is passed on. All arguments go to pytest; options of manage.py, such as --settings,
    must come before the word test.

    \b
    Example:
      manage.py test
      manage.py test -x -k "not slow" tests/test_models.py
      manage.py test -- --help        show pytest's own help
    """
    from importlib.util import find_spec

    from ..conf import ENVIRONMENT_VARIABLE
    from ..errors import ManageError
    from ..interrupts import last

    settings = project.settings
    if find_spec("pytest") is None:
        raise ManageError("pytest is not installed.", "pip install pytest")
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=settings.root,
        env={**os.environ, ENVIRONMENT_VARIABLE: settings.module},
    )
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            if last() not in (None, signal.SIGINT):
                process.terminate()
            continue  # Ctrl-C pytest got too, and ends with its summary
        return code if code >= 0 else 128 - code


command.passes_all_arguments = True  # type: ignore[attr-defined]
