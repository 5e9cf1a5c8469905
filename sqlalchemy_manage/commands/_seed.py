"""What ``seed`` does and prints, a function for each mode."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import output
from ..errors import SeedError, UsageError

if TYPE_CHECKING:
    from ..project import Project
    from ..seeding.plan import FactoryPlan, SeedRequest
    from ..seeding.seed import Seeded
    from ..seeding.undoing.ledger import SeedRun


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
                output.say(f"{plan.name}: {plan.count} rows, because others link to them.")
        bars = stack.enter_context(_progress(plans))
        how: dict[str, Any] = {"executor": executor, "on_progress": bars, "on_slow": _slow}
        place = (project, connection, request, plans, number)
        if dask is not None:
            from ..seeding.cluster import ClusterSeeder

            seeder: Seeder = ClusterSeeder(*place, jobs=workers, **how)
        else:
            seeder = Seeder(*place, jobs=jobs, commit_every=commit_every, **how)
        return seeder.seed(partial(_undo_all, project, connection) if replant else None)


def resume(project: Project, which: str, jobs: int) -> Seeded:
    """Continue an interrupted run; raises SeedError if it cannot be continued."""
    from ..seeding.plan import SeedRequest, factory_plans
    from ..seeding.running.executors import process_pool
    from ..seeding.seed import Seeder
    from ..seeding.undoing.ledger import require_ended

    with ExitStack() as stack:
        executor = stack.enter_context(process_pool(jobs)) if jobs > 1 else None
        connection = stack.enter_context(project.connect())
        found = _named(connection, which, "running")
        require_ended(found)
        request = SeedRequest.loaded(found.plan["request"])
        plans = factory_plans(project, request)
        bars = stack.enter_context(_progress(plans))
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


def undo(project: Project, which: str, as_json: bool) -> int:
    """Remove what a run made, and say what was kept.

    Returns the exit code; raises SeedError where nothing was removed that should have been.
    """
    from ..data.backends import writing
    from ..seeding.undoing.ledger import require_ended
    from ..seeding.undoing.undo import undo as remove

    permit(project)
    with project.connect() as connection:
        found = _named(connection, which, "running", "done")
        require_ended(found)
        connection.rollback()
        with writing(connection):
            tables = {table.fullname: table for table in project.tables}
            undone = remove(connection, found.id, tables, project.mappers)
    if as_json:
        named = [{"table": k.table, "key": k.key, "because": k.because} for k in undone.kept]
        output.answer_json(
            {
                "run": found.id,
                "removed": undone.removed,
                "kept": named,
                "kept_count": undone.kept_count,
                "missing": undone.missing,
                "gone": undone.gone,
            }
        )
        return 0 if undone.is_complete else 1
    output.table(
        ("table", "removed"), [(t, f"{n:,}") for t, n in undone.removed.items()], right=(1,)
    )
    for kept in undone.kept:
        key = ", ".join(f"{name}={value!r}" for name, value in kept.key.items())
        output.answer(f"{kept.table} ({key}) is kept: {kept.because}")
    if undone.kept_count > len(undone.kept):
        output.answer(f"... and {undone.kept_count - len(undone.kept):,} more")
    total = sum(undone.removed.values())
    also = f", {undone.kept_count:,} kept" if undone.kept_count else ""
    also += f", {undone.gone:,} were gone before" if undone.gone else ""
    output.answer(f"Run {found.id}: {total:,} rows removed{also}.")
    if undone.missing:
        rows = ", ".join(f"{table} ({count:,} rows)" for table, count in undone.missing.items())
        raise SeedError(
            f"These tables are not in the database any more: {rows}. Run {found.id} is not undone.",
            "If it was renamed outside of the migrations, give it its name back, then repeat the "
            f"command.\nIf it was dropped: manage.py seed --forget {found.id}",
        )
    if not undone.is_complete:
        raise SeedError(
            f"Nothing was removed: other rows refer to all that run {found.id} made.",
            "Remove those first, then repeat the command. To keep the rows for good:\n"
            f"manage.py seed --forget {found.id}",
        )
    return 0


def forget(project: Project, which: str) -> None:
    """Leave the rows of a run where they are, and let the ledger forget them."""
    from ..data.backends import writing
    from ..seeding.undoing.ledger import finish, forget_keys, require_ended

    permit(project)
    with project.connect() as connection:
        found = _named(connection, which, "running", "done")
        require_ended(found)
        connection.rollback()
        with writing(connection):
            forget_keys(connection, found.id)
            finish(connection, found.id, "forgotten")
    rows = sum(found.rows.values())
    output.answer(f"Run {found.id}: {rows:,} rows stay, and are no longer known to be seeded.")


def _undo_all(project: Project, connection: Any) -> None:
    from ..seeding.undoing.ledger import runs
    from ..seeding.undoing.undo import undo as remove

    tables = {table.fullname: table for table in project.tables}
    for each in reversed(runs(connection)[:-1]):
        if each.rows:
            undone = remove(connection, each.id, tables, project.mappers)
            output.say(f"Removed run {each.id}: {sum(undone.removed.values()):,} rows.")
            for kept in undone.kept:
                output.say(f"  kept in {kept.table}: {kept.key}, {kept.because}")
            for table, count in undone.missing.items():
                output.say(f"  {count:,} rows of {table}: the database has no such table")


def _named(connection: Any, which: str, *states: str) -> SeedRun:
    from ..seeding.undoing.ledger import runs

    known = runs(connection)
    if which == "last":
        # A run that made nothing, as reference rows that were there, has nothing to undo.
        found = [r for r in known if r.state == "running" or (r.rows and "done" in states)]
        if not found:
            what = "was interrupted" if states == ("running",) else "is left to undo"
            raise SeedError(f"No run of seed {what}.", "manage.py seed --status lists them all.")
        return found[-1]
    if not which.isdigit():
        raise UsageError(f"'{which}' is not a run number.", "manage.py seed --status")
    for run in known:
        if run.id == int(which):
            if run.state not in states and not run.rows:
                raise SeedError(f"Run {which} is {run.state}.", "manage.py seed --status")
            return run
    raise SeedError(f"There is no run {which}.", "manage.py seed --status lists them all.")


def status(project: Project, as_json: bool) -> None:
    """Print the runs that the ledger knows."""
    from dataclasses import asdict

    from ..seeding.undoing.ledger import runs

    with project.connect() as connection:
        known = runs(connection)
    if as_json:
        output.answer_json([{k: v for k, v in asdict(r).items() if k != "plan"} for r in known])
        return
    if not known:
        output.answer("Nothing was seeded here.")
        return
    output.table(
        ("run", "profile", "state", "started", "by", "random seed", "rows left"),
        [
            (
                run.id,
                run.profile or "",
                run.state,
                f"{run.started_at:%Y-%m-%d %H:%M:%S}",
                f"{run.username}@{run.host}",
                run.random_seed,
                f"{sum(run.rows.values()):,}",
            )
            for run in known
        ],
        right=(0, 5, 6),
    )


def dry_run(project: Project, request: SeedRequest, as_json: bool) -> None:
    """Print what would be made, and how; write nothing."""
    from ..seeding.dependencies import needs_order
    from ..seeding.lookup import shown_model
    from ..seeding.plan import left_out, plan_seed
    from ..seeding.running.rehearsal import how_made

    with project.connect() as connection:
        _, plans = plan_seed(project, connection, request)
        ways = how_made(connection, plans)
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
        f"{seeded.total:,} rows{changed} in {seeded.seconds:.2f} s ({seeded.rate:,.0f} rows/s), "
        f"random seed {seeded.random_seed}"
    )


def _slow(factory: str, why: str) -> None:
    output.say(f"{factory}: made one by one with factory_boy, because {why}.")


@contextmanager
def _progress(plans: list[FactoryPlan]) -> Iterator[Callable[[Any, int], None]]:
    """Show how far each share is: bars on a terminal, else lines with ``-v 2``."""
    if not sys.stderr.isatty() or output.verbosity() < 1 or sum(s.count for s in plans) < 20_000:
        yield lambda plan, done: output.say(f"{plan.name}: {done:,} of {plan.count:,}", level=2)
        return
    import time

    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} rows/s"),
        TimeRemainingColumn(),
    )
    started: dict[int, float] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bars = {id(s): progress.add_task(s.name, total=s.count, rate="") for s in plans if s.count}

        def advance(plan: Any, done: int) -> None:
            begun = started.setdefault(id(plan), time.monotonic() - 1e-3)
            rate = done / max(time.monotonic() - begun, 1e-3)
            progress.update(bars[id(plan)], completed=done, rate=f"{rate:,.0f}")

        yield advance
