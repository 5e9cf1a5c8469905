"""Unique columns: ensured by drawing again, and from what is left if values run out.

Only constraints that chance can hit are watched: one with a Sequence, or with a parent
made for each row, holds of itself.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import factory
import sqlalchemy as sa
from factory import fuzzy

from ...errors import SeedError
from ..factory_boy_internals import (
    Declarations,
    declarations_of,
    faker_call,
    is_declaration,
    iterated,
    looked_up,
    renamed,
)
from ..links import Link, Links
from . import faker_columns
from .columns import RowBatch, ValueSource
from .model_info import ModelInfo, model_info

_SAFE = (factory.Sequence, factory.LazyAttributeSequence)
_ROUNDS = 200  # without a single new value
_MANY = 200_000  # more combinations than this are not written out


@dataclass(frozen=True)
class Unique:
    """Columns of a table that are unique together, and the attributes that fill them."""

    table: sa.Table
    columns: tuple[Any, ...]
    attributes: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(f"{self.table.name}.{column.name}" for column in self.columns)


def left_to_chance(owner: Any, before: Declarations) -> list[Unique]:
    """The unique constraints of a factory's model that equal values could break.

    ``before``: the declarations that are evaluated before the object is made.
    """
    info = model_info(owner)
    found = []
    for table in info.tables:
        for columns in _unique_sets(table):
            attributes = _attributes(info, columns, before)
            if attributes is None or any(_safe(before[name][0]) for name in attributes):
                continue
            if (names := looked_up(owner)) and {*names} <= {*attributes}:
                continue  # a row with these values is found, not made
            found.append(Unique(table, columns, attributes))
    return found


def _unique_sets(table: sa.Table) -> Iterator[tuple[Any, ...]]:
    sets: dict[frozenset[Any], tuple[Any, ...]] = {}
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint | sa.PrimaryKeyConstraint):
            sets.setdefault(frozenset(constraint.columns), tuple(constraint.columns))
    for index in table.indexes:
        if index.unique and all(isinstance(e, sa.Column) for e in index.expressions):
            sets.setdefault(frozenset(index.columns), tuple(index.columns))
    yield from (columns for columns in sets.values() if columns)


def _attributes(info: ModelInfo, columns: Sequence[Any], before: Declarations) -> Any:
    """The declared attributes that fill the columns; None where something else fills one."""
    names: dict[str, None] = {}
    declared_as = {new: old for old, new in renamed(info.factory).items()}
    for column in columns:
        if not info.mapper.columns.contains_column(column):
            return None  # it is another subclass's, in the table that they share
        candidates = [
            prop.key
            for prop in info.mapper.relationships
            if column in {own for _, own in prop.synchronize_pairs} and prop.secondary is None
        ]
        candidates.append(info.mapper.get_property_by_column(column).key)
        declared = [declared_as.get(name, name) for name in candidates]
        declared = [name for name in declared if name in before]
        if not declared:
            return None
        names.setdefault(declared[0])
    return tuple(names)


def _safe(declaration: Any) -> bool:
    if isinstance(declaration, factory.SubFactory):
        return not isinstance(declaration, factory.Dict | factory.List)
    return isinstance(declaration, _SAFE) or (isinstance(declaration, Link) and declaration.unique)


def meet(batch: RowBatch, chunk: ValueSource) -> None:
    """Draw again for each row whose unique values are taken, until none is.

    Raises SeedError where there are no values left.
    """
    if batch.replaces is not None:
        return
    watched = left_to_chance(batch.factory, batch.before)
    if not watched:
        return
    for unique in watched:
        if _name(unique) not in chunk.seen:
            chunk.seen[_name(unique)] = _stored(unique, chunk)
    wrong: Sequence[int] = _taken(batch, chunk, watched, batch.rows)
    rounds = 0
    while wrong:
        _draw_again(batch, chunk, wrong, {})
        still = _taken(batch, chunk, watched, wrong)
        rounds = rounds + 1 if len(still) == len(wrong) else 0
        wrong = still
        if rounds == _ROUNDS:
            _take_what_is_left(batch, chunk, watched, wrong)
            return


def _name(unique: Unique) -> tuple[str, tuple[str, ...]]:
    return unique.table.fullname, tuple(column.key for column in unique.columns)


def _stored(unique: Unique, chunk: ValueSource) -> set[Any]:
    connection = chunk.pools.connection
    if connection is None:
        return set()
    return {tuple(row) for row in connection.execute(sa.select(*unique.columns))}


def _taken(
    batch: RowBatch, chunk: ValueSource, watched: Sequence[Unique], rows: Sequence[int]
) -> list[int]:
    """Those of ``rows`` whose values others have; the values of all others are now taken."""
    seen = [chunk.seen[_name(unique)] for unique in watched]
    columns = [[batch.assembled.values[c] for c in unique.columns] for unique in watched]
    wrong = []
    for row in rows:
        keys = [tuple(column[row] for column in each) for each in columns]
        if any(key in taken and None not in key for key, taken in zip(keys, seen, strict=True)):
            wrong.append(row)
        else:
            for key, taken in zip(keys, seen, strict=True):
                taken.add(key)
    return wrong


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
        [batch.sequences[row] for row in rows],
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
    batch: RowBatch, chunk: ValueSource, watched: Sequence[Unique], rows: Sequence[int]
) -> None:
    """Chance finds the last values too slowly: choose among those that are free."""
    for unique in watched:
        domains = [domain(batch.before[name][0]) for name in unique.attributes]
        sizes = [len(d) for d in domains if d is not None]
        if len(unique.attributes) != len(unique.columns) or len(sizes) != len(domains):
            continue
        if math.prod(sizes) > _MANY:
            continue
        taken = chunk.seen[_name(unique)]
        every = itertools.product(*(dict.fromkeys(d) for d in domains if d is not None))
        left = [values for values in every if values not in taken]
        if len(left) < len(rows):
            break
        chosen = chunk.rng.sample(left, len(rows))
        fixed = dict(zip(unique.attributes, zip(*chosen, strict=True), strict=True))
        _draw_again(batch, chunk, rows, fixed)
        if not _taken(batch, chunk, watched, rows):
            return
        break
    raise SeedError(
        f"{batch.factory.__name__}: {watched[0]} must be unique, and no new value was found after "
        f"{len(chunk.seen[_name(watched[0])]):,} rows. Nothing was written.",
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
        if unique.table is not model_info(owner).tables[0]:
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
                    f"{owner.__name__}: {unique} must be unique and has {room:,} values; "
                    f"{count:,} rows are wanted. Nothing was written.",
                    "Seed fewer rows, or declare more values, for example with factory.Sequence.",
                )
