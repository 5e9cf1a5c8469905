"""Random classes, whole and damaged, a few; ``damage.py`` runs as many as are wanted."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
import sqlalchemy as sa
from support.link_damage import clean_then_damaged, key_damaged
from support.random_links import World


@pytest.mark.parametrize(
    ("backend", "examples"), [("sqlite", 15), ("postgresql", 5), ("mariadb", 5)]
)
def test_whole_links_raise_no_alarm_and_damage_is_named(
    backend: str, examples: int, new_database: Callable[..., str]
) -> None:
    engine = sa.create_engine(new_database(backend), poolclass=sa.NullPool)
    for seed in range(examples):
        world = World(Random(seed))
        clean_then_damaged(world, engine, Random(seed))
        if seed % 4 == 0:
            key_damaged(world, engine, Random(seed))
