"""startapp: a new app of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import advice, output
from ..options import FilePath

if TYPE_CHECKING:
    from ..project import Project


@click.command()
@click.argument("name")
@click.argument("directory", required=False, type=FilePath(as_text=True))
@click.pass_obj
def command(project: Project, name: str, directory: str | None) -> None:
    """Add an app: models, factories, a seed and a test.

    It is in a new folder of that name, or in DIRECTORY, whose last part is the name. Where
    INSTALLED_APPS is a plain list of names, the app is added to it; else the line to write is
    shown. Prints the files that were made.

    \b
    Example:
      manage.py startapp billing
      manage.py startapp billing apps/billing
    """
    import os
    from pathlib import Path

    from ..scaffold.apps import start_app
    from .startproject import show_files

    example = advice.START_APP(name="billing")
    started = start_app(project, name, Path(directory) if directory else None, example)
    show_files(started.files)
    if started.lacks_session:
        output.warn("The test needs a fixture 'session', which tests/conftest.py has not.")
    if started.settings is not None:
        output.say(f"INSTALLED_APPS of {os.path.relpath(started.settings)} has '{started.name}'.")
    else:
        output.say(f'Add "{started.name}" to INSTALLED_APPS of the settings.')
    output.say(f"Next: {advice.WRITE_FOR_APP}")
