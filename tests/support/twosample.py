"""Whether two samples come from one distribution: chi-square over categories."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

LIMIT = 1e-6
"""Samples of one distribution are less alike than this once in a million comparisons."""

SEEN = 20  # a category seen less often than this in both samples is put together with others
BINS = 20


def p_value(ours: Sequence[Any], theirs: Sequence[Any]) -> float:
    """The chance that samples of one distribution differ as much as these two, or more.

    They are compared by value (rare ones taken together), by quantiles, and by the length
    of the text; each time over all categories, and by the one that differs most, which
    would drown among many others. The least chance is taken, times the number of
    comparisons.
    """
    chances = []
    for view in _views([*ours, *theirs]):
        cells = _cells(view[: len(ours)], view[len(ours) :])
        total = (len(ours), len(theirs))
        chances.append(_tail(_chi_square(cells, total), len(cells) - 1))
        if len(cells) > 2:
            chances.append(len(cells) * min(_alone(cell, total) for cell in cells))
    return min(1.0, min(chances) * len(chances))


def _views(pooled: list[Any]) -> Iterator[list[Hashable]]:
    counts = Counter(pooled)
    yield [value if counts[value] >= SEEN else "rare" for value in pooled]
    ordered = sorted(value for value in pooled if value is not None)
    edges = sorted({ordered[len(ordered) * i // BINS] for i in range(BINS)} if ordered else ())
    yield [None if value is None else bisect_right(edges, value) for value in pooled]
    yield [len(str(value)) for value in pooled]


def _cells(ours: list[Hashable], theirs: list[Hashable]) -> list[tuple[int, int]]:
    """How often each category was seen in the two; those seen seldom are one category."""
    first, second = Counter(ours), Counter(theirs)
    cells, rest = [], (0, 0)
    for category in {**first, **second}:
        cell = first[category], second[category]
        if sum(cell) < SEEN:
            rest = rest[0] + cell[0], rest[1] + cell[1]
        else:
            cells.append(cell)
    return [*cells, rest] if sum(rest) else cells


def _chi_square(cells: list[tuple[int, int]], total: tuple[int, int]) -> float:
    one, two = math.sqrt(total[1] / total[0]), math.sqrt(total[0] / total[1])
    return sum((one * a - two * b) ** 2 / (a + b) for a, b in cells)


def _alone(cell: tuple[int, int], total: tuple[int, int]) -> float:
    others = total[0] - cell[0], total[1] - cell[1]
    if not sum(others):
        return 1.0
    return math.erfc(math.sqrt(_chi_square([cell, others], total) / 2))


def _tail(chi_square: float, freedom: int) -> float:
    """The upper tail of the chi-square distribution, as Wilson and Hilferty approximate it."""
    if freedom < 1:
        return 1.0
    if freedom == 1:
        return math.erfc(math.sqrt(chi_square / 2))
    spread = 2 / (9 * freedom)
    z = ((chi_square / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    return math.erfc(z / math.sqrt(2)) / 2
