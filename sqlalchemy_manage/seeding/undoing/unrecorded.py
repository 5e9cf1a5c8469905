"""A seed in a database whose settings have LEDGER = False: no record of it stays.

A run needs the tables of the seed ledger while it lasts. They go with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ...databases.bookkeeping import bookkeeping_of
from ...errors import SeedError
from .ledger import drop_tables, forget_run, runs


def is_recorded(connection: sa.Connection) -> bool:
    """Whether a run stays in the seed ledger when it is done."""
    return bookkeeping_of(connection).ledger is not False


def require_known_runs(connection: sa.Connection) -> None:
    """Raises SeedError where nobody can know which rows earlier runs made."""
    if not is_recorded(connection) and not runs(connection):
        raise SeedError(
            "The settings have LEDGER = False: which rows were seeded is not known. "
            "Nothing was written.",
            "Leave out --replant, after emptying the tables with flush; or keep a record: LEDGER.",
        )


@contextmanager
def recorded_as_set(connection: sa.Connection, run: Callable[[], int]) -> Iterator[None]:
    """Around a run, whose number ``run`` gives: nothing of it is left where nothing is recorded.

    One that was interrupted between two commits stays, so that it can be continued or undone.
    """
    try:
        yield
    finally:
        if not is_recorded(connection):
            with suppress(SQLAlchemyError):  # the database is gone, or another run is busy
                connection.rollback()
                forget_run(connection, run())
                drop_tables(connection)
                connection.commit()
