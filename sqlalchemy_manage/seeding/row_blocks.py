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


@dataclass(frozen=True, slots=True)
class HeldValue:
    """A value as SQLite holds it, from which its type makes another, and back not the same:
    it is told as ``2024-01-01 00:00:00``, and would be sent with the fractions of a second."""

    value: Any


def held(column: sa.ColumnElement[Any], dialect: sa.Dialect) -> sa.ColumnElement[Any]:
    """What to read in order to find the value again; the rows go through :func:`held_values`."""
    return sa.type_coerce(column, sa.types.NullType()) if _is_made(column, dialect) else column


def held_values(
    columns: Sequence[sa.ColumnElement[Any]], rows: Sequence[Any], dialect: sa.Dialect
) -> list[tuple[Any, ...]]:
    """The rows that were read by :func:`held`."""
    made = [_is_made(column, dialect) for column in columns]
    if not any(made):
        return [tuple(row) for row in rows]
    return [
        tuple(HeldValue(v) if m and v is not None else v for v, m in zip(row, made, strict=True))
        for row in rows
    ]


def told_values(
    column: sa.ColumnElement[Any], values: Sequence[Any], dialect: sa.Dialect
) -> Sequence[Any]:
    """The values as the column's type tells them."""
    if HeldValue not in kinds(values):
        return values
    tell = column.type.dialect_impl(dialect).result_processor(dialect, None) or (
        lambda value: value
    )
    return [tell(v.value) if type(v) is HeldValue else v for v in values]


def _is_made(column: sa.ColumnElement[Any], dialect: sa.Dialect) -> bool:
    if dialect.name != "sqlite":
        return False
    return column.type.dialect_impl(dialect).result_processor(dialect, None) is not None


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
