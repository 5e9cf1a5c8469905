"""startproject: a new project, that runs at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import advice, output
from ..options import FilePath

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("name")
@click.argument("directory", required=False, type=FilePath(as_text=True))
def command(name: str, directory: str | None) -> None:
    """Make a new project.

    It has a manage.py, settings, an app with models, factories and a seed, the first revision,
    and tests. It is in a new folder of that name, or in DIRECTORY, which may exist: what is
    there is left as it is. Prints the files that were made.

    \b
    Example:
      sqlalchemy-manage startproject shop
      sqlalchemy-manage startproject shop .      in this folder
    """
    import os
    from pathlib import Path

    from ..scaffold.projects import start_project

    example = advice.START_PROJECT(name="shop")
    started = start_project(name, Path(directory) if directory else None, example)
    show_files(started.files)
    for kept in started.kept:
        output.say(f"{kept} was there already, and is left as it is.")
    where = os.path.relpath(started.folder)
    output.say(f"{'Next' if where == '.' else f'Next, in {where}'}: {advice.PREPARE_NEW}")


def show_files(files: list[Path]) -> None:
    """Print the paths, as seen from here."""
    import os

    for path in files:
        output.answer(os.path.relpath(path), verbatim=True)
