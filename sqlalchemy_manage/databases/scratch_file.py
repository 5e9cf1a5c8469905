"""An SQLite database for a comparison, in a file that is gone afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from ..database_settings import Database
from .engines import scratch_name


class UnsyncedConnection(sqlite3.Connection):
    """A connection of a database that need not outlive a power failure."""

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.execute("PRAGMA synchronous=OFF")


@contextmanager
def scratch_sqlite(alias: str) -> Iterator[Database]:
    """An empty SQLite database in a temporary file, which is gone after the block.

    Not in memory: there a second connection, as a revision opens one that inspects through
    the engine, finds the schema locked. Without its syncs to the disk it is as quick.
    """
    with TemporaryDirectory(prefix="sqlalchemy-manage-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / f"{scratch_name()}.sqlite"
        file.touch()  # it is a database that exists
        url = sa.URL.create("sqlite", database=str(file))
        options = {"connect_args": {"factory": UnsyncedConnection}}
        yield Database(alias, url.render_as_string(hide_password=False), options)
