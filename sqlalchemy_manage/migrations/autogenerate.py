"""Compare the models with a database; draft the revision that makes up the difference."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.util import CommandError

from .. import databases
from ..conf import Database
from ..errors import DatabaseMissing, HistoryError, MigrationError
from .environment import Run
from .history import project_history, stands_at, versions_folder
from .scripts import Draft, Request, alembic_config, create_folder
from .words import Change

if TYPE_CHECKING:
    from ..project import Project


def draft_revision(
    project: Project, *, name: str | None = None, empty: bool = False
) -> Draft | None:
    """The next revision, not written yet; None when the models equal the database.

    ``name`` takes the place of the name made from the operations. The database is only
    read. Raises HistoryError for several heads or when revisions are still to be applied.
    """
    history = project_history(project)
    head = history.single_head()
    if not project.tables and not empty:
        raise MigrationError(
            "No models were found in "
            + (", ".join(a.name for a in project.apps) or "any app")
            + ".",
            f"INSTALLED_APPS in {project.settings.file} names the packages; "
            "each has its models in models.py.",
        )
    request = Request(name=name, empty=empty)
    folder = project.settings.migrations_dir
    with _database(project) as database, tempfile.TemporaryDirectory() as temporary:
        if not empty:
            _require_applied(project, head)
        # The file is made in a folder of its own: one that cannot be rendered, or a
        # command interrupted, leaves nothing in the history.
        new = Path(temporary) / "versions"
        create_folder(Path(temporary))
        config = alembic_config(
            project,
            folder if (folder / "env.py").exists() else Path(temporary),
            run=Run(project, database, request=request, read_only=True),
        )
        folders = os.pathsep.join((str(versions_folder(project)), str(new)))
        config.set_main_option("path_separator", "os")
        config.set_main_option("version_locations", folders.replace("%", "%%"))
        try:
            command.revision(config, autogenerate=not empty, version_path=str(new))
        except CommandError as error:
            raise MigrationError(str(error)) from error
        made = list(new.glob("*.py"))
        if not made:
            return None
        text = made[0].read_text(encoding="utf-8")
        return Draft(versions_folder(project) / made[0].name, text, tuple(request.changes))


def pending_changes(project: Project) -> tuple[Change, ...]:
    """What the models have that the database lacks, and the other way round; nothing is written."""
    draft = draft_revision(project)
    return draft.changes if draft else ()


@contextmanager
def _database(project: Project) -> Iterator[Database]:
    """The project's database; an empty scratch one where it does not exist yet."""
    try:
        with project.connect():
            pass
    except DatabaseMissing:
        with databases.scratch_database(project.database, project.settings.root) as scratch:
            yield scratch
        return
    yield project.database


def _require_applied(project: Project, head: str | None) -> None:
    if head is not None and (current := stands_at(project)) != (head,):
        raise HistoryError(
            f"The models are compared with the database, and it is not at {head} "
            f"(applied: {', '.join(current) or 'nothing'}).",
            "manage.py migrate, then repeat the command.",
        )
