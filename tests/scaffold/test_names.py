"""Names of projects and apps that hide no module, and that each file system can have."""

from __future__ import annotations

from pathlib import Path

import pytest

from sqlalchemy_manage.errors import UsageError
from sqlalchemy_manage.scaffold.names import class_name, require_name


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize("name", ["shop", "Shop2", "a", "stock_items", "match", "x" * 40])
def test_a_good_name(name: str) -> None:
    require_name(name, "app", "startapp billing")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "The name of the app is empty"),
        ("class", "a keyword of Python"),
        ("None", "a keyword of Python"),
        ("my-shop", "Did you mean 'my_shop'"),
        ("2shops", "has to begin with a letter"),
        ("_shop", "has to begin with a letter"),
        ("__pycache__", "has to begin with a letter"),
        ("café", "only the letters a to z"),
        ("店", "only the letters a to z"),
        ("my shop", "Did you mean 'my_shop'"),
        ("a.b", "Did you mean 'a_b'"),
        ("x\ny", "cannot be the name"),
        ("\x1b[31m", "cannot be the name"),
        ("--help-me", "Did you mean 'help_me'"),
        ("../x", "is a path"),
        ("/tmp/x", "is a path"),
        ("..", "is a path"),
        ("x" * 41, "too long"),
        ("x" * 5000, "too long"),
        ("test", "can be imported here"),
        ("site", "of Python itself"),
        ("sqlalchemy", "can be imported here"),
        ("sqlalchemy_manage", "can be imported here"),
        ("settings", "what a project has already"),
        ("migrations", "what a project has already"),
        ("Tests", "what a project has already"),
    ],
)
def test_a_name_that_is_refused(name: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        require_name(name, "app", "startapp billing")
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 400


def test_a_module_of_the_folder_is_not_hidden(tmp_path: Path) -> None:
    (tmp_path / "tools.py").touch()
    with pytest.raises(UsageError, match=r"tools\.py"):
        require_name("tools", "app", "startapp billing")


def test_a_folder_without_modules_is_none(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    require_name("shop", "app", "startapp billing")


def test_a_namespace_that_is_installed_would_be_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "libraries" / "company" / "part").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path / "libraries"))
    with pytest.raises(UsageError, match="can be imported here"):
        require_name("company", "app", "startapp billing")


def test_the_name_as_that_of_a_class() -> None:
    assert [class_name(name) for name in ("shop", "stock_items", "v2_")] == [
        "Shop",
        "StockItems",
        "V2",
    ]
