"""The connections that an env.py opens while it is harvested: nothing is written through them.

Only those are meant that it opens itself, or through what it calls: other threads of the
process work on undisturbed.
"""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event

_READS = re.compile(r"\s*(SELECT|SHOW|VALUES|EXPLAIN|DESCRIBE|DESC|WITH|PRAGMA)\b", re.I)
_SET = re.compile(r"\s*(SET|USE)\b", re.I)
_WRITES = re.compile(
    r"\b(INSERT|UPDATE|DELETE|MERGE|INTO|GET_LOCK|\w*advisory\w*lock\w*|nextval|setval)\b", re.I
)
_NOTHING = "SELECT 1 FROM (SELECT 1) no_row WHERE 1 = 0"
_TABLES_FIRST = (
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type <> 'table', rowid"
)
_current: ContextVar[WatchedConnections | None] = ContextVar("harvested_connections", default=None)


class WatchedConnections:
    """What is known of the connections; ``swallowed`` are the statements that were not sent."""

    def __init__(self, folder: Path, version_table: str) -> None:
        self.folder = folder
        self.version_table = version_table
        self.swallowed: list[str] = []
        self.opened: list[Any] = []
        self.copies: dict[str, str] = {}

    def copy_of(self, name: str) -> str:
        """A file with the tables of an SQLite file, and where it stands, without other rows."""
        path = re.sub(r"^file:(?://(?:localhost)?(?=/))?([^?]*).*$", r"\1", name)
        if path not in self.copies:
            copy = str(self.folder / f"{len(self.copies)}.sqlite")
            self.copies[path] = copy
            if Path(path).is_file():
                with suppress(sqlite3.Error):
                    _copy_tables(path, copy, self.version_table)
        return self.copies[path]

    def swallow(self, statement: str) -> None:
        """Note a statement that is not carried out."""
        text = " ".join(statement.split())
        if text not in self.swallowed:
            self.swallowed.append(text)

    def close(self) -> None:
        """Close what was opened, also what a pool keeps: it may be connected to a copy."""
        for record in self.opened:
            with suppress(Exception):  # of an event loop that has ended, or closed already
                record.invalidate()


@contextmanager
def watched(version_table: str) -> Iterator[WatchedConnections]:
    """Around the run of an env.py."""
    with tempfile.TemporaryDirectory(prefix="harvest", ignore_cleanup_errors=True) as folder:
        found = WatchedConnections(Path(folder), version_table)
        token = _current.set(found)
        event.listen(sa.Engine, "do_connect", _connect)
        event.listen(sa.Engine, "before_cursor_execute", _execute, retval=True)
        try:
            yield found
        finally:
            event.remove(sa.Engine, "do_connect", _connect)
            event.remove(sa.Engine, "before_cursor_execute", _execute)
            _current.reset(token)
            found.close()


def _connect(dialect: Any, record: Any, cargs: list[Any], cparams: dict[str, Any]) -> None:
    now = _current.get()
    if now is None:
        return
    now.opened.append(record)
    if dialect.name != "sqlite":
        return
    name = str(cargs[0] if cargs else cparams.get("database", ""))
    if name in ("", ":memory:") or "mode=memory" in name or ":memory:" in name:
        return
    # The driver would make the file.
    cparams.pop("uri", None)
    if cargs:
        cargs[0] = now.copy_of(name)
    else:
        cparams["database"] = now.copy_of(name)


def _execute(
    connection: Any, cursor: Any, statement: str, parameters: Any, *more: Any
) -> tuple[str, Any]:
    now = _current.get()
    if now is None:
        return statement, parameters
    if _SET.match(statement):
        now.swallow(statement)  # it ends with the connection
        return statement, parameters
    if _READS.match(statement) and not _WRITES.search(statement):
        return statement, parameters
    now.swallow(statement)
    return _NOTHING, ()


def _copy_tables(path: str, copy: str, version_table: str) -> None:
    with (
        closing(sqlite3.connect(f"file:{quote(path)}?mode=rw", uri=True, timeout=1)) as there,
        closing(sqlite3.connect(copy)) as here,
    ):
        there.execute("PRAGMA query_only=ON")
        order = (
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type <> 'table', rowid"
        )
        for (sql,) in there.execute(order).fetchall():
            with suppress(sqlite3.Error):  # SQLite's own, or of a virtual table
                here.execute(sql)
        with suppress(sqlite3.Error):
            table = '"' + version_table.replace('"', '""') + '"'
            for row in there.execute(f"SELECT version_num FROM {table}").fetchall():
                here.execute(f"INSERT INTO {table} (version_num) VALUES (?)", row)
        here.commit()
