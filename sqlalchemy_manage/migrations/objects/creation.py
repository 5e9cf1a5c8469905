"""The order in which views, functions and triggers can be created."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from ...statements import KINDS


class Named(Protocol):
    """Anything with the kind and the name of a view, function or trigger."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


def creation_order(items: Iterable[T], names: Callable[[T], frozenset[str]]) -> list[T]:
    """``items`` with each after those whose name it uses; functions, views, triggers otherwise.

    ``names`` gives the names that the statement of an item uses.
    """
    waiting = sorted(items, key=lambda item: KINDS.index(item.kind))
    placed: list[T] = []
    seen: set[int] = set()

    def place(item: T) -> None:
        if id(item) in seen:
            return
        seen.add(id(item))
        for other in waiting:
            # Nothing is built on a trigger, whose name is often that of its function.
            if other.kind != "trigger" and other.name.lower() in names(item):
                place(other)
        placed.append(item)

    for item in waiting:
        place(item)
    return placed
