"""seed: fill the database using the project's factories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from ..options import SeedArgument, json_option

if TYPE_CHECKING:
    from ..project import Project


@click.command()
@click.argument("what", metavar="[PROFILE] [MODEL=COUNT]...", nargs=-1, type=SeedArgument())
@click.option(
    "--scale", type=click.FloatRange(min=0), default=1.0, help="Multiply every count by this."
)
@click.option("--random-seed", type=int, help="The same number gives the same rows.")
@click.option("--only", multiple=True, metavar="MODEL", help="Seed only this model of the profile.")
@click.option("--exclude", multiple=True, metavar="MODEL", help="Leave out this model.")
@click.option("--auto", is_flag=True, help="Also fill models that have no factory.")
@click.option("--append", is_flag=True, help="Add to the existing rows (the default).")
@click.option("--replant", is_flag=True, help="Remove what earlier runs seeded, then seed.")
@click.option("--dry-run", is_flag=True, help="Show what would be created; write nothing.")
@click.option(
    "--jobs", type=click.IntRange(min=1), default=1, help="How many processes create rows."
)
@click.option("--dask", metavar="ADDRESS", help="Create and write the rows on this Dask cluster.")
@click.option(
    "--commit-every",
    type=click.IntRange(min=1),
    metavar="ROWS",
    help="Commit every ROWS rows; a killed run can be resumed or undone.",
)
@click.option("--status", is_flag=True, help="List the runs and the rows left of each.")
@click.option(
    "--undo",
    is_flag=False,
    flag_value="last",
    metavar="[RUN]",
    help="Remove the rows of a run (default: the last), and nothing else.",
)
@click.option("--forget", metavar="RUN", help="Keep the rows of a run for good; never undo it.")
@click.option(
    "--resume",
    is_flag=False,
    flag_value="last",
    metavar="[RUN]",
    help="Continue an interrupted run (default: the last).",
)
@json_option()
@click.pass_obj
def command(
    project: Project,
    what: tuple[Any, ...],
    scale: float,
    random_seed: int | None,
    only: tuple[str, ...],
    exclude: tuple[str, ...],
    auto: bool,
    append: bool,
    replant: bool,
    dry_run: bool,
    jobs: int,
    dask: str | None,
    commit_every: int | None,
    status: bool,
    undo: str | None,
    forget: str | None,
    resume: str | None,
    as_json: bool,
) -> int:
    """Fill the database using the factories of the apps.

    All rows are written or none. PROFILE is declared in an app's seeds.py. Without PROFILE
    and MODEL=COUNT, every model that has a factory gets 10 rows. Models that the named ones
    link to are also filled if they have no rows. With --auto every model of the apps has a
    factory: what its columns, CHECKs and keys ask for (see makefactories).

    \b
    Example:
      manage.py seed
      manage.py seed --auto
      manage.py seed demo --scale 10
      manage.py seed --random-seed 7 Employee=1000
      manage.py seed --undo
    """
    from . import _seed, _seed_runs

    if status:
        _seed_runs.status(project, as_json)
        return 0
    names = [each for each in what if isinstance(each, str)]
    if len(names) > 1:
        raise UsageError(f"'{names[1]}' is not MODEL=COUNT; the profile is already '{names[0]}'.")
    if append and replant:
        raise UsageError("--append and --replant cannot be used together.")
    if dask and (jobs > 1 or commit_every is not None):
        raise UsageError("--dask cannot be used together with --jobs or --commit-every.")
    if undo is not None:
        _seed.permit(project)
        return _seed_runs.undo(project, undo, as_json)
    if forget is not None:
        _seed.permit(project)
        _seed_runs.forget(project, forget)
        return 0
    from ..seeding.plan import SeedRequest

    counts = tuple(each for each in what if not isinstance(each, str))
    request = SeedRequest(names[0] if names else None, counts, scale, only, exclude, auto=auto)
    if dry_run:
        _seed.dry_run(project, request, as_json)
        return 0
    _seed.permit(project)
    if resume is not None:
        _seed.show(_seed.resume(project, resume, jobs), as_json)
        return 0
    seeded = _seed.run(
        project,
        request,
        random_seed,
        jobs=jobs,
        dask=dask,
        commit_every=commit_every,
        replant=replant,
    )
    _seed.show(seeded, as_json)
    return 0
