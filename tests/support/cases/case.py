"""A change of models, and what has to become of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from support.databases import BACKENDS


@dataclass(frozen=True)
class Case:
    """Models, rows, the models changed, and what has to become of them.

    ``after``: the new models, or what is replaced in the old ones. ``does``: the
    operations in words, ``*`` for what differs from database to database. ``tables`` and
    ``columns``: the new names of what holds the same data afterwards. ``becomes``: the
    values of a column that are others or new, one for all rows or one a row. ``lost``:
    tables and columns whose data a downgrade cannot bring back; ``back``: values that are
    others after it than they were; ``nullable``: columns that it brings back without their
    NOT NULL. ``first`` and ``sql``: done by hand before the first revision, and before the
    change. ``reads``: a query with the same answer at every step, asked after ``writes``, a
    statement for the old names and one for the new, which is rolled back. ``next_id``: the
    id that a row of a table gets in the end.
    """

    before: str
    after: str | tuple[tuple[str, str], ...]
    rows: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    does: tuple[str, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    becomes: Mapping[str, Any] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    back: Mapping[str, Any] = field(default_factory=dict)
    nullable: tuple[str, ...] = ()
    first: str = ""
    sql: tuple[str, ...] | Mapping[str, tuple[str, ...]] = ()
    writes: tuple[str, str] = ("", "")
    reads: str = ""
    next_id: Mapping[str, int] = field(default_factory=dict)
    only: tuple[str, ...] = BACKENDS

    @property
    def changed(self) -> str:
        """The models after the change."""
        if isinstance(self.after, str):
            return self.after
        text = self.before
        for old, new in self.after:
            assert old in text, old
            text = text.replace(old, new)
        return text

    def expected(self, data: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        """``data`` as it is after the change."""
        found = {}
        for name, rows in data.items():
            new, names = self.tables.get(name, name), self.columns.get(name, {})
            kept = [
                {
                    names.get(c, c): value
                    for c, value in row.items()
                    if f"{name}.{c}" not in self.lost or f"{new}.{c}" in self.becomes
                }
                for row in rows
            ]
            if name not in self.lost:
                found[new] = kept
        return _with(found, self.becomes)

    def undone(self, data: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        """``data`` as it is after an upgrade and a downgrade."""
        found = {name: [dict(row) for row in rows] for name, rows in data.items()}
        found |= {table: [] for table in self.lost if table in found}
        return _with(found, {p: None for p in self.lost if p not in found} | dict(self.back))


def _with(
    data: dict[str, list[dict[str, Any]]], values: Mapping[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    for place, found in values.items():
        table, _, column = place.rpartition(".")
        rows = data.setdefault(table, [])
        for row, value in zip(
            rows, found if isinstance(found, list) else [found] * len(rows), strict=True
        ):
            row[column] = value
    return data
