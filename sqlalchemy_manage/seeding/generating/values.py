"""Texts that are longer than their column, found before anything is sent.

SQLite keeps any length, the servers do not; a seed is to be the same on each. Whatever else a
column may not hold, the database and its driver say, as they do for a row of create().
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ...errors import SeedError
from ...output import clean
from ..row_blocks import kinds


def check_lengths(owner: str, column: sa.Column[Any], values: Sequence[Any]) -> None:
    """Raises SeedError that names the factory, the column and the first text that is too long."""
    kind = column.type
    if not isinstance(kind, sa.String | sa.LargeBinary) or isinstance(kind, sa.Enum):
        return
    if not kind.length or str not in kinds(values):
        return
    for value in values:
        if isinstance(value, str) and len(value) > kind.length:
            raise SeedError(
                f"{owner}: {column.table.name}.{column.name} = {clean(repr(value))} is too long "
                f"for {kind!r}. Nothing was written.",
                f"Change that declaration of {owner}, or the column.",
            )
