"""Objects made one by one, of values that were evaluated by columns.

What a factory does with each object (post_generation, a ``_create()`` of its own, listeners) is
done with each object, in factory_boy's order: the rows that it brings along, the row itself, then
what is declared to follow. Only the declarations are evaluated beforehand, for all rows at once,
which is most of the time that ``create()`` takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa
from factory import RelatedFactoryList
from sqlalchemy.orm import Session

from ..factory_boy_internals import (
    follows,
    is_relating,
    made_of,
    model_of,
    own_generation,
    recursed,
    results_taken,
)
from ..generating.columns import MadeRows, RowBatch, RowReference, RowStep
from ..generating.failures import NotColumnwise
from ..generating.pools import Linked, LinkedTo, Pool
from ..links import Link, Links
from .chunks import Chunk

_AT_ONCE = 250  # rows in one query


class _Step(RowStep):
    """It can make objects, as objects are being made."""

    def recurse(self, owner: Any, declarations: Any, force_sequence: Any = None) -> Any:
        return recursed(self, owner, declarations, force_sequence)


@dataclass(eq=False)
class _Kept:
    """A batch, and for each of its rows what follows: the attribute and what makes of the object
    the attribute's result."""

    batch: RowBatch
    columns: list[tuple[str, Sequence[Any]]]
    brought: list[str]  # attributes with rows that come before this one
    after: dict[int, list[tuple[str, Callable[[Any], Any]]]] = field(default_factory=dict)


@dataclass(eq=False)
class _LoadedRows:
    """Rows of a pool that are referred to, loaded when the first of them is needed."""

    pool: Pool
    model: Any
    rows: set[int] = field(default_factory=set)
    objects: dict[int, Any] = field(default_factory=dict)

    def load(self, session: Session) -> None:
        mapper = sa.inspect(self.model)
        table = next(t for t in mapper.tables if t.fullname == self.pool.table)
        columns = [table.c[name] for name in self.pool.columns]
        wanted = {tuple(keys[row] for keys in self.pool.keys): row for row in sorted(self.rows)}
        keys = list(wanted)
        for start in range(0, len(keys), _AT_ONCE):
            some = sa.tuple_(*columns).in_(keys[start : start + _AT_ONCE])
            for made, *key in session.execute(sa.select(self.model, *columns).where(some)):
                self.objects[wanted[tuple(key)]] = made


class ReplayedChunk(Chunk):
    """Its batches are evaluated, and their objects made by :meth:`create`."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._kept: dict[int, _Kept] = {}
        self._drawn: dict[int, _LoadedRows] = {}
        self._objects: dict[tuple[int, int], Any] = {}
        self._session: Any = None

    def create(self, number: int, session: Session) -> Any:
        """The object of the chunk's own row of that number, with all that comes along."""
        self._objects.clear()
        if session is not self._session or number == 0:
            self._session = session
            for each in self._drawn.values():
                each.objects.clear()
        assert self.own is not None
        return self._object(self.own, number)

    def _object(self, batch: RowBatch, row: int) -> Any:
        place = id(batch), row
        if place in self._objects:
            return self._objects[place]
        kept = self._kept[id(batch)]
        values = {name: column[row] for name, column in kept.columns}
        for name in kept.brought:
            values[name] = self._resolved(values[name])
        made = self._objects[place] = made_of(batch.factory, values)
        results = {name: call(made) for name, call in kept.after.get(row, ())}
        if take := results_taken(batch.factory):
            take(made, create=True, results=results)
        return made

    def _resolved(self, value: Any) -> Any:
        if type(value) is LinkedTo:
            return [self._of_pool(value.pool, row) for row in value.rows]
        if type(value) is not RowReference:
            return value
        if isinstance(value.batch, MadeRows):
            return self._object(value.batch.batch, value.row)
        return self._of_pool(value.batch, value.row)

    def _of_pool(self, pool: Any, row: int) -> Any:
        drawn = self._drawn[id(pool)]
        if not drawn.objects:
            with self._session.no_autoflush:
                drawn.load(self._session)
        return drawn.objects[row]

    # --- instead of rows of tables

    def admit(self, owner: Any) -> None:
        if why := own_generation(owner):
            raise NotColumnwise(owner, why)

    def made(self, batch: RowBatch) -> None:
        self.batches.append(batch)
        columns = [(name, batch.column(name)) for name in batch.before]
        brought = [n for n, c in columns if {RowReference, LinkedTo} & set(map(type, c))]
        self._kept[id(batch)] = _Kept(batch, columns, brought)
        self._all_afterwards(batch)

    def _follow(
        self, batch: RowBatch, name: str, it: Any, context: dict[str, Any], rows: list[int]
    ) -> None:
        after = self._kept[id(batch)].after
        places: dict[int, list[int]] = {row: [] for row in rows}
        if not follows(it):
            calls = {row: lambda made: it for row in rows}
        elif not is_relating(it):
            calls = {row: partial(_called, it, context, _Step(batch, row)) for row in rows}
        elif "" in context:
            calls = {row: lambda made: context[""] for row in rows}
        else:
            related = self._related(batch, it, context, rows)
            if related is not None and related.parent is not None:
                for place, row in enumerate(related.parent[1]):
                    places[row].append(place)
            make = self._all if isinstance(it, RelatedFactoryList) else self._only
            calls = {row: partial(make, related, places[row]) for row in rows}
        for row in rows:
            after.setdefault(row, []).append((name, calls[row]))

    def _all(self, related: Any, places: list[int], made: Any) -> list[Any]:
        return [self._object(related, place) for place in places]

    def _only(self, related: Any, places: list[int], made: Any) -> Any:
        return self._object(related, places[0])

    def drawn(self, batch: RowBatch, name: str, link: Link, rows: Sequence[int]) -> list[Any]:
        found = super().drawn(batch, name, link, rows)
        for each in found:
            if type(each) is RowReference:
                self._draw(each.batch, link).rows.add(each.row)
        return found

    def linked(self, batch: RowBatch, name: str, links: Links, rows: Sequence[int]) -> Any:
        found = super().linked(batch, name, links, rows)
        if isinstance(found, Linked):
            self._draw(found.pool, links).rows.update(found.flat)
        return found

    def _draw(self, pool: Pool, link: Link | Links) -> _LoadedRows:
        return self._drawn.setdefault(id(pool), _LoadedRows(pool, model_of(link.factory)))

    def _defer(self, batch: RowBatch, name: str) -> None:
        raise NotColumnwise(batch.factory, f"'{name}' is linked when all rows exist")


def _called(it: Any, context: dict[str, Any], step: RowStep, made: Any) -> Any:
    return it.evaluate_post(instance=made, step=step, overrides=context)
