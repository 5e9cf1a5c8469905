"""Sets of factories as people write them: what ``seed`` makes is what ``create_batch`` makes.

All on the servers too: TEST_CASES=all python manage.py test tests/seeding/test_factory_sets.py
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.databases import BACKENDS
from support.factory_sets import SETS, FactorySet, SeededSet

NAMES = sorted(path.stem for path in SETS.glob("*.py"))


def runs() -> Iterator[Any]:
    """Every set on SQLite and on one server, on both with TEST_CASES=all."""
    slow = pytest.mark.slow(reason="a big table of cases")
    every = os.environ.get("TEST_CASES") == "all"
    for place, backend in enumerate(BACKENDS):
        for number, name in enumerate(NAMES):
            if every or backend == "sqlite" or number % 2 == place - 1:
                marks = [slow] if number % 4 else []
                yield pytest.param(name, backend, id=f"{backend}-{name}", marks=marks)


@pytest.mark.parametrize(("name", "backend"), list(runs()))
def test_seeded_as_created(
    name: str, backend: str, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    SeededSet(FactorySet(name), tmp_path / "project", lambda: new_database(backend)).prove()


def test_there_are_as_many_sets_as_promised() -> None:
    assert len(NAMES) >= 30
