"""``seed --auto``: rows for models that have no factory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from support.databases import BACKENDS
from support.evolution import HEADER
from support.plain import SHAPES, shape
from support.programs import PROJECTS, Result
from support.project import ProjectFolder
from support.random_schema import schema

UNMADE = PROJECTS / "unmade"


def project(folder: Path, url: str, models: str) -> ProjectFolder:
    """A project with these models, whose tables are there."""
    app = ProjectFolder(folder / "project", url)
    app.file.write_text(models)
    app.metadata.create_all(app.engine)
    return app


def counts(app: ProjectFolder) -> dict[str, int]:
    tables = app.metadata.tables.values()
    with app.engine.connect() as connection:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in tables
        }


def filled(app: ProjectFolder, *more: object) -> Result:
    """A seed with whole links; every table of a model has rows."""
    result = app.done("seed", "--auto", "--random-seed", "1", *more)
    assert app.done("checklinks").stdout.splitlines()[-1].startswith("links ok")
    return result


def undone(app: ProjectFolder) -> None:
    app.done("seed", "--undo")
    assert set(counts(app).values()) == {0}


def cases() -> list[object]:
    """Every plain shape on SQLite, some on a server; half of them are of the slow part."""
    slow = pytest.mark.slow(reason="a big table of cases")
    return [
        pytest.param(name, backend, marks=[slow] if number % 4 else [], id=f"{backend}-{name}")
        for place, backend in enumerate(BACKENDS)
        for number, name in enumerate(SHAPES)
        if backend == "sqlite" or number % 8 == 4 * (place - 1)
    ]


@pytest.mark.parametrize(("name", "backend"), cases())
def test_plain_models(
    name: str, backend: str, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    app = project(tmp_path, new_database(backend), HEADER + shape(name).after)
    filled(app)
    assert all(10 <= rows <= 30 for rows in counts(app).values()), counts(app)
    undone(app)


@pytest.mark.parametrize("backend", BACKENDS)
def test_columns_of_each_kind(
    backend: str, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    app = project(tmp_path, new_database(backend), (UNMADE / "columns.py").read_text())
    filled(app)
    assert {**counts(app), "few": 10} == dict.fromkeys(counts(app), 10)
    assert counts(app)["few"] == 4
    assert all("@" in row[0] for row in app.query("SELECT work_email FROM person"))
    assert len(set(app.query("SELECT nickname FROM person"))) == 10
    assert set(app.query("SELECT status FROM defaulted")) == {("draft",)}
    assert None in {row[0] for row in app.query("SELECT optional FROM checked")}
    undone(app)


@pytest.mark.parametrize(
    ("backend", "models"), [("postgresql", "pg_types"), ("mariadb", "my_types")]
)
def test_types_of_one_database(
    backend: str, models: str, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    app = project(tmp_path, new_database(backend), (UNMADE / f"{models}.py").read_text())
    filled(app)
    assert counts(app) == {"everything": 10}
    undone(app)


@pytest.mark.parametrize("backend", BACKENDS)
def test_keys_of_each_shape(backend: str, tmp_path: Path, new_database: Callable[..., str]) -> None:
    app = project(tmp_path, new_database(backend), (UNMADE / "keys.py").read_text())
    filled(app)
    rows = counts(app)
    links = {"membership", "friendship"}
    expected = dict.fromkeys(set(rows) - links, 10) | {"vehicle": 20, "paper": 20}
    assert {table: n for table, n in rows.items() if table not in links} == expected
    assert 10 <= rows["membership"] <= 30
    assert len(set(app.query("SELECT account_id FROM passport"))) == 10
    assert app.query("SELECT 1 FROM account WHERE main_team_id IS NOT NULL")
    assert app.query("SELECT 1 FROM account WHERE boss_id IS NOT NULL")
    undone(app)


@pytest.mark.parametrize("backend", BACKENDS)
def test_random_models(backend: str, tmp_path: Path, new_database: Callable[..., str]) -> None:
    """``auto.py`` fills as many as are wanted."""
    app = project(tmp_path, new_database(backend), schema(Random(9), 24, 48))
    filled(app)
    undone(app)


@pytest.mark.parametrize("backend", BACKENDS)
def test_relationships_that_no_constraint_keeps(
    backend: str, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    app = project(tmp_path, new_database(backend), (UNMADE / "loose.py").read_text())
    filled(app)
    assert set(app.query("SELECT kind FROM tag")) == {("customer",)}
    bosses = [row[0] for row in app.query("SELECT boss_email FROM customer")]
    assert 0 < len([email for email in bosses if email]) < 10
    undone(app)


def test_all_models_that_cannot_be_filled_are_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'db.sqlite'}"
    app = project(tmp_path, url, (UNMADE / "refused.py").read_text())
    result = app.manage("seed", "--auto")
    assert result.code == 1
    *lines, hint = result.stderr.splitlines()
    assert lines == [
        "Error: No rows can be invented for 5 models. Nothing was written.",
        "  Egg: egg.hen_id and a foreign key of Hen refer to each other, and neither may be NULL.",
        "  Impossible: no row was found that passes CHECK one_way (low > high); "
        "no row was found that passes CHECK other_way (low < high).",
        "  Narcissus: narcissus.admirer_id is NOT NULL and refers to Narcissus itself: "
        "there is no first row.",
        "  Place: place.outline: no value is known for Shape().",
        "  Hen: hen.egg_id and a foreign key of Egg refer to each other, and neither may be NULL.",
    ]
    assert set(counts(app).values()) == {0}
    leave = hint[hint.index("--exclude") :].split()
    app.done("seed", "--auto", *leave)
    assert counts(app) == dict.fromkeys(counts(app), 0) | {"fine": 10}


def test_models_with_a_factory_use_it_and_a_count_may_name_any(tmp_path: Path) -> None:
    app = project(tmp_path, f"sqlite:///{tmp_path / 'db.sqlite'}", (UNMADE / "keys.py").read_text())
    (app.folder / "staff" / "factories.py").write_text(
        "from factory.alchemy import SQLAlchemyModelFactory\n"
        "from .models import Country\n\n\n"
        "class OwnFactory(SQLAlchemyModelFactory):\n"
        "    class Meta:\n        model = Country\n\n"
        '    code = "XX"\n'
    )
    assert "Account has no factory" in app.manage("seed", "Account=3").stderr
    app.done("seed", "--auto", "Account=3", "Country=1")
    assert app.query("SELECT code FROM country") == [("XX",)]
    assert counts(app)["account"] == 3


def test_other_processes_make_the_same_rows(tmp_path: Path) -> None:
    found = []
    for jobs in (1, 2):
        folder = tmp_path / str(jobs)
        folder.mkdir()
        url = f"sqlite:///{folder / 'db.sqlite'}"
        app = project(folder, url, (UNMADE / "keys.py").read_text())
        app.done("seed", "--auto", "Trip=20001", "--jobs", jobs, "--random-seed", "3")
        found.append(app.query("SELECT * FROM trip ORDER BY id"))
    assert found[0] == found[1]
    assert len(found[0]) == 20001
