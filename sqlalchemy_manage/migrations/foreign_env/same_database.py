"""Whether two URLs are of one database, however they are spelled."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sqlalchemy.engine import URL

_PORTS = {"postgresql": 5432, "mysql": 3306}
_HERE = ("", "localhost", "127.0.0.1", "::1", "[::1]")


def same_database(one: URL, other: URL, root: Path | None = None) -> bool:
    """Whether both lead to the same database.

    The driver, the user and the options do not count. A relative SQLite file is looked for in
    ``root`` and in the current folder.
    """
    if _backend(one) != _backend(other):
        return False
    if _backend(one) == "sqlite":
        return bool(_files(one, root) & _files(other, root))
    return (_host(one), _port(one), one.database) == (_host(other), _port(other), other.database)


def _backend(url: URL) -> str:
    name = url.get_backend_name()
    return {"postgres": "postgresql", "mariadb": "mysql"}.get(name, name)


def _files(url: URL, root: Path | None) -> set[str]:
    name = url.database or ""
    if name in ("", ":memory:") or url.query.get("mode") == "memory":
        return {":memory:"}
    name = re.sub(r"^file:(?://(?:localhost)?(?=/))?([^?]*).*$", r"\1", name)
    folders = [Path.cwd(), *([root] if root is not None else [])]
    return {os.path.normcase(os.path.realpath(folder / name)) for folder in folders}


def _first(url: URL, key: str) -> str | None:
    value = url.query.get(key)
    return value if isinstance(value, str) or value is None else value[0]


def _host(url: URL) -> str:
    host = (url.host or _first(url, "host") or _first(url, "unix_socket") or "").lower()
    return "" if host in _HERE else host


def _port(url: URL) -> int:
    given = url.port or _first(url, "port")
    return int(given) if given else _PORTS.get(_backend(url), 0)
