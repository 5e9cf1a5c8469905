"""Which rows a load has written so far: a number for each, in a temporary file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from types import TracebackType

import sqlalchemy as sa

from .record_rows import Key, TableRows


class SeenKeys:
    """The keys of the rows of earlier blocks, as hashes."""

    def __init__(self) -> None:
        # SQLite moves a database without a name to the disk when it grows.
        self._file = sqlite3.connect("")
        self._file.execute("CREATE TABLE seen (key INTEGER PRIMARY KEY)")
        self._file.execute("CREATE TABLE held (key INTEGER PRIMARY KEY)")
        self._holds = False
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
        full = [table for table, batch in batches.items() if self._insert(table, batch)]
        if not full:
            return {}
        self._file.rollback()
        repeated = {table: self._before(table, batches[table]) for table in full}
        for table, batch in batches.items():
            self._insert(table, batch)
        return repeated

    def _insert(self, table: sa.Table, batch: TableRows) -> bool:
        """Add the rows of a table; whether some were there."""
        hashes = [(hash((table, key)),) for key in batch.rows]
        before = self._file.total_changes
        self._file.executemany("INSERT OR IGNORE INTO seen VALUES (?)", hashes)
        return self._file.total_changes - before < len(hashes)

    def _before(self, table: sa.Table, batch: TableRows) -> set[Key]:
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

    @property
    def holds(self) -> bool:
        """Whether there is a key for which ``held`` is true."""
        return self._holds

    def hold(self, keys: Iterable[object]) -> None:
        """Note keys whose rows are put off."""
        hashes = [(hash(key),) for key in keys]
        self._holds = self._holds or bool(hashes)
        self._file.executemany("INSERT OR IGNORE INTO held VALUES (?)", hashes)
        self._file.commit()

    def held(self, key: object) -> bool:
        """Whether a key was noted since the last ``release``."""
        select = "SELECT 1 FROM held WHERE key = ?"
        return self._holds and bool(self._file.execute(select, (hash(key),)).fetchone())

    def release(self) -> None:
        """Forget the keys that were noted: what was put off is now in turn."""
        self._file.execute("DELETE FROM held")
        self._file.commit()
        self._holds = False

    def keep(self) -> None:
        """The block that was added last was written."""
        self._file.commit()

    def forget(self) -> None:
        """The block that was added last was not written."""
        self._file.rollback()
