"""Apply a plan: upgrade, downgrade, stamp, or only show the SQL."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.util import CommandError

from ..errors import MigrationError
from .environment import Event, Run
from .history import History
from .plan import Plan
from .scripts import alembic_config

if TYPE_CHECKING:
    from ..project import Project


def apply_plan(
    project: Project,
    plan: Plan,
    *,
    fake: bool = False,
    on_event: Callable[[Event], None] = lambda event: None,
) -> None:
    """Apply each revision of ``plan`` in a transaction of its own, or only record it (``fake``).

    Raises MigrationError when a revision fails: those before it stay applied, and on
    SQLite and PostgreSQL it leaves nothing behind. Raises Locked when another process
    does not finish.
    """
    config = alembic_config(project, run=Run(project, project.database, on_event))
    verb: Any = command.stamp if fake else command.downgrade if plan.backwards else command.upgrade
    try:
        verb(config, plan.target)
    except CommandError as error:
        raise MigrationError(str(error)) from error


def revision_sql(project: Project, history: History, revision_id: str, *, backwards: bool) -> str:
    """The SQL of one revision for the project's database, which is not connected to.

    Raises MigrationError when the revision reads the database and cannot do without.
    """
    revision = history.by_id[revision_id]
    below = revision.down[0] if revision.down else "base"
    buffer = io.StringIO()
    config = alembic_config(project, run=Run(project, project.database, read_only=True))
    config.output_buffer = buffer
    try:
        if backwards:
            command.downgrade(config, f"{revision_id}:{below}", sql=True)
        else:
            command.upgrade(config, f"{below}:{revision_id}", sql=True)
    except (CommandError, AttributeError, TypeError) as error:
        raise MigrationError(
            f"{revision_id} cannot be shown as SQL without a database: {error}.",
            "It asks the database while it runs; in the revision, "
            "op.get_context().as_sql tells that there is none.",
        ) from error
    return buffer.getvalue()
