"""Seed a database: create the rows of each factory chunk by chunk, write and record them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import KW_ONLY, asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ..data.backends import storing_zeros
from ..databases.engines import trouble
from .dependencies import model_name, needs_order
from .generating.evaluators import start_iterators
from .generating.pools import Pools
from .generating.randomness import everywhere
from .generating.sessions import seed_sessions
from .plan import FactoryPlan, SeedRequest
from .process_state import forget_unique
from .reference_rows.rows import natural_keys, seed_reference
from .running.chunk_writing import ChunkWriter, made_here
from .running.chunks import SIZE, PlanFacts
from .running.deferred_links import link_afterwards
from .running.error_messages import run_error
from .running.result import Progress, Seeded
from .running.resuming import deferred_again
from .running.state import SeedState
from .running.transaction import begin, isolate, large_writes
from .running.work import ChunkResult, ChunkTask
from .running.workers import Workers
from .undoing import ledger
from .undoing.unrecorded import is_recorded
from .writers.row_errors import put_in

if TYPE_CHECKING:
    from ..project import Project

SORTED_FROM = 200_000


@dataclass(eq=False)
class Seeder:
    """One run. ``commit_every``: rows after which to commit; None commits once, at the end."""

    project: Project
    connection: sa.Connection
    request: SeedRequest
    plans: Sequence[FactoryPlan]
    random_seed: int
    _: KW_ONLY
    commit_every: int | None = None
    executor: Executor | None = None
    jobs: int = 1
    on_progress: Callable[[FactoryPlan, int], None] = lambda plan, done: None
    on_slow: Callable[[str, str], None] = lambda factory, why: None

    writer_class: ClassVar[type[ChunkWriter]] = ChunkWriter
    workers_class: ClassVar[type[Workers]] = Workers

    def __post_init__(self) -> None:
        self.state = self._new_state()
        self.writer = self.writer_class(self.state, self.on_slow, self.on_progress)
        self.workers: Workers | None = None
        if self.executor is not None:
            self.workers = self.workers_class(self.executor, self.jobs, self.request, self.state)
        self.progress = Progress()
        self.changed = 0
        self.declared: dict[str, str] = {}

    def seed(self, before: Callable[[], None] | None = None) -> Seeded:
        """Write everything and commit; or write nothing and raise.

        ``before`` runs first in the same transaction. With ``commit_every`` what was
        committed stays, and the ledger knows it.
        """
        isolate(self.connection)
        try:
            ledger.create_tables(self.connection)
        except DBAPIError as error:
            raise trouble(error) from error
        return self._all(before)

    def resume(self, run: ledger.SeedRun) -> Seeded:
        """Continue a run that was interrupted between two commits."""
        isolate(self.connection)
        self.declared = run.plan.get("declared", {})
        self.progress = Progress(**run.plan["progress"])
        self.state.run = run.id
        self.state.committed = True
        self.state.token = run.plan["token"]
        self.state.count_on(self.progress.counters, run.plan)
        facts = map(self._facts, range(len(self.plans)))
        plans = zip(self.plans, facts, strict=True)
        self.state.deferred = deferred_again(self.connection, run, plans)
        return self._all()

    def _new_state(self) -> SeedState:
        return SeedState(self.project, self.connection, locked=True)

    def _all(self, before: Callable[[], None] | None = None) -> Seeded:
        start = time.perf_counter()
        state = self.state
        # What ``before`` removes may have to take other rows along.
        with large_writes(self.connection, by_keys=before is None):
            try:
                with storing_zeros(self.connection):
                    begin(self.connection)
                    with seed_sessions(self.project, self.connection) as state.sessions:
                        self._everything(before)
                    self.connection.commit()
            except BaseException as error:
                self.connection.rollback()
                if self.commit_every is not None:
                    self._leave()
                if (told := run_error(error, state)) is None:
                    raise
                raise told from error
        return Seeded(
            state.run,
            state.rows,
            time.perf_counter() - start,
            state.generating,
            self.random_seed,
            self.writer.slow,
            self.changed,
            is_recorded(self.connection),
        )

    def _everything(self, before: Callable[[], None] | None) -> None:
        state = self.state
        if not state.run:
            state.run = ledger.begin(
                self.connection,
                profile=self.request.profile,
                counts={plan.name: plan.count for plan in self.plans},
                random_seed=self.random_seed,
                plan=self._plan(),
            )
        if before is not None:
            before()
        self._watch()
        start_iterators()
        forget_unique()
        for index, plan in enumerate(self.plans):
            if index >= self.progress.share:
                self._seed_plan(index, plan)
        state.accounts.begin()
        for index, deferred in sorted(state.deferred.items()):
            link_afterwards(
                self.connection,
                state.writer,
                self.plans[index],
                self._facts(index),
                deferred,
                state.counters,
            )
        state.writer.finish()
        state.prove()
        state.note_rest()
        ledger.finish(self.connection, state.run, plan=self._plan())

    def _leave(self) -> None:
        """Somebody else may continue what was committed."""
        with suppress(DBAPIError):  # it is gone, and so will this process be
            ledger.ended(self.connection, self.state.run)
            self.connection.commit()

    def _watch(self) -> None:
        self.state.watch()

    def _plan(self) -> dict[str, Any]:
        counters = self.state.counters
        return {
            "request": asdict(self.request),
            "chunk": SIZE,
            "commit_every": self.commit_every,
            "progress": asdict(self.progress),
            "first": counters.first,
            "steps": counters.steps,
            "turn": counters.turn,
            "token": self.state.token,
            "pid": os.getpid(),
            "declared": self.declared,
        }

    def _facts(self, index: int) -> PlanFacts:
        after = frozenset(model_name(plan.model) for plan in self.plans[index + 1 :])
        return PlanFacts(index, self.plans[index].name, self.random_seed, after)

    def _seed_plan(self, index: int, plan: FactoryPlan) -> None:
        if plan.reference is not None:
            self.on_progress(plan, 0)
            self._seed_reference(index, plan)
            return
        state = self.state
        first = self.progress.chunk if index == self.progress.share else 0
        if not first:
            state.counters.turn.clear()
        total = -(-plan.count // SIZE)
        if plan.count == 0 or first >= total:
            return
        self.on_progress(plan, first * SIZE)
        facts = self._facts(index)
        pools = Pools(self.connection)
        here = partial(made_here, plan, pools, state, self.writer.told_of)
        workers = self.workers
        if workers is not None and needs_order(plan.factory, plan.overrides) is not None:
            workers = None
        while first < total:
            numbers = range(first, total)
            tasks = (ChunkTask(facts, n, min(SIZE, plan.count - n * SIZE)) for n in numbers)
            results: Iterator[tuple[ChunkTask, ChunkResult]]
            results = ((task, here(task)) for task in tasks)
            if workers is not None and not state.refused and total - first > 1:
                results = workers.made(plan, tasks, pools, here)
            for task, result in results:
                # Fewer links fit the cache, in whatever order they come.
                large = plan.count >= SORTED_FROM
                state.writer.sorting = large and not state.accounts.new.watched
                again = self.writer.write(plan, task, result, pools)
                self._chunk_done(index, task.number, plan, task.number * SIZE + task.count)
                first = task.number + 1
                if again and workers is not None and workers.forget():
                    break  # what they were making is to be made here

    def _seed_reference(self, index: int, plan: FactoryPlan) -> None:
        """The rows that are declared one by one."""
        assert plan.reference is not None
        state = self.state
        with (
            everywhere(self.random_seed, plan.name, index),
            state.accounts.checked(state.fate) as known,
        ):
            place = (self.connection, plan.reference, state.counters, self.project.tables)
            named = natural_keys(p.reference for p in self.plans if p.reference is not None)
            before = ledger.declared_before(self.connection) | self.declared
            done = seed_reference(*place, state.accounts, state.sessions, named, before)
            known |= {table.fullname: len(rows) for table, rows in done.keys.items()}
        self.changed += done.changed
        self.declared |= done.declared
        self.writer.record_objects(done.keys, plan, (index, 0))
        self._chunk_done(index, 0, plan, plan.count)

    def _chunk_done(self, index: int, chunk: int, plan: FactoryPlan, done: int) -> None:
        state = self.state
        self.progress = Progress(index, chunk + 1, state.counters.next)
        if done == plan.count:
            self.progress = Progress(index + 1, 0, state.counters.next)
        commits = self.commit_every is not None and state.uncommitted >= self.commit_every
        if commits or done == plan.count:
            put_in(self.connection, state.writer, plan.factory.__name__, state.tables)
        if commits:
            ledger.save_plan(self.connection, state.run, self._plan())
            state.prove()
            state.writer.finish()
            state.note_rest()
            self.connection.commit()
            state.committed = True
            state.uncommitted = 0
            begin(self.connection)
            self._watch()
        self.on_progress(plan, done)
