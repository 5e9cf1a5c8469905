"""Whether the rows that the links of a load refer to exist, in the load or in the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from ..errors import FixtureError
from ..sql.dialects import MARIADB
from .json_text import shown
from .order import link_names, reference
from .record_layout import Layout, Layouts
from .record_rows import Key, Row, TableRows, describe, key_of
from .stored_rows import LOOKUP, chunks, matching


def missing_targets(
    connection: sa.Connection, batches: dict[sa.Table, TableRows], layouts: Layouts
) -> list[tuple[Row, FixtureError]]:
    """The rows with a dangling link, each with the error that names record, field and value."""
    found: list[tuple[Row, FixtureError]] = []
    for batch in batches.values():
        rows = batch.all_rows()
        for constraint in batch.layout.table.foreign_key_constraints:
            target = layouts.by_table.get(constraint.referred_table)
            if target is not None and _comparable(connection, batch.layout, target, constraint):
                loaded = batches.get(target.table)
                found += _missing(connection, batch.layout, target, constraint, rows, loaded)
    return found


def _missing(
    connection: sa.Connection,
    layout: Layout,
    target: Layout,
    constraint: sa.ForeignKeyConstraint,
    rows: list[Row],
    loaded: TableRows | None,
) -> Iterator[tuple[Row, FixtureError]]:
    names = link_names(layout, target, constraint)
    if names is None:
        return
    near, far = names
    wanted: dict[Key, list[Row]] = {}
    for row in rows:
        if (key := reference(row, near)) is not None:
            wanted.setdefault(key, []).append(row)
    others = [*loaded.rows.values(), *loaded.loose, *loaded.bag] if loaded else []
    known = {key for row in others if (key := reference(row, far)) is not None}
    missing = [key for key in wanted if key not in known]
    fields = [target.by_name[name] for name in far]
    columns = [f.codec.selected(f.column).label(f"c{i}") for i, f in enumerate(fields)]
    for part in chunks(missing, max(1, LOOKUP // len(far))):
        values = [[wanted[key][0].values[name] for name in near] for key in part]
        found = {
            key_of(far, {f.name: f.codec.encode(v) for f, v in zip(fields, result, strict=True)})
            for result in connection.execute(
                sa.select(*columns).where(matching(connection, fields, values))
            )
        }
        for key in part:
            for row in wanted[key] if key not in found else ():
                said: Any = [row.values[name] for name in near]
                yield (
                    row,
                    FixtureError(
                        f"{describe(layout, row)}: {', '.join(near)} "
                        f"{shown(said[0] if len(said) == 1 else said)} refers to a row of "
                        f"{target.label} that is neither in the fixture nor in the database."
                    ),
                )


def _comparable(
    connection: sa.Connection, layout: Layout, target: Layout, constraint: sa.ForeignKeyConstraint
) -> bool:
    """Whether equal for Python is equal for the database: not where a collation decides."""
    for element in constraint.elements:
        near, far = layout.by_column.get(element.parent), target.by_column.get(element.column)
        if near is None or far is None or near.codec.kind != far.codec.kind:
            return False
        collates = connection.dialect.name in MARIADB
        collates = collates or getattr(far.column.type, "collation", None) is not None
        if near.codec.kind in ("text", "other") and collates:
            return False
    return True
