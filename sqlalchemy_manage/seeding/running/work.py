"""One chunk created, in any process: its input and its output."""

from __future__ import annotations

import atexit
import importlib
import os
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from types import NoneType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ...errors import ManageError
from ..collector import without_collector
from ..generating.chunk_progress import ChunkProgress
from ..generating.failures import Failed, NeedsConnection, NotColumnwise
from ..generating.numbering import Counters
from ..generating.objects import Create
from ..generating.pools import Pool, PoolKey, Pools
from ..generating.randomness import everywhere
from ..generating.sessions import SeedSessions, seed_sessions
from ..generating.unique_sets import Refused
from ..own_session import own_session
from ..plan import FactoryPlan, SeedRequest, factory_plans
from ..row_blocks import RowBlock, WrittenKeys, key_columns, kinds
from ..undoing import ledger
from ..undoing.accounts import Accounts
from ..undoing.packing import pack
from ..writers.refusals import naming
from ..writers.values import Values
from ..writers.writer import EncodedBlock, Encoder
from .chunks import Chunk, DeferredLink, PlanFacts
from .replaying import ReplayedChunk

if TYPE_CHECKING:
    import random

    from ...project import Project


@dataclass(frozen=True)
class WorkerSetup:
    """How another process gets the same project and the same plans.

    ``changing``: as the Encoder has it.
    """

    folder: str
    settings: str
    alias: str
    request: SeedRequest
    changing: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ChunkTask:
    """Chunk ``number`` of a factory plan: ``count`` rows.

    ``counters``: the numbers it starts at, of those that began at ``first``, and for this plan
    at ``turn``, with their ``steps``.
    """

    facts: PlanFacts
    number: int
    count: int
    counters: dict[str, int] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    turn: dict[str, int] = field(default_factory=dict)
    pools: dict[PoolKey, Pool] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the ledger calls the chunk."""
        return chunk_label(self.facts.index, self.number)

    @property
    def place(self) -> tuple[int, str, int, int]:
        """What its random numbers depend on."""
        return self.facts.random_seed, self.facts.name, self.facts.index, self.number

    def elsewhere(self) -> tuple[Counters, Pools]:
        """Numbers and pools for a process without others."""
        counters = Counters(self.counters, self.first, steps=self.steps, turn=self.turn)
        return counters, Pools(None, self.pools)


def chunk_label(plan: int, number: int, own: bool = True) -> str:
    """``own``: rows of the plan's factory, not of those that came along."""
    return f"{plan}/{number}" if own else f"{plan}/{number}+"


@dataclass(frozen=True)
class Written:
    """The keys of rows of one table, packed for the ledger.

    ``own``: they are those of the plan's factory.
    """

    table: str
    columns: tuple[str, ...]
    count: int
    packed: bytes
    own: bool


@dataclass
class ChunkResult:
    """What a chunk writes, in order. ``why``: factory_boy has to make it, with the reason;
    ``by_objects``: of values that are evaluated by columns.

    ``own``: for each block, whether it holds rows of the plan's factory. ``keys``: those that
    are known before the rows are written. ``before``: the next numbers before it.
    ``rows``: how many for each table. ``unproved``: tables with foreign keys that may lead
    nowhere. ``written``: a worker wrote it all itself. ``parts``: what the blocks were made
    of, each with the name of its factory; not carried between processes.
    """

    blocks: list[EncodedBlock] = field(default_factory=list)
    parts: list[tuple[str, RowBlock]] = field(default_factory=list)
    own: list[bool] = field(default_factory=list)
    keys: list[Written] = field(default_factory=list)
    deferred: list[DeferredLink] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    why: tuple[str, str] | None = None
    by_objects: bool = False
    retry: bool = False
    written: bool = False
    rows: dict[str, int] = field(default_factory=dict)
    unproved: set[str] = field(default_factory=set)


@without_collector()
def run_task(
    plan: FactoryPlan,
    task: ChunkTask,
    encoder: Encoder,
    counters: Counters,
    pools: Pools,
    seen: dict[Any, set[Any]],
    sessions: SeedSessions,
    refused: Refused | None = None,
    progress: ChunkProgress | None = None,
) -> ChunkResult:
    """Make the chunk. A result with ``why`` or ``retry`` holds nothing and used no numbers."""
    start = time.process_time()
    before = dict(counters.next)
    with everywhere(*task.place) as rng:
        chunk = Chunk(task.facts, counters, pools, rng, seen, refused, progress)
        try:
            chunk.make(plan.factory, task.count, plan.overrides)
            deferred = chunk.deferred()
            sessions.require_unused()
        except NotColumnwise as error:
            counters.reset(before)
            owner = getattr(error.factory, "__name__", plan.name)
            return ChunkResult(why=(owner, error.why), by_objects=error.by_objects)
        except NeedsConnection:
            return ChunkResult(retry=True)
    result = ChunkResult(deferred=deferred, before=before)
    own = chunk.own
    for batch in chunk.batches:
        for part in batch.assembled.parts():
            _add(result, encoder, part, batch is own, batch.factory.__name__)
    for batch in chunk.batches:
        for part in batch.assembled.links:
            _add(result, encoder, part, False, batch.factory.__name__)
        result.unproved |= batch.assembled.unproved()
    result.used = {
        name: after - before.get(name, counters.first[name])
        for name, after in counters.next.items()
    }
    chunk.forget()
    result.seconds = time.process_time() - start
    return result


