"""An interrupted run: what it still had to do, read from the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from ..dependencies import drawn_from, waits
from ..generating.model_info import model_info
from ..plan import FactoryPlan
from ..row_blocks import told_values
from ..undoing import ledger
from .chunks import SIZE, DeferredLink, PlanFacts, told_by


def deferred_again(
    connection: sa.Connection, run: ledger.SeedRun, plans: Iterable[tuple[FactoryPlan, PlanFacts]]
) -> dict[int, list[DeferredLink]]:
    """The links that an interrupted run had put off, from the keys it recorded."""
    found: dict[int, list[DeferredLink]] = {}
    for plan, facts in plans:
        info = model_info(plan.factory)
        for name, declaration in drawn_from(plan.factory, plan.overrides):
            prop = info.relation(name)
            if prop is None or not waits(plan.factory, prop, declaration, facts.after):
                continue
            deferred = found.setdefault(facts.index, [])
            deferred += _recorded(connection, run, facts.index, name, told_by(prop))
    return found


def _recorded(
    connection: sa.Connection, run: ledger.SeedRun, plan: int, name: str, columns: list[Any]
) -> list[DeferredLink]:
    """The rows of a plan, chunk by chunk, identified by ``columns``."""
    table = columns[0].table
    key = list(table.primary_key)
    stored: dict[Any, Any] | None = None
    if columns != key:
        found = connection.execute(sa.select(*key, *columns))
        stored = {tuple(row[: len(key)]): tuple(row[len(key) :]) for row in found}
    chunks: dict[int, list[list[Any]]] = {}
    blocks = ledger.recorded_keys(connection, run.id, {table.fullname: table})
    for _, _, keys, label in blocks:
        place, _, number = label.partition("/")
        if place != str(plan) or not number.isdigit():  # of rows that came along it is not
            continue
        dialect = connection.dialect
        keys = [list(told_values(c, v, dialect)) for c, v in zip(key, keys, strict=True)]
        values = keys
        if stored is not None:
            rows = [stored[row] for row in zip(*keys, strict=True)]
            values = [list(each) for each in zip(*rows, strict=True)]
        known = chunks.setdefault(int(number), [[] for _ in columns])
        for column, more in zip(known, values, strict=True):
            column += more
    return [DeferredLink(name, number * SIZE, list(values)) for number, values in chunks.items()]
