"""A copy of an SQLite database that is complete and verified, or does not exist.

SQLite's online backup API copies from one read transaction, in which the source is also
counted and checked (https://sqlite.org/backup.html); others may write in the meantime. The
copy grows in a hidden file of mode 0600 in the same folder, and gets its name only when
it was compared with the source and is on the disk.

The source is never opened by anything but SQLite: closing a file drops all POSIX locks
that the process holds on it (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from urllib.parse import quote

from ..databases.error_kinds import blaming
from ..errors import BackupError, Locked
from ..files import hidden_file, put_in_place, sync
from ..interrupts import pending, stop

SUFFIX = ".partial"
_STEP = 2_000  # pages


@dataclass(frozen=True)
class Signature:
    """What is compared: rows per table, objects with their SQL, rows whose keys dangle."""

    rows: dict[str, int | str]
    objects: tuple[tuple[object, ...], ...]
    dangling: tuple[object, ...]
    version: tuple[int, int]

    def differences(self, other: Signature) -> list[str]:
        """In words, what differs in ``other``."""
        found = [
            f"{name}: {self.rows.get(name, 'no table')} and {other.rows.get(name, 'no table')} rows"
            for name in sorted(self.rows.keys() | other.rows.keys())
            if self.rows.get(name) != other.rows.get(name)
        ]
        if self.objects != other.objects:
            found.append("tables, indexes, views and triggers differ")
        if self.dangling != other.dangling:
            found.append("rows with dangling foreign keys differ")
        if self.version != other.version:
            found.append("user_version or application_id differ")
        return found


def signature(connection: sqlite3.Connection) -> Signature:
    """Of the database as the connection sees it now; one transaction should hold it still."""
    objects = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    names = sorted(name for kind, name, _, _ in objects if kind == "table")
    rows: dict[str, int | str] = {}
    for name in names:
        escaped = name.replace('"', '""')
        try:
            rows[name] = connection.execute(f'SELECT count(*) FROM "{escaped}"').fetchone()[0]
        except sqlite3.OperationalError as error:
            rows[name] = str(error)  # a virtual table whose module is not loaded here
    try:
        dangling = tuple(connection.execute("PRAGMA foreign_key_check").fetchall())
    except sqlite3.OperationalError as error:
        dangling = (str(error),)  # "foreign key mismatch": a key that refers to nothing
    version = tuple(
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("user_version", "application_id")
    )
    return Signature(
        rows, tuple(sorted(objects, key=repr)), tuple(sorted(dangling, key=repr)), version
    )


@contextmanager
def reading(path: Path, timeout: float) -> Iterator[sqlite3.Connection]:
    """A connection in a read transaction; raises BackupError if it is not a database.

    It may write only what recovering after a crash takes: a read-only connection could
    not roll back what a killed process left in the journal.
    """
    # A folder that may not be written has nothing to recover, or nobody could.
    mode = "rw" if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK) else "ro"
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}", uri=True, isolation_level=None, timeout=timeout
        )
    except sqlite3.OperationalError as error:
        raise BackupError(f"SQLite cannot open {path}: {error}.") from error
    with closing(connection):
        try:
            connection.execute("PRAGMA query_only=ON")
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.DatabaseError as error:
            raise failure(error, path) from error
        yield connection


def failure(error: sqlite3.Error, path: Path) -> BackupError | Locked:
    """What SQLite complains about, as an error of ours."""
    if "locked" in str(error) or "busy" in str(error):
        return Locked(
            f"Another process keeps {path} locked.",
            "Wait for it, or end it, then repeat the command.",
        )
    if "not a database" in str(error) or "malformed" in str(error):
        return BackupError(f"{path} is not an SQLite database, or is damaged: {error}.")
    return BackupError(blaming(error, f"{path}: {error}."))


@contextmanager
def partial_file(folder: Path) -> Iterator[Path]:
    """An empty hidden file of mode 0600 in ``folder``, gone at the end unless it was renamed.

    So is what SQLite may have laid beside it. Raises BackupError if it cannot be made.
    """
    with ExitStack() as stack:
        try:
            path = stack.enter_context(hidden_file(folder, SUFFIX))
        except OSError as error:
            raise BackupError(
                blaming(error, f"Cannot write to {folder}: {error.strerror}.")
            ) from error
        try:
            yield path
        finally:
            for end in ("-wal", "-shm"):
                with suppress(OSError):
                    os.unlink(f"{path}{end}")


@contextmanager
def copied(
    source: Path,
    folder: Path,
    timeout: float,
    change: Callable[[sqlite3.Connection], object] | None = None,
) -> Iterator[tuple[Path, Signature]]:
    """A proved copy of ``source`` in a hidden file of ``folder``, on the disk; and what it holds.

    It is gone at the end, unless it was renamed. ``change`` may alter the copy after it
    was compared. Raises BackupError, Locked.
    """
    with partial_file(folder) as temporary:
        with reading(source, timeout) as origin:
            try:
                before = signature(origin)
                _copy(origin, temporary)
                _prove(source, temporary, before)
                if change is not None:
                    with closing(_scratch(temporary)) as copy:
                        change(copy)
            except sqlite3.Error as error:
                raise failure(error, source) from error
        sync(temporary)
        yield temporary, before


def _scratch(path: Path) -> sqlite3.Connection:
    """A connection that writes no other file; nothing that it makes has to be undone."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA journal_mode=OFF")
    return connection


