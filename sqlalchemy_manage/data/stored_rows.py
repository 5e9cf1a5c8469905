"""Rows of fixtures beside the rows of tables: looked up in sets, and compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa

from ..errors import FixtureError
from ..sql.dialects import MARIADB
from .record_layout import Field, Layout
from .record_rows import Key, Row, hashable, key_of

T = TypeVar("T")
CHUNK = 1000
# Far below the number of parameters that any of the databases takes in a statement.
LOOKUP = 500
_UNREADABLE = object()
# Equal for Python is equal: in others true is not 1.
_NESTED = ("json", "array", "other")


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
    names = tuple(
        dict.fromkeys(key_names) | dict.fromkeys(n for row in rows.values() for n in row.values)
    )
    plain = not any(layout.by_name[name].codec.kind in _NESTED for name in names)
    size = len(key_names)
    for stored in _stored(connection, layout, rows, names) if rows else ():
        key = stored[:size] if plain else tuple(map(hashable, stored[:size]))
        if (row := rows.get(key)) is None:
            continue
        unseen.pop(key, None)
        values = row.values
        if plain and stored == tuple(values.values()) and names == tuple(values):
            continue
        held = dict(zip(names, stored, strict=True))
        changed = {
            name: held[name] for name, value in values.items() if not same(held[name], value)
        }
        if changed:
            found.changed[key] = changed
    found.missing = list(unseen)
    return found


def _stored(
    connection: sa.Connection, layout: Layout, rows: dict[Key, Row], names: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    """The values of ``names`` in the rows of the table with these keys, and perhaps in others."""
    wanted = [layout.by_name[name] for name in names]
    columns = [f.codec.selected(f.column).label(f"c{i}") for i, f in enumerate(wanted)]
    statement = sa.select(*columns).select_from(layout.table)
    try:
        # Rows that were written together mostly stand together.
        most = 2 * len(rows) + LOOKUP
        between = _between(connection, layout, rows)
        count = 0 if between else _counted(connection, layout.table, most + 1)
        near = statement.where(*between).limit(most + 1)
        for found in _partitions(connection, near, wanted) if count <= most else ():
            count += len(found) if between else 0
            yield from found
        if count <= most:
            return
        key_names = [field.name for field in layout.key]
        for part in chunks(list(rows.values()), max(1, LOOKUP // len(key_names))):
            keys = [[row.values[name] for name in key_names] for row in part]
            select = statement.where(matching(connection, layout.key, keys))
            for found in _partitions(connection, select, wanted):
                yield from found
    except (ValueError, LookupError) as error:
        raise FixtureError(
            f"Table {layout.table.fullname} holds a value that its column type cannot read: {error}"
        ) from error


def _counted(connection: sa.Connection, table: sa.Table, most: int) -> int:
    """How many rows a table has, counted up to ``most``."""
    some = sa.select(sa.literal(1).label("one")).select_from(table).limit(most).subquery()
    return connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def _between(
    connection: sa.Connection, layout: Layout, rows: dict[Key, Row]
) -> list[sa.ColumnElement[bool]]:
    """That the key is not outside of the keys of ``rows``, where all compare numbers alike."""
    columns: list[Any] = []
    for part in layout.key:
        if part.codec.kind != "int" or (columns and connection.dialect.name in MARIADB):
            # MariaDB uses no index to compare several columns at once.
            break
        columns.append(part.codec.key(part.column))
    size = len(columns)
    if not size:
        return []
    low, high = min(key[:size] for key in rows), max(key[:size] for key in rows)
    if size == 1:
        return [columns[0].between(low[0], high[0])]
    return [sa.tuple_(*columns) >= low, sa.tuple_(*columns) <= high]


def _partitions(
    connection: sa.Connection, select: sa.Select[Any], fields: Sequence[Field]
) -> Iterator[list[tuple[Any, ...]]]:
    streamed = connection.execute(select, execution_options={"yield_per": CHUNK})
    with closing(streamed) as results:
        for part in results.partitions():
            columns = zip(*part, strict=True)
            read = [_read(f, values) for f, values in zip(fields, columns, strict=True)]
            yield list(zip(*read, strict=True))


def _read(field: Field, values: Sequence[Any]) -> Sequence[Any]:
    """The stored values; one that no fixture could hold only counts as different."""
    if field.codec.as_is and set(map(type, values)) <= {int, str, type(None)}:
        return values
    encode = field.codec.encode
    try:
        return [encode(value) for value in values]
    except (ValueError, ArithmeticError):
        return [_readable(field, value) for value in values]


def _readable(field: Field, value: Any) -> Any:
    try:
        return field.codec.encode(value)
    except (ValueError, ArithmeticError):
        return _UNREADABLE


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; true is not 1, but 1.0 is."""
    # Not by recursion: what was read may be nested almost as deeply as Python can call.
    pairs = [(one, other)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            pairs += [(value, other[key]) for key, value in one.items()]
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pairs += zip(one, other, strict=True)
        elif isinstance(one, bool) != isinstance(other, bool) or one != other:
            return False
    return True


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


def row_counts(connection: sa.Connection, tables: Iterable[sa.Table]) -> dict[str, int]:
    """Full table name -> number of rows."""
    return {
        table.fullname: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        for table in tables
    }
