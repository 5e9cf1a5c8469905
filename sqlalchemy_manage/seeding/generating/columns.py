"""factory_boy's declarations, evaluated a column at a time.

A :class:`RowBatch` is many rows of one factory. Each of its attributes is a list with a value
for each row, evaluated when first asked for: a declaration may depend on others, as in
factory_boy's own resolver. What only makes sense for one object at a time raises
:class:`NotColumnwise`; the caller then takes factory_boy itself for these rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from ...errors import ManageError
from ..factory_boy_internals import (
    Builder,
    declarations_of,
    evaluates_differently,
    given_names,
    is_declaration,
    looked_up,
    model_of,
    saves_at_once,
)
from .chunk_progress import ChunkProgress, weight
from .failures import Failed, NeedsConnection, NotColumnwise, UserCode
from .model_info import model_info
from .stand_ins import StandIn

if TYPE_CHECKING:
    import random

    from ..links import Link, Links
    from .pools import Pools
    from .unique_sets import Refused


class ValueSource(Protocol):
    """What the rows of a chunk draw on."""

    rng: random.Random
    pools: Pools
    seen: dict[Any, set[Any]]
    refused: Refused
    evaluators: Mapping[type, Callable[..., list[Any]]]
    progress: ChunkProgress

    def admit(self, factory: Any) -> None:
        """Raises NotColumnwise for a factory that needs its objects, whatever their values."""

    def numbers(self, factory: Any, count: int) -> Sequence[int]:
        """Sequence numbers for as many more rows of the factory."""

    def keys(self, table: sa.Table, count: int) -> range:
        """New values of the table's autoincrement column."""

    def choose(
        self, batch: RowBatch, targets: Sequence[Any], own: Sequence[Any], unique: bool
    ) -> Mapping[Any, list[Any]]:
        """Values for a foreign key: of rows that are all equally likely, or each used once."""

    def taken(self, iterator: str, count: int) -> int:
        """How many values of an Iterator others have, now that ``count`` more are taken."""

    def drawn(self, batch: RowBatch, name: str, link: Link, rows: Sequence[int]) -> list[Any]:
        """A reference (or None) for each of the batch's ``rows``."""

    def linked(self, batch: RowBatch, name: str, links: Links, rows: Sequence[int]) -> list[Any]:
        """What the many side refers to, for each of the batch's ``rows``."""

    def made(self, batch: RowBatch) -> None:
        """A batch with all its attributes evaluated; those it refers to came before it."""


