"""Fixtures of the tests of scratch databases, for ``pytest_plugins``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from sqlalchemy_manage.migrations.revisions.history import History, read_history
from sqlalchemy_manage.project import Project
from support.programs import ROOT
from support.scratch import DATABASES


@pytest.fixture
def project_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Project]]:
    """``project_on(url)``: the sample project on that database."""
    projects: list[Project] = []

    def on(url: str) -> Project:
        monkeypatch.chdir(ROOT)
        monkeypatch.setenv("DATABASE_URL", url)
        projects.append(Project("settings"))
        return projects[-1]

    yield on
    for project in projects:
        project.close()


@pytest.fixture
def history_of(tmp_path: Path) -> Callable[..., History]:
    """``history_of(a="...", b="...")``: revisions with these bodies of upgrade(), in a row."""

    def make(**bodies: str) -> History:
        folder = tmp_path / "versions"
        folder.mkdir(exist_ok=True)
        last = None
        for name, body in bodies.items():
            lines = "\n".join(f"    {line}" for line in body.splitlines())
            (folder / f"{name}.py").write_text(
                "import time\nimport sqlalchemy as sa\nfrom alembic import op\n"
                f"revision = {name!r}\ndown_revision = {last!r}\n"
                f"def upgrade():\n{lines}\ndef downgrade():\n    pass\n"
            )
            last = name
        return read_history(folder)

    return make


@pytest.fixture
def nothing_left(postgresql_server: str, mariadb_server: str) -> Iterator[None]:
    """After each test: no scratch database on a server, no embedded server, no folder."""
    servers = {"postgresql": postgresql_server, "mariadb": mariadb_server}
    before = set(leftovers(servers))
    yield
    assert set(leftovers(servers)) - before == set()


def leftovers(servers: dict[str, str]) -> Iterator[str]:
    mine = f"_{os.getpid()}_"
    yield from (p.name for p in Path(tempfile.gettempdir()).iterdir() if mine in p.name)
    for backend, query in DATABASES.items():
        engine = sa.create_engine(servers[backend], poolclass=sa.NullPool)
        with engine.connect() as connection:
            names = connection.exec_driver_sql(query).scalars().all()
        yield from (name for name in names if mine in name)


@pytest.fixture
def weak_user(
    request: pytest.FixtureRequest, new_database: Callable[..., str]
) -> Iterator[Callable[[str], str]]:
    """``weak_user(backend)``: the URL of a database whose user may not create others."""
    undo: list[tuple[str, str]] = []

    def execute(server: str, *statements: str) -> None:
        engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def make(backend: str) -> str:
        server = request.getfixturevalue(f"{backend}_server")
        url = sa.make_url(new_database(backend))
        name = str(url.database)
        if backend == "postgresql":
            user = f'"{name}"'
            execute(server, f"CREATE ROLE {user} LOGIN PASSWORD 'weak'")
            execute(str(url), f"GRANT ALL ON SCHEMA public TO {user}")
            undo.append((url.render_as_string(), f"DROP OWNED BY {user}"))
            undo.append((server, f"DROP ROLE {user}"))
        else:
            user = f"'{name}'@'%%'"
            execute(
                server,
                f"CREATE USER {user} IDENTIFIED BY 'weak'",
                f"GRANT ALL ON {name}.* TO {user}",
            )
            undo.append((server, f"DROP USER {user}"))
        return url.set(username=name, password="weak").render_as_string(hide_password=False)

    yield make
    for server, statement in undo:
        execute(server, statement)
