"""The database's own client, as a shell on the project's database."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

from ..databases.engines import database_url, is_sqlite_file, missing_file, shown, sqlite_path
from ..errors import DatabaseError
from ..sql.dialects import MARIADB
from .server_programs import mariadb_options, program, psql_environment

if TYPE_CHECKING:
    from sqlalchemy import URL

    from ..project import Project

_ENDING = ("SIGTERM", "SIGHUP")


def run_client(project: Project, arguments: Sequence[str]) -> int:
    """Run sqlite3, psql or mariadb on the project's database, with ``arguments`` after its own.

    It has this process's terminal, or standard input and output. No password is among its
    arguments. Returns its exit code, 128 plus its number for a signal. Raises BackupError with
    the package of a client that is not installed, DatabaseMissing, DatabaseError for a database
    in memory.
    """
    url = database_url(project.database, project.settings.root)
    backend = url.get_backend_name()
    if backend == "sqlite":
        file = _sqlite_file(url)
        return _run([program("sqlite", "sqlite3"), file, *arguments])
    if backend == "postgresql":
        with psql_environment(project) as environment:
            return _run([program("postgresql", "psql"), *arguments], environment)
    if backend in MARIADB:
        client = program("mariadb", "mariadb", "mysql")
        name = [f"--database={url.database}"] if url.database else []
        with mariadb_options(project, shell=True) as options:
            return _run([client, options, *name, *arguments])
    raise DatabaseError(f"No client is known for {shown(url)}.")


def _sqlite_file(url: URL) -> str:
    if not is_sqlite_file(url):
        raise DatabaseError(
            f"{shown(url)} is a database in memory: it is empty for each process.",
            "Name a file in DATABASES, or another database with --database ALIAS.",
        )
    path = sqlite_path(url)
    if not path.exists():
        raise missing_file(path)
    name = str(url.database)
    if not name.startswith("file:"):
        # An absolute path: a relative one may begin with a hyphen.
        return str(path.absolute())
    own = ("uri", "timeout", "isolation_level", "detect_types", "check_same_thread")
    query = [f"{k}={v}" for k, v in url.query.items() if k not in (*own, "cached_statements")]
    joint = "&" if "?" in name else "?"
    return joint.join([name, "&".join(query)]) if query else name


def _run(arguments: list[str], environment: Mapping[str, str] | None = None) -> int:
    with _signals_are_the_clients() as children:
        child = subprocess.Popen(arguments, env=environment)
        children.append(child)
        code = child.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _signals_are_the_clients() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Ctrl-C is the client's alone: it cancels a statement there. Who ends this process ends the
    client, so that the file with the password is removed."""
    children: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        for child in children:
            with suppress(ProcessLookupError):
                child.send_signal(number)

    before = {signal.SIGINT: signal.signal(signal.SIGINT, lambda number, frame: None)}
    for name in _ENDING:
        if (number := getattr(signal, name, None)) is not None:
            before[number] = signal.signal(number, pass_on)
    try:
        yield children
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