def replayed(
    plan: FactoryPlan,
    task: ChunkTask,
    counters: Counters,
    pools: Pools,
    rng: random.Random,
    sessions: SeedSessions,
    progress: ChunkProgress | None = None,
) -> Create | None:
    """What makes the objects of the chunk one by one, of values that are evaluated here; None
    where factory_boy has to evaluate them, and no numbers are used."""
    before = dict(counters.next)
    chunk = ReplayedChunk(task.facts, counters, pools, rng, {}, None, progress)
    try:
        chunk.make(plan.factory, task.count, plan.overrides)
        sessions.require_unused()
    except (NotColumnwise, Failed, ManageError):
        # Only create() itself can tell whether what fails here would fail there.
        counters.next = {n: before.get(n, counters.first[n]) for n in counters.next}
        return None
    return chunk.create


def _add(result: ChunkResult, encoder: Encoder, part: RowBlock, own: bool, factory: str) -> None:
    result.parts.append((factory, part))
    result.rows[part.table.fullname] = result.rows.get(part.table.fullname, 0) + part.count
    columns = key_columns(part.table)
    values = dict(zip(part.columns, part.values, strict=True))
    known = part.table.fullname not in encoder.changing and all(
        name in values and (not part.table.primary_key or NoneType not in kinds(values[name]))
        for name in columns
    )
    asked = () if known else columns
    result.own.append(own)
    with naming(factory):
        block = encoder.encode(part.table, part.columns, part.values, asked, rows=part.count)
    result.blocks.append(block)
    if known:
        found = [part.table.c[name] for name in columns]
        keys = [values[name] for name in columns]
        for count, packed in pack(found, keys, encoder.dialect):
            result.keys.append(Written(part.table.fullname, columns, count, packed, own))


_around = ExitStack()
"""What the projects of this process, a worker, have around them until it ends."""
atexit.register(_around.close)


@lru_cache(maxsize=4)
def prepared(setup: WorkerSetup) -> tuple[Project, list[FactoryPlan], Encoder]:
    """The project in this process; opened once."""
    from ...project import Project

    if setup.folder not in sys.path:
        sys.path.insert(0, setup.folder)
    if os.path.isdir(setup.folder):  # of a worker on another machine it need not be there
        os.chdir(setup.folder)
    importlib.invalidate_caches()
    project = Project(setup.settings, setup.alias)
    project.interactive = False
    _around.enter_context(project.around())
    if project.engine.dialect.name != "sqlite":
        with project.connect():
            pass  # what a dialect does may depend on the server's version
        project.close()
    encoder = Encoder(project.engine.dialect, setup.changing)
    with own_session(project, None):
        return project, factory_plans(project, setup.request), encoder


def in_worker(setup: WorkerSetup, task: ChunkTask) -> ChunkResult:
    """The chunk, made in a process that has no connection."""
    project, plans, encoder = prepared(setup)
    with seed_sessions(project, None) as sessions:
        plan = plans[task.facts.index]
        result = run_task(plan, task, encoder, *task.elsewhere(), {}, sessions)
    result.parts = []
    return result


def record(
    accounts: Accounts,
    run: int,
    task: ChunkTask,
    result: ChunkResult,
    told: Sequence[Sequence[Values]],
    own: Collection[sa.Table],
) -> dict[str, int]:
    """Write the keys of a chunk into the ledger; returns how many rows of each table they are.

    ``told``: for each block, what the database told. ``own``: the tables of the plan's factory.
    """
    connection, new, tables = accounts.connection, accounts.new, accounts.tables.project
    counts: dict[str, int] = {}
    for each in result.keys:
        if each.table in new.watched:
            continue
        label = chunk_label(task.facts.index, task.number, each.own)
        ledger.record_packed(
            connection, run, each.table, each.columns, each.count, each.packed, label
        )
        counts[each.table] = counts.get(each.table, 0) + each.count
    for block, own_rows, values in zip(result.blocks, result.own, told, strict=True):
        if values and block.table not in new.watched:
            label = chunk_label(task.facts.index, task.number, own_rows)
            table = tables[block.table]
            ledger.record_keys(connection, run, table, block.returned, values, label)
            counts[block.table] = counts.get(block.table, 0) + block.count
    found = new.take()
    record_found(connection, run, found, (task.facts.index, task.number), own)
    return counts | {table.fullname: len(rows) for table, rows in found.items()}


def record_found(
    connection: sa.Connection,
    run: int,
    found: WrittenKeys,
    chunk: tuple[int, int] | None = None,
    own: Collection[sa.Table] = (),
) -> None:
    """Write keys into the ledger; ``chunk``: the plan and the number of the chunk they are of."""
    for table, rows in found.items():
        label = chunk_label(*chunk, table in own) if chunk is not None else ""
        values = list(zip(*rows, strict=True))
        ledger.record_keys(connection, run, table, key_columns(table), values, label)
