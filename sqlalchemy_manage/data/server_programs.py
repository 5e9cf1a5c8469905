"""The servers' own programs for dumps: found, given the connection, and run.

No password is passed as an argument: every user of the machine can read those. libpq's
programs take it from their environment, MariaDB's from a file of mode 0600 that is gone
when the program has ended.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..databases.engines import database_url
from ..errors import BackupError

if TYPE_CHECKING:
    from ..project import Project

_PATIENCE = 2.0  # seconds that a program has to end after Ctrl-C
_PACKAGES = {
    "postgresql": ("postgresql-client", "postgresql", "libpq"),
    "mariadb": ("mariadb-client", "mariadb", "mariadb"),
}
# https://www.postgresql.org/docs/current/libpq-envars.html
_LIBPQ = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "options": "PGOPTIONS",
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcrl": "PGSSLCRL",
    "gssencmode": "PGGSSENCMODE",
    "channel_binding": "PGCHANNELBINDING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
# PyMySQL's and mysqlclient's names of what the programs' option file calls otherwise.
_MARIADB = {
    "host": "host",
    "port": "port",
    "user": "user",
    "password": "password",
    "passwd": "password",
    "unix_socket": "socket",
    "ssl_ca": "ssl-ca",
    "ssl_cert": "ssl-cert",
    "ssl_key": "ssl-key",
}


def program(kind: str, *names: str) -> str:
    """The path of the first of ``names`` that is installed; raises BackupError with the package."""
    for name in names:
        if found := shutil.which(name):
            return found
    debian, fedora, brew = _PACKAGES[kind]
    raise BackupError(
        f"{' or '.join(names)} is not installed, or not in PATH.",
        f"apt-get install {debian}, dnf install {fedora}, or brew install {brew}.",
    )


def _given(project: Project) -> dict[str, str]:
    """What URL and connect_args say about the connection, by the driver's names."""
    url = database_url(project.database, project.settings.root)
    found: dict[str, Any] = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
    }
    found |= {k: v if isinstance(v, str) else v[-1] for k, v in url.query.items()}
    arguments = project.database.options.get("connect_args")
    if isinstance(arguments, dict):
        found |= {k: v for k, v in arguments.items() if isinstance(v, str | int)}
        ssl = arguments.get("ssl")
        if isinstance(ssl, dict):
            found |= {f"ssl_{key}": value for key, value in ssl.items()}
    return {key: str(value) for key, value in found.items() if value is not None}


def name_of(project: Project) -> str:
    """The database's name on its server."""
    return str(database_url(project.database, project.settings.root).database)


def libpq_environment(project: Project) -> dict[str, str]:
    """The environment in which pg_dump, pg_restore and psql reach the project's database."""
    known = {_LIBPQ[k]: v for k, v in _given(project).items() if k in _LIBPQ}
    return {**os.environ, "PGCLIENTENCODING": "UTF8", "PGDATABASE": name_of(project), **known}


@contextmanager
def mariadb_options(project: Project) -> Iterator[str]:
    """The argument that names a file with the connection; it must come first."""
    lines = ["[client]"]
    for key, value in _given(project).items():
        if key in _MARIADB:
            # https://mariadb.com/kb/en/configuring-mariadb-with-option-files/#escape-sequences
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f'{_MARIADB[key]}="{escaped}"')
    # mkstemp makes it with mode 0600.
    handle, name = tempfile.mkstemp(prefix="manage_", suffix=".cnf")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join([*lines, ""]))
        yield f"--defaults-extra-file={name}"
    finally:
        Path(name).unlink(missing_ok=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program so that it has the server's statement cancelled."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_PATIENCE)
    except BaseException:
        process.kill()
        process.wait()


def run(
    arguments: list[str],
    *,
    environment: dict[str, str] | None = None,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    stdout: IO[bytes] | int = subprocess.DEVNULL,
) -> None:
    """Run a program to its end; raises BackupError with its error messages.

    Ctrl-C and SIGTERM end it too.
    """
    # A pipe for the complaints could fill; a file does not.
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            arguments, env=environment, stdin=stdin, stdout=stdout, stderr=complaints
        )
        try:
            code = process.wait()
        except KeyboardInterrupt:
            _end(process)
            raise
        if code:
            complaints.seek(0)
            text = complaints.read().decode(errors="replace").strip()
            lines = text.splitlines()[:8] or [f"exit code {code}"]
            raise BackupError(f"{Path(arguments[0]).name} failed: " + "\n  ".join(lines))
