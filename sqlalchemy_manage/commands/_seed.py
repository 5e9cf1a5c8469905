"""What ``seed`` does and prints when it makes rows."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import output
from ..fitting import count

if TYPE_CHECKING:
    from ..project import Project
    from ..seeding.plan import SeedRequest
    from ..seeding.running.result import Seeded


def permit(project: Project) -> None:
    """Raises NotPermitted or OpenQuestion where the database is protected."""
    from ..databases.protection import require_permission
    from ._prompts import name_asker

    require_permission(project, "seed", name_asker(project))


def run(
    project: Project,
    request: SeedRequest,
    random_seed: int | None,
    *,
    jobs: int = 1,
    dask: str | None = None,
    commit_every: int | None = None,
    replant: bool = False,
) -> Seeded:
    """Plan and seed, with progress on stderr."""
    import secrets

    from ..seeding.plan import left_out, plan_seed
    from ..seeding.running.executors import dask_cluster, process_pool
    from ..seeding.seed import Seeder
    from ._seed_progress import progress_bars
    from ._seed_runs import undo_all

    number = secrets.randbelow(2**32) if random_seed is None else random_seed
    with ExitStack() as stack:
        executor = None
        if dask is not None:
            executor, workers = stack.enter_context(dask_cluster(dask))
        elif jobs > 1:
            executor = stack.enter_context(process_pool(jobs))
        connection = stack.enter_context(project.connect())
        request, plans = plan_seed(project, connection, request)
        connection.rollback()
        for each in left_out(project, request):
            output.warn(f"Left out: {each}")
        for plan in plans:
            if not plan.asked:
                output.say(f"{plan.name}: {count(plan.count, 'row')}, because others link to them.")
        bars = stack.enter_context(progress_bars(plans))
        how: dict[str, Any] = {"executor": executor, "on_progress": bars, "on_slow": _slow}
        place = (project, connection, request, plans, number)
        if dask is not None:
            from ..seeding.cluster import ClusterSeeder

            seeder: Seeder = ClusterSeeder(*place, jobs=workers, **how)
        else:
            seeder = Seeder(*place, jobs=jobs, commit_every=commit_every, **how)
        return seeder.seed(partial(undo_all, project, connection) if replant else None)


def resume(project: Project, which: str, jobs: int) -> Seeded:
    """Continue an interrupted run; raises SeedError if it cannot be continued."""
    from ..seeding.plan import SeedRequest, factory_plans
    from ..seeding.running.executors import process_pool
    from ..seeding.seed import Seeder
    from ..seeding.undoing.ledger import require_ended
    from ._seed_progress import progress_bars
    from ._seed_runs import named_run

    with ExitStack() as stack:
        executor = stack.enter_context(process_pool(jobs)) if jobs > 1 else None
        connection = stack.enter_context(project.connect())
        found = named_run(connection, which, "running")
        require_ended(found)
        request = SeedRequest.loaded(found.plan["request"])
        plans = factory_plans(project, request)
        bars = stack.enter_context(progress_bars(plans))
        seeder = Seeder(
            project,
            connection,
            request,
            plans,
            found.random_seed,
            commit_every=found.plan["commit_every"],
            executor=executor,
            jobs=jobs,
            on_progress=bars,
            on_slow=_slow,
        )
        return seeder.resume(found)


def dry_run(project: Project, request: SeedRequest, as_json: bool) -> None:
    """Print what would be made, and how; write nothing."""
    from ..seeding.dependencies import needs_order
    from ..seeding.lookup import shown_model
    from ..seeding.plan import left_out, plan_seed
    from ..seeding.running.rehearsal import how_made

    with project.connect() as connection:
        _, plans = plan_seed(project, connection, request)
        ways = how_made(project, connection, plans)
    for each in left_out(project, request):
        output.warn(f"Left out: {each}")
    rows = []
    for plan, (how, why) in zip(plans, ways, strict=True):
        order = needs_order(plan.factory, plan.overrides)
        rows.append(
            {
                "factory": plan.name,
                "model": shown_model(project, plan.model),
                "count": plan.count,
                "asked": plan.asked,
                "how": how,
                "why": why,
                "one_process": order,
            }
        )
    if as_json:
        output.answer_json({"factories": rows})
        return
    output.table(
        ("factory", "rows", "how", "why"),
        [(r["factory"], f"{r['count']:,}", r["how"], r["why"] or "") for r in rows],
        right=(1,),
    )
    output.answer("Nothing was written.")


def show(seeded: Seeded, as_json: bool) -> None:
    """Print what was written."""
    if as_json:
        output.answer_json(
            {
                "run": seeded.run,
                "rows": seeded.rows,
                "changed": seeded.changed,
                "total": seeded.total,
                "seconds": seeded.seconds,
                "generating": seeded.generating,
                "random_seed": seeded.random_seed,
            }
        )
        return
    output.table(("table", "rows"), [(t, f"{n:,}") for t, n in seeded.rows.items()], right=(1,))
    changed = f", {seeded.changed:,} changed" if seeded.changed else ""
    output.answer(
        f"{count(seeded.total, 'row')}{changed} in {seeded.seconds:.2f} s "
        f"({seeded.rate:,.0f} rows/s), random seed {seeded.random_seed}"
    )


def _slow(factory: str, why: str) -> None:
    output.say(f"{factory}: made one by one with factory_boy, because {why}.")
