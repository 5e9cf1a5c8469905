"""A driver that is not installed: it is named, and how it is installed with pip."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from support.programs import ROOT

from sqlalchemy_manage.database_settings import Database
from sqlalchemy_manage.databases.engines import create_engine
from sqlalchemy_manage.errors import SettingsError

MODULES = (
    *("psycopg", "psycopg2", "asyncpg", "pg8000"),
    *("pymysql", "MySQLdb", "mysql", "mariadb", "asyncmy", "aiomysql"),
)


@pytest.mark.parametrize(
    ("scheme", "module", "install"),
    [
        ("postgresql", "psycopg", "'psycopg[binary]'"),
        ("postgresql+psycopg", "psycopg", "'psycopg[binary]'"),
        ("postgresql+psycopg2", "psycopg2", "psycopg2-binary"),
        ("postgresql+asyncpg", "asyncpg", "asyncpg"),
        ("postgresql+pg8000", "pg8000", "pg8000"),
        ("mysql", "pymysql", "PyMySQL"),
        ("mariadb", "pymysql", "PyMySQL"),
        ("mariadb+mysqldb", "MySQLdb", "mysqlclient"),
        ("mariadb+asyncmy", "asyncmy", "asyncmy"),
        ("mysql+mysqlconnector", "mysql", "mysql-connector-python"),
    ],
)
def test_what_to_install(
    scheme: str, module: str, install: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in MODULES else find_spec(name)
    )
    for name in [*sys.modules]:
        if name.partition(".")[0] in MODULES:
            monkeypatch.delitem(sys.modules, name)
    for name in MODULES:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SettingsError) as caught:
        create_engine(Database("default", f"{scheme}://user@127.0.0.1/shop"), Path())
    assert (
        caught.value.message == f"The driver of DATABASES['default'], '{module}', is not installed."
    )
    assert caught.value.hint == f"pip install {install}"


def test_no_message_installs_what_no_index_has() -> None:
    for path in (ROOT / "sqlalchemy_manage").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"pip install '?sqlalchemy[-_]manage", text), path
