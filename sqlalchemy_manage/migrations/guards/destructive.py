"""Before data is destroyed: a backup, and permission for a downgrade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ... import advice
from ...databases.engines import database_url, is_sqlite_file
from ...databases.protection import Ask, require_permission
from ...errors import DatabaseMissing, DataLoss, ManageError, MigrationError
from ..analysis.counts import CountedDrop
from ..analysis.destructive import losses, may_drop
from ..runner.revision_runner import Guard, RevisionStep
from ..runner.run import Allowed

if TYPE_CHECKING:
    from ...project import Project
    from ..revisions.plan import Plan
    from ..runner.run import Run


def allowed_of(arguments: Mapping[str, str]) -> Allowed:
    """From the arguments of ``alembic -x``: ``allow-data-loss=yes``, ``no-backup=yes``."""
    given = {key.replace("_", "-") for key, value in arguments.items() if value in ("yes", "")}
    return Allowed("allow-data-loss" in given, "no-backup" in given)


def clear(project: Project, plan: Plan, allowed: Allowed, ask: Ask | None) -> Allowed:
    """Decide, before anything is locked, whether ``plan`` may run; ``ask`` may take its time.

    Raises DataLoss, OpenQuestion, NotPermitted.
    """
    if not plan.backwards:
        return allowed
    scripts = [(step.path, "downgrade") for step in plan.steps]
    try:
        with project.connect() as connection:
            found = losses(connection, scripts)
            _require(project, connection, found, plan.target == "base", allowed, ask)
    except DatabaseMissing:
        return allowed
    return replace(allowed, permitted=True)


def _require(
    project: Project,
    connection: sa.Connection,
    found: Sequence[CountedDrop],
    zero: bool,
    allowed: Allowed,
    ask: Ask | None = None,
) -> None:
    if found and not allowed.data_loss:
        raise DataLoss(
            "The downgrade would destroy data; nothing was done:"
            + "".join(f"\n  {loss}" for loss in found),
            f"If this is intended: {advice.ALLOW_DATA_LOSS}"
            if advice.typed()
            else f"If this is intended: {advice.ALLOW_DATA_LOSS_HERE}\n"
            "With plain alembic: alembic -x allow-data-loss=yes downgrade REVISION",
            losses=tuple(found),
        )
    if (found or zero) and not allowed.permitted:
        action = "migrate zero" if zero else "downgrade with loss of data"
        require_permission(project, action, ask, connection)


class DestructiveGuard(Guard):
    """Refuses a downgrade that destroys data without permission; saves data before it is lost."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.done = run.allowed.without_backup
        self.saved: Path | None = None  # before the revision that is under way

    def before_downgrade(
        self, connection: sa.Connection, steps: Sequence[RevisionStep], zero: bool
    ) -> None:
        """With the lock held: for plain ``alembic``, and for what changed since the decision."""
        # All of them: a rename before a drop is part of it.
        scripts = [script for step in steps if (script := _script(step))]
        found = losses(connection, scripts)
        _require(self.run.project, connection, found, zero, self.run.allowed)

    def prepare(self, step: RevisionStep) -> None:
        """Nobody else can write now on SQLite, and the revision has not begun."""
        self.saved = None  # the revision before this one is committed: it may be needed
        script = None if self.done else _script(step)
        if script is None or not may_drop(getattr(step.module, step.verb, None)):
            return
        found = losses(step.connection, [script])
        if not found:
            return
        self.done = True
        project = self.run.project
        what = f"{step.name} destroys data: {', '.join(map(str, found))}."
        url = database_url(self.run.database, project.settings.root)
        if url.get_backend_name() != "sqlite":
            note = f"{what} No backup was made; {advice.BACK_UP} makes one."
            self.run.on_event(("note", note, 0.0))
        elif is_sqlite_file(url):
            self.saved = self._backup(step)
            self.run.on_event(("note", f"{what} Backup: {self.saved}", 0.0))

    def failed(self, step: RevisionStep, error: Exception) -> None:
        """What is rolled back needs no backup; one for each try would fill the disk."""
        if self.saved is not None and step.transactional:
            self.saved.unlink(missing_ok=True)
            self.run.on_event(("note", f"Removed the backup: {self.saved}", 0.0))

    def _backup(self, step: RevisionStep) -> Path:
        from ...data.backup import back_up

        try:
            return back_up(self.run.project).path
        except ManageError as error:
            raise MigrationError(
                f"{step.name} would destroy data, and the backup before it failed: "
                f"{error.message}\nThe database is as it was before {step.name}.",
                f"{error.hint or ''}\nWithout a backup: {advice.WITHOUT_BACKUP}".strip(),
            ) from error


def _script(step: RevisionStep) -> tuple[Path, str] | None:
    """The file and the function of a step; None for a stamp, and for a file without source."""
    path = str(getattr(step.module, "__file__", None) or "")
    return (Path(path), step.verb) if step.verb != "stamp" and path.endswith(".py") else None
