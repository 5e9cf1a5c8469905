"""What a column gets if a row gives no value, as SQLAlchemy's persistence would do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

import sqlalchemy as sa

from ..factory_boy_internals import SKIP, Skip
from ..row_blocks import ColumnValues, kinds
from .chunk_progress import ChunkProgress
from .failures import NotColumnwise


@dataclass
class _Context:
    """What a default function may use of SQLAlchemy's execution context."""

    _owner: Any
    current_parameters: dict[str, Any]

    def get_current_parameters(self, isolate_multiinsert_groups: bool = True) -> dict[str, Any]:
        return self.current_parameters

    def __getattr__(self, name: str) -> Any:
        raise NotColumnwise(self._owner, f"a column default uses the context's '{name}'")


def fill_defaults(
    owner: Any, table: sa.Table, values: ColumnValues, count: int, progress: ChunkProgress
) -> None:
    """Python's defaults of the columns; where SQL gives one, SKIP stays in its place."""
    for column in table.columns:
        default: Any = column.default
        given = values.get(column)
        keeps_none = column.type.should_evaluate_none
        has_default = default is not None or column.server_default is not None
        plain = not (has_default or keeps_none or column.primary_key)
        if given is None and plain and isinstance(column.type, sa.TypeDecorator):
            # As the unit of work does: the type may make something of a None.
            values[column] = [None] * count
            continue
        if given is None:
            missing: Sequence[int] = range(count)
        elif default is None and column.server_default is None and column.server_onupdate is None:
            if Skip in kinds(given) and not keeps_none:
                values[column] = [None if v is SKIP else v for v in given]
            continue
        elif not kinds(given) & {NoneType, Skip}:
            continue
        else:
            missing = [
                row
                for row, value in enumerate(given)
                if value is SKIP or (value is None and not keeps_none)
            ]
        if not len(missing):
            continue
        if default is not None and (default.is_scalar or default.is_callable):
            made = _made(owner, table, default, values, missing, progress)
        elif given is None:
            continue
        else:
            made = [SKIP] * len(missing)
        if len(missing) == count:
            values[column] = list(made)
        else:
            filled = list(given or ())
            for row, value in zip(missing, made, strict=True):
                filled[row] = value
            values[column] = filled


def _made(
    owner: Any,
    table: sa.Table,
    default: Any,
    values: ColumnValues,
    missing: Sequence[int],
    progress: ChunkProgress,
) -> list[Any]:
    if default.is_scalar:
        return [default.arg] * len(missing)
    given = {c.key: values[c] for c in table.columns if c in values}

    def each(row: int) -> Any:
        now = {key: column[row] for key, column in given.items() if column[row] is not SKIP}
        return default.arg(_Context(owner, now))

    made: list[Any] = []
    progress.collect(made, (each(row) for row in missing), len(missing))
    return made
