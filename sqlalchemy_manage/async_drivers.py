"""URLs of async drivers, for an engine that is not async.

Every command works with connections that are not async. Where the URL names an async driver,
the sync driver of the same database takes its place, with the arguments translated. Where
none is installed, or an argument cannot be translated without changing what it means, URL and
arguments stay, and ``databases/async_bridge.py`` makes the async driver's connections usable.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_POSTGRESQL = {
    "asyncpg": (("psycopg", "psycopg"), ("psycopg2", "psycopg2")),
    "psycopg_async": (("psycopg", "psycopg"),),
}
_MYSQL = (("pymysql", "pymysql"), ("mysqldb", "MySQLdb"))
_SYNC: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    "sqlite": {"aiosqlite": (("pysqlite", "sqlite3"),)},
    "postgresql": _POSTGRESQL,
    "mysql": {"asyncmy": _MYSQL, "aiomysql": _MYSQL},
    "mariadb": {"asyncmy": _MYSQL, "aiomysql": _MYSQL},
}
"""Kind of database -> async driver -> the drivers that can take its place, each as SQLAlchemy
names it and the module that must be there."""


class Untranslatable(Exception):
    """An argument that the sync driver has not: leaving it out would change what is meant."""


def driver_of(url: str) -> tuple[str, str]:
    """The kind of database and the driver that a URL names; read without SQLAlchemy."""
    scheme = url.partition(":")[0]
    backend, _, driver = scheme.partition("+")
    return ("postgresql" if backend == "postgres" else backend), driver


def is_async(url: str) -> bool:
    """Whether the URL names a driver that only an AsyncEngine can use."""
    backend, driver = driver_of(url)
    return driver in _SYNC.get(backend, {})


def usable(url: str, options: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A URL and engine arguments of a driver that is not async, where there is one.

    Else both as they are. A URL that is none stays too, for the one who has to say so.
    """
    if not is_async(url):
        return url, options
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return url, options
    backend, driver = driver_of(url)
    for name, module in _SYNC[backend][driver]:
        if importlib.util.find_spec(module) is None:
            continue
        try:
            translated, arguments = _translated(parsed, driver, name, options)
        except Untranslatable:
            continue
        translated = translated.set(
            drivername=backend if name == "pysqlite" else f"{backend}+{name}"
        )
        return translated.render_as_string(hide_password=False), arguments
    return url, options


def _translated(
    url: URL, driver: str, to: str, options: Mapping[str, Any]
) -> tuple[URL, dict[str, Any]]:
    engine = dict(engine_arguments(options))
    if "async_creator" in engine or (to == "psycopg2" and "native_inet_types" in engine):
        raise Untranslatable
    given = engine.get("connect_args", {})
    if not isinstance(given, Mapping):
        raise Untranslatable
    query: dict[str, Any] = {}
    arguments: dict[str, Any] = {}
    for name, value in url.query.items():
        for new, put in _argument(driver, to, name, value):
            # What is no text can only be given to the driver itself.
            (query if isinstance(put, str | tuple) else arguments)[new] = put
    for name, value in given.items():
        arguments.update(_argument(driver, to, name, value))
    engine.pop("connect_args", None)
    if arguments:
        engine["connect_args"] = arguments
    return url.set(query=query), engine


def engine_arguments(options: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The arguments, with the pool of an engine that is not async."""
    for name, value in options.items():
        if name == "poolclass" and getattr(value, "__name__", "").startswith("AsyncAdapted"):
            from sqlalchemy import pool

            value = getattr(pool, value.__name__.removeprefix("AsyncAdapted"))
        yield name, value


def _argument(driver: str, to: str, name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """An argument of an async driver, as the sync one has it: none, one, or several."""
    if name == "async_creator_fn":
        raise Untranslatable
    if name in ("loop", "async_fallback"):
        return
    translate = {"asyncpg": _of_asyncpg, "aiosqlite": _of_aiosqlite}.get(
        driver, _of_mysql if to in ("pymysql", "mysqldb") else _as_it_is
    )
    yield from translate(to, name, value)


def _as_it_is(to: str, name: str, value: Any) -> Iterator[tuple[str, Any]]:
    yield name, value


def _of_aiosqlite(to: str, name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if name != "iter_chunk_size":
        yield name, value


def _of_mysql(to: str, name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if name in ("echo", "cursor_cls", "cursorclass", "auth_plugin"):
        return
    if name == "ssl" and to == "mysqldb" and not isinstance(value, str | Mapping):
        raise Untranslatable
    yield {"db": "database"}.get(name, name), value


_SAME = ("host", "port", "user", "password", "passfile", "service", "target_session_attrs")
_CACHES = ("statement_cache_size", "prepared_statement_cache_size")
_NEEDLESS = (
    "command_timeout",
    "connection_class",
    "max_cacheable_statement_size",
    "max_cached_statement_lifetime",
    "prepared_statement_name_func",
    "record_class",
)


def _of_asyncpg(to: str, name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """An argument of asyncpg for libpq, which psycopg and psycopg2 hand theirs to."""
    if name in _SAME and isinstance(value, str | int | tuple):
        yield name, value
    elif name == "database":
        yield "dbname", value
    elif name == "krbsrvname" or name in ("gsslib", "sslmode", "application_name"):
        yield name, value
    elif name == "ssl" and isinstance(value, str | bool):
        yield from _ssl(value)
    elif name == "timeout" and isinstance(value, str | int | float):
        yield "connect_timeout", str(max(1, math.ceil(float(value))))
    elif name == "server_settings" and isinstance(value, Mapping):
        if value:
            yield "options", " ".join(f"-c {k}={_escaped(str(v))}" for k, v in value.items())
    elif name in _CACHES:
        # Behind a pooler, as a rule: nothing may be prepared there.
        if str(value) == "0" and to == "psycopg":
            yield "prepare_threshold", None
    elif name == "direct_tls" and str(value).lower() in ("false", "0", "none"):
        return
    elif name not in _NEEDLESS:
        raise Untranslatable


def _ssl(value: str | bool) -> Iterator[tuple[str, Any]]:
    word = str(value).lower()
    if word in ("true", "1"):  # asyncpg then verifies, by the certificates of the system
        yield "sslmode", "verify-full"
        yield "sslrootcert", "system"
    else:
        yield "sslmode", "disable" if word in ("false", "0") else word


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
