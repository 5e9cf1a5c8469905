"""Models without a naming convention, as most people write them: up, down and up, with rows.

All on the servers too: TEST_CASES=all python manage.py test tests/migrations/test_plain.py
"""

from __future__ import annotations

import datetime
import decimal
import os
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.databases import BACKENDS
from support.evolution import Evolution, walk
from support.programs import PROJECTS
from support.project import ProjectFolder

SHAPES = sorted(path.stem for path in (PROJECTS / "plain").glob("*.py"))
NAMES: dict[str, Any] = {"datetime": datetime, "decimal": decimal, "uuid": uuid}


def shape(name: str) -> Evolution:
    """The cells of ``tests/projects/plain/NAME.py``; those for Django are left out."""
    _, *parts = re.split(
        r"^# %% (.+)\n", (PROJECTS / "plain" / f"{name}.py").read_text(), flags=re.M
    )
    cells = dict(zip(parts[::2], parts[1::2], strict=True))
    literals = {
        cell: eval(cells[cell].strip(), dict(NAMES))
        for cell in ("rows", "names", "becomes")
        if cell in cells
    }
    return Evolution(cells["before"], cells["after"], **literals)


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
