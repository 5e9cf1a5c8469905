"""backup: save the database to a file that is checked before it gets its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import output
from ..fitting import count
from ..options import FilePath, json_option
from ._several import OnSeveral

if TYPE_CHECKING:
    from ..project import Project


@click.command(cls=OnSeveral)
@click.argument("file", type=FilePath(dir_okay=False, path_type=Path, as_text=True), required=False)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@json_option("Print JSON: file, bytes, rows (per table, SQLite only).")
@click.pass_obj
def command(project: Project, file: Path | None, force: bool, as_json: bool) -> None:
    """Save the database to FILE and print its path.

    FILE defaults to backups/<database>-<UTC time>. SQLite is copied by its online backup,
    while others may write; the copy is checked for damage and compared with the database
    before the file gets its name. PostgreSQL is saved by pg_dump, MariaDB by mariadb-dump.
    Only the owner can read the file.

    \b
    Example:
      manage.py backup
      manage.py backup /mnt/safe/before-the-move.sqlite
    """
    from ..data.backup import back_up

    made = back_up(project, file, force=force)
    if as_json:
        output.answer_json({"file": str(made.path), "bytes": made.bytes, "rows": made.rows})
        return
    output.answer(str(made.path), verbatim=True)
    output.say(count(made.bytes, "byte") if made.total is None else count(made.total, "row"))
