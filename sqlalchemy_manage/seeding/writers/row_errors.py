"""Which row the database refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ...databases.constraint_errors import violation
from ...errors import SeedError
from ...output import clean
from ..row_blocks import RowBlock
from .refusals import reason, refusal
from .values import Values
from .writer import BlockWriter, EncodedBlock, Encoder

T = TypeVar("T")


def send(
    connection: sa.Connection,
    writer: BlockWriter,
    encoder: Encoder,
    block: EncodedBlock,
    part: Callable[[], tuple[str, RowBlock]],
    tables: Mapping[str, sa.Table],
) -> list[Values]:
    """Write a block, and return what the database was to tell.

    Raises SeedError with the factory, the columns and their values where it refuses a row.
    ``part`` gives what the block was made of: it is then sent row by row. A refusal that is no
    row's fault (the disk is full) is raised as it is.
    """

    def named(error: DBAPIError) -> SeedError:
        writer.sorting = False  # row by row, and into the table itself
        return _named(writer, encoder, *part(), tables, error)

    return _blaming(connection, tables, partial(writer.send, block), named)


def put_in(
    connection: sa.Connection, writer: BlockWriter, factory: str, tables: Mapping[str, sa.Table]
) -> None:
    """Let the rows that wait go into their tables; raises SeedError as ``send`` does."""

    def named(error: DBAPIError) -> SeedError:
        last = None
        try:
            for found in writer.waiting.one_by_one():
                last = found
        except DBAPIError as again:
            if last is not None:
                return _refused(factory, *last, tables, again)
        raise error

    if writer.waiting.tables:
        _blaming(connection, tables, writer.waiting.put_in, named)


def _blaming(
    connection: sa.Connection,
    tables: Mapping[str, sa.Table],
    write: Callable[[], T],
    named: Callable[[DBAPIError], SeedError],
) -> T:
    """``write`` whole, or not at all: what a row is to blame for is raised as ``named`` has it."""
    savepoint = connection.begin_nested()
    try:
        written = write()
    except DBAPIError as error:
        if violation(error, tables.values()).kind == "refused":
            raise
        savepoint.rollback()
        raise named(error) from error
    savepoint.commit()
    return written


def require_references(connection: sa.Connection, table: sa.Table) -> None:
    """Raises SeedError for the first row of an SQLite table that refers to a missing one."""
    quoted = connection.dialect.identifier_preparer.quote(table.name)
    broken = connection.exec_driver_sql(f"PRAGMA foreign_key_check({quoted})").first()
    if broken is None:
        return
    _, rowid, parent, number = broken
    keys = connection.exec_driver_sql(f"PRAGMA foreign_key_list({quoted})").all()
    names = [row[3] for row in keys if row[0] == number]
    found: dict[str, Any] = {}
    if rowid is not None:
        columns: list[Any] = [sa.column(name) for name in names]
        query = sa.select(*columns).select_from(table).where(sa.text("rowid = :row"))
        found = dict(connection.execute(query, {"row": rowid}).mappings().one())
    shown = ", ".join(f"{table.name}.{name} = {clean(repr(found.get(name)))}" for name in names)
    raise SeedError(
        f"The database refuses {shown} (FOREIGN KEY: no such row of {parent}). "
        "Nothing was written.",
        "Declare a Link or a SubFactory, which refer to existing rows.",
    )


def _named(
    writer: BlockWriter,
    encoder: Encoder,
    factory: str,
    part: RowBlock,
    tables: Mapping[str, sa.Table],
    error: DBAPIError,
) -> SeedError:
    row: dict[str, Any] = {}
    for values in zip(*part.values, strict=True):
        try:
            writer.send(encoder.encode(part.table, part.columns, [[value] for value in values]))
        except DBAPIError as again:
            names = [part.table.columns[key].name for key in part.columns]
            error, row = again, dict(zip(names, values, strict=True))
            break
    return _refused(factory, part.table, row, tables, error)


def _refused(
    factory: str,
    table: sa.Table,
    row: Mapping[str, Any],
    tables: Mapping[str, sa.Table],
    error: DBAPIError,
) -> SeedError:
    """``row``: by the names of its columns."""
    broken = violation(error, tables.values())
    shown = [
        f"{table.name}.{name} = {clean(repr(row[name]))}" for name in broken.columns if name in row
    ] or [f"{table.name}: " + clean(", ".join(f"{k}={v!r}" for k, v in row.items()))]
    return refusal(factory, ", ".join(shown), reason(broken, error))
