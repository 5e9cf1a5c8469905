"""Version tables of a database other than the one that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...databases.bookkeeping import bookkeeping_of
from ...errors import HistoryError
from ...output import clean

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .history import History


def require_own_table(connection: Connection, history: History, heads: tuple[str, ...]) -> None:
    """Raises HistoryError where another version table has this history, and its own has not.

    Asked only where ``heads``, those of its own table, are none, or not of this history: the
    table may be that of another tool, whose mark must stay.
    """
    if not history.by_id or (heads and history.by_id.keys() & set(heads)):
        return
    own = bookkeeping_of(connection).version_table
    for table, marks in _marks(connection, own):
        here = [mark for mark in marks if mark in history.by_id]
        if here:
            said = f"at {clean(', '.join(heads))}, which no file here is" if heads else "empty"
            raise HistoryError(
                f"The table {own} is {said}, and {table} is at {', '.join(here)}: this history is "
                "kept in that table. Nothing was done.",
                f'Write in the settings: VERSION_TABLE = "{table}"',
            )


def _marks(connection: Connection, own: str) -> list[tuple[str, list[str]]]:
    """Each other table that has the one column of a version table, with what it names."""
    import sqlalchemy as sa

    inspector = sa.inspect(connection)
    found = []
    for name in inspector.get_table_names():
        if name == own or ("version" not in name.lower() and "alembic" not in name.lower()):
            continue
        if [column["name"] for column in inspector.get_columns(name)] == ["version_num"]:
            table = sa.table(name, sa.column("version_num"))
            found.append((name, list(connection.scalars(sa.select(table.c.version_num)))))
    return found
