"""SQLite: foreign keys are not enforced while a revision runs; no new row may dangle after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ... import advice
from ...errors import MigrationError
from ..operations.rules import foreign_key
from ..operations.violating_rows import StoredRows, ViolatingRows
from ..runner.revision_runner import Guard, RevisionStep


class ForeignKeyGuard(Guard):
    """Rows that dangled before a revision may stay; those it adds stop it."""

    before: dict[tuple[str, str], int] | None = None

    def begin(self, step: RevisionStep) -> None:
        if self.before is None:
            self.before = dangling(step.connection)

    def end(self, step: RevisionStep) -> None:
        now = dangling(step.connection)
        before = self.before or {}
        worse = [pair for pair, n in now.items() if n > before.get(pair, 0)]
        if worse:
            rows = dict.fromkeys(str(r) for pair in worse for r in _rows(step.connection, *pair))
            raise MigrationError(
                f"{step.name} leaves dangling foreign keys "
                f"({', '.join(map(' -> '.join, worse))}) and was rolled back."
                + "".join(f"\n  {row}." for row in rows),
                f"{advice.LIST_BROKEN_LINKS} names the rows that were dangling before; the others "
                "are made by the revision.",
            )
        self.before = now


def _rows(connection: sa.Connection, table: str, parent: str) -> Iterator[ViolatingRows]:
    """The rows of ``table`` that dangle, for each of its foreign keys to ``parent``."""
    for key in sa.inspect(connection).get_foreign_keys(table):
        if str(key["referred_table"]).casefold() == parent.casefold():
            others, columns = key["referred_columns"], key["constrained_columns"]
            rule = foreign_key(connection.dialect, "", columns, (None, parent, others))
            if found := StoredRows(connection, None, table).violating(rule):
                yield found


def dangling(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """(child, parent) -> dangling rows; empty on other databases, which enforce keys."""
    if connection.dialect.name != "sqlite":
        return {}
    try:
        # One statement for all tables: this is asked after each of a thousand revisions.
        rows = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    except DBAPIError:
        rows = list(_table_by_table(connection))
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        counts[row[0], row[2]] = counts.get((row[0], row[2]), 0) + 1
    return counts


def _table_by_table(connection: sa.Connection) -> Iterator[sa.Row[Any]]:
    for table in sa.inspect(connection).get_table_names():
        name = connection.dialect.identifier_preparer.quote(table)
        try:
            yield from connection.exec_driver_sql(f"PRAGMA foreign_key_check({name})")
        except DBAPIError:
            continue  # "foreign key mismatch": the key itself is wrong, no row is to blame
