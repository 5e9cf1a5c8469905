"""seed: fill the database through the project's factories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import output
from ..options import CountType, json_option

if TYPE_CHECKING:
    from ..project import Project
    from ..seeding.seed import Seeded


@click.command()
@click.argument("counts", metavar="[MODEL=COUNT]...", nargs=-1, type=CountType())
@click.option("--random-seed", type=int, help="The same number gives the same rows.")
@json_option()
@click.pass_obj
def command(
    project: Project, counts: tuple[tuple[str, int], ...], random_seed: int | None, as_json: bool
) -> None:
    """Create rows through the factories of the apps, all of them or none.

    Without MODEL=COUNT every model that has a factory gets 10 rows. Models that the named
    ones link to are filled too when they have no rows yet.

    \b
    Example:
      manage.py seed
      manage.py seed --random-seed 7 Employee=1000
      manage.py seed Department=20 Employee=5000
    """
    from ..permission import require_permission
    from ._prompts import name_asker

    require_permission(project, "seed", name_asker(project))
    seeded = run(project, counts, random_seed)
    if as_json:
        output.answer_json(
            {
                "rows": seeded.rows,
                "total": seeded.total,
                "seconds": seeded.seconds,
                "random_seed": seeded.random_seed,
            }
        )
        return
    output.table(("table", "rows"), [(t, f"{n:,}") for t, n in seeded.rows.items()], right=(1,))
    output.answer(
        f"{seeded.total:,} rows in {seeded.seconds:.2f} s ({seeded.rate:,.0f} rows/s), "
        f"random seed {seeded.random_seed}"
    )


def run(project: Project, counts: tuple[tuple[str, int], ...], random_seed: int | None) -> Seeded:
    """Plan and seed, telling of the progress on stderr."""
    import secrets

    from ..seeding.seed import plan_seed, seed

    with project.session() as session:
        shares = plan_seed(project, session, counts)
        for share in shares:
            if not share.asked:
                output.say(f"{share.name}: {share.count} rows, because others link to them.")
        return seed(
            project,
            session,
            shares,
            secrets.randbelow(2**32) if random_seed is None else random_seed,
            lambda share, done: output.say(f"{share.name}: {done:,} of {share.count:,}", level=2),
        )
