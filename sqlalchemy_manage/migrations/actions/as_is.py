"""Revisions run by an env.py of another tool, as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from ...conf import raised
from ...databases.engines import database_url, trouble
from ...errors import ManageError, MigrationError, UsageError
from ..foreign_env.detection import foreign_env
from ..foreign_env.own_config import own_config
from ..revisions.history import project_heads
from ..revisions.locations import project_history, version_folders_of

if TYPE_CHECKING:
    from ...project import Project

UNPROMISED = (
    "env.py runs the revisions as it is: on the database that it chooses, without a lock, "
    "a transaction for each revision, the check for lost rows and links, a backup, or the ledger."
)


def run_as_is(project: Project, revision: str | None) -> None:
    """Have the project's env.py go to ``revision`` (None: to the heads), as plain Alembic does.

    Which database that is, is its business; whether a revision lies ahead or behind is
    looked up in that of the settings. Raises UsageError where env.py is ours, MigrationError
    for whatever it raises.
    """
    folder = project.migrations.folder
    if foreign_env(folder) is None:
        raise UsageError(
            f"--as-is is for an env.py of another tool; {folder / 'env.py'} is not one."
        )
    target, backwards = _target(project, revision)
    config = own_config(project)
    url = database_url(project.database, project.settings.root)
    text = url.render_as_string(hide_password=False)
    config.set_main_option("sqlalchemy.url", text.replace("%", "%%"))
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    folders = "\n".join(map(str, version_folders_of(project.migrations)))
    config.set_main_option("version_locations", folders.replace("%", "%%"))
    try:
        (command.downgrade if backwards else command.upgrade)(config, target)
    except CommandError as error:
        raise MigrationError(str(error)) from error
    except DBAPIError as error:
        raise trouble(error) from error
    except ManageError:
        raise
    except Exception as error:  # it is the project's own code
        raise MigrationError(f"env.py failed: {raised(error)}.") from error


def _target(project: Project, revision: str | None) -> tuple[str, bool]:
    """What Alembic calls it, and whether that is a downgrade."""
    if revision is None or revision in ("head", "heads"):
        return revision or "heads", False
    if revision in ("zero", "base"):
        return "base", True
    if revision[0] in "+-":
        return revision, revision[0] == "-"
    history = project_history(project)
    wanted = history.resolve(revision)
    return wanted, wanted in history.ancestors(project_heads(project))
