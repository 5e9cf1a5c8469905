"""The guard that makes the tables of a new database before its heads are recorded."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ... import advice
from ...conf import failing_line
from ...databases.error_kinds import is_busy
from ...errors import HistoryError, ManageError, MigrationError
from ...links.catalog import dotted
from ...sql.dialects import MARIADB
from ..revisions.history import current_heads
from ..runner.create_all import create_all, model_tables, tables_among
from ..runner.revision_runner import Guard, RevisionStep
from .half_made import drop_mark, half_made, mark, mark_made, prepare_mark, take_back, unmark

if TYPE_CHECKING:
    from ..runner.run import Run


class NewDatabaseGuard(Guard):
    """Where a run creates, makes the models' tables in the transaction of the first stamp.

    On SQLite and PostgreSQL all stamps of the run are one transaction. On MariaDB and MySQL
    ``half_made`` makes up for that.
    """

    what = "what makes a new database"

    def __init__(self, run: Run) -> None:
        self.run = run
        self.made = False
        self.over = False

    def before_run(self, connection: sa.Connection) -> None:
        if self.run.creates and connection.dialect.name in MARIADB:
            with connection.begin():
                prepare_mark(connection)

    def begin(self, step: RevisionStep) -> None:
        if not self.run.creates or self.made:
            return
        connection = step.connection
        marked = connection.dialect.name in MARIADB
        names = sorted(model_tables(self.run.project.metadatas), key=str)
        left = half_made(connection) if marked else None
        if left is not None and not left.made:
            wait = self.run.project.settings.lock_wait
            take_back(connection, left, wait, self.run.history.heads)
        if left is None or not left.made:
            self._require_new(connection, names)
            if marked:
                mark(connection, names)
            self._create(connection, marked)
        self.made = True
        if marked:
            mark_made(connection)

    def _require_new(self, connection: sa.Connection, names: list[tuple[str | None, str]]) -> None:
        if there := tables_among(connection, names):
            raise HistoryError(
                "Another program made tables in this database in the meantime: "
                f"{', '.join(dotted(name) for name in there)}. Nothing was changed.",
                f"Look at what is there now: {advice.LOOK_AT_TABLES}",
            )

    def _create(self, connection: sa.Connection, marked: bool) -> None:
        try:
            create_all(self.run.project.metadatas, connection)
        except ManageError:
            raise
        except Exception as error:  # a listener of the models may do anything
            if is_busy(error):
                raise
            reason = str(getattr(error, "orig", error)).strip()
            what = type(error).__name__ if not isinstance(error, SQLAlchemyError) else "create_all"
            statement = " ".join((getattr(error, "statement", None) or "").split())
            if statement:
                reason += f" ({textwrap.shorten(statement, 200, placeholder=' ...')})"
            state = "It was rolled back: the database is as it was before."
            if marked:
                state = "The tables made so far are in the database; the next run begins anew."
            raise MigrationError(
                f"The tables of the models cannot be created: {what}: {reason}"
                f"{failing_line(error)}.\n{state}",
                f"Fix the models, then: {advice.MAKE_AFTER_FIX}",
            ) from error

    def end(self, step: RevisionStep) -> None:
        """What is recorded by hand was made by hand."""
        connection, history = step.connection, self.run.history
        if step.verb != "stamp" or connection.dialect.name not in MARIADB:
            return
        whole = history.ancestors(current_heads(connection)) >= history.by_id.keys()
        if (whole or not self.run.creates) and half_made(connection) is not None:
            unmark(connection)
            self.over = True

    def after_run(self, connection: sa.Connection) -> None:
        if self.over and not connection.in_transaction():
            with connection.begin():
                if half_made(connection) is None:
                    drop_mark(connection)
