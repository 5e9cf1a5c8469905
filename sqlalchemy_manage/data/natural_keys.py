"""Natural keys: the columns by which people, and other databases, know a row.

Declared with ``info={"natural_key": ["name", "country_id"]}`` on the table. Else the unique
constraint or index whose columns are all NOT NULL; of several the one with the fewest columns,
and of these the one whose columns come first in the table. A key that nobody generates
(a code, the keys of a link table) is natural itself, and stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import RelationshipDirection

from ..errors import AppError
from .record_layout import Field, Layout, Layouts

INFO = "natural_key"


@dataclass(frozen=True)
class NaturalLink:
    """A column that refers to one row of ``target``, in which ``column`` has its value."""

    target: Layout
    column: sa.Column[object]


@dataclass
class NaturalKeys:
    """The natural keys of all tables of a project; raises AppError for a wrong one."""

    layouts: Layouts
    _known: dict[sa.Table, tuple[Field, ...] | None] = field(default_factory=dict)

    def of(self, layout: Layout) -> tuple[Field, ...] | None:
        """The fields of a table's natural key; None if it has none."""
        if layout.table not in self._known:
            # A key that leads back to its own table names no row.
            self._known[layout.table] = None
            self._known[layout.table] = self._chosen(layout)
        return self._known[layout.table]

    def link(self, layout: Layout, column_field: Field) -> NaturalLink | None:
        """Where a field refers to, if a natural key can stand for its value."""
        for constraint in layout.table.foreign_key_constraints:
            if list(constraint.columns) != [column_field.column]:
                continue
            target = self.layouts.by_table.get(constraint.referred_table)
            if target is not None and self.of(target) is not None:
                return NaturalLink(target, constraint.elements[0].column)
        return None

    def replaces_key(self, layout: Layout) -> bool:
        """Whether the primary key says nothing that the natural key does not."""
        names = self.of(layout)
        return names is not None and not set(names) & set(layout.key)

    def referring(self, layout: Layout, *, foreign: bool) -> str | None:
        """The label of a table whose links would still have this table's primary key."""
        for other in self.layouts.by_table.values():
            for single, target in _references(other):
                if target is not layout.table:
                    continue
                if not foreign or single is None or self.link(other, single) is None:
                    return other.label
            for column_field in other.by_column.values():
                if foreign and self.link(other, column_field) is not None:
                    continue
                # A link of several columns holds the keys that its target's columns hold.
                if layout.table in _behind(column_field.column):
                    return other.label
        return None

    def _chosen(self, layout: Layout) -> tuple[Field, ...] | None:
        declared = layout.table.info.get(INFO)
        if declared is not None:
            return self._declared(layout, declared)
        if layout.key and not any(generated(f.column) for f in layout.key):
            linked = [f for f in layout.key if self.link(layout, f) is not None]
            return layout.key if len(linked) == len(layout.key) else None
        places = {column: i for i, column in enumerate(layout.table.columns)}
        found = [
            columns
            for columns in _unique(layout.table)
            if all(c in layout.by_column and not c.nullable for c in columns)
            and not set(columns) & set(layout.table.primary_key)
        ]
        best = min(found, key=lambda c: (len(c), [places[x] for x in c]), default=None)
        return None if best is None else tuple(layout.by_column[c] for c in best)

    def _declared(self, layout: Layout, names: Iterable[str]) -> tuple[Field, ...]:
        where = f"natural_key in the info of table {layout.table.fullname}"
        names = [names] if isinstance(names, str) else list(names)
        fields = []
        for name in names:
            if name not in layout.accepted:
                raise AppError(f"{where}: the table has no column '{name}'.")
            fields.append(layout.accepted[name])
        columns = {f.column for f in fields}
        if not any(set(unique) <= columns for unique in _unique(layout.table)):
            raise AppError(
                f"{where}: no unique constraint makes {', '.join(names)} name one row.",
                "Declare a UniqueConstraint of these columns.",
            )
        return tuple(fields)


def generated(column: sa.Column[object]) -> bool:
    """Whether a key's value is given by the program or the database, and not known to people."""
    if column.foreign_keys:
        return False
    return (
        column.default is not None
        or column.server_default is not None
        or column.identity is not None
        or column.table.autoincrement_column is column
    )


def _unique(table: sa.Table) -> Iterator[list[sa.Column[object]]]:
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint) and constraint.columns:
            yield list(constraint.columns)
    for index in table.indexes:
        partial = any(key.endswith("_where") and v is not None for key, v in index.kwargs.items())
        columns = [e for e in index.expressions if isinstance(e, sa.Column)]
        if index.unique and not partial and len(columns) == len(index.expressions):
            yield columns


def _behind(column: sa.Column[object]) -> set[sa.Table]:
    """The tables to whose keys the value of a column is equal, through any number of links."""
    found: set[sa.Column[object]] = set()
    waiting = [column]
    while waiting:
        for key in waiting.pop().foreign_keys:
            if key.column not in found:
                found.add(key.column)
                waiting.append(key.column)
    return {each.table for each in found}


def _references(layout: Layout) -> Iterator[tuple[Field | None, sa.Table]]:
    """The tables that a table refers to, with the field where a natural key may stand for it."""
    declared = set()
    for constraint in layout.table.foreign_key_constraints:
        declared |= {(e.parent, e.column) for e in constraint.elements}
        single = layout.by_column.get(next(iter(constraint.columns)))
        yield single if len(constraint.columns) == 1 else None, constraint.referred_table
    for relationship in layout.relationships.values():
        if relationship.direction is not RelationshipDirection.MANYTOONE:
            continue
        pairs = {(local, remote) for remote, local in relationship.synchronize_pairs}
        target = relationship.mapper.local_table
        if not pairs <= declared and isinstance(target, sa.Table):
            yield None, target
