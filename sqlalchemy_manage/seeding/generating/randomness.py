"""Random numbers that depend on the random seed and the place in the seed, and on nothing else."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..factory_boy_internals import fakers, randgen
from ..faker_internals import shared_random


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
    generators = [generator for fake in fakers() for generator in fake.factories]
    before = random.getstate(), randgen.getstate(), shared_random.getstate()
    sources = [generator.random for generator in generators]
    random.setstate(python.getstate())
    randgen.setstate(boy.getstate())
    shared_random.setstate(numbers.getstate())
    for generator in generators:
        if generator.random is shared_random:
            generator.random = numbers
    try:
        yield own
    finally:
        for generator, source in zip(generators, sources, strict=True):
            generator.random = source
        random.setstate(before[0])
        randgen.setstate(before[1])
        shared_random.setstate(before[2])
