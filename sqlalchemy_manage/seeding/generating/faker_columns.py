"""Faker's values, a column at a time, from the very distribution of Faker's own methods.

Most of Faker's methods choose one element of a list (``first_name``), or choose a format
and fill its tokens (``name``). Faker does that value by value and adds up the weights of
the list for each; here such a method is run once with a stand-in for its provider, which
shows what is chosen, and a column is drawn from that with the weights added up once. A
method that does anything else is called once for each value.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import FunctionType, MethodType
from typing import Any

import faker
from faker.providers import BaseProvider
from faker.providers.date_time import Provider as DateTime
from faker.providers.misc import Provider as Misc
from faker.providers.python import Provider as Python

_TOKEN = re.compile(r"\{\{\s*(\w+)(:\s*\w+?)?\s*\}\}")
_MANY_DAYS = 100_000  # a list of all of them is still small


class _NotTraceable(Exception):
    """The method does more than choose and fill in."""


def _refuse(*args: Any) -> Any:
    raise _NotTraceable


class _Opaque:
    """What stands for a value that is not drawn yet: nothing can be done with it."""

    __bool__ = __eq__ = __str__ = __format__ = __len__ = __iter__ = _refuse
    __add__ = __radd__ = __mod__ = __rmod__ = __contains__ = __hash__ = _refuse


@dataclass(frozen=True, eq=False)
class Choice(_Opaque):
    """One of ``elements``; ``weights`` are added up, None where all weigh the same."""

    elements: Sequence[Any]
    weights: tuple[float, ...] | None = None

    __hash__ = object.__hash__


@dataclass(frozen=True, eq=False)
class _Filled(_Opaque):
    """A chosen format with its tokens filled in."""

    formats: Choice

    __hash__ = object.__hash__


class _One:
    """A list of one choice, as ``random_choices(..., length=1)`` gives."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice

    def __getitem__(self, index: int) -> Choice:
        if index not in (0, -1):
            raise _NotTraceable
        return self._choice


class _Generator:
    """Stands for a provider's generator: a format can be parsed, nothing can be drawn."""

    def parse(self, text: Any) -> _Filled:
        if isinstance(text, Choice):
            return _Filled(text)
        if isinstance(text, str):
            return _Filled(Choice((text,)))
        raise _NotTraceable

    def __getattr__(self, name: str) -> Any:
        raise _NotTraceable


class _Provider:
    """Stands for a provider: its lists are the real ones, a choice is only noted."""

    def __init__(self, real: BaseProvider) -> None:
        self.__dict__.update(_real=real, generator=_Generator())

    def random_element(self, elements: Any = ("a", "b", "c")) -> Choice:
        return choice_of(self._real, elements)

    def random_choices(self, elements: Any = ("a", "b", "c"), length: int | None = None) -> _One:
        if length != 1:
            raise _NotTraceable
        return _One(choice_of(self._real, elements))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("random") or name in ("bothify", "numerify", "lexify"):
            raise _NotTraceable
        value = getattr(self._real, name)  # AttributeError, as hasattr() in a provider expects
        function = getattr(value, "__func__", None)
        if isinstance(value, MethodType) and isinstance(function, FunctionType):
            return MethodType(function, self)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        raise _NotTraceable


def choice_of(provider: BaseProvider, elements: Any) -> Choice:
    """What ``random_element(elements)`` of the provider draws from."""
    if isinstance(elements, Mapping):
        if provider.__use_weighting__:
            return Choice(tuple(elements), tuple(itertools.accumulate(elements.values())))
        return Choice(tuple(elements))
    return Choice(elements if isinstance(elements, tuple | list | str) else tuple(elements))


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
    if len(fake.factories) != 1:  # several locales: Faker chooses one for each value
        return _one_by_one(getattr(fake, name), arguments)
    generator = fake.factories[0]
    method = generator.get_formatter(name)
    special = _SPECIAL.get(getattr(method, "__func__", None))
    if special is not None and (made := special(method.__self__, **arguments)) is not None:
        return made
    found = traced(method, arguments)
    if isinstance(found, Choice):
        return _Choosing(found)
    if isinstance(found, _Filled) and (filling := _filling(fake, found.formats)) is not None:
        return filling
    return _one_by_one(method, arguments)


def traced(method: Any, arguments: dict[str, Any]) -> Any:
    """What the method chooses from: a Choice, a format, or None where that cannot be told."""
    provider = getattr(method, "__self__", None)
    if not isinstance(provider, BaseProvider) or not isinstance(method.__func__, FunctionType):
        return None
    own = type(provider)
    if own.random_element is not BaseProvider.random_element:
        return None
    if method.__func__ is BaseProvider.random_element:
        return choice_of(provider, arguments.get("elements", ("a", "b", "c")))
    try:
        return method.__func__(_Provider(provider), **arguments)
    except Exception:  # of whatever kind: the method asked for more than there is
        return None


def _one_by_one(method: Callable[..., Any], arguments: dict[str, Any]) -> Column:
    return lambda count, rng: [method(**arguments) for _ in range(count)]


class _Choosing:
    """Draws from a list."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice

    def __call__(self, count: int, rng: random.Random) -> list[Any]:
        return rng.choices(self.choice.elements, cum_weights=self.choice.weights, k=count)


def elements(drawing: Column) -> Sequence[Any] | None:
    """All values that a column can have; None where that is not known."""
    return drawing.choice.elements if isinstance(drawing, _Choosing) else None


def _filling(fake: faker.Faker, formats: Choice) -> Column | None:
    compiled = []
    for text in formats.elements:
        tokens = _TOKEN.findall(text)
        if any(group for _, group in tokens):
            return None
        template = _TOKEN.sub("\0", text).replace("{", "{{").replace("}", "}}")
        compiled.append((template.replace("\0", "{}").format, [t for t, _ in tokens]))

    def draw(count: int, rng: random.Random) -> list[Any]:
        chosen = rng.choices(range(len(compiled)), cum_weights=formats.weights, k=count)
        texts = []
        for index, (template, tokens) in enumerate(compiled):
            many = chosen.count(index)
            values = [column(fake, token, {})(many, rng) for token in tokens]
            texts.append(map(template, *values) if values else itertools.repeat(template(), many))
        return [next(texts[index]) for index in chosen]

    return draw


def _dates(provider: DateTime, start_date: Any = "-30y", end_date: Any = "today") -> Column | None:
    """Faker draws a moment between the two midnights and takes its date."""
    first, last = provider._parse_date(start_date), provider._parse_date(end_date)
    days = last.toordinal() - first.toordinal()
    if not 0 < days <= _MANY_DAYS:
        return None
    dates = [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal())]
    return _Choosing(Choice(dates))


def _booleans(provider: Misc, chance_of_getting_true: int = 50) -> Column:
    chance = max(0, min(100, int(chance_of_getting_true)))
    return _Choosing(Choice((True,) * chance + (False,) * (100 - chance)))


def _integers(
    provider: BaseProvider, min_value: int = 0, max_value: int = 9999, step: int = 1
) -> Column | None:
    numbers = range(min_value, max_value + 1, step)
    return _Choosing(Choice(numbers)) if len(numbers) else None


def _random_int(
    provider: BaseProvider, min: int = 0, max: int = 9999, step: int = 1
) -> Column | None:
    return _integers(provider, min, max, step)


_SPECIAL: dict[Any, Callable[..., Column | None]] = {
    DateTime.date_between: _dates,
    Misc.boolean: _booleans,
    Python.pyint: _integers,
    BaseProvider.random_int: _random_int,
}
