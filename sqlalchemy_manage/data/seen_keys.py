"""Which rows a load has written so far: a number for each, in a temporary file."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from types import TracebackType

import sqlalchemy as sa

from .record_rows import Key, TableRows


class SeenKeys:
    """The keys of the rows of earlier blocks, as hashes."""

    def __init__(self) -> None:
        # SQLite moves a database without a name to the disk when it grows.
        self._file = sqlite3.connect("")
        self._file.execute("CREATE TABLE seen (key INTEGER PRIMARY KEY)")
        self._file.execute("CREATE TABLE wanted (row INTEGER PRIMARY KEY, times INTEGER)")

    def __enter__(self) -> SeenKeys:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, batches: Mapping[sa.Table, TableRows]) -> dict[sa.Table, set[Key]]:
        """Add the rows of a block until ``keep`` or ``forget``; those that were there before."""
        repeated = {}
        for table, batch in batches.items():
            hashes = [hash((table, key)) for key in batch.rows]
            before = self._file.total_changes
            self._file.executemany("INSERT OR IGNORE INTO seen VALUES (?)", zip(hashes))
            if self._file.total_changes - before < len(hashes):
                repeated[table] = self._before(table, batch)
        return repeated

    def _before(self, table: sa.Table, batch: TableRows) -> set[Key]:
        """Those of the rows that were there before this block, which is then added again."""
        self._file.rollback()
        select = "SELECT 1 FROM seen WHERE key = ?"
        return {
            key
            for key in batch.rows
            if self._file.execute(select, (hash((table, key)),)).fetchone()
        }

    def wanted(self, row: object, times: int) -> int:
        """How often a row without a key was listed before; now it is so many times more."""
        select = "SELECT times FROM wanted WHERE row = ?"
        found = self._file.execute(select, (hash(row),)).fetchone()
        before = int(found[0]) if found else 0
        replace = "INSERT OR REPLACE INTO wanted VALUES (?, ?)"
        self._file.execute(replace, (hash(row), before + times))
        return before

    def keep(self) -> None:
        """The block that was added last was written."""
        self._file.commit()

    def forget(self) -> None:
        """The block that was added last was not written."""
        self._file.rollback()
