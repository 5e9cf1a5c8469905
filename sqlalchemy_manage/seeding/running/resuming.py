"""An interrupted run: what it had still to do, read from the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from ..generating.shapes import shape_of
from ..needs import drawn_from, waits
from ..plan import Share
from ..undoing import ledger
from .chunks import SIZE, Later, ShareFacts, told_by


def later_again(
    connection: sa.Connection, run: ledger.Run, shares: Iterable[tuple[Share, ShareFacts]]
) -> dict[int, list[Later]]:
    """The links that an interrupted run had put off, from the keys it recorded."""
    found: dict[int, list[Later]] = {}
    for share, facts in shares:
        shape = shape_of(share.factory)
        for name, declaration in drawn_from(share.factory, share.overrides):
            prop = shape.relation(name)
            if prop is None or not waits(share.factory, prop, declaration, facts.after):
                continue
            later = found.setdefault(facts.index, [])
            later += _recorded(connection, run, facts.index, name, told_by(prop))
    return found


def _recorded(
    connection: sa.Connection, run: ledger.Run, share: int, name: str, columns: list[Any]
) -> list[Later]:
    """The rows of the share, chunk by chunk, told by ``columns``."""
    table = columns[0].table
    key = list(table.primary_key)
    stored: dict[Any, Any] | None = None
    if columns != key:
        found = connection.execute(sa.select(*key, *columns))
        stored = {tuple(row[: len(key)]): tuple(row[len(key) :]) for row in found}
    chunks: dict[int, list[list[Any]]] = {}
    for label, keys in ledger.keys_of_chunks(connection, run.id, table):
        place, _, number = label.partition("/")
        if place != str(share) or not number.isdigit():  # of rows that came along it is not
            continue
        values = keys
        if stored is not None:
            rows = [stored[row] for row in zip(*keys, strict=True)]
            values = [list(each) for each in zip(*rows, strict=True)]
        known = chunks.setdefault(int(number), [[] for _ in columns])
        for column, more in zip(known, values, strict=True):
            column += more
    return [Later(name, number * SIZE, list(values)) for number, values in chunks.items()]
