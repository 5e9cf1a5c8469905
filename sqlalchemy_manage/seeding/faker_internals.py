"""What Faker does not document: every use of it is here, and in no other module.

A test fails for each name whose meaning changes: tests/seeding/test_faker_internals.py.

- ``Faker.factories``, ``Generator.get_formatter()``, ``Generator.random``, and
  ``faker.generator.random``, the numbers that all generators share.
- ``BaseProvider``: its methods draw by ``random_element()`` and ``random_choices()`` of the
  provider and fill formats by ``parse()`` of its ``generator``; ``__use_weighting__`` says whether
  the weights of a list count. What else draws begins with ``random``, or is ``bothify``,
  ``numerify`` or ``lexify``.
- The tokens of a format: ``{{name}}`` and ``{{name:group}}``.
- ``date_time.Provider._parse_date()``; the parameters of ``date_between()``, ``boolean()``,
  ``pyint()`` and ``random_int()``, and the values that they draw from.
- ``UniqueProxy``, the type of ``Faker.unique``, which the functions that it makes refer to.

Most of Faker's methods choose one element of a list (``first_name``), or choose a format and fill
its tokens (``name``). :func:`traced` runs such a method once with a stand-in for its provider,
which shows what is chosen.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from types import FunctionType, MethodType
from typing import Any

import faker
import faker.generator
from faker.providers import BaseProvider
from faker.providers.date_time import Provider as DateTime
from faker.providers.misc import Provider as Misc
from faker.providers.python import Provider as Python
from faker.proxy import UniqueProxy  # type: ignore[attr-defined]

__all__ = ["Choice", "Filled", "UniqueProxy", "drawing_from", "drawn", "method_of", "split_format"]

_shared_random = faker.generator.random
_TOKEN = re.compile(r"\{\{\s*(\w+)(:\s*\w+?)?\s*\}\}")
_MANY_DAYS = 100_000  # a list of all of them is still small


@contextmanager
def drawing_from(numbers: random.Random, fakes: Iterable[faker.Faker]) -> Iterator[None]:
    """The Fakers that share their numbers draw from ``numbers``; afterwards as before."""
    generators = [generator for fake in fakes for generator in fake.factories]
    sources = [generator.random for generator in generators]
    before = _shared_random.getstate()
    _shared_random.setstate(numbers.getstate())
    for generator in generators:
        if generator.random is _shared_random:
            generator.random = numbers
    try:
        yield
    finally:
        for generator, source in zip(generators, sources, strict=True):
            generator.random = source
        _shared_random.setstate(before)


class _NotTraceable(Exception):
    """The method does more than choose and fill in."""


def _refuse(*args: Any) -> Any:
    raise _NotTraceable


class _Opaque:
    """A placeholder for a value that is not drawn yet: nothing can be done with it."""

    __bool__ = __eq__ = __str__ = __format__ = __len__ = __iter__ = _refuse
    __add__ = __radd__ = __mod__ = __rmod__ = __contains__ = __hash__ = _refuse


@dataclass(frozen=True, eq=False)
class Choice(_Opaque):
    """One of ``elements``; ``weights`` are added up, None where all weigh the same."""

    elements: Sequence[Any]
    weights: tuple[float, ...] | None = None

    __hash__ = object.__hash__


@dataclass(frozen=True, eq=False)
class Filled(_Opaque):
    """A chosen format with its tokens filled in."""

    formats: Choice

    __hash__ = object.__hash__


class _Generator:
    """Replaces a provider's generator: a format can be parsed, nothing can be drawn."""

    def parse(self, text: Any) -> Filled:
        if isinstance(text, Choice):
            return Filled(text)
        if isinstance(text, str):
            return Filled(Choice((text,)))
        raise _NotTraceable

    def __getattr__(self, name: str) -> Any:
        raise _NotTraceable


class _Provider:
    """Replaces a provider: its lists are the real ones, a choice is only recorded."""

    def __init__(self, real: BaseProvider) -> None:
        self.__dict__.update(_real=real, generator=_Generator())

    def random_element(self, elements: Any = ("a", "b", "c")) -> Choice:
        return choice_of(self._real, elements)

    def random_choices(
        self, elements: Any = ("a", "b", "c"), length: int | None = None
    ) -> tuple[Choice]:
        if length != 1:
            raise _NotTraceable
        return (choice_of(self._real, elements),)

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


def method_of(fake: faker.Faker, name: str) -> Callable[..., Any]:
    """The method behind ``fake.<name>``; AttributeError for a name that Faker does not know."""
    if len(fake.factories) == 1:
        method: Callable[..., Any] = fake.factories[0].get_formatter(name)
        return method
    getattr(fake, name)
    # Of several locales Faker chooses one each time that the name is looked up.
    return lambda **arguments: getattr(fake, name)(**arguments)


def drawn(method: Callable[..., Any], arguments: dict[str, Any]) -> Choice | Filled | None:
    """What a method chooses or fills in; None if that is unknown."""
    special = _SPECIAL.get(getattr(method, "__func__", None))
    if special is not None:
        provider: Any = getattr(method, "__self__", None)
        if (choice := special(provider, **arguments)) is not None:
            return choice
    found = traced(method, arguments)
    return found if isinstance(found, Choice | Filled) else None


def traced(method: Any, arguments: dict[str, Any]) -> Any:
    """What the method chooses from: a Choice, a format, or None if that is unknown."""
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


def split_format(text: str) -> tuple[str, list[str]] | None:
    """A format as ``str.format`` takes it, and the names of its tokens; None where a token is of
    a group."""
    tokens = _TOKEN.findall(text)
    if any(group for _, group in tokens):
        return None
    template = _TOKEN.sub("\0", text).replace("{", "{{").replace("}", "}}")
    return template.replace("\0", "{}"), [name for name, _ in tokens]


def _dates(provider: DateTime, start_date: Any = "-30y", end_date: Any = "today") -> Choice | None:
    """Faker draws a moment between the two midnights and takes its date."""
    first, last = provider._parse_date(start_date), provider._parse_date(end_date)
    days = range(first.toordinal(), last.toordinal())
    return Choice(list(map(date.fromordinal, days))) if 0 < len(days) <= _MANY_DAYS else None


def _booleans(provider: Misc, chance_of_getting_true: int = 50) -> Choice:
    chance = max(0, min(100, int(chance_of_getting_true)))
    return Choice((True,) * chance + (False,) * (100 - chance))


def _integers(
    provider: BaseProvider, min_value: int = 0, max_value: int = 9999, step: int = 1
) -> Choice | None:
    numbers = range(min_value, max_value + 1, step)
    return Choice(numbers) if len(numbers) else None


_SPECIAL: dict[Any, Callable[..., Choice | None]] = {
    DateTime.date_between: _dates,
    Misc.boolean: _booleans,
    Python.pyint: _integers,
    BaseProvider.random_int: lambda it, min=0, max=9999, step=1: _integers(it, min, max, step),
}