def _copy(origin: sqlite3.Connection, temporary: Path) -> None:
    with closing(_scratch(temporary)) as copy:
        # In steps, between which Python sees to signals.
        origin.backup(copy, pages=_STEP, progress=lambda *state: None)


def _prove(source: Path, temporary: Path, before: Signature) -> None:
    # immutable: no -wal and -shm files beside a copy whose source has a write-ahead log.
    uri = f"file:{quote(str(temporary))}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as copy:
        faults = [row[0] for row in copy.execute("PRAGMA integrity_check(3)")]
        if faults != ["ok"]:
            raise BackupError(
                f"{source} is damaged: {'; '.join(faults)}. No copy was kept.",
                "Restore an older backup, or repair it: https://sqlite.org/recovery.html",
            )
        differences = before.differences(signature(copy))
    if differences:
        raise BackupError(f"The copy of {source} differs from it: {'; '.join(differences)}.")


def give_name(temporary: Path, target: Path, *, replace: bool) -> None:
    """Give a finished file its name, for good; raises BackupError if the name is taken."""
    try:
        put_in_place(temporary, target, replace=replace)
    except FileExistsError as error:
        raise BackupError(f"{target} already exists.", "--force replaces it.") from error
    except OSError as error:
        raise BackupError(blaming(error, f"Cannot write {target}: {error.strerror}.")) from error


def copy_into(source: Path, target: Path, timeout: float) -> None:
    """Make the database in ``target``, which others may have open, equal to that in ``source``.

    One transaction of SQLite's: a killed or failed process leaves the old database. Raises
    Locked when another process does not let go of it within ``timeout`` seconds.
    """
    uri = f"file:{quote(str(source))}?mode=ro&immutable=1"
    deadline = monotonic() + timeout

    def patience(status: int, remaining: int, total: int) -> None:
        # Python repeats a step that met a lock without end.
        if status != sqlite3.SQLITE_DONE and pending():
            raise stop()
        if status != sqlite3.SQLITE_DONE and monotonic() > deadline:
            raise failure(sqlite3.OperationalError("database is locked"), target)

    with (
        closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as origin,
        closing(sqlite3.connect(target, isolation_level=None, timeout=timeout)) as live,
    ):
        try:
            (mode,) = live.execute("PRAGMA journal_mode").fetchone()
            sizes = [c.execute("PRAGMA page_size").fetchone()[0] for c in (origin, live)]
            if mode == "wal" and sizes[0] != sizes[1]:
                # A write-ahead log keeps its page size.
                live.execute("PRAGMA journal_mode=DELETE")
            # Else SQLite itself would wait for a lock, and ``patience`` not be asked meanwhile.
            live.execute("PRAGMA busy_timeout=50")
            origin.backup(live, progress=patience, sleep=0.05)
            live.execute(f"PRAGMA busy_timeout={int(timeout * 1000)}")
            live.execute(f"PRAGMA journal_mode={mode}")
        except sqlite3.Error as error:
            raise failure(error, target) from error
