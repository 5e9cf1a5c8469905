"""How the rows of a factory are going to be made, tried on rows that are never written."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from ..dependencies import model_name
from ..generating.model_info import model_info
from ..generating.numbering import Counters
from ..generating.pools import Pool, Pools
from ..generating.sessions import SeedSessions, seed_sessions
from ..plan import FactoryPlan
from ..writers.writer import Encoder
from .chunks import PlanFacts
from .work import ChunkTask, run_task

if TYPE_CHECKING:
    from ...project import Project

_ROWS = 20
_TO_DRAW = 1_000


def how_made(
    project: Project, connection: sa.Connection, plans: Sequence[FactoryPlan]
) -> list[tuple[str, str | None]]:
    """``columns``, ``objects`` or ``factory_boy`` for each plan, and why.

    Where a declaration tells only when it is evaluated, it is, for a few rows: in a transaction
    that is rolled back, with made-up rows to draw from.
    """
    with _apart(project, connection) as sessions:
        return [_tried(connection, sessions, plans, index) for index in range(len(plans))]


@contextmanager
def _apart(project: Project, connection: sa.Connection) -> Iterator[SeedSessions]:
    """What a declaration writes with its factory's session is rolled back."""
    try:
        if connection.dialect.name == "sqlite":
            connection.rollback()
            connection.exec_driver_sql("BEGIN")  # else a savepoint commits when it ends
        with seed_sessions(project, connection) as sessions:
            yield sessions
    finally:
        connection.rollback()


def _tried(
    connection: sa.Connection,
    sessions: SeedSessions,
    plans: Sequence[FactoryPlan],
    index: int,
) -> tuple[str, str | None]:
    plan = plans[index]
    if plan.reference is not None:
        return "factory_boy", "reference rows are looked up first"
    known = model_info(plan.factory).how(plan.overrides)
    if known[0] == "factory_boy" or not plan.count:
        return known
    after = frozenset(model_name(each.model) for each in plans[index + 1 :])
    task = ChunkTask(PlanFacts(index, plan.name, 0, after), 0, min(plan.count, _ROWS))
    counters = Counters({}, load=lambda name, what: (1, 1))
    try:
        where = (counters, _MadeUp(connection), _Nothing(), sessions)
        tried = run_task(plan, task, Encoder(connection.dialect), *where)
    except Exception:
        return known  # what fails, fails in the run as well, and is explained there
    if tried.why is None:
        return known
    owner, why = tried.why
    return "factory_boy", why if owner == plan.name else f"{why} ({owner})"


class _MadeUp(Pools):
    """Rows to draw from that nobody has to have seeded."""

    def of(self, table: Any, columns: Sequence[Any], model: Mapper[Any] | None = None) -> Pool:
        keys = tuple(column.key for column in columns)
        return Pool(table.fullname, keys, [_values(column) for column in columns])

    def free(self, pool: Pool, own: Sequence[Any], first: int | None = None) -> Pool:
        return pool


class _Nothing(dict[Any, Any]):
    """No value is taken yet."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: Any) -> set[Any]:
        self[name] = taken = set[Any]()
        return taken


def _values(column: Any) -> Sequence[Any]:
    try:
        kind = column.type.python_type
    except NotImplementedError:
        kind = int
    numbers = range(1, _TO_DRAW + 1)
    if kind is uuid.UUID:
        return [uuid.UUID(int=number) for number in numbers]
    return [f"{number:04}" for number in numbers] if issubclass(kind, str) else numbers
