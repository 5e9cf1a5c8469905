"""Backups: of an SQLite file by SQLite itself, of a server's database by the server's program.

A backup gets its final name only when it is complete, checked and on disk; a process
killed in between leaves a hidden file, or nothing.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..databases.engines import (
    database_url,
    is_bookkeeping,
    is_sqlite_file,
    missing_file,
    shown,
    sqlite_path,
)
from ..databases.error_kinds import blaming
from ..errors import BackupError
from ..files import written_whole
from ..interrupts import explaining
from ..sql.dialects import MARIADB
from .server_programs import libpq_environment, mariadb_options, name_of, program, run
from .sqlite_copy import SUFFIX, copied, give_name, partial_file

if TYPE_CHECKING:
    from sqlalchemy import URL

    from ..project import Project

_ENDINGS = {"sqlite": "sqlite", "postgresql": "dump"}
MARIADB_END = b"-- Dump completed"
"""mariadb-dump's last line; without it a dump was cut off."""


@dataclass(frozen=True)
class Backup:
    """A finished backup; ``rows`` per table of the application are known only for SQLite."""

    path: Path
    bytes: int
    rows: dict[str, int | str] | None = None

    @property
    def total(self) -> int | None:
        """All rows together."""
        if self.rows is None:
            return None
        return sum(count for count in self.rows.values() if isinstance(count, int))


def default_path(project: Project) -> Path:
    """``backups/<database>-<UTC time>.<ending>`` beside the settings; the folder is made.

    Nobody else can read it, and git ignores it.
    """
    url = database_url(project.database, project.settings.root)
    folder = project.settings.backup_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            with written_whole(ignore, replace=True) as file:
                file.write("*\n")
        # What killed runs left behind; a day is longer than any copy takes.
        for left in folder.glob(f".*{SUFFIX}"):
            if left.stat().st_mtime < time.time() - 86_400:
                left.unlink()
    except OSError as error:
        raise BackupError(blaming(error, f"Cannot write to {folder}: {error.strerror}.")) from error
    name = sqlite_path(url).stem if is_sqlite_file(url) else Path(url.database or "").name
    if project.database.schema is not None:
        name = f"{name}.{project.database.schema}"
    ending = _ENDINGS.get(url.get_backend_name(), "sql")
    name = name.encode()[:200].decode(errors="ignore")  # a file's name has 255 bytes at most
    base = f"{name or 'database'}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    path, number = folder / f"{base}.{ending}", 2
    while path.exists():
        path, number = folder / f"{base}-{number}.{ending}", number + 1
    return path


def source_file(url: URL) -> Path:
    """The file of an SQLite database; raises DatabaseMissing, BackupError for one in memory."""
    if not is_sqlite_file(url):
        raise BackupError(f"{shown(url)} is a database in memory: there is no file to save.")
    path = sqlite_path(url)
    if not path.exists():
        raise missing_file(path)
    return path


def back_up(project: Project, path: Path | None = None, *, force: bool = False) -> Backup:
    """Save the project's database in ``path``, by default :func:`default_path`.

    The file has mode 0600. An existing one is kept unless ``force``. Raises BackupError
    (also if the copy differs, or the database is damaged), Locked, DatabaseMissing.
    """
    with explaining("The backup", "No file was left."):
        return write_backup(project, path, force=force)


def write_backup(project: Project, asked: Path | None = None, *, force: bool = False) -> Backup:
    """The same as a part of something else, which says what an interruption leaves."""
    url = database_url(project.database, project.settings.root)
    if url.get_backend_name() == "sqlite":
        source_file(url)  # before a folder is made for it
    with _folder_of_backups(project.settings.backup_dir):
        path = default_path(project) if asked is None else asked
        return _back_up(project, url, path, force=force, free=asked is None)


@contextmanager
def _folder_of_backups(folder: Path) -> Iterator[None]:
    """A folder that is made in the block goes again if the block fails."""
    new = not folder.exists()
    try:
        yield
    except BaseException:
        if new:
            with suppress(OSError):  # there is a backup in it
                if [path.name for path in folder.iterdir()] == [".gitignore"]:
                    (folder / ".gitignore").unlink()
                folder.rmdir()
        raise


