"""An app is added to INSTALLED_APPS where it is plain how, and the rest of the file stays."""

from __future__ import annotations

import pytest

from sqlalchemy_manage.scaffold.installed_apps import with_app


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('INSTALLED_APPS = ["a"]  # ä\n', 'INSTALLED_APPS = ["a", "new"]  # ä\n'),
        ("X = 'ä'; INSTALLED_APPS = ['a', 'b',]", "X = 'ä'; INSTALLED_APPS = ['a', 'b', \"new\",]"),
        ("INSTALLED_APPS = []\n", 'INSTALLED_APPS = ["new"]\n'),
        ("INSTALLED_APPS: list[str] = []\n", 'INSTALLED_APPS: list[str] = ["new"]\n'),
        (
            'INSTALLED_APPS = [\n    "a",  # first\n    "b"\n]\n',
            'INSTALLED_APPS = [\n    "a",  # first\n    "b",\n    "new"\n]\n',
        ),
        (
            'INSTALLED_APPS = [\n    "a",\n    "b",  # second\n]\n',
            'INSTALLED_APPS = [\n    "a",\n    "b",\n    "new",  # second\n]\n',
        ),
    ],
)
def test_a_plain_list(before: str, after: str) -> None:
    assert with_app(before, "new") == after
    found: dict[str, list[str]] = {}
    exec(after, {}, found)
    assert found["INSTALLED_APPS"][-1] == "new"


@pytest.mark.parametrize(
    "text",
    [
        "",
        'INSTALLED_APPS = ("a",)\n',
        'INSTALLED_APPS = ["a"] + MORE\n',
        'INSTALLED_APPS = [*MORE, "a"]\n',
        "INSTALLED_APPS = [NAME]\n",
        'INSTALLED_APPS = ["a"]\nINSTALLED_APPS += ["b"]\n',
        'INSTALLED_APPS = ["a"]\nif DEBUG:\n    INSTALLED_APPS.append("b")\n',
        'if DEBUG:\n    INSTALLED_APPS = ["a"]\n',
        'APPS = INSTALLED_APPS = ["a"]\n',
        'INSTALLED_APPS = [\n    "a", "b",\n]\n',
        "INSTALLED_APPS = [\n",
    ],
)
def test_anything_else_is_left_to_its_owner(text: str) -> None:
    assert with_app(text, "new") is None