class RowBatch:
    """``count`` rows of a factory. ``preset``: values that are already known."""

    def __init__(
        self,
        owner: Any,
        source: ValueSource,
        count: int,
        sequences: Sequence[int],
        overrides: Mapping[str, Any] | None = None,
        parent: tuple[RowBatch, Sequence[int]] | None = None,
        preset: Mapping[str, Sequence[Any]] | None = None,
        own_numbers: bool = False,
    ) -> None:
        self.factory = owner
        self.source = source
        self.overrides = dict(overrides or {})
        self.count = count
        self.sequences = sequences
        self.parent = parent
        self.own_numbers = own_numbers  # sequences are those of the parent
        self.before, self.after = declarations_of(owner, self.overrides)
        self.given = given_names(owner, self.before)
        self.preset = frozenset(preset or ())
        self.columns: dict[str, Sequence[Any]] = dict(preset or {})
        self.replaces: tuple[RowBatch, Sequence[int]] | None = None
        self._pending: list[str] = []
        self.assembled: Any = None
        self.found: Any = None  # what stands for it where rows are looked up first

    @property
    def rows(self) -> range:
        return range(self.count)

    def column(self, name: str) -> Sequence[Any]:
        """The values of an attribute or parameter; AttributeError for one that is not declared."""
        if name in self.columns:
            return self.columns[name]
        if name not in self.before:
            raise AttributeError(f"{self.factory.__name__} does not declare '{name}'")
        if name in self._pending:
            raise NotColumnwise(self.factory, f"'{name}' depends on itself")
        declaration, context = self.before[name]
        progress = self.source.progress
        end = progress.enter(0.5 if self._pending else 1.0)  # the one that asks takes time too
        self._pending.append(name)
        try:
            self.columns[name] = self.evaluate(declaration, context, self.rows, name)
        except UserCode as error:
            error.put_down_to(self.factory, name)
            raise
        finally:
            self._pending.pop()
            progress.end = end
        return self.columns[name]

    def fill(self) -> None:
        """Evaluate every attribute."""
        progress = self.source.progress
        left = sum(weight(it) for it, _ in (*self.before.values(), *self.after.values()))
        for name, (declaration, _) in self.before.items():
            own = weight(declaration)
            end = progress.enter(min(own / left, 1.0) if left > 0 else 1.0)
            try:
                self.column(name)
            finally:
                progress.end = end
            left -= own

    @cached_property
    def is_altered(self) -> bool:
        """Whether an object may have other values than it is given."""
        return model_info(self.factory).alters(self.given)

    def part(self, rows: Sequence[int], names: Iterable[str]) -> RowBatch:
        """``rows`` alone, as they are; the values of ``names`` stay also when others are drawn
        again."""
        kept = {name: [column[row] for row in rows] for name, column in self.columns.items()}
        parent = self.parent and (self.parent[0], [self.parent[1][row] for row in rows])
        sequences = [self.sequences[row] for row in rows]
        preset = {name: kept[name] for name in {*self.preset, *names}}
        part = RowBatch(
            self.factory,
            self.source,
            len(rows),
            sequences,
            self.overrides,
            parent,
            preset,
            self.own_numbers,
        )
        part.columns |= kept
        return part

    def evaluate(
        self, declaration: Any, context: dict[str, Any], rows: Sequence[int], name: str = ""
    ) -> list[Any]:
        """A value for each of ``rows``, places of rows of this batch."""
        kind = type(declaration)
        if not is_declaration(declaration):
            return [declaration] * len(rows)
        for known in kind.__mro__:
            if known in self.source.evaluators:
                if evaluates_differently(kind, known):
                    break
                return self._evaluated(known, declaration, context, rows, name)
        return self._one_by_one(declaration, context, rows, name)

    def _evaluated(
        self, known: type, declaration: Any, context: Any, rows: Sequence[int], name: str
    ) -> list[Any]:
        try:
            return self.source.evaluators[known](self, declaration, context, rows, name)
        except (NotColumnwise, Failed, ManageError, NeedsConnection):
            raise
        except Exception as error:
            raise Failed(self.factory, name, rows[0] if len(rows) else 0, error) from error

    def _one_by_one(
        self, declaration: Any, context: Any, rows: Sequence[int], name: str
    ) -> list[Any]:
        """A user's own declaration: it gets what it would see of each object."""
        values = (
            declaration.evaluate_pre(
                instance=Stub(self, row), step=RowStep(self, row), overrides=dict(context)
            )
            for row in rows
        )
        return each_row(self, rows, name, values)

    def numbers_of(self, rows: Sequence[int]) -> Sequence[int]:
        return self.sequences if len(rows) == self.count else [self.sequences[r] for r in rows]

    def nested(
        self, owner: Any, overrides: Mapping[str, Any], rows: Sequence[int], own_numbers: bool
    ) -> RowBatch:
        """Rows of another factory, one for each of ``rows``, all evaluated."""
        sequences = self.numbers_of(rows) if own_numbers else self.source.numbers(owner, len(rows))
        parent = (self, rows)
        batch = RowBatch(
            owner, self.source, len(rows), sequences, overrides, parent, own_numbers=own_numbers
        )
        batch.fill()
        return batch


class Stub:
    """One row of a batch as a declaration's function sees it: attributes and parameters."""

    def __init__(self, batch: RowBatch, row: int) -> None:
        self._batch = batch
        self._columns = batch.columns
        self._row = row
        self._asked: dict[str, Sequence[Any]] | None = None

    def __getattr__(self, name: str) -> Any:
        column = self._columns.get(name)
        if column is None:
            column = self._batch.column(name)
        if self._asked is not None:
            self._asked[name] = column
        value = column[self._row]
        return value.seen() if type(value) is RowReference else value

    @property
    def factory_parent(self) -> Stub | None:
        if self._batch.parent is None:
            return None
        batch, rows = self._batch.parent
        return Stub(batch, rows[self._row])

    def moved_along(self, rows: Sequence[int]) -> Iterator[Stub]:
        """This stub for each of ``rows``: a function reads it and is done.

        What the first row asks for is at hand for the others.
        """
        asked = self._asked = {}
        self._row = rows[0]
        yield self
        values = self.__dict__
        simple = {n: c for n, c in asked.items() if RowReference not in set(map(type, c))}
        if len(simple) == 1:
            ((name, column),) = simple.items()
            for row in rows[1:]:
                self._row = row
                values[name] = column[row]
                yield self
            return
        for row in rows[1:]:
            self._row = row
            for name, column in simple.items():
                values[name] = column[row]
            yield self


