"""Chunks made ahead in other processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from ..generating.pools import Pools
from ..plan import FactoryPlan, SeedRequest
from .state import SeedState
from .work import ChunkResult, ChunkTask, WorkerSetup, in_worker


class Workers:
    """The processes of ``executor``, ``jobs`` of them.

    ``submitted``: what they were asked for, oldest first.
    """

    def __init__(
        self, executor: Executor, jobs: int, request: SeedRequest, state: SeedState
    ) -> None:
        self.executor = executor
        self.jobs = jobs
        self.request = request
        self.state = state
        self.submitted: deque[tuple[ChunkTask, Future[ChunkResult]]] = deque()

    @cached_property
    def setup(self) -> WorkerSetup:
        """How they get the run's project and plans."""
        project = self.state.project
        return WorkerSetup(
            str(Path(project.settings.root).resolve()),
            project.settings_name or project.settings.module,
            project.alias,
            self.request,
            self.state.accounts.triggers.changing,
        )

    def made(
        self,
        plan: FactoryPlan,
        tasks: Iterator[ChunkTask],
        pools: Pools,
        here: Callable[[ChunkTask], ChunkResult],
    ) -> Iterator[tuple[ChunkTask, ChunkResult]]:
        """Each chunk in its turn, made elsewhere where that is possible, else by ``here``.

        The first is made here: it shows which numbers and pools the others need. Each of them is
        given where its numbers start.
        """
        first = next(tasks)
        result = here(first)
        yield first, result
        if result.why is not None or any(n % first.count for n in result.used.values()):
            yield from ((task, here(task)) for task in tasks)
            return
        counters = self.state.counters
        each = {name: used // first.count for name, used in result.used.items()}
        base = dict(counters.next)
        self.reserve(plan.count - (first.number + 1) * first.count, each)
        for task in tasks:
            ahead = (task.number - first.number - 1) * first.count
            starts = {name: base[name] + ahead * each.get(name, 0) for name in base}
            task = replace(task, counters=starts, first=counters.first, pools=pools.known)
            task = replace(task, steps=counters.steps, turn=counters.turn)
            self.submitted.append((task, self.submit(task)))
            if len(self.submitted) > self.jobs:
                yield self._next(each, here)
        while self.submitted:
            yield self._next(each, here)

    def forget(self) -> bool:
        """Ask for nothing more; False where nothing was asked for."""
        had = bool(self.submitted)
        for _, future in self.submitted:
            future.cancel()
        self.submitted.clear()
        return had

    def reserve(self, rows: int, each: Mapping[str, int]) -> None:
        """Other processes are about to make ``rows`` more, with so many numbers for each."""

    def submit(self, task: ChunkTask) -> Future[ChunkResult]:
        return self.executor.submit(in_worker, self.setup, task)

    def _next(
        self, each: Mapping[str, int], here: Callable[[ChunkTask], ChunkResult]
    ) -> tuple[ChunkTask, ChunkResult]:
        task, future = self.submitted.popleft()
        result = future.result()
        if result.retry:
            return task, here(task)
        self.state.generating += result.seconds
        counters = self.state.counters
        if result.why is None:
            for name, number in each.items():
                counters.next[name] = task.counters[name] + number * task.count
            result.before = task.counters
        else:
            counters.next.update(task.counters)
        return task, result
