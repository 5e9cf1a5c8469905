"""What a flush leaves of the seed ledger: a run knows only the rows that are still there."""

from __future__ import annotations

from itertools import pairwise

import sqlalchemy as sa

from ..undoing import ledger
from ..undoing.keys import KeyTables
from .growth import Growth

_CHUNK = 20_000


def forget_rows(connection: sa.Connection, growth: Growth) -> list[int]:
    """Have the runs forget the rows that are gone, in the caller's transaction.

    Otherwise a later row with the same number would be taken for theirs, and undone. A run of
    which nothing is left is undone; these are returned.
    """
    ended = []
    for run in ledger.runs(connection):
        mine = [name for name in run.rows if growth.goes(name)]
        if not mine:
            continue
        ledger.forget_keys(connection, run.id, [name for name in mine if name in growth.whole])
        for name in mine:
            if name not in growth.whole:
                _forget_part(connection, run.id, growth.parts[name])
        if not ledger.recorded_tables(connection, run.id):
            ledger.finish(connection, run.id, "undone")
            ended.append(run.id)
    return ended


def require_ended(connection: sa.Connection, growth: Growth) -> None:
    """Raises SeedError where a process of this machine still makes such rows."""
    for run in ledger.runs(connection):
        if any(growth.goes(name) for name in run.rows):
            ledger.require_ended(run)


def _forget_part(connection: sa.Connection, run: int, keys: KeyTables) -> None:
    """Leave the keys of the rows that are still there; chunk by chunk, as they are recorded."""
    table = keys.table
    kept: list[tuple[str, tuple[str, ...], list[tuple[object, ...]]]] = []
    for _, columns, found, chunk in ledger.recorded_keys(connection, run, {table.fullname: table}):
        own = KeyTables(connection, table, columns, 1_000_000)
        own.loaded()
        own.load(own.gone, found)
        row = table.alias()
        there = sa.exists().where(own.match(row, own.gone)).correlate(own.gone)
        rows = own.read(sa.select(*own.of(own.gone)).where(there))
        own.drop()
        if rows:
            kept.append((chunk, columns, rows))
    ledger.forget_keys(connection, run, [table.fullname])
    for chunk, columns, rows in kept:
        for first, last in pairwise([*range(0, len(rows), _CHUNK), len(rows)]):
            values = [*zip(*rows[first:last], strict=True)]
            ledger.record_keys(connection, run, table, columns, values, chunk)
