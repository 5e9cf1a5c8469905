"""Chunks written, and their keys recorded."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from ..factory_boy_internals import created
from ..generating.chunk_progress import ChunkProgress
from ..generating.failures import NoOtherValues
from ..generating.model_info import model_info
from ..generating.objects import Create, ObjectMaker
from ..generating.pools import Pools
from ..generating.randomness import everywhere
from ..plan import FactoryPlan
from ..row_blocks import RowBlock, WrittenKeys
from ..writers.refusals import RowRefused
from ..writers.row_errors import put_in, send
from .chunks import SIZE
from .state import SeedState
from .work import ChunkResult, ChunkTask, record, record_found, replayed, run_task

_ATTEMPTS = 100  # at a chunk of which the database refuses rows


def made_here(
    plan: FactoryPlan,
    pools: Pools,
    state: SeedState,
    progress: Callable[[FactoryPlan, ChunkTask], ChunkProgress],
    task: ChunkTask,
) -> ChunkResult:
    """The chunk, made in this process."""
    where = (state.counters, pools, state.seen, state.sessions, state.refused)
    result = run_task(plan, task, state.encoder, *where, progress(plan, task))
    state.generating += result.seconds
    return result


class ChunkWriter:
    """Writes chunks in the run's transaction.

    ``on_slow`` is called once for each factory of which factory_boy makes the rows, with the
    reason; ``slow`` knows them all. ``on_progress`` is called for each row of those, and while the
    values of a chunk take their time, with how many rows that stands for.
    """

    def __init__(
        self,
        state: SeedState,
        on_slow: Callable[[str, str], None],
        on_progress: Callable[[FactoryPlan, int], None],
    ) -> None:
        self.state = state
        self.on_slow = on_slow
        self.on_progress = on_progress
        self.slow: dict[str, str] = {}

    def write(self, plan: FactoryPlan, task: ChunkTask, result: ChunkResult, pools: Pools) -> bool:
        """Write a chunk; rows that are refused because others have their values are drawn again.

        Returns whether there were any: the chunks after it then take other numbers.
        """
        state = self.state
        if result.why is not None:
            self.put(plan, task, result)
            return False
        original: RowRefused | None = None
        for _ in range(_ATTEMPTS):
            waiting = dict(state.writer.waiting.tables)
            savepoint = state.connection.begin_nested()
            try:
                self.put(plan, task, result)
            except RowRefused as error:
                savepoint.rollback()
                state.writer.waiting.tables = waiting
                original = original or error
                rows = [state.refused.add(error.table, row, error.columns) for row in error.rows]
                if error.kind != "UNIQUE" or not any(rows):
                    break
                state.seen.clear()  # of rows that are not there now
                state.counters.reset(result.before)
                try:
                    result = made_here(plan, pools, state, self.told_of, task)
                except NoOtherValues:
                    break
                continue
            savepoint.commit()
            return original is not None
        assert original is not None
        raise original

    def put(self, plan: FactoryPlan, task: ChunkTask, result: ChunkResult) -> None:
        """Write the chunk as it is; raises RowRefused or SeedError where that cannot be done."""
        if result.why is not None:
            self._put_objects(plan, task, result)
            return
        state = self.state
        with state.accounts.checked(state.fate, by_columns=True) as known:
            told = []
            for number, block in enumerate(result.blocks):
                part = partial(self._part, plan, task, result, number)
                told.append(
                    send(state.connection, state.writer, state.encoder, block, part, state.tables)
                )
            own = model_info(plan.factory).tables
            known |= record(state.accounts, state.run, task, result, told, own)
        state.count(known)
        state.unproved |= result.unproved
        state.deferred.setdefault(task.facts.index, []).extend(result.deferred)

    def told_of(self, plan: FactoryPlan, task: ChunkTask) -> ChunkProgress:
        """What tells how much of the chunk is made; from its start, also when made again."""
        before = task.number * SIZE
        return ChunkProgress(task.count, lambda rows: self.on_progress(plan, before + rows))

    def record_objects(self, keys: WrittenKeys, plan: FactoryPlan, place: tuple[int, int]) -> None:
        """Rows that the session wrote; ``place``: of the plan, and of the chunk in it."""
        state = self.state
        own = model_info(plan.factory).tables
        record_found(state.connection, state.run, keys, place, own)
        state.count({table.fullname: len(rows) for table, rows in keys.items()})
        state.unproved |= {table.fullname for table in keys} & state.tables.keys()
        state.writer.sent_otherwise(keys)

    def _put_objects(self, plan: FactoryPlan, task: ChunkTask, result: ChunkResult) -> None:
        """The chunk by factory_boy, which is said once."""
        assert result.why is not None
        state = self.state
        factory, why = result.why
        if factory not in self.slow:
            self.slow[factory] = why
            self.on_slow(factory, why)
        start = time.process_time()
        put_in(state.connection, state.writer, plan.name, state.tables)
        state.writer.sorting = False
        create: Create | None = None
        progress = self.told_of(plan, task)
        if result.by_objects:
            with everywhere(*task.place) as rng:
                pools = Pools(state.connection)
                where = (state.counters, pools, rng, state.sessions)
                end = progress.enter(0.5)  # the rest is for the objects
                create = replayed(plan, task, *where, progress)
                progress.end = end
        with everywhere(*task.place), state.accounts.checked(state.fate) as known:
            keys = ObjectMaker(
                state.connection,
                plan.factory,
                task.count,
                self._told(plan, task, create, progress.rows),
                state.counters,
                state.project.tables,
                state.accounts,
                state.sessions,
            ).make()
            known |= {table.fullname: len(rows) for table, rows in keys.items()}
        state.generating += time.process_time() - start
        self.record_objects(keys, plan, (task.facts.index, task.number))

    def _told(self, plan: FactoryPlan, task: ChunkTask, create: Create | None, told: int) -> Create:
        """``create``, else factory_boy itself, and how many rows there are before each; ``told``
        is what their values stood for."""
        before = task.number * SIZE + told

        def one(number: int, session: Session) -> Any:
            if number:
                self.on_progress(plan, before + number * (task.count - told) // task.count)
            return create(number, session) if create else created(plan.factory, plan.overrides)

        return one

    def _part(
        self, plan: FactoryPlan, task: ChunkTask, result: ChunkResult, number: int
    ) -> tuple[str, RowBlock]:
        """What a block was made of; made again where another process made it."""
        if not result.parts:
            state = self.state
            result = run_task(plan, task, state.encoder, *task.elsewhere(), {}, state.sessions)
        return result.parts[number]
