"""factory_boy's declarations, evaluated a column at a time.

A :class:`Batch` is many rows of one factory. Each of its attributes is a list with a value
for each row, evaluated when first asked for: a declaration may depend on others, as in
factory_boy's own resolver. What only makes sense for one object at a time raises
:class:`NotColumnwise`; the caller then takes factory_boy itself for these rows.

The one module that knows factory_boy from within (declarations, DeclarationSet).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import factory
from factory import enums, fuzzy
from factory.alchemy import SQLAlchemyModelFactory
from factory.builder import parse_declarations
from factory.declarations import SKIP, deepgetattr

from ..errors import ManageError
from . import faker_columns
from .links import Link, Links

if TYPE_CHECKING:
    import random

Declarations = dict[str, tuple[Any, dict[str, Any]]]
"""Attribute -> its declaration (or plain value) and the ``attribute__x`` values for it."""


class NotColumnwise(Exception):
    """``factory`` needs its objects one at a time; the message says why."""

    def __init__(self, factory: Any, why: str) -> None:
        super().__init__(why)
        self.factory = factory
        self.why = why


class PoolMissing(Exception):
    """Only the process with the connection can read these rows."""


class CounterMissing(Exception):
    """Only the process with the connection can say where these numbers start."""


class Failed(Exception):
    """A declaration of ``factory`` raised ``error`` at a row, counted from 0 in its batch."""

    def __init__(self, factory: Any, name: str, row: int, error: Exception) -> None:
        super().__init__(str(error))
        self.factory = factory
        self.name = name
        self.row = row
        self.error = error


class Source(Protocol):
    """What the rows of a chunk draw on."""

    rng: random.Random

    def numbers(self, factory: Any, count: int) -> Sequence[int]:
        """Sequence numbers for as many more rows of the factory."""

    def taken(self, iterator: str, count: int) -> int:
        """How many values of an Iterator others have, now that ``count`` more are taken."""

    def drawn(self, batch: Batch, name: str, link: Link, rows: Sequence[int]) -> list[Any]:
        """A reference (or None) for each of the batch's ``rows``."""

    def linked(self, batch: Batch, name: str, links: Links, rows: Sequence[int]) -> list[Any]:
        """What the many side refers to, for each of the batch's ``rows``."""

    def made(self, batch: Batch) -> None:
        """A batch whose attributes are all there; those it refers to came before it."""


