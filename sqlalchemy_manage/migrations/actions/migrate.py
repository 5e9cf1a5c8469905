"""Apply a plan: upgrade, downgrade, stamp, or only show the SQL."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationStep
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionMap
from alembic.util import CommandError

from ...errors import ManageError, MigrationError
from ..analysis.reversible import require_downgrades
from ..foreign_env.harvest import harvested_env
from ..guards.destructive import clear
from ..guards.journal.unfinished import require_finished
from ..guards.losses.loss import allowed_names
from ..revisions.files import alembic_config, complete_folder
from ..revisions.history import History
from ..revisions.locations import version_folders_of
from ..revisions.plan import Plan
from ..runner.run import NOTHING, Allowed, Event, Run
from .unshown import not_shown, require_env_innocent

if TYPE_CHECKING:
    from ...databases.protection import Ask
    from ...project import Project


def apply_plan(
    project: Project,
    plan: Plan,
    *,
    fake: bool = False,
    forget: bool = False,
    creates: bool = False,
    folder: Path | None = None,
    allowed: Allowed = NOTHING,
    ask: Ask | None = None,
    prove: bool = True,
    allow_loss: Iterable[str] = (),
    on_event: Callable[[Event], None] = lambda event: None,
) -> None:
    """Apply each revision of ``plan`` in a transaction of its own, or only record it (``fake``).

    ``forget``: what was recorded before, and may be unknown here, is removed. ``creates``:
    the tables of the models are made first, in the transaction that records.
    ``folder``: where revision files are besides those of the project.

    Unless ``prove`` is False, one that loses rows or links stops, if neither it declares
    that nor ``allow_loss`` names the table or column.

    Raises MigrationError when a revision fails: those before it stay applied, and on
    SQLite and PostgreSQL it leaves nothing behind; or when one that is to be undone cannot
    be, before anything runs. Raises Locked when another process does not finish; DataLoss,
    OpenQuestion or NotPermitted, and nothing is run, for a downgrade that is not
    ``allowed``. ``ask`` asks for the name of a protected database.
    """
    harvested_env(project)  # before anybody is asked
    if plan.backwards and not fake:
        if plan.steps:  # before anybody is asked
            wait, first = project.settings.lock_wait, plan.steps[0].id
            require_finished(project, wait, unless=(first, "downgrade"))
        require_downgrades(plan.steps)
        allowed = clear(project, plan, allowed, ask)
    run = Run(project, project.database, on_event, allowed=allowed, folder=folder, prove=prove)
    run.allow_loss = allowed_names(allow_loss)
    run.state.of_branch = folder is not None
    run.creates = creates
    versions = [*version_folders_of(project.migrations), folder] if folder is not None else []
    complete_folder(project)
    config = alembic_config(project, versions=versions, run=run)
    try:
        if fake:
            command.stamp(config, plan.target, purge=forget)
        elif plan.exactly:
            _undo_exactly(config, plan)
        elif plan.backwards:
            command.downgrade(config, plan.target)
        else:
            command.upgrade(config, plan.target)
    except CommandError as error:
        raise MigrationError(str(error)) from error


def _undo_exactly(config: Config, plan: Plan) -> None:
    """Undo the steps of ``plan`` that are still applied.

    Alembic's downgrade to a revision undoes all that builds on it, and so, below a merge,
    more than the steps.
    """

    def steps(every: RevisionMap, heads: Any) -> Iterator[MigrationStep]:
        applied = {r.revision for r in every.iterate_revisions(heads, "base")}
        for step in plan.steps:
            if step.id in applied:
                found: Any = every.get_revision(step.id)
                yield MigrationStep.downgrade_from_script(every, found)

    _run_steps(config, steps, destination_rev=plan.target)


def _run_steps(
    config: Config, steps: Callable[[RevisionMap, Any], Iterator[MigrationStep]], **options: Any
) -> None:
    """Have env.py run ``steps``, which depend on the revisions and the heads."""
    script = ScriptDirectory.from_config(config)

    def plan(heads: Any, context: Any) -> list[MigrationStep]:
        return list(steps(script.revision_map, heads))

    with EnvironmentContext(config, script, fn=plan, **options):
        script.run_env()


def revision_sql(project: Project, history: History, revision_id: str, *, backwards: bool) -> str:
    """The SQL of one revision for the project's database, which is not connected to.

    On SQLite the history before it is replayed in a scratch file. Raises MigrationError when the
    revision reads the database and cannot do without.
    """
    revision = history.by_id[revision_id]
    below = revision.down or "base"
    buffer = io.StringIO()
    config = alembic_config(project, run=Run(project, project.database, read_only=True))
    config.output_buffer = buffer

    def steps(every: RevisionMap, heads: Any) -> Iterator[MigrationStep]:
        # Alembic's way from one parent of a merge would lead through the other branch.
        found: Any = every.get_revision(revision_id)
        if backwards:
            yield MigrationStep.downgrade_from_script(every, found)
        else:
            yield MigrationStep.upgrade_from_script(every, found)

    start, end = (revision_id, below) if backwards else (below, revision_id)
    if backwards:
        require_downgrades([revision])
    try:
        _run_steps(config, steps, as_sql=True, starting_rev=start, destination_rev=end)
    except ManageError:
        raise
    except Exception as error:  # a revision may do anything, and so may env.py
        require_env_innocent(project.migrations.folder, revision.path, error)
        raise not_shown(revision_id, error, revision.path) from error
    return buffer.getvalue()