class RowStep:
    """What a declaration sees of factory_boy's BuildStep; it can make no object of its own."""

    def __init__(self, batch: RowBatch, row: int) -> None:
        self._batch = batch
        self._row = row
        self.sequence = batch.sequences[row]
        self.stub = Stub(batch, row)
        self.builder = Builder(batch.factory)

    @property
    def chain(self) -> tuple[Any, ...]:
        chain: list[Any] = []
        stub: Stub | None = self.stub
        while stub is not None:
            chain.append(stub)
            stub = stub.factory_parent
        return tuple(chain)

    @property
    def parent_step(self) -> RowStep | None:
        if self._batch.parent is None:
            return None
        batch, rows = self._batch.parent
        return RowStep(batch, rows[self._row])

    def recurse(self, owner: Any, declarations: Any, force_sequence: Any = None) -> Any:
        raise NotColumnwise(self._batch.factory, "a declaration creates objects of its own")


@dataclass(slots=True, eq=False)
class RowReference:
    """A row of a batch that an attribute refers to."""

    batch: Any
    row: int

    def seen(self) -> Any:
        """The row as a declaration's function sees it: an object of the model, not a stub."""
        return self.batch.seen(self.row)


@dataclass(slots=True, eq=False)
class MadeRows:
    """The rows of a batch, to be referred to: what was given to each of their attributes."""

    batch: RowBatch

    def seen(self, row: int) -> Any:
        if self.batch.found is not None:
            return self.batch.found.seen(row)
        return _Seen(self.batch, row)

    def values(self, column: Any) -> Sequence[Any]:
        """The values of a column of a table, a value for each row."""
        holder = self.batch.found or self.batch.assembled
        found: Sequence[Any] = holder.values_of(column)
        return found


@dataclass(slots=True, eq=False, repr=False)
class _Seen(StandIn):
    _batch: RowBatch
    _row: int

    def model(self) -> Any:
        return model_of(self._batch.factory)

    def __getattr__(self, name: str) -> Any:
        batch = self._batch
        declared = batch.given.get(name)
        if declared is not None and not batch.is_altered:
            value = batch.column(declared)[self._row]
            return value.seen() if type(value) is RowReference else value
        model = model_of(batch.factory)
        prop: Any = model_info(batch.factory).mapper.attrs.get(name)
        if declared is not None and batch.assembled is not None and hasattr(prop, "columns"):
            return batch.assembled.values[prop.columns[0]][self._row]
        if not hasattr(model, name):
            raise AttributeError(f"'{model.__name__}' has no '{name}'")
        key = self._new_key(model, name)
        if key is None:
            raise NotColumnwise(batch.factory, f"its object's '{name}' is used")
        return key

    def _new_key(self, model: Any, name: str) -> int | None:
        """The number that is the row's key, where create() would have it by now."""
        batch = self._batch
        column = sa.inspect(model).columns.get(name)
        if column is None or not column.primary_key or looked_up(batch.factory):
            return None
        if batch.assembled is None or not saves_at_once(batch.factory):
            return None
        values = batch.assembled.values.get(column)
        value = None if values is None else values[self._row]
        return value if type(value) is int else None


def each_row(batch: RowBatch, rows: Sequence[int], name: str, values: Iterator[Any]) -> list[Any]:
    """All values; raises Failed, with the row, if one cannot be evaluated."""
    found: list[Any] = []
    try:
        batch.source.progress.collect(found, values, len(rows))
    except (NotColumnwise, Failed, ManageError, NeedsConnection):
        raise
    except Exception as error:
        raise Failed(batch.factory, name, rows[len(found)], error) from error
    return found


def given_attributes(batch: RowBatch) -> dict[str, Sequence[Any]]:
    """The columns of what the model's constructor is given.

    A value may be SKIP, for a row that is not given this attribute.
    """
    return {name: batch.column(declared) for name, declared in batch.given.items()}
