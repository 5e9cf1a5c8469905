"""What an async driver's URL and arguments become for the sync driver of the same database."""

from __future__ import annotations

import importlib.util
import ssl
from typing import Any

import pytest
from sqlalchemy import AsyncAdaptedQueuePool, QueuePool, make_url

from sqlalchemy_manage.async_drivers import is_async, usable
from sqlalchemy_manage.database_settings import Database


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes these the modules that can be imported, besides Python's own."""

    def only(*names: str) -> None:
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: name in ("sqlite3", *names) or None
        )

    return only


def arguments(url: str, **connect_args: Any) -> dict[str, Any]:
    """All that the sync driver is given, of the query and of connect_args."""
    translated, options = usable(url, {"connect_args": connect_args})
    return {**make_url(translated).query, **options.get("connect_args", {})}


@pytest.mark.parametrize(
    ("url", "modules", "expected"),
    [
        ("sqlite+aiosqlite:///a.sqlite", (), "sqlite:///a.sqlite"),
        ("postgresql+asyncpg://u:p%40@h:1/d", ("psycopg",), "postgresql+psycopg://u:p%40@h:1/d"),
        ("postgresql+asyncpg://h/d", ("psycopg2",), "postgresql+psycopg2://h/d"),
        ("postgresql+asyncpg://h/d", ("asyncpg",), "postgresql+asyncpg://h/d"),
        ("postgres+asyncpg://h/d", ("psycopg",), "postgresql+psycopg://h/d"),
        ("postgresql+psycopg_async://h/d", ("psycopg",), "postgresql+psycopg://h/d"),
        ("mysql+aiomysql://h/d", ("pymysql",), "mysql+pymysql://h/d"),
        ("mariadb+asyncmy://h/d", ("MySQLdb",), "mariadb+mysqldb://h/d"),
        ("mariadb+asyncmy://h/d", (), "mariadb+asyncmy://h/d"),
        ("postgresql+psycopg://h/d", ("psycopg",), "postgresql+psycopg://h/d"),
        ("mysql+aiomysql://h:x/d", ("pymysql",), "mysql+aiomysql://h:x/d"),
    ],
)
def test_the_driver_that_takes_its_place(
    url: str, modules: tuple[str, ...], expected: str, installed: Any
) -> None:
    installed(*modules)
    assert usable(url, {}) == (expected, {})


def test_the_arguments_of_asyncpg_become_those_of_libpq(installed: Any) -> None:
    installed("psycopg")
    found = arguments(
        "postgresql+asyncpg://h/d?ssl=require&timeout=2.5&command_timeout=9",
        server_settings={"search_path": "shop, public", "jit": "off"},
        statement_cache_size=0,
        passfile="/run/pass",
    )
    assert found == {
        "sslmode": "require",
        "connect_timeout": "3",
        "options": "-c search_path=shop,\\ public -c jit=off",
        "prepare_threshold": None,
        "passfile": "/run/pass",
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, {"sslmode": "verify-full", "sslrootcert": "system"}),
        (False, {"sslmode": "disable"}),
        ("verify-ca", {"sslmode": "verify-ca"}),
    ],
)
def test_ssl_of_asyncpg_verifies_no_less_afterwards(
    value: object, expected: dict[str, str], installed: Any
) -> None:
    installed("psycopg")
    assert arguments("postgresql+asyncpg://h/d", ssl=value) == expected


@pytest.mark.parametrize(
    "options",
    [
        {"connect_args": {"ssl": ssl.create_default_context()}},
        {"connect_args": {"password": lambda: "token"}},
        {"connect_args": {"async_creator_fn": print}},
        {"connect_args": {"direct_tls": True}},
        {"async_creator": print},
    ],
)
def test_what_would_mean_something_else_leaves_the_async_driver(
    options: dict[str, Any], installed: Any
) -> None:
    installed("psycopg", "asyncpg")
    assert usable("postgresql+asyncpg://h/d", options) == ("postgresql+asyncpg://h/d", options)


def test_arguments_of_the_other_async_drivers(installed: Any) -> None:
    installed("psycopg", "pymysql")
    assert arguments("sqlite+aiosqlite:///a", timeout=3, iter_chunk_size=5) == {"timeout": 3}
    assert arguments("postgresql+psycopg_async://h/d?sslmode=require") == {"sslmode": "require"}
    context = ssl.create_default_context()
    found = arguments("mysql+aiomysql://h/d?charset=utf8mb4", ssl=context, echo=True, db="x")
    assert found == {"charset": "utf8mb4", "ssl": context, "database": "x"}


def test_the_pool_of_an_async_engine(installed: Any) -> None:
    installed()
    given = {"poolclass": AsyncAdaptedQueuePool, "pool_size": 3, "echo": True}
    _, options = usable("sqlite+aiosqlite:///a", given)
    assert options == {"poolclass": QueuePool, "pool_size": 3, "echo": True}


def test_what_was_translated_stays_as_it_is(installed: Any) -> None:
    installed("psycopg")
    once = usable("postgresql+asyncpg://h/d?ssl=require", {"connect_args": {"timeout": 2}})
    assert usable(*once) == once


def test_a_database_keeps_what_the_settings_say() -> None:
    database = Database("default", "sqlite+aiosqlite:///a", {"connect_args": {"loop": 1}})
    assert (database.given_url, database.url) == ("sqlite+aiosqlite:///a", "sqlite:///a")
    assert (database.given_options, database.options) == ({"connect_args": {"loop": 1}}, {})
    assert database.is_async and is_async("mysql+asyncmy://h/d")
    assert not is_async("postgresql+psycopg://h/d")
