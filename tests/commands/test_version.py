"""version: one line; all of them with -v 2 or --json."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from importlib.metadata import version

import pytest
from support.programs import Manage

from sqlalchemy_manage import __version__


@pytest.fixture
def manage(manage_on: Callable[[str], Manage]) -> Manage:
    return manage_on("sqlite:///no_such.sqlite")


def test_the_version_alone(manage: Manage) -> None:
    result = manage("version")
    assert (result.code, result.stdout, result.stderr) == (0, f"{__version__}\n", "")


def test_all_versions(manage: Manage) -> None:
    lines = dict(line.split(None, 1) for line in manage("version", "-v", "2").stdout.splitlines())
    assert lines["sqlalchemy-manage"] == __version__
    assert lines["Python"] == platform.python_version()
    for name in ("SQLAlchemy", "alembic", "factory_boy", "click", "psycopg", "PyMySQL"):
        assert lines[name] == version(name)


def test_json(manage: Manage) -> None:
    found = json.loads(manage("version", "--json").stdout)
    assert found["sqlalchemy-manage"] == __version__
    assert found["alembic"] == version("alembic")
    assert found["drivers"]["psycopg"] == version("psycopg")
    assert "sqlite3" in found["drivers"]


def test_what_is_not_installed(manage: Manage, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy_manage.commands import version as module

    monkeypatch.setattr(module, "installed", lambda name: None)
    found = json.loads(manage("version", "--json").stdout)
    assert found["IPython"] is None
    assert list(found["drivers"]) == ["sqlite3"]
    assert "IPython                 not installed" in manage("-v", "2", "version").stdout
