"""Random models that change at random, a few of them; ``evolve.py`` runs as many as are wanted."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import randoms
from support.evolution import walk
from support.project import ProjectFolder
from support.random_models import evolution

pytestmark = pytest.mark.slow(reason="dozens of projects")


@pytest.mark.parametrize(
    ("backend", "examples"), [("sqlite", 30), ("postgresql", 10), ("mariadb", 10)]
)
def test_every_value_survives(
    backend: str, examples: int, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    numbers = itertools.count()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(randoms(use_true_random=False))
    def run(random: Random) -> None:
        folder = tmp_path / f"project{next(numbers)}"
        walk(ProjectFolder(folder, new_database(backend)), evolution(random))

    run()
