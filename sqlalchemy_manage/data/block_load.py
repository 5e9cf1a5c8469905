"""The rows of one block of records: inserted or changed, and read back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

import sqlalchemy as sa

from ..errors import FixtureError
from . import backends
from .json_text import shown
from .kept_less import why_less
from .order import plan
from .record_layout import Layout
from .record_rows import Key, Row, TableRows, describe
from .stored_rows import Differences, differing, lacking
from .upsert import insert, update


@dataclass
class BlockLoad:
    """One block, inside a transaction. ``completed``: links were filled in by an UPDATE.

    ``earlier``: how often a row without a key was listed before, noting that it is again.
    ``empty``: tables that hold nothing but what this load wrote. ``notes``: values that a
    trigger made different from the fixture.
    """

    connection: sa.Connection
    batches: dict[sa.Table, TableRows]
    earlier: Callable[[object, int], int]
    empty: frozenset[sa.Table] = frozenset()
    notes: list[str] = field(default_factory=list)
    differences: dict[sa.Table, Differences] = field(default_factory=dict)
    completed: set[sa.Table] = field(default_factory=set)

    def run(self) -> tuple[int, int]:
        """How many rows are new, and how many are changed."""
        for table, batch in self.batches.items():
            self.differences[table] = (
                Differences(missing=list(batch.rows))
                if table in self.empty
                else differing(self.connection, batch.layout, batch.rows)
            )
        new = self._insert()
        changed = self._update()
        self._verify()
        return new, changed

    def _new_rows(self, table: sa.Table) -> list[Row]:
        batch = self.batches[table]
        missing = self.differences[table].missing
        return [*(batch.rows[key] for key in missing), *batch.loose]

    def _insert(self) -> int:
        count = 0
        pending = {
            table: (batch.layout, self._new_rows(table)) for table, batch in self.batches.items()
        }
        postponed: list[tuple[Layout, dict[Row, tuple[str, ...]]]] = []
        plans = []
        for table, batch in self.batches.items():
            _, rows = pending.pop(table)
            made = plan(batch.layout, rows, pending, partial(backends.defers, self.connection))
            if made.stuck and not backends.stop_checking(self.connection):
                row, link = made.stuck[0]
                names = ", ".join(batch.layout.names(link.columns))
                raise FixtureError(
                    f"{describe(batch.layout, row)}: {names} leads back to "
                    "the row itself in a circle, and no row of the circle can be loaded first.",
                    "Let the column be null, or make its foreign key DEFERRABLE.",
                )
            plans.append((batch, made))
        for batch, made in plans:
            insert(self.connection, batch.layout, (_without(r, made.later) for r in made.order))
            count += len(made.order)
            empty = batch.layout.table in self.empty
            missing = lacking(
                self.connection, batch.layout, batch.bag, earlier=self.earlier, empty=empty
            )
            insert(self.connection, batch.layout, missing)
            count += len(missing)
            missing = lacking(self.connection, batch.layout, batch.links)
            insert(self.connection, batch.layout, missing)
            count += len(missing)
            postponed.append((batch.layout, made.later))
        for layout, later in postponed:
            update(self.connection, layout, list(later.items()), quietly=True)
            self.completed |= {layout.table} if later else set()
        return count

    def _update(self) -> int:
        count = 0
        for table, batch in self.batches.items():
            changed = self.differences[table].changed
            update(
                self.connection,
                batch.layout,
                [(batch.rows[key], tuple(names)) for key, names in changed.items()],
            )
            count += len(changed)
        return count

    def _verify(self) -> None:
        """Read back what was written: a column may hold less than the fixture says."""
        excused = self._a_trigger_fired()
        for table, batch in self.batches.items():
            before = self.differences[table]
            written: dict[Key, Row] = {
                key: batch.rows[key] for key in chain(before.missing, before.changed)
            }
            after = differing(self.connection, batch.layout, written)
            for key in after.missing:
                row = written[key]
                raise FixtureError(
                    f"{describe(batch.layout, row)}: the database did not keep the row under this "
                    "key."
                )
            for key, stored in after.changed.items():
                text = self._lost(batch.layout, written[key], stored)
                if excused:
                    self.notes.append(f"A trigger may have changed a row. {text}")
                    continue
                lost = batch.layout.by_name[next(iter(stored))]
                raise FixtureError(text, why_less(lost, self.connection.dialect.name))

    def _a_trigger_fired(self) -> bool:
        """Whether what was written may have been changed by a trigger, on whatever table."""
        events = set()
        for table, found in self.differences.items():
            batch = self.batches[table]
            if found.missing or batch.loose or batch.bag or batch.links:
                events.add((table.name, "INSERT"))
            if found.changed or table in self.completed:
                events.add((table.name, "UPDATE"))
        return bool(events & backends.triggers(self.connection))

    def _lost(self, layout: Layout, row: Row, stored: dict[str, object]) -> str:
        name, value = next(iter(stored.items()))
        return (
            f"{describe(layout, row)}: the database holds {shown(value)} "
            f"for field '{name}', but the fixture says {shown(row.values[name])}."
        )


def _without(row: Row, later: dict[Row, tuple[str, ...]]) -> Row:
    names = later.get(row)
    if not names:
        return row
    return Row({**row.values, **dict.fromkeys(names)}, row.origin)
