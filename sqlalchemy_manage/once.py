"""What is read once for all databases of a command, and not for each of them anew."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")

_kept: dict[Any, Any] | None = None


@contextmanager
def kept() -> Iterator[None]:
    """Meanwhile every function of :func:`once` gives again what it gave for the same arguments."""
    global _kept
    before, _kept = _kept, {} if _kept is None else _kept
    try:
        yield
    finally:
        _kept = before


def keep() -> None:
    """The same until the process ends: it is there for several databases alone."""
    global _kept
    _kept = {} if _kept is None else _kept


def remembered(key: Any, make: Callable[[], _R]) -> _R:
    """What ``make`` gives; inside :func:`kept` what it gave for ``key`` before."""
    if _kept is None:
        return make()
    if key not in _kept:
        _kept[key] = make()
    found: _R = _kept[key]
    return found


def once(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """``function``, called once for the same arguments inside :func:`kept`.

    What it returns is not to be changed by whoever gets it; an error is not kept.
    """

    @functools.wraps(function)
    def calls(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        key = (function, args, tuple(sorted(kwargs.items())))
        return remembered(key, lambda: function(*args, **kwargs))

    return calls
