"""How the transaction of a run starts, and its settings, by database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ...sql.dialects import MARIADB


def isolate(connection: sa.Connection) -> None:
    """On MariaDB: rows that others commit in the meantime are not taken for the run's."""
    if connection.dialect.name in MARIADB:
        connection.rollback()
        connection.execution_options(isolation_level="REPEATABLE READ")


def begin(connection: sa.Connection) -> None:
    """Begin the transaction: on SQLite a savepoint outside of one commits when it ends."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def large_writes(connection: sa.Connection, *, by_keys: bool) -> Iterator[None]:
    """On SQLite, settings for the transactions in the block.

    ``by_keys``: rows refer to keys that were read or made here, which need not be looked up row
    by row. A cache of 2 MB, the default, holds too little of the index of a large link table.
    """
    _pragmas(connection, *(["foreign_keys=OFF"] if by_keys else []), "cache_size=-16000")
    try:
        yield
    finally:
        _pragmas(connection, "foreign_keys=ON")


def _pragmas(connection: sa.Connection, *settings: str) -> None:
    if connection.dialect.name == "sqlite":
        for setting in settings:
            connection.exec_driver_sql(f"PRAGMA {setting}")
        connection.rollback()
