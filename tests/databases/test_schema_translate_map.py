"""An engine whose options move all tables without a schema to one of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import on_server
from support.project import SeededFolder

from sqlalchemy_manage.database_settings import read_databases
from sqlalchemy_manage.errors import SettingsError
from sqlalchemy_manage.settings_reader import SettingsReader

MODELS = """
from sqlalchemy.orm import registry

team = table("team", key(), Column("name", String(20), unique=True))
child = table("child", key(), Column("team_id", ForeignKey("team.id"), index=True))


class Team:
    pass


class Child:
    pass


registry(metadata=metadata).map_imperatively(Team, team)
registry(metadata=metadata).map_imperatively(Child, child)
"""


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_every_command_works_in_that_schema(
    backend: str, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    url = new_database(backend)
    there = "t3" if backend == "postgresql" else f"{sa.make_url(url).database}_t3"
    project = SeededFolder(tmp_path / "project", url)
    options = {"execution_options": {"schema_translate_map": {None: there}}}
    (project.folder / "staff_settings.py").write_text(
        f"DATABASES = {{'default': {{'URL': {url!r}, 'OPTIONS': {options!r}}}}}\n"
        "INSTALLED_APPS = ['staff']\n"
    )
    try:
        if backend == "mariadb":
            on_server(url, f"CREATE DATABASE {there}")
        project.models(MODELS)
        for command in (
            *(("makemigrations", "--no-input"), ("migrate",), ("showmigrations",)),
            *(("makemigrations", "--check"), ("check", "--drift"), ("seed", "Child=5", "--auto")),
            *(("checklinks",), ("dumpdata", "-o", "all.json"), ("flush", "--no-input")),
            *(("loaddata", "all.json"), ("shell", "-c", "print(session.scalar(select(Child)))")),
        ):
            project.done(*command)
        found = sa.inspect(project.engine)
        assert set(found.get_table_names(schema=there)) >= {"team", "child", "alembic_version"}
        assert found.get_table_names() == []
        project.done("migrate", "zero")
    finally:
        if backend == "mariadb":
            on_server(url, f"DROP DATABASE IF EXISTS {there}")


def read(**entry: object) -> None:
    read_databases(SettingsReader({"DATABASES": {"default": entry}}, Path("settings.py")), {})


@pytest.mark.parametrize(
    ("translate", "more", "message"),
    [
        ({"tenant": "t3"}, {}, "makes 'tenant' 't3': only tables without a schema"),
        ({None: "a"}, {"SCHEMA": "b"}, "names the schema 'a', and SCHEMA is 'b'"),
    ],
)
def test_other_maps_are_refused(translate: object, more: dict[str, object], message: str) -> None:
    options = {"execution_options": {"schema_translate_map": translate}}
    with pytest.raises(SettingsError, match=message):
        read(URL="postgresql://u@h/d", OPTIONS=options, **more)
