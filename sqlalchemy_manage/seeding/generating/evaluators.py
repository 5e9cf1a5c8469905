"""How each kind of factory_boy's declarations is evaluated for many rows at once.

Each function takes the batch, the declaration, the ``attribute__x`` values for it, the places
of the rows, and the attribute's name; it returns a value for each row.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import factory
from factory import fuzzy

from ..factory_boy_internals import (
    SKIP,
    UNSPECIFIED,
    arguments_of,
    creation_number,
    deepgetattr,
    faker_call,
    is_declaration,
    maker,
    makes_rows,
)
from ..links import Link, Links
from . import faker_columns
from .columns import MadeRows, RowBatch, RowReference, RowStep, Stub, each_row, given_attributes
from .failures import Failed, NotColumnwise
from .user_code import asks_for_type


def _sequence(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    return each_row(batch, rows, name, map(it.function, batch.numbers_of(rows)))


def _lazy_function(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    function = it.function
    return each_row(batch, rows, name, (function() for _ in rows))


def _stubs(batch: RowBatch, rows: Sequence[int]) -> Iterator[Stub]:
    return Stub(batch, rows[0]).moved_along(rows) if len(rows) else iter(())


def _function(batch: RowBatch, it: Any, name: str) -> Any:
    if asks_for_type(it.function):
        raise NotColumnwise(batch.factory, f"'{name}' asks for the type of an object")
    return it.function


def _lazy_attribute(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    return each_row(batch, rows, name, map(_function(batch, it, name), _stubs(batch, rows)))


def _lazy_sequence(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    pairs = map(_function(batch, it, name), _stubs(batch, rows), batch.numbers_of(rows))
    return each_row(batch, rows, name, pairs)


def _self_attribute(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    target, places = batch, rows
    for _ in range(it.depth - 1):
        if target.parent is None:
            raise NotColumnwise(batch.factory, f"{name} uses a parent that does not exist")
        target, mapping = target.parent
        places = [mapping[row] for row in places]
    path, default = it.attribute_name, it.default
    if "." not in path:
        try:
            column = target.column(path)
        except AttributeError:
            if default is UNSPECIFIED:
                raise
            return [default] * len(rows)
        return list(column) if len(places) == target.count else [column[row] for row in places]
    found = (deepgetattr(Stub(target, row), path, default) for row in places)
    return each_row(batch, rows, name, found)


_iterators: dict[int, tuple[Any, Iterator[Any], int]] = {}


def start_iterators() -> None:
    """A seed begins: each Iterator starts with its first value."""
    _iterators.clear()


def _iterator(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    """The next values, of those that all factories with this very Iterator take."""
    owners = [c for c in reversed(batch.factory.__mro__) if vars(c).get(name) is it]
    owner = owners[0] if owners else batch.factory
    label = f"{owner.__module__}.{owner.__qualname__}.{name}.{creation_number(it)}"
    wanted = batch.source.taken(label, len(rows))
    _, values, place = _iterators.get(id(it), (None, None, -1))
    if values is None or wanted < place:
        values, place = iter(it.iterator_builder()), 0
    some = itertools.islice(values, wanted - place, wanted - place + len(rows))
    taken = each_row(batch, rows, name, some)
    _iterators[id(it)] = (it, values, wanted + len(rows))
    if len(taken) < len(rows):
        ended = ValueError(f"the Iterator has no value left after {wanted + len(taken)}")
        raise Failed(batch.factory, name, rows[len(taken)], ended)
    return taken if it.getter is None else each_row(batch, rows, name, map(it.getter, taken))


def _faker(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    fake, arguments = faker_call(it, context)
    if not any(map(is_declaration, arguments.values())):
        draw = faker_columns.column(fake, it.provider, arguments)
        if isinstance(draw, faker_columns.Calling):
            return each_row(batch, rows, name, draw.each(len(rows)))
        return draw(len(rows), batch.source.rng)
    unrolled = batch.nested(factory.DictFactory, arguments, rows, own_numbers=True)
    each = [unrolled.column(key) for key in arguments]
    method = getattr(fake, it.provider)
    values = (method(**dict(zip(arguments, v, strict=True))) for v in zip(*each, strict=True))
    return each_row(batch, rows, name, values)


def _maybe(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    decided = batch.evaluate(it.decider, {}, rows)
    yes = [row for row, choice in zip(rows, decided, strict=True) if choice]
    no = [row for row, choice in zip(rows, decided, strict=True) if not choice]
    given = iter(batch.evaluate(it.yes, context, yes, name) if yes else ())
    other = iter(batch.evaluate(it.no, context, no, name) if no else ())
    return [next(given) if choice else next(other) for choice in decided]


def _transformer(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    overrides = dict(context)
    value = overrides.pop("", it.default)
    if isinstance(value, it.Force):
        return batch.evaluate(value.forced_value, overrides, rows, name)
    values = batch.evaluate(value, overrides, rows, name)
    return each_row(batch, rows, name, map(it.transform, values))


def _container(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    values = (it.evaluate(Stub(batch, row), RowStep(batch, row), {}) for row in rows)
    return each_row(batch, rows, name, values)


def _sub_factory(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    owner = it.get_factory()
    overrides = arguments_of(it, context)
    if not len(rows):
        return []
    if not makes_rows(owner):
        return _plain_objects(batch.nested(owner, overrides, rows, it.FORCE_SEQUENCE))
    batch.source.admit(owner)
    made = batch.nested(owner, overrides, rows, it.FORCE_SEQUENCE)
    batch.source.made(made)
    given = MadeRows(made)
    return [RowReference(given, row) for row in made.rows]


def _plain_objects(batch: RowBatch) -> list[Any]:
    """The objects of a factory that writes nothing: a dict, a list, a value of a class."""
    make = maker(batch.factory)
    if batch.after or make is None:
        raise NotColumnwise(batch.factory, "its objects are finished one at a time")
    given = given_attributes(batch)
    made = []
    for values in zip(*given.values(), strict=True) if given else [()] * batch.count:
        pairs = zip(given, values, strict=True)
        arguments = {k: v for k, v in pairs if v is not SKIP}
        if any(type(value) is RowReference for value in arguments.values()):
            raise NotColumnwise(batch.factory, "its objects hold rows")
        made.append(make(**arguments))
    return made


def _link(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    return batch.source.drawn(batch, name, it, rows)


def _links(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    return batch.source.linked(batch, name, it, rows)


def _fuzz(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    return each_row(batch, rows, name, (it.fuzz() for _ in rows))


def _fuzzy_choice(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    if it.choices is None:
        it.choices = list(it.choices_generator)
    chosen = batch.source.rng.choices(it.choices, k=len(rows))
    return chosen if it.getter is None else each_row(batch, rows, name, map(it.getter, chosen))


def _fuzzy_integer(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    return batch.source.rng.choices(range(it.low, it.high + 1, it.step), k=len(rows))


def _fuzzy_text(batch: RowBatch, it: Any, context: Any, rows: Any, name: str) -> list[Any]:
    letters = batch.source.rng.choices(it.chars, k=it.length * len(rows))
    return [
        it.prefix + "".join(letters[start : start + it.length]) + it.suffix
        for start in range(0, it.length * len(rows), it.length or 1)
    ] or [it.prefix + it.suffix] * len(rows)


EVALUATORS: dict[type, Callable[..., list[Any]]] = {
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
