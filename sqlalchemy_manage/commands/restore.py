"""restore: replace the database by a backup."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import output
from ..options import FilePath

if TYPE_CHECKING:
    from ..project import Project


@click.command()
@click.argument("file", type=FilePath(exists=True, dir_okay=False, path_type=Path, as_text=True))
@click.option("--no-backup", is_flag=True, help="Do not back up the current data first.")
@click.pass_obj
def command(project: Project, file: Path, no_backup: bool) -> None:
    """Make the database equal to the backup in FILE.

    FILE is checked first, and the current data is backed up. On SQLite and PostgreSQL a
    restore that fails, or is killed, leaves the old database. MariaDB cannot roll back:
    there FILE is first loaded into a scratch database, and the backup of the old data,
    which is always made, is loaded again if the restore fails.

    For a protected database, or one stamped 'production', its name is required: typed, or in
    MANAGE_CONFIRM_DATABASE.

    \b
    Example:
      manage.py restore backups/shop-20261124T101500Z.sqlite
    """
    from ..data.backup import Backup
    from ..data.restore import restore
    from ..databases.protection import require_permission
    from ._prompts import name_asker

    require_permission(project, "restore", name_asker(project))

    def saved(backup: Backup) -> None:
        output.say(f"The old data was saved to {backup.path}")

    done = restore(project, file, save=not no_backup, on_saved=saved)
    stamped = f", stamped '{done.stamp}'" if done.stamp else ""
    output.say(f"Restored from {file}{stamped}.")
