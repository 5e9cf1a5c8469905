"""startapp: one more app, whose models share the base of the others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.programs import Result, run

PYTEST = ("-q", "-p", "no:pytest_alembic", "-p", "no:alembic-gauntlet")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("started")
    assert run(folder, "-m", "sqlalchemy_manage", "startproject", "shop").code == 0
    return folder / "shop"


@pytest.fixture
def shop(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "shop"))


def start(folder: Path, *args: object, code: int = 0) -> Result:
    result = run(folder, "manage.py", "startapp", *args)
    assert result.code == code, result
    return result


def test_an_app_is_made_listed_and_tested(shop: Path) -> None:
    result = start(shop, "billing")
    assert result.stdout == (
        "billing/__init__.py\nbilling/factories.py\nbilling/models.py\nbilling/seeds.py\n"
        "tests/test_billing.py\n"
    )
    assert result.stderr == (
        "INSTALLED_APPS of settings.py has 'billing'.\nNext: manage.py makemigrations\n"
    )
    assert "from shop.models import Base" in (shop / "billing" / "models.py").read_text()
    assert run(shop, "manage.py", "makemigrations").code == 0
    assert run(shop, "manage.py", "prepare").code == 0
    assert "5 passed" in run(shop, "manage.py", "test", *PYTEST).stdout
    seeded = run(shop, "manage.py", "seed", "demo")
    assert "billing_item     50" in seeded.stdout, seeded


def test_an_app_in_a_folder(shop: Path) -> None:
    result = start(shop, "billing", "apps/billing")
    assert "apps/billing/models.py\n" in result.stdout
    assert "has 'apps.billing'" in result.stderr
    assert run(shop, "manage.py", "makemigrations").code == 0
    assert "5 passed" in run(shop, "manage.py", "test", *PYTEST).stdout


def test_a_list_that_is_not_plain_is_left_alone(shop: Path) -> None:
    settings = shop / "settings.py"
    text = settings.read_text().replace('["shop"]', '["shop", *[]]')
    settings.write_text(text)
    result = start(shop, "billing")
    assert 'Add "billing" to INSTALLED_APPS of the settings.' in result.stderr
    assert settings.read_text() == text


def test_without_a_base_of_the_others_it_has_its_own(shop: Path) -> None:
    (shop / "shop" / "models.py").write_text("from sqlalchemy import MetaData\nm = MetaData()\n")
    start(shop, "billing")
    assert "class Base(DeclarativeBase)" in (shop / "billing" / "models.py").read_text()


def test_the_app_of_a_folder_without_settings(tmp_path: Path) -> None:
    result = run(tmp_path, "-m", "sqlalchemy_manage", "startapp", "billing", fresh=True)
    assert result.code == 0, result
    assert 'Add "billing" to INSTALLED_APPS' in result.stderr
    assert (tmp_path / "tests" / "conftest.py").exists()
    (tmp_path / "settings.py").write_text(
        'DATABASES = {"default": {"URL": "sqlite:///x.sqlite"}}\nINSTALLED_APPS = ["billing"]\n'
    )
    made = run(tmp_path, "-m", "sqlalchemy_manage", "makemigrations", "--no-input", fresh=True)
    assert made.code == 0, made


def test_tests_that_have_no_session_are_told_of(shop: Path) -> None:
    (shop / "tests" / "conftest.py").write_text("")
    assert "needs a fixture 'session'" in start(shop, "billing").stderr


@pytest.mark.parametrize(
    ("args", "code", "why"),
    [
        (["shop"], 2, "can be imported here"),
        (["Shop"], 2, "has an app of that name: shop"),
        (["tests"], 2, "what a project has already"),
        (["../x"], 2, "is a path"),
        (["class"], 2, "keyword"),
        (["billing", "elsewhere"], 2, "has the app's name"),
        (["billing", "../billing"], 2, "is outside"),
        (["billing", "my-apps/billing"], 2, "cannot be the name of a package"),
        (["manage"], 2, "what a project has already"),
    ],
)
def test_bad_input(shop: Path, args: list[str], code: int, why: str) -> None:
    before = sorted(shop.parent.rglob("*"))
    assert why in start(shop, *args, code=code).stderr
    assert sorted(shop.parent.rglob("*")) == before


def test_a_folder_with_files_and_a_test_of_that_name_are_left_alone(shop: Path) -> None:
    (shop / "billing").mkdir()
    (shop / "tests" / "test_billing.py").touch()
    assert "test_billing.py exists already" in start(shop, "billing", code=1).stderr
    (shop / "billing" / "notes.txt").touch()
    assert "is not empty" in start(shop, "billing", code=1).stderr
    assert sorted(path.name for path in (shop / "billing").iterdir()) == ["notes.txt"]


def test_an_app_of_that_label_is_there(shop: Path) -> None:
    start(shop, "billing", "apps/billing")
    assert "has an app of that name: apps.billing" in start(shop, "billing", code=2).stderr
