"""Restore a backup, so that a failure leaves the old database as it was.

SQLite and PostgreSQL: one transaction. MariaDB commits every statement; there the dump
is first loaded into a scratch database, and the old data is saved before it goes.
"""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import sqlalchemy as sa

from .. import advice
from ..database_settings import Database
from ..databases.engines import connecting, create_engine, database_url, sqlite_path
from ..databases.locks import migration_lock
from ..databases.protection import STAMP, stamp, stamp_of
from ..databases.servers import exists, scratch_database
from ..databases.tenants import missing_schema
from ..errors import BackupError, ManageError
from ..interrupts import explaining, held, interruption, received
from .backup import Backup, read_postgresql, require_whole_dump, write_backup
from .server_programs import libpq_environment, mariadb_options, program, run
from .sqlite_copy import copied, copy_into, give_name

if TYPE_CHECKING:
    from ..project import Project

_MAGIC = {"sqlite": b"SQLite format 3\0", "postgresql": b"PGDMP"}


@dataclass(frozen=True)
class Restored:
    """``saved``: the old data, None if there was none or it was not wanted."""

    saved: Backup | None
    stamp: str | None


def kind_of(path: Path) -> str:
    """The kind of database that a file is a backup of; raises BackupError for none."""
    try:
        with path.open("rb") as file:
            head = file.read(2000)
    except OSError as error:
        raise BackupError(f"Cannot read {path}: {error.strerror}.") from error
    for kind, magic in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if b"-- MariaDB dump" in head or b"-- MySQL dump" in head:
        return "mariadb"
    raise BackupError(
        f"{path} is not a backup: it is neither an SQLite file nor an output of "
        "pg_dump --format=custom or mariadb-dump.",
    )


def restore(
    project: Project,
    path: Path,
    *,
    save: bool = True,
    on_saved: Callable[[Backup], None] = lambda backup: None,
) -> Restored:
    """Make the project's database equal to the backup in ``path``.

    ``save``: the old data is backed up first (always on MariaDB), and ``on_saved`` is
    called before anything is replaced. A stamp of the environment that the
    database has stays. Raises BackupError, Locked; the message says what state the
    database is in, if it is not the old one.
    """
    outcome = _Outcome(path)
    with explaining("The restore", lambda: outcome.state):
        return _restored(project, path, outcome, save=save, on_saved=on_saved)


@dataclass
class _Outcome:
    """What an interrupted restore has left."""

    path: Path
    state: str = "The database is as it was."

    def replaced(self) -> None:
        self.state = f"The database had been replaced: it is as in {self.path}."


def _restored(
    project: Project,
    path: Path,
    outcome: _Outcome,
    *,
    save: bool,
    on_saved: Callable[[Backup], None],
) -> Restored:
    url = database_url(project.database, project.settings.root)
    backend = url.get_backend_name().replace("mysql", "mariadb")
    kind = kind_of(path)
    if kind != backend:
        raise BackupError(f"{path} is a backup of {kind}, and the database is {backend}.")
    if backend == "sqlite":
        with migration_lock(project.engine, project.settings.lock_wait, lambda who: None):
            return _restore_sqlite(project, path, outcome, on_saved if save else None)
    if backend == "postgresql":
        read_postgresql(path)
    else:
        require_whole_dump(path)
    if not exists(project.database, project.settings.root):
        raise BackupError(
            f"The server has no database '{url.database}' to restore into.",
            "Create it empty, then repeat the command.",
        )
    saved: Backup | None = None
    engine = create_engine(project.database, project.settings.root, poolclass=sa.NullPool)
    try:
        with connecting(engine) as connection:
            kept = stamp_of(connection)
            save = save and missing_schema(connection, project.database) is None
        with migration_lock(engine, project.settings.lock_wait, lambda who: None):
            if backend == "postgresql":
                if save:
                    saved = write_backup(project)
                    on_saved(saved)
                _restore_postgresql(project, engine, path, kept, outcome)
            else:
                saved = _restore_mariadb(project, engine, path, on_saved)
                outcome.replaced()
                if kept:
                    with engine.begin() as connection:
                        stamp(connection, kept)
        with engine.connect() as connection:
            return Restored(saved, stamp_of(connection))
    finally:
        engine.dispose()


def _restore_sqlite(
    project: Project, path: Path, outcome: _Outcome, on_saved: Callable[[Backup], None] | None
) -> Restored:
    target = sqlite_path(database_url(project.database, project.settings.root))
    timeout = project.settings.lock_timeout
    old: str | None = None
    saved: Backup | None = None
    there = target.exists()
    if there:
        if path.samefile(target):
            raise BackupError(f"{path} is the database itself.", "Name a backup.")
        with project.connect() as connection:
            old = stamp_of(connection)
        project.close()
        if on_saved is not None:
            saved = write_backup(project)
            on_saved(saved)
    change = _stamping(old) if old else None
    with (
        copied(path, target.parent, timeout, change) as (copy, found),
        held(),  # SQLite does it in one call
    ):
        if there:
            copy_into(copy, target, timeout)
        else:
            give_name(copy, target, replace=False)
        outcome.replaced()
    name = old
    if there or STAMP.name in found.rows:
        with project.connect() as connection:
            name = stamp_of(connection)
    return Restored(saved, name)


def _stamping(name: str) -> Callable[[sqlite3.Connection], None]:
    def change(connection: sqlite3.Connection) -> None:
        engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=sa.StaticPool)
        with engine.begin() as own:
            stamp(own, name)

    return change


_SCHEMAS = """
SELECT n.nspname FROM pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS (
    SELECT 1 FROM pg_depend d
    WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
"""

