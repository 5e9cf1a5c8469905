"""The same commands on models written in every way: miniature projects of tests/projects."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.programs import run

PROJECTS = {
    "flask_sqlalchemy": "flask_sqlalchemy",
    "sqlmodel": "sqlmodel",
    "advanced_alchemy": "advanced_alchemy",
    "core_only": None,
    "imperative": None,
    "two_metadata": None,
    "spread": None,
    "variety": None,
    "automap": None,
}
"""Project -> the library that it needs."""

LABELS = {
    "core_only": {"shop.author", "shop.book", "shop.log", "shop.shelf", "shop.wrote"},
    "imperative": {"shop.allocations", "shop.batch", "shop.line", "shop.product"},
    "two_metadata": {"audit.event", "shop.customer", "shop.order", "shop.rate"},
    "spread": {"common.country", "shop.customer", "shop.order", "stock.item", "stock.place"},
    "automap": {"shop.tag", "shop.text", "shop.writer"},
}


@pytest.mark.parametrize("name", PROJECTS)
def test_every_command(
    name: str, backend: str, database_url: str, copy_project: Callable[[str], Path]
) -> None:
    library = PROJECTS[name]
    if library is not None and find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    folder = copy_project(name)

    def done(*args: object) -> str:
        result = run(folder, "manage.py", *args, url=database_url)
        assert result.code == 0, (args, result)
        return result.stdout

    if not (folder / "migrations").exists():
        done("makemigrations", "--no-input")
    done("migrate")
    done("makemigrations", "--check")
    done("check")
    done("seed", "--auto", "--random-seed", "7")
    assert "links ok" in done("checklinks")
    first = done("dumpdata")
    done("dumpdata", "-o", "all.json")
    labels = set(done("shell", "-c", "print(*project.labels)").split())
    if name in LABELS:
        assert labels == LABELS[name]
    # The one has no key; of the other, no argument of the constructor makes rows.
    without_rows = {"shop.log", "shop.allocations"}
    assert all(f'"model": "{label}"' in first for label in labels - without_rows)
    done("flush", "--no-input")
    assert '"model"' not in done("dumpdata")
    done("loaddata", folder / "all.json")
    assert done("dumpdata") == first
    done("migrate", "zero", "--allow-data-loss", "--no-input")
    done("migrate")
    done("makemigrations", "--check")
