"""Fixtures of the tests of backup and restore, for ``pytest_plugins``."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from sqlalchemy_manage.conf import load_settings
from sqlalchemy_manage.project import Project


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project of one SQLite file with rows, an index, a trigger and a foreign key."""
    name = f"backup_settings_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(
        'DATABASES = {"default": {"URL": "sqlite:///shop.sqlite"}}\nLOCK_TIMEOUT = 0.3\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with sqlite3.connect(tmp_path / "shop.sqlite") as connection:
        connection.executescript(
            """
            CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT COLLATE NOCASE);
            CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id));
            CREATE TABLE "odd ""name" (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID;
            CREATE INDEX ix ON parent (name DESC) WHERE name IS NOT NULL;
            CREATE VIEW v AS SELECT name FROM parent;
            CREATE TRIGGER t AFTER INSERT ON child BEGIN UPDATE parent SET name = 'x'; END;
            INSERT INTO parent (name) VALUES ('a'), ('b'), (NULL);
            INSERT INTO child VALUES (1, 1), (2, 99);
            INSERT INTO "odd ""name" VALUES (1, 2);
            PRAGMA user_version = 7;
            """
        )
    connection.close()
    project = Project(name)
    assert project.settings == load_settings(name)
    yield project
    project.close()


@pytest.fixture
def shop_file(shop: Project) -> Path:
    return shop.settings.root / "shop.sqlite"
