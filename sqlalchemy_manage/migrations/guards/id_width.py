"""The guard that refuses ids for which the version table has no room, before anything is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from ...databases.bookkeeping import bookkeeping_of, version_table
from ...errors import HistoryError
from ..revisions.history import ID_LENGTH
from ..runner.engine import own_transaction
from ..runner.revision_runner import Guard

if TYPE_CHECKING:
    from ..runner.run import Run


class IdWidthGuard(Guard):
    """PostgreSQL and MariaDB refuse an id that is too long, and only after its revision ran.

    SQLite takes it, and hides what will fail there: a history of the tool's own kind is
    refused. Where there is no table yet, it is made as wide as it has to be.
    """

    what = "the width of the version table"

    def __init__(self, run: Run) -> None:
        self.run = run

    def before_run(self, connection: sa.Connection) -> None:
        """Raises HistoryError for an id that is wider than the table's column."""
        ids = self.run.history.by_id
        longest = max(ids, key=len, default="")
        if len(longest) <= ID_LENGTH:
            return
        with own_transaction(connection):
            room = self._room(connection)
        if room is None or len(longest) <= room:
            return
        table = version_table(connection)
        widen = f"ALTER TABLE {table} ALTER COLUMN version_num TYPE VARCHAR({len(longest)})"
        if connection.dialect.name != "postgresql":
            widen = f"ALTER TABLE {table} MODIFY version_num VARCHAR({len(longest)}) NOT NULL"
        raise HistoryError(
            f"The id {longest} has {len(longest)} characters, and {table} holds {room}. "
            "Nothing was run.",
            f"Shorten the id; or widen the column: {widen}",
        )

    def _room(self, connection: sa.Connection) -> int | None:
        """How long an id may be; None where nothing limits it."""
        strict = self.run.recorded and self.run.history.strict
        if connection.dialect.name == "sqlite" and not strict:
            return None
        name, schema, _ = bookkeeping_of(connection)
        inspector = sa.inspect(connection)
        if inspector.has_table(name, schema):
            (column,) = inspector.get_columns(name, schema)
            return getattr(column["type"], "length", None)
        if strict:
            return ID_LENGTH
        key = sa.PrimaryKeyConstraint("version_num", name=f"{name}_pkc")
        number = sa.Column("version_num", sa.String(_WIDE), nullable=False)
        sa.Table(name, sa.MetaData(), number, key, schema=schema).create(connection)
        return _WIDE


_WIDE = 255
