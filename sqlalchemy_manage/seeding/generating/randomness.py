"""Random numbers that depend on the random seed and the place in the seed, and on nothing else."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..factory_boy_internals import fakers, randgen
from ..faker_internals import drawing_from


class Remembering(random.Random):
    """Adds up the weights of a list once, where Faker passes them again for each value.

    The values are those of Random.choices: it does the same sum.
    """

    def __init__(self, seed: str) -> None:
        super().__init__(seed)
        self._sums: dict[int, tuple[Any, Any, list[float]]] = {}

    def choices(
        self, population: Any, weights: Any = None, *, cum_weights: Any = None, k: int = 1
    ) -> list[Any]:
        if weights is not None and isinstance(population, tuple):
            known = self._sums.get(id(population))
            if known is None or known[1] != weights:
                known = (population, weights, list(itertools.accumulate(weights)))
                self._sums[id(population)] = known
            return super().choices(population, cum_weights=known[2], k=k)
        return super().choices(population, weights, cum_weights=cum_weights, k=k)


def seeded(random_seed: int, *place: object) -> random.Random:
    """Numbers of their own for a place: ``seeded(7, "EmployeeFactory", 3)``.

    A text seed goes through SHA-512 (random.seed, version 2), the same on every Python.
    """
    return random.Random("/".join(map(str, (random_seed, *place))))


@contextmanager
def everywhere(random_seed: int, *place: object) -> Iterator[random.Random]:
    """Python's, factory_boy's and Faker's numbers start at a place; afterwards they continue as
    if nothing had been. The numbers that are yielded are the caller's own."""
    own, python, boy = (seeded(random_seed, *place, who) for who in ("own", "python", "boy"))
    numbers = Remembering("/".join(map(str, (random_seed, *place, "faker"))))
    before = random.getstate(), randgen.getstate()
    random.setstate(python.getstate())
    randgen.setstate(boy.getstate())
    try:
        with drawing_from(numbers, fakers()):
            yield own
    finally:
        random.setstate(before[0])
        randgen.setstate(before[1])
