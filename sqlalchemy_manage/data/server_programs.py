"""The databases' own programs, for dumps and as a shell: found, given the connection, and run.

No password is passed as an argument: every user of the machine can read those. libpq's
programs take it from their environment, MariaDB's from a file of mode 0600 that is gone
when the program has ended.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
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
    "sqlite": ("sqlite3", "sqlite", "sqlite"),
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
    "application_name": "PGAPPNAME",
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcrl": "PGSSLCRL",
    "sslcrldir": "PGSSLCRLDIR",
    "sslsni": "PGSSLSNI",
    "sslcompression": "PGSSLCOMPRESSION",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "requirepeer": "PGREQUIREPEER",
    "krbsrvname": "PGKRBSRVNAME",
    "gsslib": "PGGSSLIB",
    "gssencmode": "PGGSSENCMODE",
    "channel_binding": "PGCHANNELBINDING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "client_encoding": "PGCLIENTENCODING",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
# Of these libpq has no variable; they go into a file of a service.
_LIBPQ_FILE = (
    "sslpassword",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "replication",
    "fallback_application_name",
)
# PyMySQL's and mysqlclient's names of what the programs' option file calls otherwise.
_MARIADB = {
    "host": "host",
    "port": "port",
    "user": "user",
    "password": "password",
    "passwd": "password",
    "unix_socket": "socket",
    "connect_timeout": "connect-timeout",
    "ssl_ca": "ssl-ca",
    "ssl_capath": "ssl-capath",
    "ssl_cert": "ssl-cert",
    "ssl_key": "ssl-key",
    "ssl_cipher": "ssl-cipher",
}
# These are read by one program, or would spoil a dump.
_MARIADB_SHELL = {"charset": "default-character-set", "init_command": "init-command"}
_TRUE = ("1", "true", "yes", "on")


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
    """What URL and connect_args say about the connection, by the driver's names.

    Several hosts become a list, as libpq has it.
    """
    url = database_url(project.database, project.settings.root)
    found: dict[str, Any] = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
    }
    found |= {k: v if isinstance(v, str) else ",".join(v) for k, v in url.query.items()}
    if url.get_backend_name() == "postgresql":
        found |= _hosts(found)
    arguments = project.database.options.get("connect_args")
    if isinstance(arguments, dict):
        found |= {k: v for k, v in arguments.items() if isinstance(v, str | int)}
        ssl = arguments.get("ssl")
        if isinstance(ssl, dict):
            found |= {f"ssl_{key}": value for key, value in ssl.items()}
    return {key: str(value) for key, value in found.items() if value is not None}


def _hosts(found: dict[str, Any]) -> dict[str, str | None]:
    """``host=a:5432,b:5433`` in a query, as SQLAlchemy writes several hosts, for libpq."""
    host = found.get("host") or ""
    if "," not in host and not re.search(r":\d+$", host):
        return {}
    pairs = [each.rpartition(":") for each in host.split(",")]
    parts = [
        (h, p) if colon and p.isdigit() else (p if not colon else h + colon + p, "")
        for h, colon, p in pairs
    ]
    ports = [port for _, port in parts]
    given = str(found.get("port") or "")
    return {
        "host": ",".join(name for name, _ in parts),
        "port": ",".join(ports) if any(ports) else given or None,
    }


def name_of(project: Project) -> str:
    """The database's name on its server."""
    return str(database_url(project.database, project.settings.root).database)


def libpq_environment(project: Project) -> dict[str, str]:
    """The environment in which pg_dump, pg_restore and psql reach the project's database."""
    known = {_LIBPQ[k]: v for k, v in _given(project).items() if k in _LIBPQ}
    name = database_url(project.database, project.settings.root).database
    named = {"PGDATABASE": name} if name else {}
    return {**os.environ, "PGCLIENTENCODING": "UTF8", **named, **known}


@contextmanager
def psql_environment(project: Project) -> Iterator[dict[str, str]]:
    """The same for a shell, with what only a service file can say, for as long as the block."""
    environment = libpq_environment(project)
    if (schema := project.database.schema) is not None:
        escaped = re.sub(r"([\\ ])", r"\\\1", '"' + schema.replace('"', '""') + '"')
        path = f"-c search_path={escaped}"
        environment["PGOPTIONS"] = f"{environment.get('PGOPTIONS', '')} {path}".strip()
    if "client_encoding" not in _given(project):
        # A terminal has the encoding of its locale; psql finds out.
        environment.pop("PGCLIENTENCODING")
        if "PGCLIENTENCODING" in os.environ:
            environment["PGCLIENTENCODING"] = os.environ["PGCLIENTENCODING"]
    more = {k: v for k, v in _given(project).items() if k in _LIBPQ_FILE}
    if not more or "PGSERVICE" in environment:
        yield environment
        return
    lines = ["[manage]", *(f"{key}={value}" for key, value in more.items())]
    with _private_file(lines, ".conf") as name:
        yield {**environment, "PGSERVICEFILE": name, "PGSERVICE": "manage"}


@contextmanager
def mariadb_options(project: Project, *, shell: bool = False) -> Iterator[str]:
    """The argument that names a file with the connection; it must come first.

    ``shell``: for a client, which also takes the character set and the first statement.
    """
    given = _given(project)
    url = database_url(project.database, project.settings.root)
    known = _MARIADB | (_MARIADB_SHELL if shell else {})
    lines = []
    if file := given.get("read_default_file"):
        lines.append(f"!include {file}")
    lines.append("[client]")
    pure = url.get_driver_name() in ("pymysql", "aiomysql", "asyncmy", "mysqlconnector")
    if "unix_socket" not in given and pure:
        # The programs take "localhost" for the socket; these drivers do not.
        given.setdefault("host", "localhost")
        lines.append("protocol=tcp")
    for key, value in given.items():
        if key in known:
            # https://mariadb.com/kb/en/configuring-mariadb-with-option-files/#escape-sequences
            escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            lines.append(f'{known[key]}="{escaped}"')
    # MySQL's own client, which calls these otherwise, does not read this section.
    lines.append("[client-mariadb]")
    if given.get("ssl_disabled", "").lower() in _TRUE:
        lines.append("skip-ssl")
    if any(given.get(f"ssl_verify_{what}", "").lower() in _TRUE for what in ("cert", "identity")):
        lines.append("ssl-verify-server-cert")
    with _private_file(lines, ".cnf") as name:
        yield f"--defaults-extra-file={name}"


@contextmanager
def _private_file(lines: list[str], suffix: str) -> Iterator[str]:
    """A file with these lines that only its owner can read, for as long as the block lasts."""
    # mkstemp makes it with mode 0600.
    handle, name = tempfile.mkstemp(prefix="manage_", suffix=suffix)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join([*lines, ""]))
        yield name
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
    on_done: Callable[[], None] = lambda: None,
) -> None:
    """Run a program to its end; raises BackupError with its error messages.

    Ctrl-C and SIGTERM end it too. ``on_done`` is called when it has done its work, even if
    a signal arrived just then.
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
            if process.returncode == 0:
                on_done()
            raise
        if not code:
            on_done()
        else:
            complaints.seek(0)
            text = complaints.read().decode(errors="replace").strip()
            lines = text.splitlines()[:8] or [f"exit code {code}"]
            raise BackupError(f"{Path(arguments[0]).name} failed: " + "\n  ".join(lines))
