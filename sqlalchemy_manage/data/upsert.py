"""Rows of fixtures and rows of tables: looked up, inserted and updated in sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, StatementError

from ..databases.constraint_errors import violation
from ..errors import FixtureError
from ..models import column_named
from .backends import giving_identities
from .json_text import shown
from .record_layout import Field, Layout
from .record_rows import Key, Row, describe, fills_itself, hashable, key_of

T = TypeVar("T")
CHUNK = 1000
# Far below the number of parameters that any of the databases takes in a statement.
LOOKUP = 500
_UNREADABLE = object()


class LinkRefused(FixtureError):
    """The database refused a row because of a foreign key."""


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """``items`` in slices of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def matching(
    connection: sa.Connection, fields: Sequence[Field], keys: Iterable[Sequence[Any]]
) -> sa.ColumnElement[bool]:
    """``(fields) IN (keys)``, the keys as JSON values."""
    left = [field.codec.key(field.column) for field in fields]
    decoded = [
        tuple(field.codec.decode(part) for field, part in zip(fields, key, strict=True))
        for key in keys
    ]
    if len(left) == 1:
        return left[0].in_([key[0] for key in decoded])
    if connection.dialect.name == "sqlite":
        # SQLite uses no index for a list of row values, but does for each part of an OR.
        return sa.or_(
            *(sa.and_(*(c == part for c, part in zip(left, key, strict=True))) for key in decoded)
        )
    return sa.tuple_(*left).in_(decoded)


@dataclass
class Differences:
    """``missing`` keys; ``changed``: key -> field name -> the value that the table holds."""

    missing: list[Key] = field(default_factory=list)
    changed: dict[Key, dict[str, Any]] = field(default_factory=dict)


def holds_rows(connection: sa.Connection, table: sa.Table) -> bool:
    """Whether a table has a row."""
    return (
        connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None
    )


def differing(connection: sa.Connection, layout: Layout, rows: dict[Key, Row]) -> Differences:
    """Which of ``rows`` are missing in the table, and which fields of the others differ."""
    found = Differences()
    unseen = dict.fromkeys(rows)
    key_names = [field.name for field in layout.key]
    for stored in _stored(connection, layout, rows) if rows else ():
        key = key_of(key_names, stored)
        if (row := rows.get(key)) is None:
            continue
        unseen.pop(key, None)
        changed = {
            name: stored[name]
            for name, value in row.values.items()
            if not same(stored[name], value)
        }
        if changed:
            found.changed[key] = changed
    found.missing = list(unseen)
    return found


def _stored(
    connection: sa.Connection, layout: Layout, rows: dict[Key, Row]
) -> Iterator[dict[str, Any]]:
    """The rows of the table with these keys, and perhaps others."""
    key_names = [field.name for field in layout.key]
    names = dict.fromkeys(key_names) | dict.fromkeys(n for row in rows.values() for n in row.values)
    wanted = [layout.by_name[name] for name in names]
    columns = [f.codec.selected(f.column).label(f"c{i}") for i, f in enumerate(wanted)]
    statement = sa.select(*columns).select_from(layout.table)
    count = connection.scalar(sa.select(sa.func.count()).select_from(layout.table)) or 0
    statements: Iterable[sa.Select[Any]] = [statement]
    if count > 2 * len(rows) + LOOKUP:
        parts = chunks(list(rows.values()), max(1, LOOKUP // len(key_names)))
        keys = ([[row.values[name] for name in key_names] for row in part] for part in parts)
        statements = (statement.where(matching(connection, layout.key, part)) for part in keys)
    try:
        for select in statements if count else ():
            streamed = connection.execute(select, execution_options={"yield_per": CHUNK})
            with closing(streamed) as results:
                for result in results:
                    yield {f.name: _readable(f, v) for f, v in zip(wanted, result, strict=True)}
    except (ValueError, LookupError) as error:
        raise FixtureError(
            f"Table {layout.table.fullname} holds a value that its column type cannot read: {error}"
        ) from error


def _readable(field: Field, value: Any) -> Any:
    """The stored value; one that no fixture could hold only counts as different."""
    try:
        return field.codec.encode(value)
    except (ValueError, ArithmeticError):
        return _UNREADABLE


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; true is not 1, but 1.0 is."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(v, other[k]) for k, v in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def lacking(
    connection: sa.Connection,
    layout: Layout,
    rows: list[Row],
    *,
    earlier: Callable[[object, int], int] | None = None,
    empty: bool = False,
) -> list[Row]:
    """Those of ``rows``, compared by the fields they have, that the table does not hold.

    ``earlier``: a row that is listed twice is wanted twice, and this says how often it was
    listed before; without it once is enough. ``empty``: the table holds only what was listed.
    """
    missing: list[Row] = []
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(sorted(row.values)), []).append(row)
    for names, group in groups.items():
        fields = [layout.by_name[name] for name in names]
        wanted = Counter(key_of(names, row.values) for row in group)
        have: Counter[Key] = Counter()
        if earlier is not None:
            before = {
                key: earlier((layout.table.fullname, names, key), times)
                for key, times in wanted.items()
            }
            if empty:
                missing += group
                continue
            have.subtract(before)
        columns = [f.codec.selected(f.column).label(f"c{i}") for i, f in enumerate(fields)]
        for result in connection.execute(sa.select(*columns).select_from(layout.table)):
            key = tuple(hashable(f.codec.encode(v)) for f, v in zip(fields, result, strict=True))
            if key in wanted:
                have[key] += 1
        for row in group:
            key = key_of(names, row.values)
            if have[key] > 0:
                have[key] -= earlier is not None
            else:
                missing.append(row)
                have[key] += earlier is None
    return missing


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

    for part in chunks(rows, CHUNK):
        try:
            with connection.begin_nested():
                connection.execute(statement, [parameters(row) for row in part])
            continue
        except (StatementError, OverflowError, ValueError) as error:
            failure = error
        # A failed batch does not say which row it was: go through it again, one by one.
        for row in part:
            try:
                with connection.begin_nested():
                    connection.execute(statement, parameters(row))
            except (StatementError, OverflowError, ValueError) as error:
                said = f"{describe(layout, row)}: {refusal(error, layout, row)}"
                dangling = isinstance(error, DBAPIError) and (
                    violation(error, [layout.table]).kind == "FOREIGN KEY"
                )
                raise (LinkRefused if dangling else FixtureError)(said) from error
        raise FixtureError(f"{layout.table.fullname}: {refusal(failure, layout)}") from failure


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
        rule = f" {found.constraint}" if found.constraint else ""
        return f"a check of table {table.fullname} failed:{rule or ' ' + _first_line(error)}."
    if found.kind == "FOREIGN KEY" and names:
        return f"{what} of {table.fullname} refers to a row that does not exist."
    if found.kind in ("too long", "out of range") and names:
        return f"{what} is {found.kind} for column {table.fullname}.{columns[0].name}."
    return f"table {table.fullname} refused it: {_first_line(error)}."


def _first_line(error: Exception) -> str:
    original: Any = getattr(error, "orig", None) or error
    arguments: tuple[Any, ...] = getattr(original, "args", ())
    text = str(arguments[1]) if len(arguments) == 2 else str(original)
    return (text.strip().splitlines() or [type(original).__name__])[0].rstrip(".")
