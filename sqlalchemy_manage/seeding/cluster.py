"""Chunks made and written by the workers of a cluster, each in a transaction of its own.

No transaction spans several connections: here the ledger makes the run complete or none. A worker
records the keys of a chunk in the chunk's transaction; where anything fails, what is
recorded is removed again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, wait
from contextlib import suppress
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from ..data.backends import storing_zeros, writing
from ..databases.engines import shown
from ..errors import DatabaseMissing, ManageError, SeedError
from ..sql.raw import cut_name, qualified
from .generating.model_info import model_info
from .generating.sessions import seed_sessions
from .plan import FactoryPlan
from .running.chunk_writing import ChunkWriter
from .running.result import Seeded
from .running.state import SeedState
from .running.transaction import isolate
from .running.work import ChunkResult, ChunkTask, WorkerSetup, prepared, record, run_task
from .running.workers import Workers
from .seed import Seeder
from .undoing import ledger
from .undoing.accounts import Accounts
from .undoing.undo import undo
from .writers.writer import BlockWriter


class ClusterWorkers(Workers):
    """They write what they make."""

    def reserve(self, rows: int, each: Mapping[str, int]) -> None:
        """Reserve the keys of the rows to come: no lock held here could."""
        connection = self.state.connection
        if connection.dialect.name != "postgresql":
            return
        for name, number in each.items():
            table = self.state.tables.get(name[1:]) if name.startswith("#") else None
            if table is None or table.autoincrement_column is None or not number:
                continue
            last = self.state.counters.next[name] + rows * number - 1
            sequence = sa.func.pg_get_serial_sequence(
                qualified(connection.dialect, table.schema, table.name),
                cut_name(table.autoincrement_column.name),
            )
            with suppress(sa.exc.DBAPIError), connection.begin_nested():
                connection.execute(sa.select(sa.func.setval(sequence, last)))
        connection.commit()

    def submit(self, task: ChunkTask) -> Future[ChunkResult]:
        run, token = self.state.run, self.state.token
        return self.executor.submit(write_in_worker, self.setup, task, run, token)


class ClusterChunkWriter(ChunkWriter):
    """Writes what no worker has written."""

    def put(self, plan: FactoryPlan, task: ChunkTask, result: ChunkResult) -> None:
        if not result.written:
            self.state.accounts.begin()
            super().put(plan, task, result)
            return
        self.state.count(result.rows)
        self.state.deferred.setdefault(task.facts.index, []).extend(result.deferred)


class ClusterSeeder(Seeder):
    """A run whose chunks are written where they are made, without waiting for others."""

    writer_class = ClusterChunkWriter
    workers_class = ClusterWorkers

    def __init__(self, *args: Any, executor: Executor, jobs: int, **options: Any) -> None:
        super().__init__(*args, executor=executor, jobs=jobs, commit_every=1, **options)
        if self.connection.dialect.name == "sqlite":
            raise SeedError(
                "SQLite has one writer at a time and its file is on this machine: --dask needs a "
                "database server. Nothing was written.",
                "--jobs creates the rows in several processes on this machine.",
            )

    def seed(self, before: Callable[[], None] | None = None) -> Seeded:
        """All rows, or none: after a failure the ledger says what has to be removed."""
        try:
            return super().seed(before)
        except BaseException as error:
            # Wait for what has begun, cancel the rest.
            assert self.workers is not None
            wait([future for _, future in self.workers.submitted if not future.cancel()])
            self.connection.rollback()
            if self.state.run:
                with writing(self.connection):
                    undo(self.connection, self.state.run, self.state.tables, self.project.mappers)
            if isinstance(error, DatabaseMissing):
                raise SeedError(
                    f"A worker's settings point to another database: {error.message} "
                    "What others had written was removed.",
                    "Start the workers with the same settings and the same DATABASE_URL.",
                ) from error
            if isinstance(error, ManageError | KeyboardInterrupt | SystemExit):
                raise
            raise SeedError(
                f"The cluster failed: {type(error).__name__}: {error}. What its workers had "
                "written was removed.",
                "Do the workers have this project, its settings and its database?",
            ) from error

    def _new_state(self) -> SeedState:
        """Without locks: the workers write to the tables."""
        return SeedState(self.project, self.connection, locked=False)

    def _watch(self) -> None:
        """Not yet: the workers write to these tables too, each in its turn."""
        self.state.know_triggers()


def write_in_worker(setup: WorkerSetup, task: ChunkTask, run: int, token: str) -> ChunkResult:
    """Make the chunk and write it, with its keys, in one transaction; once, if asked twice.

    Raises SeedError if this worker's settings point to another database, and for a run
    that was given up in the meantime.
    """
    project, plans, encoder = prepared(setup)
    plan = plans[task.facts.index]
    with seed_sessions(project, None) as sessions:
        result = run_task(plan, task, encoder, *task.elsewhere(), {}, sessions)
    if result.why is not None or result.retry:
        return result
    with project.connect() as connection, storing_zeros(connection):
        isolate(connection)
        state = ledger.lock(connection, run, shared=True)
        if state is None or state[1] != token:
            raise SeedError(
                f"A worker's settings point to another database ({shown(project.engine.url)}).",
                "Start the workers with the same settings and the same DATABASE_URL.",
            )
        if state[0] != "running":
            raise SeedError(f"Run {run} was abandoned; a worker leaves it alone.")
        rows = result.rows
        if task.label not in ledger.chunks_done(connection, run):
            tables = {table.fullname: table for table in project.tables}
            accounts = Accounts(connection, tables)
            accounts.begin()
            writer = BlockWriter(connection, tables)
            own = model_info(plan.factory).tables
            with accounts.checked("Nothing was written.", by_columns=True) as known:
                told = [writer.send(block) for block in result.blocks]
                rows = record(accounts, run, task, result, told, own)
                known |= rows
            accounts.end()
            connection.commit()
    return replace(result, blocks=[], own=[], parts=[], keys=[], rows=rows, written=True)
