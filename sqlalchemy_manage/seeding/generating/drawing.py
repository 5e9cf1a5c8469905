"""Which rows of a pool others are linked to."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING

from ...errors import SeedError
from ...fitting import count as counted
from ..links import Link, Links
from .pools import Linked, Pool, Pools
from .randomness import seeded

if TYPE_CHECKING:
    import random


@dataclass(frozen=True)
class Drawing:
    """Draws with ``rng``; unique draws depend on the random seed and the row's place."""

    random_seed: int
    rng: random.Random
    pools: Pools

    def one_each(
        self,
        link: Link | None,
        pool: Pool,
        count: int,
        label: str,
        place: int,
        unique: bool = False,
    ) -> list[int]:
        """A row for each of ``count`` rows from ``place`` on, as the link declares; without
        one, each as likely as any other, and ``unique`` at most once."""
        if not pool.size and not pool.linked:
            raise SeedError(
                f"{label} refers to a row of {pool.table}, and there is none. Nothing was written.",
                f"Seed {pool.table} first, or in the same command.",
            )
        if unique or (link is not None and link.unique):
            if place + count > pool.size:
                raise _too_few(label, place + count, pool)
            step, shift = self._permutation(pool, label)
            return [((place + n) * step + shift) % pool.size for n in range(count)]
        sums = None if link is None else self.pools.sums(link, pool)
        return self.rng.choices(range(pool.size), cum_weights=sums, k=count)

    def several(self, links: Links, pool: Pool, count: int, label: str, place: int) -> Linked:
        """Between ``min`` and ``max`` different rows for each of ``count`` from ``place`` on."""
        if pool.size + pool.linked < links.min:
            raise SeedError(
                f"{label} links each row to at least {counted(links.min, 'row')} of {pool.table}, "
                f"and there {'is' if pool.size == 1 else 'are'} {pool.size}. Nothing was written.",
                f"Seed more of {pool.table} first, or lower min.",
            )
        most = min(links.max, pool.size)
        counts = self.rng.choices(range(links.min, most + 1), k=count)
        if links.unique:
            return self._unique(pool, counts, most, label, place)
        sums = self.pools.sums(links, pool)
        flat = self.rng.choices(range(pool.size), cum_weights=sums, k=sum(counts))
        start = 0
        for number in counts:
            if number > 1 and len(set(flat[start : start + number])) < number:
                drawn = flat[start : start + number]
                flat[start : start + number] = self._different(pool.size, sums, drawn)
            start += number
        return Linked(pool, counts, flat)

    def _unique(self, pool: Pool, counts: list[int], most: int, label: str, place: int) -> Linked:
        """Row n has places n * most ... of a permutation of the pool to itself."""
        if (place + len(counts)) * most > pool.size:
            raise _too_few(label, (place + len(counts)) * most, pool)
        step, shift = self._permutation(pool, label)
        flat = [
            (((place + row) * most + n) * step + shift) % pool.size
            for row, count in enumerate(counts)
            for n in range(count)
        ]
        return Linked(pool, counts, flat)

    def _permutation(self, pool: Pool, label: str) -> tuple[int, int]:
        """``n -> (n * step + shift) % size`` is one, where step and size share no factor."""
        numbers = seeded(self.random_seed, "permutation", label)
        step = numbers.randrange(1, pool.size + 1)
        while gcd(step, pool.size) != 1:
            step = numbers.randrange(1, pool.size + 1)
        return step, numbers.randrange(pool.size)

    def _different(self, size: int, sums: list[float] | None, drawn: list[int]) -> list[int]:
        """As many different rows: those drawn, and more for the ones that came twice."""
        chosen = dict.fromkeys(drawn)
        for _ in range(10_000):
            if sums is None:  # as Random.choices draws, which takes several times as long for one
                chosen.setdefault(int(self.rng.random() * size))
            else:
                chosen.setdefault(self.rng.choices(range(size), cum_weights=sums)[0])
            if len(chosen) == len(drawn):
                return list(chosen)
        raise SeedError(
            f"The weights of a link leave fewer than {counted(len(drawn), 'row')} to choose from. "
            "Nothing was written."
        )


def _too_few(label: str, wanted: int, pool: Pool) -> SeedError:
    there = f"there {'is' if pool.size == 1 else 'are'} {pool.size:,}"
    if pool.linked:
        there = f"{pool.size:,} of {pool.size + pool.linked:,} are free, others have a link"
    return SeedError(
        f"{label} links no row twice and needs {counted(wanted, 'row')} of {pool.table}; {there}. "
        "Nothing was written.",
        f"Seed more of {pool.table}, or fewer of the others.",
    )
