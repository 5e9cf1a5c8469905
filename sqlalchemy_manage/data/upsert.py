"""Rows of fixtures written to tables: inserted and updated in sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, StatementError

from ..databases.constraint_errors import Violation, violation
from ..databases.error_kinds import fault_of
from ..errors import FixtureError
from ..models import column_named
from .backends import giving_identities
from .bulk import execute_many
from .json_text import levels, shown
from .record_layout import Field, Layout
from .record_rows import Row, describe, fills_itself
from .stored_rows import CHUNK, chunks

# https://mariadb.com/kb/en/json_depth/: before 12.2 it has 32, a plain value being one.
_MARIADB_LEVELS = 31


class LinkRefused(FixtureError):
    """The database refused a row because of a foreign key."""


def insert(connection: sa.Connection, layout: Layout, rows: Iterable[Row]) -> None:
    """Insert ``rows`` in their order; raises FixtureError that names the refused row."""
    for names, run in groupby(rows, key=lambda row: tuple(row.values)):
        group = list(run)
        for column in layout.table.columns:
            known = layout.by_column.get(column)
            if known is not None and known.name not in names and not fills_itself(column):
                raise FixtureError(
                    f"{describe(layout, group[0])}: field '{known.name}' is missing, and the row "
                    "is new."
                )
        fields = [layout.by_name[name] for name in names]
        statement = layout.table.insert().inline()
        if fields:
            statement = statement.values(
                {f.column: f.codec.bound(f"p{i}", f.column) for i, f in enumerate(fields)}
            )
        with giving_identities(connection, (f.column for f in fields)):
            _run(connection, layout, statement, group, fields)


def update(
    connection: sa.Connection,
    layout: Layout,
    changes: Iterable[tuple[Row, tuple[str, ...]]],
    *,
    quietly: bool = False,
) -> None:
    """Set the named fields of rows, found by key; raises FixtureError naming the refused row.

    ``quietly``: columns with ``onupdate`` keep what they hold.
    """
    for names, run in groupby(sorted(changes, key=lambda c: c[1]), key=lambda c: c[1]):
        group = [row for row, _ in run]
        fields = [layout.by_name[name] for name in names]
        values: dict[Any, Any] = {
            f.column: f.codec.bound(f"p{i}", f.column) for i, f in enumerate(fields)
        }
        if quietly:
            for column in layout.table.columns:
                if column.onupdate is not None and column not in values:
                    values[column] = column
        where = [
            f.codec.key(f.column) == sa.bindparam(f"p{i}", type_=f.codec.key(f.column).type)
            for i, f in enumerate(layout.key, len(fields))
        ]
        statement = layout.table.update().where(*where).values(values)
        _run(connection, layout, statement, group, [*fields, *layout.key])


def _run(
    connection: sa.Connection,
    layout: Layout,
    statement: sa.Insert | sa.Update,
    rows: list[Row],
    fields: Sequence[Field],
) -> None:
    def parameters(row: Row) -> dict[str, Any]:
        return {f"p{i}": f.codec.decode(row.values[f.name]) for i, f in enumerate(fields)}

    names = [f"p{i}" for i in range(len(fields))]
    for part in chunks(rows, CHUNK):
        columns = [_decoded(f, [row.values[f.name] for row in part]) for f in fields]
        try:
            with connection.begin_nested():
                execute_many(connection, statement, names, columns, len(part))
            continue
        except (StatementError, ArithmeticError, ValueError, TypeError, LookupError) as error:
            if isinstance(error, DBAPIError) and fault_of(error) is not None:
                raise  # no row is to blame
            failure = error
        # A failed batch does not say which row it was: go through it again, one by one.
        for row in part:
            try:
                with connection.begin_nested():
                    connection.execute(statement, parameters(row))
            except (StatementError, OverflowError, ValueError) as error:
                if isinstance(error, DBAPIError) and fault_of(error) is not None:
                    raise
                said = f"{describe(layout, row)}: {refusal(error, layout, row)}"
                dangling = isinstance(error, DBAPIError) and (
                    violation(error, [layout.table]).kind == "FOREIGN KEY"
                )
                raise (LinkRefused if dangling else FixtureError)(said) from error
        raise FixtureError(f"{layout.table.fullname}: {refusal(failure, layout)}") from failure


def _decoded(field: Field, values: list[Any]) -> list[Any]:
    decode = field.codec.decode
    return values if field.codec.as_is else [decode(value) for value in values]


def refusal(error: Exception, layout: Layout, row: Row | None = None) -> str:
    """In one sentence, why the database refused a row."""
    table = layout.table
    if not isinstance(error, DBAPIError):
        return f"table {table.fullname} refused it: {_first_line(error)}."
    found = violation(error, [table])
    columns = [c for name in found.columns if (c := column_named(table, name)) is not None]
    names = layout.names(columns) or found.columns
    what = " and ".join(names)
    if row is not None and all(name in row.values for name in names):
        what = " and ".join(f"{name} {shown(row.values[name])}" for name in names)
    if found.kind == "UNIQUE" and names:
        return f"another row of {table.fullname} already has {what}, and it must be unique."
    if found.kind == "NOT NULL" and names:
        return f"{' and '.join(names)} of {table.fullname} must not be null."
    if found.kind == "CHECK":
        if row is not None and (deep := _too_deep(found, layout, row)):
            return (
                f"{deep} is nested too deeply: MariaDB before 12.2 takes {_MARIADB_LEVELS} levels."
            )
        rule = f" {found.constraint}" if found.constraint else ""
        return f"a check of table {table.fullname} failed:{rule or ' ' + _first_line(error)}."
    if found.kind == "FOREIGN KEY" and names:
        return f"{what} of {table.fullname} refers to a row that does not exist."
    if found.kind in ("too long", "out of range") and names:
        return f"{what} is {found.kind} for column {table.fullname}.{columns[0].name}."
    return f"table {table.fullname} refused it: {_first_line(error)}."


def _too_deep(found: Violation, layout: Layout, row: Row) -> str | None:
    """The field whose JSON MariaDB refused by the check that it gives such columns."""
    for field in layout.all_fields:
        own = field.codec.kind == "json" and f"{layout.table.name}.{field.column.name}"
        if own == found.constraint and levels(row.values.get(field.name)) > _MARIADB_LEVELS:
            return field.name
    return None


def _first_line(error: Exception) -> str:
    original: Any = getattr(error, "orig", None) or error
    arguments: tuple[Any, ...] = getattr(original, "args", ())
    text = str(arguments[1]) if len(arguments) == 2 else str(original)
    return (text.strip().splitlines() or [type(original).__name__])[0].rstrip(".")
