"""How much of a chunk is made, told while its values are evaluated.

Columns come one after the other, and what they are going to take is unknown. So a column that is
done before anything is told takes nothing of the bar, and one that takes long moves it from where
it is, row by row, towards its part of what is left.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import factory
from factory import fuzzy

from ..factory_boy_internals import is_declaration
from ..links import Link, Links

_EVERY = 0.1
"""Seconds between two reports at least."""
_GLANCE = 0.01
"""Seconds that the values between two looks at the clock should take at most."""
_MOST = 64  # values between two looks
_DRAWN = (Link, Links, factory.SelfAttribute, factory.PostGeneration, fuzzy.BaseFuzzyAttribute)
_MOSTLY_FAST = (factory.Faker, factory.Sequence, factory.Iterator)


def weight(declaration: Any) -> float:
    """A guess of what a column takes, against one that calls a user's function for each row."""
    if not is_declaration(declaration) or isinstance(declaration, _DRAWN):
        return 0.0
    fast = isinstance(declaration, _MOSTLY_FAST)
    return 0.1 if fast and not isinstance(declaration, factory.LazyAttributeSequence) else 1.0


class ChunkProgress:
    """``tell`` is called with how many of the ``count`` rows that much work stands for: never
    with all, as they are not written, and never with fewer than before."""

    def __init__(self, count: int = 0, tell: Callable[[int], None] = lambda rows: None) -> None:
        self.count = count
        self.tell = tell
        self.rows = 0  # told
        self.done = 0.0  # the share that was told
        self.end = 1.0  # the share that is done when the work at hand is
        self._told_at = time.monotonic()

    def enter(self, part: float) -> float:
        """Begin with a part of the work at hand; returns what ``end`` is after it."""
        end = self.end
        self.end = self.done + (end - self.done) * part
        return end

    def collect(self, found: list[Any], values: Iterator[Any], count: int) -> None:
        """Add all ``values``, about ``count``, to ``found``; those before one that raises, too."""
        begun, first, known = self.done, 0, self.done
        size, now = 1, time.monotonic()
        while True:
            before = len(found)
            found.extend(itertools.islice(values, size))
            if len(found) - before < size:
                return
            last, now = now, time.monotonic()
            size = min(2 * size, _MOST) if now - last < _GLANCE else max(size // 4, 1)
            if now - self._told_at < _EVERY:
                continue
            if self.done != known:  # by a column that one of these values asked for
                begun, first = self.done, before
            share = (len(found) - first) / max(count - first, 1)
            self._reach(begun + (self.end - begun) * share, now)
            known = self.done

    def _reach(self, share: float, now: float) -> None:
        self.done, self._told_at = max(self.done, min(share, self.end)), now
        rows = min(int(self.done * self.count + 1e-6), self.count - 1)
        if rows > self.rows:
            self.rows = rows
            self.tell(rows)
