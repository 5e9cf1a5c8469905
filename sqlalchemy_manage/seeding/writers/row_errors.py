"""Which row the database refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from ...databases.constraint_errors import violation
from ...databases.error_kinds import fault_of
from ...errors import SeedError
from ...output import clean
from ..row_blocks import RowBlock
from .refusals import RowRefused, naming, reason, refusal
from .values import ValueFault, Values, is_usual
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

    try:
        return _blaming(connection, tables, partial(writer.send, block), named)
    except ValueFault:
        with naming(part()[0]):
            raise


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
        about_a_row = violation(error, tables.values()).kind != "refused"
        if fault_of(error) is not None or (not about_a_row and isinstance(error, OperationalError)):
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
    """The error for the first row that is refused. It knows the others, where they are refused
    for values that other rows have."""
    found: list[tuple[DBAPIError, Mapping[str, Any]]] = []
    for number, again in _failing(writer, encoder, part, range(part.count)):
        values = (each[number] for each in part.values)
        found.append((again, dict(zip(part.columns, values, strict=True))))
        if violation(again, tables.values()).kind != "UNIQUE":
            break
    columns = {key: part.table.columns[key].name for key in part.columns}
    first, row = found[0] if found else (error, {})
    named = {columns[key]: value for key, value in row.items()}
    told = _refused(factory, part.table, named, tables, first)
    broken = violation(first, tables.values())
    keys = [key for key, name in columns.items() if name in broken.columns]
    keys = keys if len(keys) == len(broken.columns) else []
    return RowRefused(told, broken.kind, part.table, keys, [row for _, row in found])


def _failing(
    writer: BlockWriter, encoder: Encoder, part: RowBlock, rows: range
) -> Iterator[tuple[int, DBAPIError]]:
    """The rows that are refused, each with what the database says, while the others go in."""
    connection = writer.connection
    savepoint = connection.begin_nested()
    try:
        some = [values[rows.start : rows.stop] for values in part.values]
        writer.send(encoder.encode(part.table, part.columns, some))
    except DBAPIError as error:
        savepoint.rollback()
        if len(rows) == 1:
            yield rows.start, error
            return
    else:
        savepoint.commit()
        return
    middle = len(rows) // 2
    for half in (rows[:middle], rows[middle:]):
        yield from _failing(writer, encoder, part, half)


def _refused(
    factory: str,
    table: sa.Table,
    row: Mapping[str, Any],
    tables: Mapping[str, sa.Table],
    error: DBAPIError,
) -> SeedError:
    """``row``: by the names of its columns."""
    broken = violation(error, tables.values())
    names = [name for name in broken.columns if name in row]
    if not names and broken.kind in ("wrong type", "refused"):
        columns = {column.name: column for column in table.columns}
        names = [name for name, value in row.items() if not is_usual(columns[name], [value])]
    shown = [f"{table.name}.{name} = {clean(repr(row[name]))}" for name in names] or [
        f"{table.name}: " + clean(", ".join(f"{k}={v!r}" for k, v in row.items()))
    ]
    return refusal(factory, ", ".join(shown), reason(broken, error))
