"""Keys and unique values: inherited, continued after the highest, compared as the database does."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from support.programs import PROJECTS
from support.project import ProjectFolder, SeededFolder

pytestmark = pytest.mark.server


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> ProjectFolder:
    made = SeededFolder(tmp_path / "numbers", database_url)
    for name in ("models.py", "factories.py"):
        shutil.copy(PROJECTS / "numbers" / "staff" / name, made.folder / "staff")
    made.metadata.create_all(made.engine)
    return made


def column(at: ProjectFolder, name: str, table: str) -> list[Any]:
    return [row[0] for row in at.query(f"SELECT {name} FROM {table} ORDER BY {name}")]


def created(at: ProjectFolder, name: str, count: int) -> None:
    """As many rows by ``create_batch()``."""
    with at.imported_anew(), Session(at.engine) as session:
        made = getattr(importlib.import_module("staff.factories"), name)
        made._meta.sqlalchemy_session = session
        made.create_batch(count)
        session.commit()


@pytest.fixture
def loaded(project: ProjectFolder) -> Iterator[Any]:
    """``loaded("Patient")``: all objects of a model, as the ORM reads them."""
    with project.imported_anew(), Session(project.engine) as session:
        models = importlib.import_module("staff.models")
        yield lambda name: session.scalars(sa.select(getattr(models, name))).all()


def test_an_inherited_key_is_its_bases(project: ProjectFolder, loaded: Any) -> None:
    key = "0" * 31 + "7"
    project.execute(f"INSERT INTO person (id, kind, name) VALUES ('{key}', 'person', 'mine')")
    counts = ("Patient=3", "Doctor=3", "Page=2", "Home=2", "Book=3", "Leaf=2", "Product=2")
    project.done("seed", *counts)
    project.done("seed", "Tool=2")
    created(project, "PatientFactory", 2)
    for name, count in {"Patient": 5, "Doctor": 3, "Page": 4, "Home": 2, "Book": 3}.items():
        rows = loaded(name)
        assert len(rows) == count
        assert {type(row).__name__ for row in rows} <= {name, "Home"}
    assert all(row.person_id == row.id for row in loaded("Patient"))
    assert len(loaded("Person")) == 9
    assert not [row for row in loaded("Root") if type(row).__name__ == "Root"]
    project.done("checklinks")


def test_numbers_go_on_after_the_highest(project: ProjectFolder) -> None:
    project.done("seed", "Product=10")
    project.execute("DELETE FROM product WHERE sku = 'SKU-0003'")
    project.done("seed", "Product=10")
    project.done("seed", "--undo", "1")
    project.execute("INSERT INTO product (id, sku) VALUES (900, 'SKU-0024')")
    project.done("seed", "Product=10")
    skus = column(project, "sku", "product")
    assert skus == [f"SKU-{n:04}" for n in range(10, 31)]  # 24 is mine, 30 took its place
    project.done("seed", "--replant", "Product=3")
    assert len(column(project, "sku", "product")) == 4
    project.done("seed", "Ticket=2", "--only", "Ticket")
    project.done("seed", "TicketFactory=2")
    assert column(project, "number", "ticket") == [5000, 5001, 5002, 5003]


def test_keys_begin_where_the_database_begins(project: ProjectFolder) -> None:
    begin = {
        "sqlite": {"Counted": [1, 1], "Down": [1, 1], "Drawn": [1, 1], "Kept": [1, 1]},
        "postgresql": {"Counted": [1000, 10], "Down": [-1, -1], "Drawn": [500, 2], "Kept": [1, 1]},
        "mariadb": {"Counted": [1, 1], "Down": [1, 1], "Drawn": [500, 2], "Kept": [700, 1]},
    }[project.backend]
    for name, (start, step) in begin.items():
        project.done("seed", f"{name}=3")
        project.done("seed", f"{name}=2")
        created(project, f"{name}Factory", 2)
        expected = sorted(range(start, start + 7 * step, step))
        assert column(project, "id", name.lower()) == expected, name
    project.execute("DELETE FROM kept")
    project.done("seed", "Kept=2")
    again = {"sqlite": 8, "postgresql": 1, "mariadb": 700}[project.backend]
    assert column(project, "id", "kept") == [again, again + 1]
    project.done("seed", "Zero=2", "Child=2")
    assert column(project, "id", "zero") == [0, 1, 2, 3]
    assert column(project, "zero_id", "child") == [2, 3]


def test_unique_is_what_the_database_takes_for_it(project: ProjectFolder) -> None:
    project.done("seed", "City=150", "--random-seed", "3")
    assert len(column(project, "name", "city")) == 150
    different = 3 if project.backend != "postgresql" else 6
    project.done("seed", f"Word={different}")
    refused = project.manage("seed", "Word=1")
    assert refused.code == 1
    assert "WordFactory: word.word must be unique, and no new value was found" in refused.stderr
    project.done("seed", "Account=30")
    project.done("seed", "Account=8")
    if project.backend != "mariadb":
        emails = [email.lower() for email in column(project, "email", "account")]
        assert len(set(emails)) == len(emails) == 38
    project.done("seed", "Address=200")
    project.done("seed", "Pair=4")
    if project.backend == "postgresql":
        project.done("seed", "Pair=5")
        assert len(set(project.query("SELECT a, b FROM pair"))) == 9
    project.done("seed", "Product=3")
    project.done("seed", "Vote=300")
    assert len(column(project, "id", "vote")) == 300


def test_a_unique_link_draws_from_what_is_free(project: ProjectFolder) -> None:
    project.done("seed", "Product=10")
    for _ in range(2):
        project.done("seed", "LabelFactory=3")
        project.done("seed", "OwnLabelFactory=1")
        project.done("seed", "Sheet=5")
    assert len(set(column(project, "product_id", "label"))) == 8
    for name in ("LabelFactory=3", "Sheet=1"):
        refused = project.manage("seed", name)
        assert "free, others have a link" in refused.stderr
    project.done("seed", "Product=1", "LabelFactory=3", "Sheet=1")
    project.done("checklinks")


@pytest.mark.parametrize("name", ["ValueFactory", "OddFactory", "EnumFactory"])
def test_what_create_stores_is_stored(project: ProjectFolder, name: str) -> None:
    columns = "text, whole, exact, broken, moment, kind"
    try:
        created(project, name, 1)
    except sa.exc.StatementError:
        refused = project.manage("seed", f"{name}=1")
        assert refused.code == 1
        assert f"{name}: the " in refused.stderr
        assert "Nothing was written." in refused.stderr
        assert "value." in refused.stderr
        return
    by_create = project.query(f"SELECT {columns} FROM value")
    project.execute("DELETE FROM value")
    project.done("seed", f"{name}=1")
    by_seed = project.query(f"SELECT {columns} FROM value")
    # Faker gave another number, and a Sequence went on.
    assert [list(map(type, row)) for row in by_seed] == [list(map(type, row)) for row in by_create]
    assert [row[2:] for row in by_seed] == [row[2:] for row in by_create]


def test_what_a_function_keeps_in_the_process_is_kept_in_one(
    project: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    if project.backend != "sqlite":
        return  # rows are made in the same way for each
    monkeypatch.setattr("sqlalchemy_manage.seeding.seed.SIZE", 50)
    for name in ("UniqueFactory", "CountingFactory"):
        found = []
        for _ in range(2):
            arguments = ("seed", f"{name}=200", "--random-seed", "5", "--jobs", "2")
            done = ProjectFolder.manage(project, *arguments)  # in this process, for the patch
            assert done.code == 0, done
            found.append(column(project, "number", "ticket"))
            project.execute("DELETE FROM ticket", "DELETE FROM sqlalchemy_manage_seed_keys")
        assert found[0] == found[1]
        assert len(set(found[0])) == 200


def test_a_dry_run_tells_what_the_run_will_do(project: ProjectFolder) -> None:
    project.done("seed", "Product=2")
    ahead = project.done("seed", "--dry-run", "Note=3", "Label=2").stdout
    assert "'sku' of a drawn row of product is used" in ahead
    assert "LabelFactory      2   columns" in ahead
    assert "'sku' of a drawn row of product is used" in project.done("seed", "Note=3").stderr
