"""Models without a naming convention, as most people write them: up, down and up, with rows.

All on the servers too: TEST_CASES=all python manage.py test tests/migrations/test_plain.py
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.databases import BACKENDS
from support.evolution import walk
from support.plain import SHAPES, shape
from support.programs import PROJECTS
from support.project import ProjectFolder


def runs() -> Iterator[Any]:
    """Every shape on SQLite and on one server, on both with TEST_CASES=all."""
    slow = pytest.mark.slow(reason="a big table of cases")
    every = os.environ.get("TEST_CASES") == "all"
    for place, backend in enumerate(BACKENDS):
        for number, name in enumerate(SHAPES):
            if every or backend == "sqlite" or number % 2 == place - 1:
                marks = [slow] if number % 4 else []
                yield pytest.param(name, backend, id=f"{backend}-{name}", marks=marks)


@pytest.mark.parametrize(("name", "backend"), list(runs()))
def test_plain(name: str, backend: str, tmp_path: Path, new_database: Callable[..., str]) -> None:
    walk(ProjectFolder(tmp_path / "project", new_database(backend)), shape(name))


def test_the_table_has_every_shape() -> None:
    table = (PROJECTS / "plain" / "README.md").read_text()
    assert re.findall(r"^\| (\w+) \|.*passes on all three", table, re.M) == SHAPES
