"""rollback: undo the last revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..options import run_options

if TYPE_CHECKING:
    from ..project import Project


@click.command()
@click.argument("steps", type=click.IntRange(min=1), default=1)
@run_options
@click.pass_obj
def command(project: Project, /, steps: int, **how: Any) -> None:
    """Undo the last STEPS applied revisions (default: 1).

    The same as migrate -STEPS.

    \b
    Example:
      manage.py rollback            undo the last one
      manage.py rollback 3          undo the last three
      manage.py rollback --plan     show what would be lost
    """
    from ..migrations.revisions.history import project_heads
    from ..migrations.revisions.plan import make_plan
    from ..migrations.runner.status import sound_history
    from . import _migrate

    if _migrate.as_is(project, f"-{steps}", **how):
        return
    _migrate.require_plan(**how)
    history = sound_history(project)
    current = project_heads(project)
    back = make_plan(history, current, f"-{steps}")
    if how["only_plan"]:
        _migrate.show(project, [back], **how)
    else:
        _migrate.apply(project, back, **how)
