"""Whole databases on a server: find, create and drop one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ..database_settings import Database
from ..errors import DatabaseError, DatabaseMissing
from .engines import (
    SERVERS,
    connecting,
    create_engine,
    database_url,
    is_sqlite_file,
    scratch_name,
    shown,
    sqlite_path,
)
from .scratch_file import scratch_sqlite

_OF_CONNECTING = ("connect_args", "async_creator")


def exists(database: Database, root: Path | None) -> bool:
    """Whether the database exists; raises ConnectionFailed if the server does not answer."""
    engine = create_engine(database, root, poolclass=sa.NullPool)
    try:
        with connecting(engine):
            return True
    except DatabaseMissing:
        return False


def create_database(database: Database, root: Path | None) -> bool:
    """Create the database if it is missing; returns whether it did.

    An SQLite file is made by the first write; only its folder is made here.
    """
    url = database_url(database, root)
    if is_sqlite_file(url):
        path = sqlite_path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        return not path.exists()
    if url.get_backend_name() not in SERVERS or exists(database, root):
        return False
    with _server(database, root) as connection:
        name = connection.dialect.identifier_preparer.quote(str(url.database))
        connection.exec_driver_sql(f"CREATE DATABASE {name}{_charset(connection, None)}")
    return True


def _charset(connection: sa.Connection, like: str | None) -> str:
    """MariaDB: the character set for CREATE DATABASE, that of ``like`` if it exists.

    Columns take it over, so a database that is to be compared must have the same.
    """
    if connection.dialect.name == "postgresql":
        return ""
    query = (
        "SELECT default_character_set_name, default_collation_name"
        " FROM information_schema.schemata WHERE schema_name = :name"
    )
    if found := connection.execute(sa.text(query), {"name": like}).first():
        return f" CHARACTER SET {found[0]} COLLATE {found[1]}"
    return " CHARACTER SET utf8mb4"


@contextmanager
def _server(database: Database, root: Path | None) -> Iterator[sa.Connection]:
    """A connection to the server outside any transaction, for CREATE and DROP DATABASE."""
    url = database_url(database, root)
    # PostgreSQL always has the maintenance database; MariaDB takes none.
    server_url = url._replace(
        database="postgres" if url.get_backend_name() == "postgresql" else None
    )
    options = {k: v for k, v in database.options.items() if k in _OF_CONNECTING}
    plain = Database(database.alias, server_url.render_as_string(hide_password=False), options)
    engine = create_engine(plain, None, poolclass=sa.NullPool)
    with connecting(engine) as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def scratch_database(database: Database, root: Path | None) -> Iterator[Database]:
    """An empty database of the same kind that is gone afterwards.

    SQLite: a temporary file. Else one with a random name on the same
    server, which takes the right to create databases; raises DatabaseError without it.
    """
    url = database_url(database, root)
    if url.get_backend_name() == "sqlite":
        with scratch_sqlite(database.alias) as file:
            yield file
        return
    name = scratch_name()
    with ExitStack() as stack:
        with _server(database, root) as connection:
            # Before CREATE: one that is interrupted may have been carried out all the same.
            stack.callback(_drop_database, database, root, name)
            try:
                charset = _charset(connection, url.database)
                connection.exec_driver_sql(f"CREATE DATABASE {name}{charset}")
            except DBAPIError as error:
                stack.pop_all()
                raise DatabaseError(
                    f"The comparison needs a scratch database, and {shown(url)} may not "
                    f"create one: {str(error.orig).strip().splitlines()[0]}",
                    "Grant the user the right to create databases (PostgreSQL: ALTER USER ... "
                    "CREATEDB).",
                ) from error
        scratch = url.set(database=name).render_as_string(hide_password=False)
        yield Database(database.alias, scratch, database.options)


def _drop_database(database: Database, root: Path | None, name: str) -> None:
    # On a connection of its own: the one that created it may be lost, or cut off in the
    # midst of an answer by Ctrl-C.
    with _server(database, root) as connection:
        force = " WITH (FORCE)" if connection.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}{force}")
