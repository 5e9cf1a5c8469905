"""Seed the database, and look after the runs of seed that there were."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from .. import advice
from ..data.backends import writing
from ..errors import SeedError, UsageError
from ..fitting import count
from ..seeding.dependencies import needs_order
from ..seeding.lookup import shown_model
from ..seeding.own_session import own_session
from ..seeding.plan import FactoryPlan, SeedRequest, factory_plans, left_out, plan_seed
from ..seeding.running.executors import dask_cluster, process_pool
from ..seeding.running.rehearsal import how_made
from ..seeding.running.result import Seeded
from ..seeding.seed import Seeder
from ..seeding.undoing.ledger import SeedRun, finish, forget_keys, require_ended, runs
from ..seeding.undoing.undo import Undone
from ..seeding.undoing.undo import undo as remove
from ..seeding.undoing.unrecorded import is_recorded, recorded_as_set, require_known_runs

if TYPE_CHECKING:
    from ..project import Project

Advance = Callable[[FactoryPlan, int], None]
"""Takes a plan and how many of its rows are made."""


class SeedWatcher(Protocol):
    """Hears what a seed does."""

    def left_out(self, why: str) -> None:
        """A factory is passed over."""

    def planned(self, plans: list[FactoryPlan]) -> AbstractContextManager[Advance]:
        """What is made meanwhile; what it gives is called again and again."""
        ...

    def slow(self, factory: str, why: str) -> None:
        """factory_boy makes these one by one."""

    def removed(self, undone: Undone) -> None:
        """The rows of an earlier run are gone, as ``replant`` asks for."""


@contextmanager
def _silent() -> Iterator[Advance]:
    yield lambda plan, done: None


class _Silent:
    def left_out(self, why: str) -> None:
        pass

    def planned(self, plans: list[FactoryPlan]) -> AbstractContextManager[Advance]:
        return _silent()

    def slow(self, factory: str, why: str) -> None:
        pass

    def removed(self, undone: Undone) -> None:
        pass


SILENT: SeedWatcher = _Silent()


@dataclass(frozen=True)
class PlannedFactory:
    """What a seed would make with a factory, and how.

    ``asked``: it was asked for; else others link to its rows. ``how``: ``columns``, ``objects``
    or ``factory_boy``, and ``why`` not by columns. ``one_process``: why its rows are made in one
    process, whatever ``jobs`` is.
    """

    factory: str
    model: str
    count: int
    asked: bool
    how: str
    why: str | None
    one_process: str | None


def seed(
    project: Project,
    request: SeedRequest,
    random_seed: int | None = None,
    *,
    jobs: int = 1,
    dask: str | None = None,
    commit_every: int | None = None,
    replant: bool = False,
    watcher: SeedWatcher = SILENT,
) -> Seeded:
    """Plan and seed: all rows are written or none; with ``commit_every`` what was committed stays.

    ``replant``: what earlier runs made is removed first, in the same transaction.
    """
    number = secrets.randbelow(2**32) if random_seed is None else random_seed
    with ExitStack() as stack:
        executor = None
        if dask is not None:
            executor, workers = stack.enter_context(dask_cluster(dask))
        elif jobs > 1:
            executor = stack.enter_context(process_pool(jobs))
        connection = stack.enter_context(project.connect())
        stack.enter_context(own_session(project, connection))
        if replant:
            require_known_runs(connection)
        request, plans = plan_seed(project, connection, request)
        connection.rollback()
        for each in left_out(project, request):
            watcher.left_out(each)
        advance = stack.enter_context(watcher.planned(plans))
        how: dict[str, Any] = {"executor": executor, "on_progress": advance}
        how["on_slow"] = watcher.slow
        place = (project, connection, request, plans, number)
        if dask is not None:
            from ..seeding.cluster import ClusterSeeder

            seeder: Seeder = ClusterSeeder(*place, jobs=workers, **how)
        else:
            seeder = Seeder(*place, jobs=jobs, commit_every=commit_every, **how)
        before = partial(_undo_all, project, connection, watcher) if replant else None
        with recorded_as_set(connection, lambda: seeder.state.run):
            return seeder.seed(before)


def resume(
    project: Project, which: str = "last", *, jobs: int = 1, watcher: SeedWatcher = SILENT
) -> Seeded:
    """Continue an interrupted run; raises SeedError if it cannot be continued."""
    with ExitStack() as stack:
        executor = stack.enter_context(process_pool(jobs)) if jobs > 1 else None
        connection = stack.enter_context(project.connect())
        stack.enter_context(own_session(project, connection))
        found = named_run(connection, which, "running")
        require_ended(found)
        request = SeedRequest.loaded(found.plan["request"])
        plans = factory_plans(project, request)
        advance = stack.enter_context(watcher.planned(plans))
        seeder = Seeder(
            project,
            connection,
            request,
            plans,
            found.random_seed,
            commit_every=found.plan["commit_every"],
            executor=executor,
            jobs=jobs,
            on_progress=advance,
            on_slow=watcher.slow,
        )
        with recorded_as_set(connection, lambda: found.id):
            return seeder.resume(found)


def planned(
    project: Project, request: SeedRequest, watcher: SeedWatcher = SILENT
) -> list[PlannedFactory]:
    """What :func:`seed` would make, and how; nothing is written."""
    with project.connect() as connection, own_session(project, connection):
        _, plans = plan_seed(project, connection, request)
        ways = how_made(project, connection, plans)
    for each in left_out(project, request):
        watcher.left_out(each)
    return [
        PlannedFactory(
            plan.name,
            shown_model(project, plan.model),
            plan.count,
            plan.asked,
            how,
            why,
            needs_order(plan.factory, plan.overrides),
        )
        for plan, (how, why) in zip(plans, ways, strict=True)
    ]


def known_runs(project: Project) -> list[SeedRun]:
    """The runs that the ledger knows, the oldest first."""
    with project.connect() as connection:
        return runs(connection)


def named_run(connection: Any, which: str, *states: str) -> SeedRun:
    """The run of that number, or the ``last`` of these states that has something left.

    Raises UsageError or SeedError where there is none.
    """
    known = runs(connection)
    if which == "last":
        # A run that made nothing, as reference rows that were there, has nothing to undo.
        found = [r for r in known if r.state == "running" or (r.rows and "done" in states)]
        if not found:
            what = "was interrupted" if states == ("running",) else "is left to undo"
            kept = is_recorded(connection)
            why = "" if kept else " The settings have LEDGER = False: none is recorded."
            raise SeedError(f"No run of seed {what}.{why}", f"{advice.LIST_RUNS} lists them all.")
        return found[-1]
    if not which.isdigit():
        raise UsageError(f"'{which}' is not a run number.", str(advice.LIST_RUNS))
    for run in known:
        if run.id == int(which):
            if run.state not in states and not run.rows:
                raise SeedError(f"Run {which} is {run.state}.", str(advice.LIST_RUNS))
            return run
    raise SeedError(f"There is no run {which}.", f"{advice.LIST_RUNS} lists them all.")


def undo(project: Project, which: str = "last") -> Undone:
    """Remove what a run made, and nothing else; what it says was kept has its reason.

    Where it is not ``is_complete``, :func:`require_complete` says why.
    """
    with project.connect() as connection:
        found = named_run(connection, which, "running", "done")
        require_ended(found)
        connection.rollback()
        with writing(connection):
            tables = {table.fullname: table for table in project.tables}
            return remove(connection, found.id, tables, project.mappers)


def require_complete(undone: Undone) -> None:
    """Raises SeedError where nothing was removed that should have been."""
    if undone.missing:
        rows = ", ".join(
            f"{table} ({count(number, 'row')})" for table, number in undone.missing.items()
        )
        raise SeedError(
            f"These tables are not in the database any more: {rows}. Run {undone.run} is not "
            "undone.",
            "If it was renamed outside of the migrations, give it its name back, then repeat the "
            f"command.\nIf it was dropped: {advice.FORGET_RUN(run=undone.run)}",
        )
    if not undone.is_complete:
        raise SeedError(
            f"Nothing was removed: other rows refer to all that run {undone.run} made.",
            "Remove those first, then repeat the command. To keep the rows for good:\n"
            f"{advice.FORGET_RUN(run=undone.run)}",
        )


def forget(project: Project, which: str) -> SeedRun:
    """Leave the rows of a run where they are, and let the ledger forget them."""
    with project.connect() as connection:
        found = named_run(connection, which, "running", "done")
        require_ended(found)
        connection.rollback()
        with writing(connection):
            forget_keys(connection, found.id)
            finish(connection, found.id, "forgotten")
    return found


def _undo_all(project: Project, connection: Any, watcher: SeedWatcher) -> None:
    """Remove what all runs made but the last, which has just begun."""
    tables = {table.fullname: table for table in project.tables}
    for each in reversed(runs(connection)[:-1]):
        if each.rows:
            watcher.removed(remove(connection, each.id, tables, project.mappers))
