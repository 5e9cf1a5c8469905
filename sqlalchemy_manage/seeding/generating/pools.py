"""The rows that links are drawn from: their keys, in one order on every database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from ..links import Link, Links, weight_sums
from .failures import NeedsConnection, NotColumnwise
from .stand_ins import StandIn

PoolKey = tuple[str, tuple[str, ...], str]
"""Full name of a table, keys of its columns, and the model: what a pool is known by."""


class Pool:
    """Values of some columns of every row of a table, in the order of the values.

    ``keys``: a sequence for each column; a range where the values are consecutive. ``linked``:
    how many rows were left out because others are linked to them.
    """

    __slots__ = ("columns", "keys", "linked", "size", "table")

    def __init__(
        self, table: str, columns: tuple[str, ...], keys: list[Sequence[Any]], linked: int = 0
    ) -> None:
        self.table = table
        self.columns = columns
        self.keys = keys
        self.size = len(keys[0])
        self.linked = linked

    def values(self, column: Any) -> Sequence[Any]:
        """The values of one of the columns."""
        return self.keys[self.columns.index(column.key)]

    def seen(self, row: int) -> Any:
        """A row of the pool as a declaration's function sees it."""
        return _UnreadRow(self)


@dataclass(slots=True, eq=False, repr=False)
class _UnreadRow(StandIn):
    """Of a drawn row only the keys are known."""

    _pool: Pool

    def __getattr__(self, name: str) -> Any:
        raise NotColumnwise(None, f"'{name}' of a drawn row of {self._pool.table} is used")


class Linked(Sequence["LinkedTo"]):
    """For each row how many others it links to (``counts``), and all of them in one list."""

    __slots__ = ("_starts", "counts", "flat", "pool")

    def __init__(self, pool: Pool, counts: list[int], flat: list[int]) -> None:
        self.pool = pool
        self.counts = counts
        self.flat = flat
        self._starts: list[int] | None = None

    def keys(self, column: Any) -> list[Any]:
        """The values of a column in the linked rows, one for each link."""
        values = self.pool.values(column)
        return [values[row] for row in self.flat]

    def __len__(self) -> int:
        return len(self.counts)

    def __getitem__(self, row: Any) -> Any:
        if self._starts is None:
            self._starts = [0, *accumulate(self.counts[:-1])]
        start = self._starts[row]
        return LinkedTo(self.pool, self.flat[start : start + self.counts[row]])


@dataclass(slots=True, eq=False)
class LinkedTo:
    """The rows of a pool that one row links to."""

    pool: Pool
    rows: list[int]


class Pools:
    """The pools that a factory draws from, each read when it is first asked for and then kept."""

    def __init__(
        self, connection: sa.Connection | None, known: dict[PoolKey, Pool] | None = None
    ) -> None:
        self.connection = connection
        self.known: dict[PoolKey, Pool] = dict(known or {})
        self._sums: dict[tuple[int, int], list[float] | None] = {}

    def of(self, table: Any, columns: Sequence[Any], model: Mapper[Any] | None = None) -> Pool:
        """The rows of ``table`` from before the factory's turn; NeedsConnection in a worker.

        ``model``: only those that are of it, where a table holds several models' rows.
        """
        name = "" if model is None else model.class_.__qualname__
        key = (table.fullname, tuple(column.key for column in columns), name)
        if key not in self.known:
            if self.connection is None:
                raise NeedsConnection(key)
            keys = read_keys(self.connection, table, columns, *of_model(model, table))
            self.known[key] = Pool(*key[:2], keys)
        return self.known[key]

    def free(self, pool: Pool, own: Sequence[Any], first: int | None = None) -> Pool:
        """The rows of ``pool`` to which no row refers by its ``own`` columns.

        As of the factory's turn, of which ``first`` is the first key, where it is known.
        """
        table = own[0].table
        key = (pool.table, pool.columns, f"{table.fullname} {[column.key for column in own]}")
        if key not in self.known:
            if self.connection is None:
                raise NeedsConnection(key)
            query = sa.select(*own).where(*(column.is_not(None) for column in own)).distinct()
            if first is not None:
                query = query.where(table.autoincrement_column < first)
            used = {tuple(row) for row in self.connection.execute(query)}
            rows = [row for row in zip(*pool.keys, strict=True) if row not in used]
            self.known[key] = pool
            if len(rows) < pool.size:
                keys: list[Any] = [list(each) for each in zip(*rows, strict=True)]
                keys = keys or [[] for _ in pool.columns]
                self.known[key] = Pool(pool.table, pool.columns, keys, pool.size - len(rows))
        return self.known[key]

    def sums(self, link: Link | Links, pool: Pool) -> list[float] | None:
        """The weights of the link added up, once for all chunks."""
        key = (id(link), id(pool))
        if key not in self._sums:
            self._sums[key] = weight_sums(link.weights, pool.size)
        return self._sums[key]


def of_model(model: Mapper[Any] | None, table: Any) -> list[Any]:
    """The condition on rows of ``table`` to be of a model that shares it with others."""
    if model is None or model.inherits is None:
        return []
    on = model.polymorphic_on
    if not isinstance(on, sa.Column) or on.table is not table:
        return []  # the model's own table holds no others
    return [on.in_([each.polymorphic_identity for each in model.self_and_descendants])]


def read_keys(
    connection: sa.Connection, table: Any, columns: Sequence[Any], *where: Any
) -> list[Sequence[Any]]:
    """The values of ``columns`` in all rows in which none is NULL, sorted by them.

    Sorted here, because each database sorts text in its own way.
    """
    filled = [column.is_not(None) for column in columns]
    if len(columns) == 1 and isinstance(columns[0].type, sa.Integer):
        (only,) = columns
        counted = sa.select(sa.func.min(only), sa.func.max(only), sa.func.count(only))
        low, high, count = connection.execute(counted.select_from(table).where(*where)).one()
        if not count:
            return [range(0)]
        if high - low + 1 == count:
            return [range(low, high + 1)]
    found = connection.execute(sa.select(*columns).select_from(table).where(*filled, *where))
    rows = [tuple(row) for row in found]
    try:
        rows.sort()
    except TypeError:  # an Enum has no order
        rows.sort(key=repr)
    return [list(values) for values in zip(*rows, strict=True)] or [[] for _ in columns]
