"""Seed a database: create the rows of each factory chunk by chunk, write and record them."""

from __future__ import annotations

import os
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from dataclasses import KW_ONLY, asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from ..conf import failing_line
from ..data.backends import storing_zeros
from ..databases.constraint_errors import violation
from ..databases.engines import trouble
from ..errors import ManageError, SeedError
from ..sql.dialects import MARIADB
from .dependencies import model_name, needs_order
from .factory_boy_internals import created
from .generating.evaluators import start_iterators
from .generating.failures import Failed, NoOtherValues
from .generating.model_info import model_info
from .generating.numbering import Counters, Starts
from .generating.objects import Create, ObjectMaker
from .generating.pools import Pools
from .generating.randomness import everywhere
from .generating.sessions import seed_sessions
from .generating.unique_sets import Refused
from .plan import FactoryPlan, SeedRequest
from .process_state import forget_unique
from .reference_rows.rows import natural_keys, seed_reference
from .row_blocks import RowBlock, WrittenKeys
from .running.chunks import SIZE, DeferredLink, PlanFacts
from .running.deferred_links import link_afterwards
from .running.resuming import deferred_again
from .running.work import (
    ChunkResult,
    ChunkTask,
    WorkerSetup,
    in_worker,
    record,
    record_found,
    replayed,
    run_task,
)
from .undoing import ledger
from .undoing.accounts import Accounts
from .writers.refusals import RowRefused
from .writers.row_errors import put_in, require_references, send
from .writers.writer import BlockWriter, Encoder

if TYPE_CHECKING:
    from ..project import Project

SORTED_FROM = 200_000
_ATTEMPTS = 100  # at a chunk of which the database refuses rows


@dataclass(frozen=True)
class Seeded:
    """What was written: rows per table, and in how many seconds.

    ``generating``: seconds of processor time in which rows were made, of all processes
    together. ``slow``: factory -> why factory_boy made its rows one by one. ``changed``:
    reference rows that got new values.
    """

    run: int
    rows: dict[str, int]
    seconds: float
    generating: float
    random_seed: int
    slow: dict[str, str] = field(default_factory=dict)
    changed: int = 0

    @property
    def total(self) -> int:
        return sum(self.rows.values())

    @property
    def rate(self) -> float:
        """Rows a second, link rows included."""
        return self.total / self.seconds if self.seconds else 0.0


