"""Where factories are found, and what happens to names that several have."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.programs import Result, run

CREATE = (
    "import os, sqlalchemy as sa, till.models; from blog.models import Base; "
    "Base.metadata.create_all(sa.create_engine(os.environ['DATABASE_URL']))"
)
TEST_CODE = 'raise RuntimeError("the code of a test was imported")\n'

Places = Callable[..., Result]


@pytest.fixture
def folder(copy_project: Callable[[str], Path]) -> Path:
    """The project, with code of tests that must not be imported."""
    folder = copy_project("places")
    (folder / "shop" / "tests").mkdir()
    for name in ("blog/factories/test_people", "blog/factories/conftest", "till/tests/test_till"):
        (folder / f"{name}.py").write_text(TEST_CODE)
    for name in ("shop/tests/__init__", "shop/tests/factories"):  # shop has factories of its own
        (folder / f"{name}.py").write_text(TEST_CODE)
    return folder


@pytest.fixture
def seed(folder: Path, new_database: Callable[[str], str]) -> Places:
    url = new_database("sqlite")
    assert run(folder, "-c", CREATE, url=url).code == 0
    return lambda *arguments: run(folder, "manage.py", "seed", *arguments, url=url)


def made(result: Result) -> dict[str, int]:
    assert result.code == 0, result
    rows: dict[str, int] = json.loads(result.stdout)["rows"]
    return rows


def test_factories_are_found_in_packages_tests_and_listed_modules(seed: Places) -> None:
    result = seed("--json")
    every = {"author": 10, "blog_item": 10, "shop_item": 20, "sale": 10, "shift": 10}
    assert made(result) == every
    assert "Left out: GhostFactory makes rows of more.factories.Ghost" in result.stderr
    assert "is no model" not in seed("Shift=1").stderr


def test_a_name_of_two_apps_is_told_apart_by_the_label(seed: Places) -> None:
    for name in ("blog.Item", "blog.ItemFactory", "blog.factories.items.ItemFactory"):
        assert made(seed(f"{name}=2", "--json")) == {"blog_item": 2}
    assert made(seed("shop.Item=1", "--json")) == {"shop_item": 1}
    assert made(seed("LongItemFactory=1", "--json")) == {"blog_item": 1}
    assert made(seed("both", "--json")) == {"blog_item": 3, "shop_item": 3, "sale": 1}
    counts = json.loads(seed("--status", "--json").stdout)[-1]["counts"]
    assert counts == {"blog.ItemFactory": 3, "shop.ItemFactory": 2, "SaleFactory": 1}
    planned = json.loads(seed("both", "--dry-run", "--json").stdout)["factories"]
    assert [each["model"] for each in planned] == ["blog.Item", "shop.Item", "Sale"]
    assert made(seed("named", "--json")) == {"shop_item": 1}
    assert made(seed("named", "--json")) == {}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ("Item=2", 2, "'Item' is the name of several models: blog.Item, shop.Item."),
        ("ItemFactory=2", 2, "several factories: blog.ItemFactory, shop.ItemFactory."),
        ("unclear", 2, "several factories: blog.ItemFactory, shop.ItemFactory."),
        ("both --only Item", 2, "'Item' is the name of several models"),
        ("blog.Itme=2", 2, "Did you mean 'Item'?"),
        ("GhostFactory=1", 1, "which is no model of the apps. Nothing was written."),
        ("BlogFactory=1", 2, "No model 'BlogFactory'"),
    ],
)
def test_a_name_that_says_too_little(seed: Places, arguments: str, code: int, says: str) -> None:
    result = seed(*arguments.split())
    assert result.code == code, result
    assert says in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("path", ["shop.factories.ItmFactory", "nowhere.ItemFactory"])
def test_a_subfactory_that_leads_nowhere(folder: Path, seed: Places, path: str) -> None:
    file = folder / "till" / "tests" / "factories.py"
    file.write_text(file.read_text().replace("shop.factories.ItemFactory", path))
    for arguments in (["Sale=2"], ["--dry-run"]):
        result = seed(*arguments)
        assert result.code == 1, result
        assert "SaleFactory.item names a factory that there is not: " in result.stderr


def test_without_factories_it_is_said_where_they_were_looked_for(
    folder: Path, seed: Places
) -> None:
    for app in ("blog", "shop"):
        shutil.rmtree(folder / app / "factories")
    shutil.rmtree(folder / "shop" / "tests")
    (folder / "shop" / "seeds.py").unlink()
    (folder / "till" / "tests" / "factories.py").unlink()
    (folder / "more" / "factories.py").write_text("")
    result = seed()
    assert result.code == 1, result
    for name in ("blog.factories, blog.tests.factories, blog.testing.factories", "more.factories."):
        assert name in result.stderr
    (folder / "more" / "factories.py").unlink()
    result = seed()
    assert result.code == 1, result
    assert "'more.factories' cannot be imported" in result.stderr
