"""The drivers that an env.py may want where the settings name another of the same database."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from sqlalchemy.engine import URL

_DRIVERS = {
    "sqlite": ("pysqlite", "aiosqlite"),
    "postgresql": ("psycopg", "asyncpg", "psycopg2"),
    "mysql": ("pymysql", "asyncmy", "aiomysql", "mysqldb"),
    "mariadb": ("pymysql", "asyncmy", "aiomysql", "mysqldb"),
}
_MODULES = {"pysqlite": "sqlite3", "mysqldb": "MySQLdb"}


def other_drivers(url: URL) -> Iterator[URL]:
    """``url`` with each other driver that is installed; an engine may have to be async, or not."""
    backend, _, driver = url.drivername.partition("+")
    for name in _DRIVERS.get(backend, ()):
        if name != driver and importlib.util.find_spec(_MODULES.get(name, name)) is not None:
            yield url.set(drivername=f"{backend}+{name}")
