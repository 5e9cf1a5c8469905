"""rollback: undo the last revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..options import run_options
from ._several import OnSeveral

if TYPE_CHECKING:
    from ..project import Project


@click.command(cls=OnSeveral, moves=True)
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
    from ..verbs.ahead import backwards
    from . import _migrate

    if _migrate.as_is(project, f"-{steps}", **how):
        return
    _migrate.require_plan(**how)
    if how["only_plan"]:
        _migrate.show(project, backwards(project, steps), **how)
    else:
        _migrate.migration(project, **how).back(steps)