# Its rights: those of PUBLIC have the grantee 0.
_PUBLIC = """
SELECT pg_get_userbyid(n.nspowner) AS owner, current_user AS me, a.privilege_type AS privilege,
       CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee) END AS grantee
FROM pg_namespace n LEFT JOIN LATERAL aclexplode(n.nspacl) a ON true
WHERE n.nspname = 'public'
"""


def _restore_postgresql(
    project: Project, engine: sa.Engine, path: Path, kept: str | None, outcome: _Outcome
) -> None:
    """Drop every schema, or that of the alias alone, and run the dump's SQL.

    In one transaction of psql's. Raises BackupError for a dump without the schema of the alias.
    """
    quote = engine.dialect.identifier_preparer.quote
    own = project.database.schema
    with engine.connect() as connection:
        schemas = connection.exec_driver_sql(_SCHEMAS).scalars().all()
        public = connection.exec_driver_sql(_PUBLIC).all()
    before = [f"SET lock_timeout = '{int(project.settings.lock_timeout * 1000)}ms';"]
    if own is not None:
        schemas, public = [own], []
    before += [f"DROP SCHEMA IF EXISTS {quote(name)} CASCADE;" for name in schemas]
    if public:
        # A dump assumes that this schema exists, as in every new database.
        owner = public[0].owner
        before += ["CREATE SCHEMA public;", "COMMENT ON SCHEMA public IS 'standard public schema';"]
        if owner != public[0].me:
            before.append(f"ALTER SCHEMA public OWNER TO {quote(owner)};")
        for row in public:
            if row.privilege is not None:
                to = "PUBLIC" if row.grantee is None else quote(row.grantee)
                before.append(f"GRANT {row.privilege} ON SCHEMA public TO {to};")
    after = []
    if kept is not None:
        # The dump leaves search_path empty; the name has no quote in it.
        stamped = f"{quote(own or 'public')}.sqlalchemy_manage_environment"
        after = [
            f"CREATE TABLE IF NOT EXISTS {stamped} "
            "(name VARCHAR(40) PRIMARY KEY, stamped_at VARCHAR(32) NOT NULL);",
            f"DELETE FROM {stamped};",
            f"INSERT INTO {stamped} "
            f"VALUES ('{kept}', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00:00'));",
        ]
    with tempfile.TemporaryFile() as script:
        script.write("\n".join([*before, ""]).encode())
        script.flush()
        run([program("postgresql", "pg_restore"), "--file=-", str(path)], stdout=script)
        if own is not None:
            _require_schema(path, script, f"CREATE SCHEMA {quote(own)};", own)
        script.seek(0, 2)
        script.write("\n".join(["", *after, ""]).encode())
        script.seek(0)
        psql = [program("postgresql", "psql"), "--no-psqlrc", "--quiet", "--single-transaction"]
        try:
            run(
                [*psql, "--no-password", "--set=ON_ERROR_STOP=1"],
                environment=libpq_environment(project),
                stdin=script,
                stdout=subprocess.DEVNULL,
                on_done=outcome.replaced,
            )
        except BackupError as error:
            raise BackupError(
                f"{error.message}\nIt was rolled back: the database is as it was.", error.hint
            ) from error


def _require_schema(path: Path, script: IO[bytes], line: str, schema: str) -> None:
    """Raises BackupError if the SQL of a dump does not make the schema that is to be dropped."""
    script.seek(0)
    if not any(each.rstrip() == line.encode() for each in script):
        raise BackupError(
            f"{path} is no backup of the schema '{schema}'. Nothing was changed.",
            "Name a backup that was made on this alias.",
        )


def _restore_mariadb(
    project: Project, engine: sa.Engine, path: Path, on_saved: Callable[[Backup], None]
) -> Backup:
    """Try the dump in a scratch database, save the old data, then replace it.

    The last step is not a transaction: RENAME TABLE cannot take triggers to another database.
    """
    with scratch_database(project.database, project.settings.root) as scratch:
        _load(project, scratch, path)
    saved = write_backup(project)
    on_saved(saved)
    try:
        _clear(engine)
        _load(project, project.database, path)
    except (ManageError, sa.exc.DBAPIError, KeyboardInterrupt) as error:
        undone = False
        with suppress(ManageError, sa.exc.DBAPIError):
            _clear(engine)
            _load(project, project.database, saved.path)
            undone = True
        state = "The old data was restored." if undone else "The old data is not complete."
        hint = None if undone else advice.RESTORE(path=saved.path)
        if received():
            raise interruption("The restore", state, hint) from error
        raise BackupError(f"{error}\n{state}", hint) from error
    return saved


def _load(project: Project, database: Database, path: Path) -> None:
    name = str(database_url(database, project.settings.root).database)
    client = program("mariadb", "mariadb", "mysql")
    with mariadb_options(project) as options, path.open("rb") as file:
        run([client, options, "--default-character-set=utf8mb4", name], stdin=file)


def _clear(engine: sa.Engine) -> None:
    """Drop what a dump holds: tables, views, sequences, routines and events."""
    quote = engine.dialect.identifier_preparer.quote
    queries = (
        "SELECT CASE table_type WHEN 'VIEW' THEN 'VIEW' WHEN 'SEQUENCE' THEN 'SEQUENCE'"
        " ELSE 'TABLE' END, table_name FROM information_schema.tables"
        " WHERE table_schema = DATABASE()",
        "SELECT routine_type, routine_name FROM information_schema.routines"
        " WHERE routine_schema = DATABASE()",
        "SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema = DATABASE()",
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("SET foreign_key_checks = 0")
        for query in queries:
            for kind, name in connection.exec_driver_sql(query).all():
                connection.exec_driver_sql(f"DROP {kind} IF EXISTS {quote(name)}")
