"""redo: undo the last revisions and apply them again."""

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
    """Undo the last STEPS revisions and apply them again.

    STEPS defaults to 1. For a revision that is still being written: this checks that its
    downgrade works and applies what you changed in it. What the downgrade drops is lost.

    \b
    Example:
      manage.py redo
      manage.py redo 2
      manage.py redo --plan
    """
    from ..verbs.ahead import backwards
    from . import _migrate

    if _migrate.as_is(project, f"-{steps}", **how):
        _migrate.as_is(project, f"+{steps}", **how)
        return
    _migrate.require_plan(**how)
    if how["only_plan"]:
        _migrate.show(project, backwards(project, steps, again=True), **how)
    else:
        _migrate.migration(project, **how).again(steps)
