"""prepare: from nothing to a migrated, filled, checked database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import advice, output
from ..errors import OpenQuestion
from ..fitting import count
from . import _several
from ._several import OnSeveral

if TYPE_CHECKING:
    from ..project import Project


@click.command(cls=OnSeveral, moves=True)
@click.option(
    "--random-seed",
    type=int,
    default=1,
    show_default=True,
    help="As in seed; fixed, so that runs are equal.",
)
@click.pass_context
def command(ctx: click.Context, random_seed: int) -> int:
    """Create, migrate and seed the database, and check its links.

    Creates the database if it is missing and seeds it if it is empty. Where there are no
    revisions yet, it writes the first one for the models, after asking. Safe to repeat: what
    is already done is left alone.

    \b
    Example:
      manage.py prepare
      DATABASE_URL=postgresql://me@localhost/new manage.py prepare
    """
    from ..databases.engines import shown
    from ..databases.servers import create_database
    from ..migrations.runner.status import sound_history
    from ..verbs.preparing import fill
    from . import _seed, checklinks, makemigrations, migrate

    project: Project = ctx.obj
    first = not sound_history(project).revisions
    if first and not _may_write_first(project):
        return 1
    if create_database(project.database, project.settings.root):
        output.say(f"Created {shown(project.engine.url)}")
    if first:
        ctx.invoke(makemigrations.command)
    ctx.invoke(migrate.command)
    filled = fill(project, random_seed, _seed.Shown())
    if filled.why_not is not None:
        output.say(f"Not seeded: {filled.why_not}.")
    elif (seeded := filled.seeded) is not None:
        output.say(f"Seeded {count(seeded.total, 'row')} ({seeded.rate:,.0f} rows/s).")
    counts = filled.rows
    output.table(("table", "rows"), [(t, f"{n:,}") for t, n in counts.items()], right=(1,))
    code = int(ctx.invoke(checklinks.command) or 0)
    links = "broken links" if code else "links ok"
    _several.summary(f"{count(sum(counts.values()), 'row')}, {links}")
    return code


def _may_write_first(project: Project) -> bool:
    """Ask whether to write the first revision; raises OpenQuestion where nobody can be asked."""
    from ..migrations.actions.makemigrations import require_models
    from ._prompts import can_ask, confirm

    require_models(project)
    tables = count(len(project.tables), "table")
    what = f"There are no revisions yet, and the models have {tables}."
    ways = f"{advice.WRITE_THEN_PREPARE}\n{advice.PREPARE_AFTER_WRITING}"
    if not can_ask(project):
        raise OpenQuestion(f"{what} Nothing was done.", ways)
    output.say(what)
    if not confirm("Write the first revision, and apply it?", "Nothing was done.", default=True):
        output.say(f"Nothing was done. When you want to:\n{ways}")
        return False
    return True
