"""The SQL that sqlmigrate shows does what migrate does: on every shape, up and back.

All on the servers too: TEST_CASES=all python manage.py test tests/migrations/test_shown_sql.py
Random models: python tests/reliability/evolve.py BACKEND COUNT --sql
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.databases import BACKENDS
from support.plain import SHAPES, shape
from support.programs import ROOT, run
from support.project import ProjectFolder
from support.shown_sql import has_program, run_sql, show_and_run


def runs() -> Iterator[Any]:
    """Each shape on one database, and on all with TEST_CASES=all."""
    slow = pytest.mark.slow(reason="a big table of cases")
    every = os.environ.get("TEST_CASES") == "all"
    for place, backend in enumerate(BACKENDS):
        for number, name in enumerate(SHAPES):
            if every or number % 3 == place:
                marks = [slow] if number % 12 > 2 else []
                yield pytest.param(name, backend, id=f"{backend}-{name}", marks=marks)


@pytest.mark.parametrize(("name", "backend"), list(runs()))
def test_the_sql_does_what_the_revision_does(
    name: str, backend: str, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    if not has_program(backend):
        pytest.skip(f"the program of {backend} is not installed")
    app = ProjectFolder(tmp_path / "project", new_database(backend))
    show_and_run(app, new_database(backend), shape(name))


def test_the_sample_project(backend: str, new_database: Callable[..., str], tmp_path: Path) -> None:
    if not has_program(backend):
        pytest.skip(f"the program of {backend} is not installed")
    applied, shown = new_database(backend), new_database(backend)
    names = sorted(path.stem for path in (ROOT / "migrations" / "versions").glob("*.py"))
    for name in names:
        sql = run(ROOT, "manage.py", "sqlmigrate", name, url=shown)
        assert sql.code == 0, sql
        run_sql(shown, sql.stdout)
    assert run(ROOT, "manage.py", "migrate", url=applied).code == 0
    assert _columns(shown) == _columns(applied)
    for name in reversed(names):
        sql = run(ROOT, "manage.py", "sqlmigrate", name, "--backwards", url=shown)
        assert sql.code == 0, sql
        run_sql(shown, sql.stdout)
    # Alembic 1.18 drops its own table with the first revision.
    assert set(_columns(shown)) <= {"alembic_version"}


def _columns(url: str) -> dict[str, str]:
    inspector = sa.inspect(sa.create_engine(url, poolclass=sa.NullPool))
    names = [n for n in inspector.get_table_names() if not n.startswith("sqlalchemy_manage_")]
    return {name: repr(inspector.get_columns(name)) for name in names}
