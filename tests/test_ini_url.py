"""alembic_url(): the URL of an ini, its names filled in."""

from __future__ import annotations

from pathlib import Path

import pytest

from sqlalchemy_manage import ManageError, alembic_url


def ini(folder: Path, text: str) -> Path:
    path = folder / "alembic.ini"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("[alembic]\nsqlalchemy.url = sqlite:///a.db\n", "sqlite:///a.db"),
        (
            "[DEFAULT]\nname = b\n[alembic]\nsqlalchemy.url = sqlite:///%(name)s.db",
            "sqlite:///b.db",
        ),
        ("[alembic]\nsqlalchemy.url = x://me:100%%25@h/d", "x://me:100%25@h/d"),
        ("[alembic]\nsqlalchemy.url = x://%(USER)s:%(Word)s@h/d", "x://me:se%cret@h/d"),
        ("[alembic]\na = %(b)s\nb = 1\nsqlalchemy.url = x:///%(a)s", "x:///1"),
    ],
)
def test_names_are_filled_in(tmp_path: Path, text: str, url: str) -> None:
    environ = {"USER": "me", "Word": "se%cret"}
    assert alembic_url(ini(tmp_path, text), environ=environ) == url


def test_here_is_the_folder(tmp_path: Path) -> None:
    path = ini(tmp_path, "[own]\nsqlalchemy.url = sqlite:///%(here)s/a.db\n")
    assert alembic_url(path, "own") == f"sqlite:///{tmp_path}/a.db"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[alembic]\nsqlalchemy.url = x://%(NOWHERE)s@h/d", "needs NOWHERE"),
        ("[alembic]\na = %(a)s\nsqlalchemy.url = %(a)s", "needs a"),
        ("[alembic]\n", "has no sqlalchemy.url"),
        ("[other]\n", "No section"),
        ("x\n", "cannot be read"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, text: str, why: str) -> None:
    path = ini(tmp_path, text)
    with pytest.raises(ManageError, match=why):
        alembic_url(path, environ={})


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ManageError, match="There is no file"):
        alembic_url(tmp_path / "alembic.ini")
