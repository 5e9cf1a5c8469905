"""A user that may have one connection to the server."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import on_server
from support.project import SETTINGS, ProjectFolder

ITEM = 'item = table("item", key()%s)\n'


@pytest.fixture
def app(
    tmp_path: Path, new_database: Callable[..., str], postgresql_server: str
) -> Iterator[ProjectFolder]:
    url = new_database("postgresql")
    user = f"one_{secrets.token_hex(4)}"
    on_server(postgresql_server, f"CREATE ROLE {user} LOGIN PASSWORD 'secret' CONNECTION LIMIT 1")
    on_server(url, f"GRANT ALL ON SCHEMA public TO {user}")
    app = ProjectFolder(tmp_path / "project", url)
    own = sa.make_url(url).set(username=user, password="secret")
    text = own.render_as_string(hide_password=False)
    (app.folder / "staff_settings.py").write_text(SETTINGS.format(text, text))
    yield app
    app.engine.dispose()
    on_server(url, f"DROP OWNED BY {user}")
    on_server(postgresql_server, f"DROP ROLE {user}")


@pytest.mark.server
def test_it_is_enough_for_all_but_scratch_databases(app: ProjectFolder) -> None:
    app.begin(ITEM % "")
    app.models(ITEM % ', Column("a", Integer)')
    for words in (["makemigrations", "--no-input"], ["migrate"], ["migrate"]):
        app.done(*words)
    for command in ("check", "checklinks", "showmigrations", "dumpdata"):
        app.done(command)
    app.done("makemigrations", "--check")
    assert app.heads() == {"0002_item_a"}