class Batch:
    """``count`` rows of a factory. ``preset``: values that are there already."""

    def __init__(
        self,
        owner: Any,
        source: Source,
        count: int,
        sequences: Sequence[int],
        overrides: Mapping[str, Any] | None = None,
        parent: tuple[Batch, Sequence[int]] | None = None,
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
        self.preset = frozenset(preset or ())
        self.columns: dict[str, Sequence[Any]] = dict(preset or {})
        self.replaces: tuple[Batch, Sequence[int]] | None = None
        self._pending: list[str] = []
        self.assembled: Any = None

    @property
    def rows(self) -> range:
        return range(self.count)

    def column(self, name: str) -> Sequence[Any]:
        """The values of an attribute or parameter; AttributeError for one that is not declared."""
        if name in self.columns:
            return self.columns[name]
        if name not in self.before:
            raise AttributeError(f"{self.factory.__name__} declares no '{name}'")
        if name in self._pending:
            raise NotColumnwise(self.factory, f"'{name}' depends on itself")
        declaration, context = self.before[name]
        self._pending.append(name)
        try:
            self.columns[name] = self.evaluate(declaration, context, self.rows, name)
        finally:
            self._pending.pop()
        return self.columns[name]

    def evaluate(
        self, declaration: Any, context: dict[str, Any], rows: Sequence[int], name: str = ""
    ) -> list[Any]:
        """A value for each of ``rows``, places of rows of this batch."""
        kind = type(declaration)
        if not is_declaration(declaration):
            return [declaration] * len(rows)
        for known in kind.__mro__:
            if known in _EVALUATORS:
                if _overrides(kind, known):
                    break
                return self._evaluated(known, declaration, context, rows, name)
        return self._one_by_one(declaration, context, rows, name)

    def _evaluated(
        self, known: type, declaration: Any, context: Any, rows: Sequence[int], name: str
    ) -> list[Any]:
        try:
            return _EVALUATORS[known](self, declaration, context, rows, name)
        except (NotColumnwise, Failed, ManageError, PoolMissing, CounterMissing):
            raise
        except Exception as error:
            raise Failed(self.factory, name, rows[0] if len(rows) else 0, error) from error

    def _one_by_one(
        self, declaration: Any, context: Any, rows: Sequence[int], name: str
    ) -> list[Any]:
        """A declaration that somebody wrote: it is given what it would see of each object."""
        values = (
            declaration.evaluate_pre(
                instance=Stub(self, row), step=Step(self, row), overrides=dict(context)
            )
            for row in rows
        )
        return _each(self, rows, name, values)

    def numbers_of(self, rows: Sequence[int]) -> Sequence[int]:
        return self.sequences if len(rows) == self.count else [self.sequences[r] for r in rows]

    def nested(
        self, owner: Any, overrides: Mapping[str, Any], rows: Sequence[int], own_numbers: bool
    ) -> Batch:
        """Rows of another factory, one for each of ``rows``, all evaluated."""
        sequences = self.numbers_of(rows) if own_numbers else self.source.numbers(owner, len(rows))
        parent = (self, rows)
        batch = Batch(
            owner, self.source, len(rows), sequences, overrides, parent, own_numbers=own_numbers
        )
        for name in batch.before:
            batch.column(name)
        return batch


class Stub:
    """One row of a batch as a declaration's function sees it: attributes and parameters."""

    def __init__(
        self, batch: Batch, row: int, asked: dict[str, Sequence[Any]] | None = None
    ) -> None:
        self._batch = batch
        self._columns = batch.columns
        self._row = row
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        column = self._columns.get(name)
        if column is None:
            column = self._batch.column(name)
        if self._asked is not None:
            self._asked[name] = column
        value = column[self._row]
        return value.seen() if type(value) is Reference else value

    @property
    def factory_parent(self) -> Stub | None:
        if self._batch.parent is None:
            return None
        batch, rows = self._batch.parent
        return Stub(batch, rows[self._row])


class Step:
    """What a declaration sees of factory_boy's BuildStep; it can make no object of its own."""

    def __init__(self, batch: Batch, row: int) -> None:
        self._batch = batch
        self._row = row
        self.sequence = batch.sequences[row]
        self.stub = Stub(batch, row)
        self.builder = _Builder(batch.factory._meta)

    @property
    def chain(self) -> tuple[Any, ...]:
        chain: list[Any] = []
        stub: Stub | None = self.stub
        while stub is not None:
            chain.append(stub)
            stub = stub.factory_parent
        return tuple(chain)

    @property
    def parent_step(self) -> Step | None:
        if self._batch.parent is None:
            return None
        batch, rows = self._batch.parent
        return Step(batch, rows[self._row])

    def recurse(self, owner: Any, declarations: Any, force_sequence: Any = None) -> Any:
        raise NotColumnwise(self._batch.factory, "a declaration makes objects of its own")


class _Builder:
    strategy = enums.CREATE_STRATEGY

    def __init__(self, factory_meta: Any) -> None:
        self.factory_meta = factory_meta
        self.extras: dict[str, Any] = {}


class Reference:
    """A row of a batch that an attribute refers to."""

    __slots__ = ("batch", "row")

    def __init__(self, batch: Any, row: int) -> None:
        self.batch = batch
        self.row = row

    def seen(self) -> Any:
        """The row as a declaration's function sees it: an object of the model, not a stub."""
        return self.batch.seen(self.row)


class Made:
    """The rows of a batch, to be referred to: what was given to each of their attributes."""

    __slots__ = ("batch",)

    def __init__(self, batch: Batch) -> None:
        self.batch = batch

    def seen(self, row: int) -> Any:
        return _Seen(self.batch, row)

    def values(self, column: Any) -> Sequence[Any]:
        """The values of a column of a table, a value for each row."""
        found: Sequence[Any] = self.batch.assembled.values_of(column)
        return found


class _Seen:
    __slots__ = ("_batch", "_row")

    def __init__(self, batch: Batch, row: int) -> None:
        self._batch = batch
        self._row = row

    def __getattr__(self, name: str) -> Any:
        batch = self._batch
        given = given_attributes(batch)
        if name in given:
            value = given[name][self._row]
            return value.seen() if type(value) is Reference else value
        if not hasattr(batch.factory._meta.model, name):
            raise AttributeError(f"'{batch.factory._meta.model.__name__}' has no '{name}'")
        raise NotColumnwise(batch.factory, f"its object's '{name}' is looked at")


def is_declaration(value: Any) -> bool:
    return bool(enums.get_builder_phase(value) == enums.BuilderPhase.ATTRIBUTE_RESOLUTION)


def declarations_of(owner: Any, overrides: Mapping[str, Any]) -> tuple[Declarations, Declarations]:
    """The declarations before and after the object is made, as factory_boy reads them."""
    before, after = parse_declarations(
        dict(overrides),
        base_pre=owner._meta.pre_declarations,
        base_post=owner._meta.post_declarations,
    )
    return (
        {name: (before[name].declaration, before[name].context) for name in before},
        {name: (after[name].declaration, after[name].context) for name in after.sorted()},
    )


def given_attributes(batch: Batch) -> dict[str, Sequence[Any]]:
    """What the model's constructor would be given: without parameters, under their own names.

    A value may be SKIP, for a row that is not given this attribute.
    """
    options = batch.factory._meta
    given = {
        name: batch.column(name)
        for name in batch.before
        if name not in options.exclude and name not in options.parameters
    }
    for old, new in options.rename.items():
        if old in given:
            given[new] = given.pop(old)
    return given


def _overrides(kind: type, known: type) -> bool:
    """Whether a subclass evaluates differently from the declaration that is known here."""
    return any(
        getattr(kind, name, None) is not getattr(known, name, None)
        for name in ("evaluate", "evaluate_pre", "fuzz", "unroll_context")
        if known is not fuzzy.BaseFuzzyAttribute or name != "fuzz"
    )


def _context(declaration: Any, context: dict[str, Any]) -> dict[str, Any]:
    return {**declaration._defaults, **context}


# --- One evaluator for each kind of declaration: (batch, declaration, context, rows, name).


def _each(batch: Batch, rows: Sequence[int], name: str, values: Iterator[Any]) -> list[Any]:
    """All values; Failed, with the row, where one cannot be had."""
    found: list[Any] = []
    try:
        found.extend(values)  # keeps those before the one that raises
    except (NotColumnwise, Failed, ManageError, PoolMissing, CounterMissing):
        raise
    except Exception as error:
        raise Failed(batch.factory, name, rows[len(found)], error) from error
    return found


def _sequence(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    return _each(batch, rows, name, map(it.function, batch.numbers_of(rows)))


def _lazy_function(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    function = it.function
    return _each(batch, rows, name, (function() for _ in rows))


def _stubs(batch: Batch, rows: Sequence[int]) -> Iterator[Stub]:
    """One stub that moves from row to row: a function looks at it and is done.

    What the first row asks for is at hand for the others.
    """
    if not len(rows):
        return
    asked: dict[str, Sequence[Any]] = {}
    stub = Stub(batch, rows[0], asked)
    yield stub
    values = stub.__dict__
    simple = {n: c for n, c in asked.items() if Reference not in set(map(type, c))}
    if len(simple) == 1:
        ((name, column),) = simple.items()
        for row in rows[1:]:
            stub._row = row
            values[name] = column[row]
            yield stub
        return
    for row in rows[1:]:
        stub._row = row
        for name, column in simple.items():
            values[name] = column[row]
        yield stub


def _lazy_attribute(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    return _each(batch, rows, name, map(it.function, _stubs(batch, rows)))


def _lazy_sequence(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    pairs = map(it.function, _stubs(batch, rows), batch.numbers_of(rows))
    return _each(batch, rows, name, pairs)


def _self_attribute(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    target, places = batch, rows
    for _ in range(it.depth - 1):
        if target.parent is None:
            raise NotColumnwise(batch.factory, f"{name} looks at a parent that is not there")
        target, mapping = target.parent
        places = [mapping[row] for row in places]
    path, default = it.attribute_name, it.default
    if "." not in path:
        try:
            column = target.column(path)
        except AttributeError:
            if default is factory.declarations._UNSPECIFIED:
                raise
            return [default] * len(rows)
        return list(column) if len(places) == target.count else [column[row] for row in places]
    found = (deepgetattr(Stub(target, row), path, default) for row in places)
    return _each(batch, rows, name, found)


_iterators: dict[int, tuple[Any, Iterator[Any], int]] = {}


def start_iterators() -> None:
    """A seed begins: each Iterator starts with its first value."""
    _iterators.clear()


def _iterator(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    """The next values, of those that all factories with this very Iterator take."""
    owners = [c for c in reversed(batch.factory.__mro__) if vars(c).get(name) is it]
    owner = owners[0] if owners else batch.factory
    label = f"{owner.__module__}.{owner.__qualname__}.{name}.{it._creation_counter}"
    wanted = batch.source.taken(label, len(rows))
    _, values, place = _iterators.get(id(it), (None, None, -1))
    if values is None or wanted < place:
        values, place = iter(it.iterator_builder()), 0
    taken = list(itertools.islice(values, wanted - place, wanted - place + len(rows)))
    _iterators[id(it)] = (it, values, wanted + len(rows))
    if len(taken) < len(rows):
        raise ValueError(f"the Iterator has no value left after {wanted + len(taken)}")
    return taken if it.getter is None else list(map(it.getter, taken))


def _faker(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    arguments = _context(it, context)
    locale = arguments.pop("locale", None)
    varying = [key for key, value in arguments.items() if enums.get_builder_phase(value)]
    fake = it._get_faker(locale)
    if not varying:
        draw = faker_columns.column(fake, it.provider, arguments)
        return draw(len(rows), batch.source.rng)
    unrolled = batch.nested(factory.DictFactory, arguments, rows, own_numbers=True)
    each = [unrolled.column(key) for key in arguments]
    method = getattr(fake, it.provider)
    return [method(**dict(zip(arguments, v, strict=True))) for v in zip(*each, strict=True)]


def _maybe(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    decided = batch.evaluate(it.decider, {}, rows)
    yes = [row for row, choice in zip(rows, decided, strict=True) if choice]
    no = [row for row, choice in zip(rows, decided, strict=True) if not choice]
    given = iter(batch.evaluate(it.yes, context, yes, name) if yes else ())
    other = iter(batch.evaluate(it.no, context, no, name) if no else ())
    return [next(given) if choice else next(other) for choice in decided]


def _transformer(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    overrides = dict(context)
    value = overrides.pop("", it.default)
    if isinstance(value, it.Force):
        return batch.evaluate(value.forced_value, overrides, rows, name)
    values = batch.evaluate(value, overrides, rows, name)
    return _each(batch, rows, name, map(it.transform, values))


def _container(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    values = (it.evaluate(Stub(batch, row), Step(batch, row), {}) for row in rows)
    return _each(batch, rows, name, values)


def _sub_factory(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    owner = it.get_factory()
    overrides = _context(it, context)
    if not len(rows):
        return []
    if not issubclass(owner, SQLAlchemyModelFactory):
        return _plain_objects(batch.nested(owner, overrides, rows, it.FORCE_SEQUENCE))
    made = batch.nested(owner, overrides, rows, it.FORCE_SEQUENCE)
    batch.source.made(made)
    given = Made(made)
    return [Reference(given, row) for row in made.rows]


def _plain_objects(batch: Batch) -> list[Any]:
    """The objects of a factory that writes nothing: a dict, a list, a value of a class."""
    options = batch.factory._meta
    if batch.after or options.inline_args:
        raise NotColumnwise(batch.factory, "its objects are finished one at a time")
    given = given_attributes(batch)
    model = options.get_model_class()
    made = []
    for values in zip(*given.values(), strict=True) if given else [()] * batch.count:
        pairs = zip(given, values, strict=True)
        arguments = {k: v for k, v in pairs if v is not SKIP}
        if any(type(value) is Reference for value in arguments.values()):
            raise NotColumnwise(batch.factory, "its objects hold rows")
        made.append(batch.factory._create(model, **arguments))
    return made


def _link(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    return batch.source.drawn(batch, name, it, rows)


def _links(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    return batch.source.linked(batch, name, it, rows)


def _fuzz(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    return _each(batch, rows, name, (it.fuzz() for _ in rows))


def _fuzzy_choice(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    if it.choices is None:
        it.choices = list(it.choices_generator)
    chosen = batch.source.rng.choices(it.choices, k=len(rows))
    return chosen if it.getter is None else list(map(it.getter, chosen))


def _fuzzy_integer(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    return batch.source.rng.choices(range(it.low, it.high + 1, it.step), k=len(rows))


def _fuzzy_text(batch: Batch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    letters = batch.source.rng.choices(it.chars, k=it.length * len(rows))
    return [
        it.prefix + "".join(letters[start : start + it.length]) + it.suffix
        for start in range(0, it.length * len(rows), it.length or 1)
    ] or [it.prefix + it.suffix] * len(rows)


_EVALUATORS: dict[type, Callable[..., list[Any]]] = {
    factory.Sequence: _sequence,
    factory.LazyFunction: _lazy_function,
    factory.LazyAttribute: _lazy_attribute,
    factory.LazyAttributeSequence: _lazy_sequence,
    factory.SelfAttribute: _self_attribute,
    factory.Iterator: _iterator,
    factory.Faker: _faker,
    factory.Maybe: _maybe,
    factory.Transformer: _transformer,
    factory.ContainerAttribute: _container,
    factory.SubFactory: _sub_factory,  # Dict and List too
    Link: _link,
    Links: _links,
    fuzzy.FuzzyChoice: _fuzzy_choice,
    fuzzy.FuzzyInteger: _fuzzy_integer,
    fuzzy.FuzzyText: _fuzzy_text,
    fuzzy.BaseFuzzyAttribute: _fuzz,
}
