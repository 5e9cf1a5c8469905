"""A project made of a models module and a URL, without files; dump and load on it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import pytest
import sqlalchemy as sa

from sqlalchemy_manage.apps import App
from sqlalchemy_manage.conf import Settings
from sqlalchemy_manage.data.dump import Request, dump
from sqlalchemy_manage.data.load import Loaded, load
from sqlalchemy_manage.database_settings import Database
from sqlalchemy_manage.project import Project

Make = Callable[..., Project]


class _Stock(App):
    """The app that all models of a test are in, whatever their modules are called."""

    def has(self, module: str) -> bool:
        return True


@pytest.fixture
def project_of(tmp_path: Path) -> Iterator[Make]:
    """``project_of(models, url)``: its tables are made; its one app is called ``stock``."""
    made: list[Project] = []

    def make(
        models: ModuleType, url: str, *, create: bool = True, protected: bool = False
    ) -> Project:
        project = Project()
        database = Database("default", url, protected=protected)
        project.__dict__ |= {
            "settings": Settings(
                "settings",
                tmp_path / "settings.py",
                tmp_path,
                MappingProxyType({"default": database}),
                fixture_dirs=(tmp_path / "fixtures",),
            ),
            "apps": [_Stock("stock", tmp_path / "stock")],
            "_modules_of_apps": [models],
        }
        if create:
            engine = sa.create_engine(url, poolclass=sa.NullPool)
            models.Base.metadata.create_all(engine)
            engine.dispose()
        made.append(project)
        return project

    yield make
    for project in made:
        if "engine" in project.__dict__:
            project.engine.dispose()


def dumped(project: Project, *names: str, **options: Any) -> str:
    pieces: list[str] = []
    dump(project, Request(names, **options), pieces.append)
    return "".join(pieces)


def loaded(project: Project, records: Any) -> Loaded:
    text = records if isinstance(records, str) else json.dumps(records)
    return load(project, ["-"], io.StringIO(text))