@dataclass
class Progress:
    """What has been done so far, for whoever continues after an interruption.

    ``share``: the place of the factory plan, as the ledger calls it.
    """

    share: int = 0
    chunk: int = 0
    counters: dict[str, int] = field(default_factory=dict)


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

    def __post_init__(self) -> None:
        self.tables = {table.fullname: table for table in self.project.tables}
        self.encoder = Encoder(self.connection.dialect)
        self.accounts = Accounts(self.connection, self.tables)
        self.writer = BlockWriter(self.connection, self.tables)
        self.counters = Counters({}, load=self._starts())
        self.seen: dict[Any, set[Any]] = {}
        self.refused = Refused()
        self.deferred: dict[int, list[DeferredLink]] = {}
        self.rows: dict[str, int] = {}
        self.slow: dict[str, str] = {}
        self.progress = Progress()
        self.generating = 0.0
        self.changed = 0
        self.declared: dict[str, str] = {}
        self.uncommitted = 0
        self.run = 0
        self.unproved: set[str] = set()
        self.submitted: deque[tuple[ChunkTask, Future[ChunkResult]]] = deque()  # oldest first
        self.token = secrets.token_hex(8)  # identifies this run, and so this database

    def seed(self, before: Callable[[], None] | None = None) -> Seeded:
        """Write everything and commit; or write nothing and raise.

        ``before`` runs first in the same transaction. With ``commit_every`` what was
        committed stays, and the ledger knows it.
        """
        self._isolate()
        try:
            ledger.create_tables(self.connection)
            self.connection.commit()
        except DBAPIError as error:
            raise trouble(error) from error
        return self._all(before)

    def resume(self, run: ledger.SeedRun) -> Seeded:
        """Continue a run that was interrupted between two commits."""
        self._isolate()
        self.run = run.id
        self.token = run.plan["token"]
        self.declared = run.plan.get("declared", {})
        self.progress = Progress(**run.plan["progress"])
        self.counters = Counters(
            self.progress.counters,
            run.plan["first"],
            self._starts(),
            run.plan.get("steps"),
            run.plan.get("turn"),
        )
        facts = map(self._facts, range(len(self.plans)))
        self.deferred = deferred_again(self.connection, run, zip(self.plans, facts, strict=True))
        return self._all()

    def _all(self, before: Callable[[], None] | None = None) -> Seeded:
        start = time.perf_counter()
        # What ``before`` removes may have to take other rows along.
        self._pragmas(*(["foreign_keys=OFF"] if before is None else []), "cache_size=-16000")
        try:
            with storing_zeros(self.connection):
                self._begin()
                with seed_sessions(self.connection.engine, self.connection) as self.sessions:
                    self._everything(before)
                self.connection.commit()
        except BaseException as error:
            self.connection.rollback()
            if self.commit_every is not None:
                self._leave()
            if (told := self._told(error)) is None:
                raise
            raise told from error
        finally:
            self._pragmas("foreign_keys=ON")
        seconds = time.perf_counter() - start
        return Seeded(
            self.run,
            self.rows,
            seconds,
            self.generating,
            self.random_seed,
            self.slow,
            self.changed,
        )

    def _everything(self, before: Callable[[], None] | None) -> None:
        if not self.run:
            self.run = ledger.begin(
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
        self.accounts.begin()
        for index, deferred in sorted(self.deferred.items()):
            link_afterwards(
                self.connection,
                self.writer,
                self.plans[index],
                self._facts(index),
                deferred,
                self.counters,
            )
        self.writer.finish()
        self._prove()
        self._note_rest()
        ledger.save_plan(self.connection, self.run, self._plan())
        ledger.finish(self.connection, self.run)

    def _told(self, error: BaseException) -> ManageError | None:
        """The error for a failure; None for one that explains itself."""
        if isinstance(error, Failed):
            return SeedError(
                f"{error.factory.__name__} failed at row {error.row + 1}: "
                f"{type(error.error).__name__}: {error.error}, in '{error.name}'"
                f"{failing_line(error.error)}. "
                f"{self._fate()}",
                self.sessions.advice(error.factory, error.name),
            )
        if isinstance(error, StatementError):
            if isinstance(error, OperationalError) and (
                violation(error, self.project.tables).kind == "refused"
            ):
                return trouble(error)  # the database's state, not the fault of a row
            return SeedError(f"The database refused: {error.orig}. {self._fate()}")
        if isinstance(error, BrokenExecutor):
            return SeedError(
                f"A process that created rows was killed (out of memory?). {self._fate()}",
                "Repeat the command, with fewer --jobs.",
            )
        return None

    def _leave(self) -> None:
        """Somebody else may continue what was committed."""
        with suppress(DBAPIError):  # it is gone, and so will this process be
            ledger.ended(self.connection, self.run)
            self.connection.commit()

    def _begin(self) -> None:
        """Begin the transaction: on SQLite a savepoint outside of one commits when it ends."""
        if self.connection.dialect.name == "sqlite":
            self.connection.exec_driver_sql("BEGIN IMMEDIATE")

    def _isolate(self) -> None:
        """On MariaDB: rows that others commit in the meantime are not taken for the run's."""
        if self.connection.dialect.name in MARIADB:
            self.connection.rollback()
            self.connection.execution_options(isolation_level="REPEATABLE READ")

    def _watch(self) -> None:
        """In a new transaction: look at the tables that triggers write to."""
        self.encoder = Encoder(self.connection.dialect, self.accounts.triggers.changing)
        self.accounts.begin()

    def _note_rest(self) -> None:
        """Before a commit: rows that no chunk brought, as those of triggers to UPDATE."""
        found = self.accounts.new.take()
        record_found(self.connection, self.run, found)
        self._count({table.fullname: len(rows) for table, rows in found.items()})
        self.accounts.end()

    def _pragmas(self, *settings: str) -> None:
        """On SQLite. What is drawn from existing rows need not be looked up row by row, and
        a cache of 2 MB, the default, holds too little of the index of a large link table."""
        if self.connection.dialect.name == "sqlite":
            for setting in settings:
                self.connection.exec_driver_sql(f"PRAGMA {setting}")
            self.connection.rollback()

    def _prove(self) -> None:
        """Foreign keys that were not drawn lead somewhere; the other databases have looked."""
        if self.connection.dialect.name == "sqlite":
            for name in sorted(self.unproved):
                require_references(self.connection, self.tables[name])
        self.unproved.clear()

    def _fate(self) -> str:
        if self.commit_every is None:
            return "Nothing was written."
        return f"What was committed is run {self.run}: manage.py seed --undo {self.run}."

    def _plan(self) -> dict[str, Any]:
        return {
            "request": asdict(self.request),
            "chunk": SIZE,
            "commit_every": self.commit_every,
            "progress": asdict(self.progress),
            "first": self.counters.first,
            "steps": self.counters.steps,
            "turn": self.counters.turn,
            "token": self.token,
            "pid": os.getpid(),
            "declared": self.declared,
        }

    def _facts(self, index: int) -> PlanFacts:
        after = frozenset(model_name(plan.model) for plan in self.plans[index + 1 :])
        return PlanFacts(index, self.plans[index].name, self.random_seed, after)

    def _starts(self) -> Starts:
        used = partial(ledger.used_numbers, self.connection)
        return Starts(self.connection, self.tables, locked=True, used=used)

    def _seed_plan(self, index: int, plan: FactoryPlan) -> None:
        facts = self._facts(index)
        pools = Pools(self.connection)
        if plan.reference is not None:
            with (
                everywhere(self.random_seed, plan.name, index),
                self.accounts.checked(self._fate()) as known,
            ):
                place = (self.connection, plan.reference, self.counters, self.project.tables)
                named = natural_keys(p.reference for p in self.plans if p.reference is not None)
                before = ledger.declared_before(self.connection) | self.declared
                done = seed_reference(*place, self.accounts, self.sessions, named, before)
                known |= {table.fullname: len(rows) for table, rows in done.keys.items()}
            self.changed += done.changed
            self.declared |= done.declared
            self._record_objects(done.keys, index, 0, plan)
            self._chunk_done(index, 0, plan, plan.count)
            return
        first = self.progress.chunk if index == self.progress.share else 0
        if not first:
            self.counters.turn.clear()
        total = -(-plan.count // SIZE)
        if plan.count == 0 or first >= total:
            return
        ordered = self.executor is None or needs_order(plan.factory, plan.overrides) is not None
        while first < total:
            numbers = range(first, total)
            tasks = (ChunkTask(facts, n, min(SIZE, plan.count - n * SIZE)) for n in numbers)
            results = self._in_order(plan, tasks, pools)
            if not ordered and not self.refused and total - first > 1:
                results = self._apart(plan, tasks, pools)
            for task, result in results:
                # Fewer links fit the cache, in whatever order they come.
                self.writer.sorting = plan.count >= SORTED_FROM and not self.accounts.new.watched
                again = self._written(plan, task, result, pools)
                self._chunk_done(index, task.number, plan, task.number * SIZE + task.count)
                first = task.number + 1
                if again and self.submitted:
                    self._forget_submitted()
                    break

    def _written(
        self, plan: FactoryPlan, task: ChunkTask, result: ChunkResult, pools: Pools
    ) -> bool:
        """Write a chunk; rows that are refused because others have their values are drawn again.

        Returns whether there were any: the chunks after it then take other numbers.
        """
        if result.why is not None:
            self._write(plan, task, result)
            return False
        original: RowRefused | None = None
        for _ in range(_ATTEMPTS):
            waiting = dict(self.writer.waiting.tables)
            savepoint = self.connection.begin_nested()
            try:
                self._write(plan, task, result)
            except RowRefused as error:
                savepoint.rollback()
                self.writer.waiting.tables = waiting
                original = original or error
                rows = [self.refused.add(error.table, row, error.columns) for row in error.rows]
                if error.kind != "UNIQUE" or not any(rows):
                    break
                self.seen.clear()  # of rows that are not there now
                self.counters.reset(result.before)
                try:
                    result = self._here(plan, task, pools)
                except NoOtherValues:
                    break
                continue
            savepoint.commit()
            return original is not None
        assert original is not None
        raise original

    def _forget_submitted(self) -> None:
        """What other processes are making is to be made here."""
        for _, future in self.submitted:
            future.cancel()
        self.submitted.clear()

    def _here(self, plan: FactoryPlan, task: ChunkTask, pools: Pools) -> ChunkResult:
        where = (self.counters, pools, self.seen, self.sessions, self.refused)
        result = run_task(plan, task, self.encoder, *where)
        self.generating += result.seconds
        return result

    def _in_order(
        self, plan: FactoryPlan, tasks: Iterable[ChunkTask], pools: Pools
    ) -> Iterator[tuple[ChunkTask, ChunkResult]]:
        for task in tasks:
            yield task, self._here(plan, task, pools)

    def _apart(
        self, plan: FactoryPlan, tasks: Iterator[ChunkTask], pools: Pools
    ) -> Iterator[tuple[ChunkTask, ChunkResult]]:
        """Chunks made in other processes, each given where its numbers start.

        The first is made here: it shows which numbers and pools the others need.
        """
        assert self.executor is not None
        first = next(tasks)
        result = self._here(plan, first, pools)
        yield first, result
        if result.why is not None or any(n % first.count for n in result.used.values()):
            yield from self._in_order(plan, tasks, pools)
            return
        each = {name: used // first.count for name, used in result.used.items()}
        base = dict(self.counters.next)
        self._apart_from(plan.count - first.number * SIZE - first.count, each)
        setup = self._setup()
        for task in tasks:
            ahead = (task.number - first.number - 1) * SIZE
            starts = {name: base[name] + ahead * each.get(name, 0) for name in base}
            task = replace(task, counters=starts, first=self.counters.first, pools=pools.known)
            task = replace(task, steps=self.counters.steps, turn=self.counters.turn)
            self.submitted.append((task, self._submit(setup, task)))
            if len(self.submitted) > self.jobs:
                yield self._from_worker(plan, each, pools)
        while self.submitted:
            yield self._from_worker(plan, each, pools)

    def _apart_from(self, rows: int, each: Mapping[str, int]) -> None:
        """Other processes are about to make ``rows`` more, with so many numbers for each."""

    def _submit(self, setup: WorkerSetup, task: ChunkTask) -> Future[ChunkResult]:
        assert self.executor is not None
        return self.executor.submit(in_worker, setup, task)

    def _from_worker(
        self, plan: FactoryPlan, each: Mapping[str, int], pools: Pools
    ) -> tuple[ChunkTask, ChunkResult]:
        task, future = self.submitted.popleft()
        result = future.result()
        self.generating += result.seconds
        if result.retry:
            return task, self._here(plan, task, pools)
        if result.why is None:
            for name, number in each.items():
                self.counters.next[name] = task.counters[name] + number * task.count
            result.before = task.counters
        else:
            self.counters.next.update(task.counters)
        return task, result

    def _setup(self) -> WorkerSetup:
        settings = self.project.settings
        return WorkerSetup(
            str(Path(settings.root).resolve()),
            self.project.settings_name or settings.module,
            self.project.alias,
            self.request,
            self.accounts.triggers.changing,
        )

    def _write(self, plan: FactoryPlan, task: ChunkTask, result: ChunkResult) -> None:
        if result.why is not None:
            self._write_objects(plan, task, result)
            return
        with self.accounts.checked(self._fate(), by_columns=True) as known:
            told = []
            for number, block in enumerate(result.blocks):
                part = partial(self._part, plan, task, result, number)
                told.append(
                    send(self.connection, self.writer, self.encoder, block, part, self.tables)
                )
            own = model_info(plan.factory).tables
            known |= record(self.accounts, self.run, task, result, told, own)
        self._count(known)
        self.unproved |= result.unproved
        self.deferred.setdefault(task.facts.index, []).extend(result.deferred)

    def _write_objects(self, plan: FactoryPlan, task: ChunkTask, result: ChunkResult) -> None:
        """The chunk by factory_boy, which is said once."""
        assert result.why is not None
        factory, why = result.why
        if factory not in self.slow:
            self.slow[factory] = why
            self.on_slow(factory, why)
        start = time.process_time()
        put_in(self.connection, self.writer, plan.name, self.tables)
        self.writer.sorting = False
        create: Create | None = None
        if result.by_objects:
            with everywhere(*task.place) as rng:
                pools = Pools(self.connection)
                create = replayed(plan, task, self.counters, pools, rng, self.sessions)
        with everywhere(*task.place), self.accounts.checked(self._fate()) as known:
            keys = ObjectMaker(
                self.connection,
                plan.factory,
                task.count,
                create or (lambda number, session: created(plan.factory, plan.overrides)),
                self.counters,
                self.project.tables,
                self.accounts,
                self.sessions,
            ).make()
            known |= {table.fullname: len(rows) for table, rows in keys.items()}
        self.generating += time.process_time() - start
        self._record_objects(keys, task.facts.index, task.number, plan)

    def _count(self, rows: Mapping[str, int]) -> None:
        for table, count in rows.items():
            self.rows[table] = self.rows.get(table, 0) + count
            self.uncommitted += count

    def _part(
        self, plan: FactoryPlan, task: ChunkTask, result: ChunkResult, number: int
    ) -> tuple[str, RowBlock]:
        """What a block was made of; made again where another process made it."""
        if not result.parts:
            result = run_task(plan, task, self.encoder, *task.elsewhere(), {}, self.sessions)
        return result.parts[number]

    def _record_objects(self, keys: WrittenKeys, plan: int, number: int, made: FactoryPlan) -> None:
        own = model_info(made.factory).tables
        record_found(self.connection, self.run, keys, (plan, number), own)
        self._count({table.fullname: len(rows) for table, rows in keys.items()})
        self.unproved |= {table.fullname for table in keys} & self.tables.keys()

    def _chunk_done(self, index: int, chunk: int, plan: FactoryPlan, done: int) -> None:
        self.progress = Progress(index, chunk + 1, self.counters.next)
        if done == plan.count:
            self.progress = Progress(index + 1, 0, self.counters.next)
        commits = self.commit_every is not None and self.uncommitted >= self.commit_every
        if commits or done == plan.count:
            put_in(self.connection, self.writer, plan.factory.__name__, self.tables)
        if commits:
            ledger.save_plan(self.connection, self.run, self._plan())
            self._prove()
            self.writer.finish()
            self._note_rest()
            self.connection.commit()
            self.uncommitted = 0
            self._begin()
            self._watch()
        self.on_progress(plan, done)


def row_counts(connection: sa.Connection, tables: Iterable[sa.Table]) -> dict[str, int]:
    """Full table name -> number of rows."""
    return {
        table.fullname: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        for table in tables
    }
