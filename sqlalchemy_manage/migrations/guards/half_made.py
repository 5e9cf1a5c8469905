"""MariaDB and MySQL: what is left of a create_all that was interrupted.

They commit each table as it is made, so that a process that is killed leaves some of them
and no revision. A row of a table of our own says so: it is committed with the first CREATE
TABLE, holds what is being made, and goes in the transaction that records the heads. The
next run drops the tables again, which nobody can have filled yet, and begins anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import sqlalchemy as sa

from ... import advice
from ...databases.engines import OWN_TABLE
from ...errors import MigrationError
from ...links.catalog import dotted
from ..runner.create_all import tables_among
from .journal.step_state import session_of, wait_for

_TABLE = sa.Table(
    "sqlalchemy_manage_new_database",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("tables", sa.Text(2**24 - 1), nullable=False, comment="JSON"),
    sa.Column("made", sa.Boolean, nullable=False, comment="all of them are there"),
    sa.Column("session", sa.BigInteger),
    **OWN_TABLE,
)

Names = list[tuple[str | None, str]]
"""Schema and name of tables."""


@dataclass(frozen=True)
class HalfMade:
    """The tables of a create_all that did not end; ``made``: only the heads are missing."""

    tables: tuple[tuple[str | None, str], ...]
    made: bool
    session: int | None


def half_made(connection: sa.Connection) -> HalfMade | None:
    """What an interrupted create_all left; None where there is nothing."""
    if not sa.inspect(connection).has_table(_TABLE.name):
        return None
    row = connection.execute(sa.select(_TABLE)).first()
    if row is None:
        return None
    tables = tuple((schema, name) for schema, name in json.loads(row.tables))
    return HalfMade(tables, row.made, row.session)


def prepare_mark(connection: sa.Connection) -> None:
    """Make the table for ``mark``; commits."""
    _TABLE.create(connection, checkfirst=True)


def mark(connection: sa.Connection, tables: Names) -> None:
    """Say that ``tables`` are being made; committed with the first of them."""
    connection.execute(sa.delete(_TABLE))
    values = {"id": 1, "tables": json.dumps(tables), "made": False}
    connection.execute(sa.insert(_TABLE).values(**values, session=session_of(connection)))


def mark_made(connection: sa.Connection) -> None:
    """Say that all are there."""
    connection.execute(sa.update(_TABLE).values(made=True))


def unmark(connection: sa.Connection) -> None:
    """The heads are recorded; in the same transaction."""
    connection.execute(sa.delete(_TABLE))


def drop_mark(connection: sa.Connection) -> None:
    """Drop the table of ``mark`` when it is over; commits."""
    _TABLE.drop(connection, checkfirst=True)


def take_back(
    connection: sa.Connection, found: HalfMade, wait: float, heads: tuple[str, ...]
) -> None:
    """Drop the tables that were made; raises MigrationError, and drops none, if one has rows.

    Waits for a statement of the interrupted process; raises Locked after ``wait`` seconds.
    """
    wait_for(connection, [found.session] if found.session is not None else [], wait)
    there = tables_among(connection, found.tables)
    filled = [
        dotted((schema, name))
        for schema, name in there
        if connection.scalar(
            sa.select(sa.literal(1)).select_from(sa.table(name, schema=schema)).limit(1)
        )
    ]
    if filled:
        raise MigrationError(
            f"The making of this database was interrupted, and since then rows came into "
            f"{', '.join(filled)}; nothing was changed.\n"
            f"Tables that are there: {', '.join(dotted(name) for name in there)}.",
            "If nobody needs the rows, drop the database and make it again: "
            f"{advice.MAKE_AGAIN}\n"
            f"If the tables are complete, record that: "
            f"{advice.RECORD_MADE(revision=heads[0] if len(heads) == 1 else 'heads')}",
        )
    preparer = connection.dialect.identifier_preparer
    connection.exec_driver_sql("SET @sqlalchemy_manage_checks = @@SESSION.foreign_key_checks")
    connection.exec_driver_sql("SET SESSION foreign_key_checks = 0")
    try:
        for schema, name in there:
            table = preparer.format_table(sa.table(name, schema=schema))
            connection.exec_driver_sql(f"DROP TABLE {table}")
    finally:
        connection.exec_driver_sql("SET SESSION foreign_key_checks = @sqlalchemy_manage_checks")
