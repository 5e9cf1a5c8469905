"""Faker's values, a column at a time, with the same distribution as Faker's own methods.

Faker chooses value by value, and adds up the weights of a list for each. Here a column is drawn
from the list that a method chooses from, with the weights added up once. A method that does
anything else is called once for each value.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import faker

from ..faker_internals import Choice, Filled, drawn, method_of, split_format

Column = Callable[[int, random.Random], list[Any]]
"""Takes how many values, and the numbers to draw them with."""

_known: dict[tuple[int, str], Column] = {}


def column(fake: faker.Faker, name: str, arguments: dict[str, Any]) -> Column:
    """How to draw many values of ``fake.<name>(**arguments)``.

    Raises AttributeError for a name that Faker does not know.
    """
    if arguments:
        return _column(fake, name, arguments)
    key = (id(fake), name)
    if key not in _known:
        _known[key] = _column(fake, name, arguments)
    return _known[key]


def _column(fake: faker.Faker, name: str, arguments: dict[str, Any]) -> Column:
    method = method_of(fake, name)
    found = drawn(method, arguments)
    if isinstance(found, Choice):
        return _Choosing(found)
    if isinstance(found, Filled) and (filling := _filling(fake, found.formats)) is not None:
        return filling
    return Calling(method, arguments)


@dataclass
class Calling:
    """Calls a method for each value."""

    method: Callable[..., Any]
    arguments: dict[str, Any]

    def each(self, count: int) -> Iterator[Any]:
        return (self.method(**self.arguments) for _ in range(count))

    def __call__(self, count: int, rng: random.Random) -> list[Any]:
        return list(self.each(count))


@dataclass
class _Choosing:
    """Draws from a list."""

    choice: Choice

    def __call__(self, count: int, rng: random.Random) -> list[Any]:
        return rng.choices(self.choice.elements, cum_weights=self.choice.weights, k=count)


def elements(drawing: Column) -> Sequence[Any] | None:
    """All values that a column can have; None if that is not known."""
    return drawing.choice.elements if isinstance(drawing, _Choosing) else None


def _filling(fake: faker.Faker, formats: Choice) -> Column | None:
    compiled = []
    for text in formats.elements:
        if (parts := split_format(text)) is None:
            return None
        compiled.append((parts[0].format, parts[1]))

    def draw(count: int, rng: random.Random) -> list[Any]:
        chosen = rng.choices(range(len(compiled)), cum_weights=formats.weights, k=count)
        texts = []
        for index, (template, tokens) in enumerate(compiled):
            many = chosen.count(index)
            values = [column(fake, token, {})(many, rng) for token in tokens]
            texts.append(map(template, *values) if values else itertools.repeat(template(), many))
        return [next(texts[index]) for index in chosen]

    return draw
