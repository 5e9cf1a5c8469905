"""Renames and changes, with rows: there, back and there again, on every database.

In full: TEST_CASES=all python manage.py test tests/migrations/test_cases.py -n auto
"""

from __future__ import annotations

import fnmatch
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.cases import CASES
from support.cases.case import Case
from support.databases import BACKENDS
from support.project import ProjectFolder


def asked(app: ProjectFolder, case: Case, number: int) -> Any:
    """The answer of the case's query, after its statement in the old names or in the new."""
    if not case.reads:
        return None
    with app.engine.connect() as connection:
        if case.writes[number]:
            connection.exec_driver_sql(case.writes[number])
        found = connection.exec_driver_sql(case.reads).all()
        connection.rollback()
    return sorted(map(tuple, found), key=repr)


def unchanged(app: ProjectFolder) -> None:
    checked = app.manage("makemigrations", "--check", "--no-input")
    assert checked.code == 0, checked


def fits(words: list[str], patterns: tuple[str, ...]) -> bool:
    return len(words) == len(patterns) and all(map(fnmatch.fnmatchcase, words, patterns))


def go(app: ProjectFolder, case: Case) -> None:
    if case.first:
        app.execute(case.first)
    app.begin(case.before)
    app.insert(case.rows)
    app.by_hand(case.sql)
    data, schema, answer = app.data(), app.schema(), asked(app, case, 0)

    app.models(case.changed)
    made = json.loads(app.done("makemigrations", "--no-input", "--json", *case.flags).stdout)
    words = [operation["words"] for operation in made["operations"]]
    text = app.newest()
    assert fits(words, case.does), (words, text)
    app.done("migrate")
    upgraded = app.data()
    assert upgraded == case.expected(data), text
    assert asked(app, case, 1) == answer, text
    unchanged(app)

    app.models(case.before)
    app.done("migrate", "-1")
    assert app.data() == case.undone(data), text
    described = app.schema()
    for place in case.nullable:
        table, _, name = place.rpartition(".")
        (column,) = (c for c in described[table]["columns"] if c["name"] == name)
        assert column["nullable"]
        column["nullable"] = False
    assert described == schema, text
    assert asked(app, case, 0) == answer, text
    if not case.nullable:
        with app.without_newest():
            unchanged(app)

    app.models(case.changed)
    app.done("migrate")
    if not case.lost:
        assert app.data() == upgraded, text
    assert asked(app, case, 1) == answer, text
    unchanged(app)
    metadata = app.metadata
    for table, id_ in case.next_id.items():
        with app.engine.begin() as connection:
            made_key = connection.execute(metadata.tables[table].insert()).inserted_primary_key
            assert made_key is not None and made_key[0] == id_


TABLE = pytest.mark.slow(reason="a big table of cases")


def runs() -> Iterator[Any]:
    """Every case on one of its databases, every sixth on all; on all with TEST_CASES=all.

    A sixth on SQLite is quick enough for every change of the code; the table as a whole is slow.
    """
    for number, (name, case) in enumerate(CASES.items()):
        fit = [backend for backend in BACKENDS if backend in case.only]
        if os.environ.get("TEST_CASES") != "all" and number % 6:
            fit = [fit[number % len(fit)]]
        for backend in fit:
            marks = [TABLE] if number % 6 or backend != "sqlite" else []
            yield pytest.param(name, backend, id=f"{backend}-{name}", marks=marks)


# The tool keeps SQLAlchemy's word on it from the user; pytest brings it back.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.parametrize(("name", "backend"), list(runs()))
def test_case(name: str, tmp_path: Path, backend: str, new_database: Callable[..., str]) -> None:
    go(ProjectFolder(tmp_path / "project", new_database(backend)), CASES[name])


def elsewhere() -> Iterator[Any]:
    """Every sixth case on one server; every case on both with TEST_CASES=all."""
    for number, (name, case) in enumerate(CASES.items()):
        fit = [b for b in ("postgresql", "mariadb") if {b, "sqlite"} <= set(case.only)]
        if os.environ.get("TEST_CASES") != "all":
            fit = fit[number // 6 % 2 :][:1] if number % 6 == 1 else []
        for backend in fit:
            yield pytest.param(name, backend, id=f"{backend}-{name}")


@TABLE
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.parametrize(("name", "backend"), list(elsewhere()))
def test_written_on_sqlite(
    name: str, tmp_path: Path, backend: str, new_database: Callable[..., str]
) -> None:
    author = new_database("sqlite")
    go(ProjectFolder(tmp_path / "project", new_database(backend), written_on=author), CASES[name])
