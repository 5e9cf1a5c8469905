"""Unique columns: ensured by drawing again, and from what is left if values run out.

Only constraints that chance can hit are watched: one with a Sequence, or with a parent
made for each row, holds of itself.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import factory
from factory import fuzzy

from ...errors import SeedError
from ...fitting import count as counted
from ..factory_boy_internals import (
    SKIP,
    declarations_of,
    faker_call,
    is_declaration,
    iterated,
)
from ..links import Link, Links
from . import faker_columns
from .columns import RowBatch, ValueSource
from .failures import NoOtherValues
from .folding import Folding
from .model_info import model_info
from .unique_sets import Name, Unique, declared_sets, left_to_chance

_ROUNDS = 200  # without a single new value
_MANY = 200_000  # more combinations than this are not written out


def meet(batch: RowBatch, chunk: ValueSource) -> None:
    """Draw again for each row whose unique values are taken, until none is.

    Raises SeedError where there are no values left.
    """
    if batch.replaces is not None:
        return
    tables = {table.fullname: table for table in model_info(batch.factory).tables}
    barred = {name: known for name, known in chunk.refused.values.items() if name[0] in tables}
    watched = _Watched.of(batch, chunk)
    if not watched.each and not barred:
        return
    wrong: Sequence[int] = watched.taken(batch, barred, batch.rows)
    rounds = 0
    while wrong:
        _draw_again(batch, chunk, wrong, {})
        still = watched.taken(batch, barred, wrong)
        rounds = rounds + 1 if len(still) == len(wrong) else 0
        wrong = still
        if rounds == _ROUNDS:
            _take_what_is_left(batch, chunk, watched, barred, wrong)
            return


_Barred = Mapping[Name, Mapping[tuple[Any, ...], bool]]


@dataclass(frozen=True)
class _Watched:
    """The constraints to be met, each with the keys that are taken."""

    each: Sequence[Unique]
    seen: Sequence[set[Any]]
    folding: Folding

    @classmethod
    def of(cls, batch: RowBatch, chunk: ValueSource) -> _Watched:
        connection = chunk.pools.connection
        dialect = "" if connection is None else connection.dialect.name
        folding = Folding(connection)
        if chunk.refused:
            found = declared_sets(batch.factory, batch.before)
            made = batch.assembled.values
            found = [u for u in found if u.attributes or len(u.columns) > 1]  # not new keys
            found = [u for u in found if all(column in made for column in u.columns)]
        else:
            found = left_to_chance(batch.factory, batch.before)
        each = [unique for unique in found if unique.holds(dialect)]
        for unique in each:
            if unique.name not in chunk.seen:
                chunk.seen[unique.name] = folding.stored(unique.columns)
        return cls(each, [chunk.seen[unique.name] for unique in each], folding)

    def taken(self, batch: RowBatch, barred: _Barred, rows: Sequence[int]) -> list[int]:
        """Those of ``rows`` whose values others have; the values of all others are now taken."""
        values = batch.assembled.values
        keys = [self.keys(n, [values[c] for c in u.columns], rows) for n, u in enumerate(self.each)]
        never = self._barred(batch, barred, rows)
        wrong = []
        for place, row in enumerate(rows):
            own = [each[place] for each in keys]
            if row in never or any(map(self._is_taken, self.each, self.seen, own)):
                wrong.append(row)
            else:
                for key, taken in zip(own, self.seen, strict=True):
                    taken.add(key)
        return wrong

    def keys(
        self, number: int, columns: Sequence[Sequence[Any]], rows: Sequence[int]
    ) -> list[tuple[Any, ...]]:
        """What the database compares, of the values of a constraint in these rows."""
        pairs = zip(self.each[number].columns, columns, strict=True)
        folded = [
            self.folding.keys(c, v if len(rows) == len(v) else [v[row] for row in rows])
            for c, v in pairs
        ]
        return list(zip(*folded, strict=True))

    def _is_taken(self, unique: Unique, taken: set[Any], key: tuple[Any, ...]) -> bool:
        nulls = unique.nulls and self.folding.name == "postgresql"
        return key in taken and SKIP not in key and (nulls or None not in key)

    def _barred(self, batch: RowBatch, barred: _Barred, rows: Sequence[int]) -> set[int]:
        values = {(c.table.fullname, c.key): each for c, each in batch.assembled.values.items()}
        found: set[int] = set()
        for (table, keys), known in barred.items():
            columns = [values[table, key] for key in keys if (table, key) in values]
            if len(columns) < len(keys):
                continue
            places: dict[tuple[Any, ...], list[int]] = {}
            for row in rows:
                places.setdefault(tuple(column[row] for column in columns), []).append(row)
            for key in places.keys() & known.keys():
                # Of several with equal values one may be right; not of those drawn just now.
                right = len(places[key]) > 1 and not known[key] and len(rows) == batch.count
                found.update(places[key][1:] if right else places[key])
        return found


def _draw_again(
    batch: RowBatch, chunk: ValueSource, rows: Sequence[int], fixed: Mapping[str, Sequence[Any]]
) -> None:
    """New values for ``rows``; what makes other rows, or links to them, stays as it is."""
    kept = {
        name: [column[row] for row in rows]
        for name, column in batch.columns.items()
        if name in batch.preset or (name in batch.before and _brings_rows(batch.before[name][0]))
    }
    parent = batch.parent and (batch.parent[0], [batch.parent[1][row] for row in rows])
    again = RowBatch(
        batch.factory,
        chunk,
        len(rows),
        _numbers(batch, chunk, rows),
        batch.overrides,
        parent,
        kept | dict(fixed),
        batch.own_numbers,
    )
    again.replaces = batch, rows
    again.fill()
    again.assembled = type(batch.assembled)(again, chunk)
    for target, source in (
        (batch.assembled.values, again.assembled.values),
        (batch.columns, {n: v for n, v in again.columns.items() if n not in kept}),
    ):
        for key, values in source.items():
            column = target[key] = list(target[key])
            for row, value in zip(rows, values, strict=True):
                column[row] = value


def _numbers(batch: RowBatch, chunk: ValueSource, rows: Sequence[int]) -> Sequence[int]:
    """The next free ones where those of the rows may be what is taken."""
    if chunk.refused and not batch.own_numbers:
        return chunk.numbers(batch.factory, len(rows))
    return [batch.sequences[row] for row in rows]


def _brings_rows(declaration: Any) -> bool:
    if isinstance(declaration, factory.Maybe):
        return _brings_rows(declaration.yes) or _brings_rows(declaration.no)
    if isinstance(declaration, factory.Transformer):
        return _brings_rows(declaration.default)
    if isinstance(declaration, Link):
        return declaration.unique  # each row has its own place among those to draw
    return isinstance(declaration, Links | factory.SubFactory) and not isinstance(
        declaration, factory.Dict | factory.List
    )


def _take_what_is_left(
    batch: RowBatch,
    chunk: ValueSource,
    watched: _Watched,
    barred: _Barred,
    rows: Sequence[int],
) -> None:
    """Chance finds the last values too slowly: choose among those that are free."""
    for number, unique in enumerate(watched.each):
        domains = [domain(batch.before[name][0]) for name in unique.attributes]
        sizes = [len(d) for d in domains if d is not None]
        if len(domains) != len(unique.columns) or len(sizes) != len(domains):
            continue
        if math.prod(sizes) > _MANY:
            continue
        every = list(itertools.product(*(dict.fromkeys(d) for d in domains if d is not None)))
        keys = watched.keys(number, list(zip(*every, strict=True)), range(len(every)))
        never = barred.get(unique.name, ())
        free = dict(zip(keys, every, strict=True))
        left = [
            values
            for key, values in free.items()
            if key not in watched.seen[number] and values not in never
        ]
        if len(left) < len(rows):
            break
        chosen = chunk.rng.sample(left, len(rows))
        fixed = dict(zip(unique.attributes, zip(*chosen, strict=True), strict=True))
        _draw_again(batch, chunk, rows, fixed)
        if not watched.taken(batch, barred, rows):
            return
        break
    chance = left_to_chance(batch.factory, batch.before)
    drawn = next((n for n, unique in enumerate(watched.each) if unique in chance), None)
    if drawn is None:
        raise NoOtherValues()
    raise SeedError(
        f"{batch.factory.__name__}: {watched.each[drawn]} must be unique, and no new value was "
        f"found after {counted(len(watched.seen[drawn]), 'row')}. Nothing was written.",
        "Seed fewer rows, or declare more values, for example with factory.Sequence.",
    )


def domain(declaration: Any) -> Sequence[Any] | None:
    """All values that a declaration can give; None if that is not known."""
    if isinstance(declaration, factory.Iterator):
        return _got(_listed(iterated(declaration)), declaration.getter)
    if isinstance(declaration, fuzzy.FuzzyChoice):
        known = declaration.choices or declaration.choices_generator
        return _got(_listed(known), declaration.getter)
    if isinstance(declaration, fuzzy.FuzzyInteger):
        return range(declaration.low, declaration.high + 1, declaration.step)
    if isinstance(declaration, factory.Faker):
        fake, arguments = faker_call(declaration, {})
        if any(is_declaration(value) for value in arguments.values()):
            return None
        try:
            return faker_columns.elements(
                faker_columns.column(fake, declaration.provider, arguments)
            )
        except AttributeError:
            return None
    if isinstance(declaration, factory.Maybe):
        yes, no = domain(declaration.yes), domain(declaration.no)
        return None if yes is None or no is None else [*yes, *no]
    return None if is_declaration(declaration) else [declaration]


def _listed(values: Any) -> Sequence[Any] | None:
    if isinstance(values, range):
        return values
    known = isinstance(values, list | tuple | str | set | frozenset | dict | type)
    try:
        return list(values) if known else None
    except TypeError:
        return None


def _got(values: Sequence[Any] | None, getter: Any) -> Sequence[Any] | None:
    return values if values is None or getter is None else [getter(value) for value in values]


def require_room(owner: Any, overrides: Mapping[str, Any], count: int) -> None:
    """Raises SeedError if a unique column has fewer values than the rows wanted."""
    before, _ = declarations_of(owner, overrides)
    for unique in left_to_chance(owner, before):
        if unique.table is not model_info(owner).tables[0] or unique.partial or unique.only:
            continue
        room = 1
        for name in unique.attributes:
            values = domain(before[name][0])
            if values is None or None in values:
                break
            room *= len(set(values)) if not isinstance(values, range) else len(values)
        else:
            if room < count:
                raise SeedError(
                    f"{owner.__name__}: {unique} must be unique and has {counted(room, 'value')}; "
                    f"{count:,} rows are wanted. Nothing was written.",
                    "Seed fewer rows, or declare more values, for example with factory.Sequence.",
                )
