"""A new project: a folder that runs at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from .. import advice
from .._version import __version__
from .names import require_name
from .new_files import filled, migration_files
from .placing import NotLaidDown, lay_down, taken

YOURS = (".gitignore", "README.md", "pyproject.toml")
"""What a folder may have before, and keeps."""


class StartedProject(NamedTuple):
    """Its folder, the files that were made, and those that were there and are kept."""

    folder: Path
    files: list[Path]
    kept: list[str]


def start_project(name: str, directory: Path | None, example: str) -> StartedProject:
    """Make a project called ``name``, in a new folder of that name or in ``directory``.

    Raises UsageError for a name that cannot be used (``example`` is the command with a good
    one), and NotLaidDown if a file is there already or cannot be written: then nothing is made.
    """
    folder = Path.cwd() / name if directory is None else Path(os.path.abspath(directory))
    require_name(name, "project", example, own=[folder])
    if directory is None and os.path.lexists(folder):
        raise NotLaidDown(
            f"{folder} exists already.",
            f"To start the project in it, name the folder too: {example} {name}",
        )
    words = {"project": name, "app": name, "version": __version__}
    new = [*filled("project", words), *migration_files()]
    new.sort(key=lambda file: ("/" in file.path, file.path))
    kept = [path for path in taken(folder, new) if path in YOURS]
    new = [file for file in new if file.path not in kept]
    if there := taken(folder, new):
        raise NotLaidDown(
            f"{folder} has {', '.join(there[:3])}{' and more' if len(there) > 3 else ''} already.",
            "Use another folder. Where that is a project already, this writes the settings "
            f"for it: {advice.LAY_OVER(path=os.path.relpath(folder))}",
        )
    return StartedProject(folder, lay_down(folder, new), kept)
