"""One chunk made, in whatever process: what goes in, what comes out."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .chunks import Chunk, Counters, Later, ShareFacts
from .columns import CounterMissing, NotColumnwise, PoolMissing
from .objects import key_columns
from .packing import pack
from .parts import Part
from .plan import Request, Share, shares_of
from .pools import Key, Pool, Pools
from .randomness import everywhere
from .writers import Block, Encoder

if TYPE_CHECKING:
    from ..project import Project


@dataclass(frozen=True)
class Setup:
    """How another process comes to the same project, and to the same shares."""

    folder: str
    settings: str
    alias: str
    request: Request


@dataclass(frozen=True)
class Task:
    """Chunk ``number`` of a share: ``count`` rows, with the numbers they start at."""

    facts: ShareFacts
    number: int
    count: int
    counters: dict[str, int]
    pools: dict[Key, Pool] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """The keys of rows of one table, packed for the ledger.

    ``own``: they are those of the share's factory.
    """

    table: str
    columns: tuple[str, ...]
    count: int
    packed: bytes
    own: bool


@dataclass
class Result:
    """What a chunk writes, in order. ``why``: factory_boy has to make it, with the reason.

    ``unproved``: tables with foreign keys that may lead nowhere. ``written``: rows for each
    table, where a worker wrote them itself. ``parts``: what the blocks were made of, each
    with the name of its factory; not carried between processes.
    """

    blocks: list[Block] = field(default_factory=list)
    parts: list[tuple[str, Part]] = field(default_factory=list)
    keys: list[Written] = field(default_factory=list)
    later: list[Later] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    why: tuple[str, str] | None = None
    retry: bool = False
    written: dict[str, int] = field(default_factory=dict)
    unproved: set[str] = field(default_factory=set)


def run_task(
    share: Share,
    task: Task,
    encoder: Encoder,
    counters: Counters,
    pools: Pools,
    seen: dict[Any, set[Any]],
) -> Result:
    """Make the chunk. A result with ``why`` or ``retry`` holds nothing and used no numbers."""
    # Nearly all that is made here lives until its chunk is written, and is in no circle.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _made(share, task, encoder, counters, pools, seen)
    finally:
        if collecting:
            gc.enable()


def _made(
    share: Share,
    task: Task,
    encoder: Encoder,
    counters: Counters,
    pools: Pools,
    seen: dict[Any, set[Any]],
) -> Result:
    start = time.process_time()
    before = dict(counters.next)
    place = (task.facts.random_seed, share.name, task.facts.index, task.number)
    with everywhere(*place) as rng:
        chunk = Chunk(task.facts, task.number, counters, pools, rng, seen)
        try:
            chunk.make(share.factory, task.count, share.overrides)
            delayed = chunk.delayed()
        except NotColumnwise as error:
            counters.next = {n: before.get(n, counters.first[n]) for n in counters.next}
            owner = getattr(error.factory, "__name__", share.name)
            return Result(why=(owner, error.why))
        except (PoolMissing, CounterMissing):
            return Result(retry=True)
    result = Result(later=delayed)
    own = next(batch for batch in chunk.batches if batch.parent is None)
    for batch in chunk.batches:
        for part in batch.assembled.parts():
            _add(result, encoder, part, batch is own, batch.factory.__name__)
    for batch in chunk.batches:
        for part in batch.assembled.links:
            _add(result, encoder, part, False, batch.factory.__name__)
        result.unproved |= batch.assembled.unproved()
    result.used = {
        name: counters.next[name] - before.get(name, counters.first.get(name, 0))
        for name in counters.next
    }
    chunk.forget()
    result.seconds = time.process_time() - start
    return result


def _add(result: Result, encoder: Encoder, part: Part, own: bool, factory: str) -> None:
    result.parts.append((factory, part))
    result.blocks.append(encoder.encode(part.table, part.columns, part.values))
    columns = key_columns(part.table)
    values = dict(zip(part.columns, part.values, strict=True))
    if all(name in values for name in columns):
        found = [part.table.c[name] for name in columns]
        keys = [values[name] for name in columns]
        for count, packed in pack(found, keys, encoder.dialect):
            result.keys.append(Written(part.table.fullname, columns, count, packed, own))


@lru_cache(maxsize=4)
def prepared(setup: Setup) -> tuple[Project, list[Share], Encoder]:
    """The project in this process; opened once."""
    from ..project import Project

    if setup.folder not in sys.path:
        sys.path.insert(0, setup.folder)
    os.chdir(setup.folder) if os.path.isdir(setup.folder) else None
    importlib.invalidate_caches()
    project = Project(setup.settings, setup.alias)
    project.interactive = False
    if project.engine.dialect.name != "sqlite":
        with project.connect():
            pass  # what a dialect does may depend on the server's version
        project.close()
    return project, shares_of(project, setup.request), Encoder(project.engine.dialect)


def in_worker(setup: Setup, task: Task) -> Result:
    """The chunk, made in a process that has no connection."""
    _project, shares, encoder = prepared(setup)
    counters = Counters(task.counters)
    pools = Pools(None, task.pools)
    result = run_task(shares[task.facts.index], task, encoder, counters, pools, {})
    result.parts = []
    return result
