"""Rows of one table as columns of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from .factory_boy_internals import SKIP, Skip

ColumnValues = dict[Any, Sequence[Any]]
"""Column -> a value for each row; SKIP if the database gives one, or nobody does."""

WrittenKeys = dict[sa.Table, list[tuple[Any, ...]]]
"""Table -> the keys of the rows that were written: of its primary key, or all columns."""


@dataclass(slots=True, eq=False)
class RowBlock:
    """Rows of one table, a value for each of ``columns`` (keys of the table's columns)."""

    table: sa.Table
    columns: tuple[str, ...]
    values: Sequence[Sequence[Any]]
    count: int


def key_columns(table: sa.Table) -> tuple[str, ...]:
    """What identifies a row of the table: its primary key, else all of its columns."""
    return tuple(column.key for column in table.primary_key or table.columns)


def kinds(values: Sequence[Any]) -> set[type]:
    """The types of all values; faster than searching for one value among them."""
    return {int} if isinstance(values, range) else set(map(type, values))


def split(table: sa.Table, values: Mapping[Any, Sequence[Any]], count: int) -> list[RowBlock]:
    """The rows in parts that each leave the same columns to the database."""
    partial = [column for column, each in values.items() if Skip in kinds(each)]
    if not count:
        return []
    if not partial:
        keys = tuple(column.key for column in values)
        return [RowBlock(table, keys, list(values.values()), count)]
    groups: dict[tuple[bool, ...], list[int]] = {}
    for row, given in enumerate(zip(*(values[column] for column in partial), strict=True)):
        groups.setdefault(tuple(value is SKIP for value in given), []).append(row)
    parts = []
    for skipped, rows in groups.items():
        left_out = {c for c, skip in zip(partial, skipped, strict=True) if skip}
        kept = {c: [each[r] for r in rows] for c, each in values.items() if c not in left_out}
        parts.append(RowBlock(table, tuple(c.key for c in kept), list(kept.values()), len(rows)))
    return parts