def _back_up(project: Project, url: URL, path: Path, *, force: bool, free: bool) -> Backup:
    if path.exists() and not force:
        raise BackupError(
            f"{path} already exists.", "Name another file, or replace it with --force."
        )
    if not path.parent.is_dir():
        raise BackupError(f"There is no folder {path.parent}.", f"mkdir -p {path.parent}")
    backend = url.get_backend_name()
    if backend == "sqlite":
        source = source_file(url)
        if path.exists() and path.samefile(source):
            raise BackupError(f"{path} is the database itself.", "Name another file.")
        with copied(source, path.parent, project.settings.lock_timeout) as (temporary, found):
            path = _named(temporary, path, replace=force, free=free)
        rows = {name: n for name, n in found.rows.items() if not is_bookkeeping(name)}
        return Backup(path, path.stat().st_size, rows)
    with partial_file(path.parent) as temporary:
        if backend == "postgresql":
            _dump_postgresql(project, temporary)
        elif backend in MARIADB:
            _dump_mariadb(project, temporary)
        else:
            raise BackupError(f"Backups of {backend} are not supported.")
        path = _named(temporary, path, replace=force, free=free)
    return Backup(path, path.stat().st_size)


def _named(temporary: Path, path: Path, *, replace: bool, free: bool) -> Path:
    """Give a finished backup its name: ``path``, or with ``free`` the next that nobody took."""
    number, first = 2, path
    while True:
        try:
            give_name(temporary, path, replace=replace)
            return path
        except BackupError as error:
            if not (free and isinstance(error.__cause__, FileExistsError)):
                raise
        path, number = first.with_name(f"{first.stem}-{number}{first.suffix}"), number + 1


def _dump_postgresql(project: Project, path: Path) -> None:
    """In the custom format, from one snapshot; read back as a whole. With SCHEMA, that alone."""
    environment = libpq_environment(project)
    arguments = [program("postgresql", "pg_dump"), "--format=custom", "--no-password"]
    if (schema := project.database.schema) is not None:
        quoted = schema.replace('"', '""')
        arguments.append(f'--schema="{quoted}"')  # in quotes it is no pattern
    with path.open("r+b") as file:
        run(arguments, environment=environment, stdout=file)
        os.fsync(file.fileno())
    read_postgresql(path)


def read_postgresql(path: Path) -> None:
    """Have pg_restore read the whole dump; raises BackupError for a damaged one."""
    run([program("postgresql", "pg_restore"), f"--file={os.devnull}", str(path)])


def _dump_mariadb(project: Project, path: Path) -> None:
    """As SQL, from one snapshot of the InnoDB tables, with routines, triggers and events."""
    client = program("mariadb", "mariadb-dump", "mysqldump")
    with mariadb_options(project) as options, path.open("r+b") as file:
        # hex-blob: binary values survive whatever character set reads the file.
        settings = ["--single-transaction", "--routines", "--triggers", "--events", "--hex-blob"]
        charset = "--default-character-set=utf8mb4"
        run([client, options, *settings, charset, name_of(project)], stdout=file)
        os.fsync(file.fileno())
    require_whole_dump(path)


_ELSEWHERE = re.compile(
    rb"\s*(USE\s+(`[^`]+`|\w+)\s*;?\s*$|(/\*!\d+\s+)?(CREATE|DROP)\s+(DATABASE|SCHEMA)\b)", re.I
)


def require_whole_dump(path: Path) -> None:
    """Raise BackupError for a dump that was cut off, or that would go to another database."""
    with path.open("rb") as file:
        for line in file:
            # No line of a value begins like this: mariadb-dump writes its newlines as \\n.
            if _ELSEWHERE.match(line):
                text = line.decode(errors="replace").strip()
                raise BackupError(f"{path} selects a database itself: {text}")
        file.seek(max(0, path.stat().st_size - 300))
        if MARIADB_END not in file.read():
            raise BackupError(f"{path} is not a complete dump: its last line is missing.")
