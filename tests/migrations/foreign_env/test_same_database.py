"""Two URLs of one database, however they are spelled."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from sqlalchemy_manage.migrations.foreign_env.same_database import same_database

SAME = [
    ("postgresql+psycopg://a:b@localhost/x", "postgresql+asyncpg://127.0.0.1:5432/x"),
    ("postgresql:///x?host=/var/run", "postgresql+psycopg2:///x?host=/var/run"),
    (
        "postgresql://db.example.org/x",
        "postgresql+psycopg://me@DB.example.org:5432/x?sslmode=require",
    ),
    ("mysql+pymysql://localhost/x", "mariadb+asyncmy://[::1]:3306/x?charset=utf8mb4"),
    ("sqlite:///a.sqlite", "sqlite+aiosqlite:///{root}/a.sqlite"),
    ("sqlite:///{root}/b/../a.sqlite", "sqlite:///file:{root}/a.sqlite?uri=true"),
    ("sqlite://", "sqlite:///:memory:"),
]
OTHER = [
    ("postgresql://localhost/x", "postgresql://localhost/y"),
    ("postgresql://localhost/x", "postgresql://localhost:5433/x"),
    ("postgresql://localhost/x", "postgresql://db.example.org/x"),
    ("postgresql://localhost/x", "mysql://localhost/x"),
    ("sqlite:///{root}/a.sqlite", "sqlite:///{root}/b.sqlite"),
    ("sqlite:///{root}/a.sqlite", "sqlite://"),
]


@pytest.mark.parametrize(
    ("one", "other", "same"), [(*p, True) for p in SAME] + [(*p, False) for p in OTHER]
)
def test_urls(one: str, other: str, same: bool, tmp_path: Path) -> None:
    urls = [make_url(url.format(root=tmp_path)) for url in (one, other)]
    assert same_database(*urls, tmp_path) is same
    assert same_database(*reversed(urls), tmp_path) is same


def test_a_relative_file_is_in_the_current_folder_or_that_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    relative = make_url("sqlite:///a.sqlite")
    root = tmp_path / "there"
    for folder, same in ((tmp_path / "here", True), (root, True), (tmp_path, False)):
        assert same_database(relative, make_url(f"sqlite:///{folder}/a.sqlite"), root) is same
