"""Rows on their way from the process that makes them to the one that sends them."""

from __future__ import annotations

import marshal
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class EncodedBlock:
    """Rows of one table, ready to be sent. ``payload``: how, and what.

    ``returned``: the columns whose values the database has to tell.
    """

    table: str
    columns: tuple[str, ...]
    count: int
    payload: tuple[str, Any]
    returned: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        how, what = self.payload
        if isinstance(what, list):
            what = [_packed(part) for part in what] if how != "literals" else _packed(what)
        return _block, (self.table, self.columns, self.count, how, what, self.returned)


def _packed(values: Any) -> Any:
    """Bytes for a list of plain values, in which pickle would look for what it has seen."""
    if type(values) in (list, tuple):
        try:
            return marshal.dumps(values, 2)
        except ValueError:
            pass
    return values


def _block(
    table: str,
    columns: tuple[str, ...],
    count: int,
    how: str,
    what: Any,
    returned: tuple[str, ...],
) -> EncodedBlock:
    if isinstance(what, list):
        what = [marshal.loads(part) if isinstance(part, bytes) else part for part in what]
    elif how == "literals":
        what = marshal.loads(what)
    return EncodedBlock(table, columns, count, (how, what), returned)
