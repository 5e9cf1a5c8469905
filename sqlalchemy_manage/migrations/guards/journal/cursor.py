"""A driver's cursor that reports what it did, and can repeat an earlier result.

SQLAlchemy makes its cursors in the execution context, which is public
(https://docs.sqlalchemy.org/en/20/core/internals.html#sqlalchemy.engine.ExecutionContext).
A subclass that wraps them sees every statement of a connection with its final text, and
can leave the execution out, which no event of SQLAlchemy allows with a result.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

MOST_ROWS = 50_000
"""Of a larger result nothing is kept."""


@dataclass
class StatementResult:
    """What a statement gave: ``rows`` None without a result set."""

    rows: list[Any] | None = None
    columns: list[str] | None = None
    rowcount: int = -1
    lastrowid: Any = None


class CursorJournal(Protocol):
    """What the cursors of a connection report, and ask."""

    connection: sa.Connection | None

    def watches(self, context: Any) -> bool:
        """Whether the statement of an execution context is one of the revision's."""

    def run(
        self, statement: str, execute: Callable[..., StatementResult], autocommit: bool
    ) -> StatementResult | None:
        """Have ``execute`` called, or not; a result that replaces the cursor's.

        ``execute`` reads one row more than MOST_ROWS at the most, or all if it is told to.
        """


def record(engine: sa.Engine, journal: CursorJournal) -> None:
    """Have the cursors of ``engine`` ask ``journal``; a later journal replaces it."""
    dialect: Any = engine.dialect
    base = getattr(dialect.execution_ctx_cls, "unrecorded", dialect.execution_ctx_cls)

    class Recording(base):  # type: ignore[misc, valid-type]
        unrecorded = base

        def create_default_cursor(self) -> Any:
            cursor = super().create_default_cursor()
            if not journal.watches(self):
                return cursor
            options = self.root_connection.get_execution_options()
            return RecordingCursor(cursor, journal, options.get("isolation_level") == "AUTOCOMMIT")

    dialect.execution_ctx_cls = Recording


class RecordingCursor:
    """A DB-API cursor around the driver's own; its first rows are read at once."""

    def __init__(self, cursor: Any, journal: CursorJournal, autocommit: bool) -> None:
        self._cursor = cursor
        self._journal = journal
        self._autocommit = autocommit
        self._given: StatementResult | None = None
        self._rows: Iterator[Any] | None = None

    def execute(self, statement: Any, *parameters: Any, **kw: Any) -> Any:
        return self._run(statement, lambda: self._cursor.execute(statement, *parameters, **kw))

    def executemany(self, statement: Any, *parameters: Any, **kw: Any) -> Any:
        return self._run(statement, lambda: self._cursor.executemany(statement, *parameters, **kw))

    def _run(self, statement: Any, execute: Callable[[], Any]) -> Any:
        self._given = self._rows = None
        returned: list[Any] = []
        answered: list[StatementResult] = []

        def now(every: bool = False) -> StatementResult:
            returned.append(execute())
            cursor = self._cursor
            answer = StatementResult(
                rowcount=cursor.rowcount, lastrowid=getattr(cursor, "lastrowid", None)
            )
            if cursor.description is not None:
                answer.columns = [column[0] for column in cursor.description]
                answer.rows = list(cursor.fetchall() if every else cursor.fetchmany(MOST_ROWS + 1))
            answered.append(answer)
            return answer

        text = statement.decode() if isinstance(statement, bytes) else str(statement)
        self._given = self._journal.run(text, now, self._autocommit)
        rows = (self._given or answered[0]).rows
        if rows is not None:
            self._rows = iter(rows)
            if self._given is None and len(rows) > MOST_ROWS:
                self._rows = itertools.chain(rows, self._rest())
        return returned[0] if returned and returned[0] is not self._cursor else self

    @property
    def description(self) -> Any:
        if self._given is None:
            return self._cursor.description
        columns = self._given.columns
        return columns and [(name, None, None, None, None, None, None) for name in columns]

    @property
    def rowcount(self) -> int:
        given = self._given
        return int(self._cursor.rowcount if given is None else given.rowcount)

    @property
    def lastrowid(self) -> Any:
        return self._cursor.lastrowid if self._given is None else self._given.lastrowid

    def fetchone(self) -> Any:
        return next(self._left(), None)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        wanted = self._cursor.arraysize if size is None else size
        return list(itertools.islice(self._left(), wanted))

    def fetchall(self) -> list[Any]:
        return list(self._left())

    def _rest(self) -> Iterator[Any]:
        while part := self._cursor.fetchmany(1000):
            yield from part

    def _left(self) -> Iterator[Any]:
        # Without a result set the driver says so in its own words.
        return iter(self._cursor.fetchall()) if self._rows is None else self._rows

    def nextset(self) -> Any:
        return None if self._given is not None else self._cursor.nextset()

    def __iter__(self) -> Iterator[Any]:
        return self._left()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)
