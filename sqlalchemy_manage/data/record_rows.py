"""Records become rows of tables: names resolved, values checked, relationships written out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import RelationshipDirection, RelationshipProperty

from ..errors import FixtureError, did_you_mean
from .fixtures import Origin, Record
from .json_text import shown
from .record_layout import Field, Layout, Layouts
from .record_shapes import Shape, shape_of
from .scalars import Unfit

Key = tuple[Any, ...]
# Reasons that add nothing to "x is not a date such as ...".
_PLAIN_REASONS = ("wrong type", "Invalid isoformat", "badly formed hexadecimal")


@dataclass(slots=True, eq=False)
class Row:
    """Field name -> value as in a dump, the key's fields included."""

    values: dict[str, Any]
    origin: Origin


@dataclass
class TableRows:
    """All rows for one table.

    ``rows`` by key; ``loose``, whose key the database gives; where no key can be compared,
    ``bag`` for rows wanted as often as they are written, and ``links`` for once at least.
    """

    layout: Layout
    rows: dict[Key, Row] = field(default_factory=dict)
    loose: list[Row] = field(default_factory=list)
    bag: list[Row] = field(default_factory=list)
    links: list[Row] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.rows) + len(self.loose) + len(self.bag) + len(self.links)

    def all_rows(self) -> list[Row]:
        return [*self.rows.values(), *self.loose, *self.bag, *self.links]


def hashable(value: Any) -> Any:
    """A JSON value as a hashable one; scalars are returned as they are."""
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value


def key_of(names: Iterable[str], values: dict[str, Any]) -> Key:
    """The values of some fields, to compare by."""
    return tuple(hashable(values[name]) for name in names)


def describe(layout: Layout, row: Row) -> str:
    """``file.json, record 7 (app.employee 3)``: a row as people know it."""
    key = [row.values.get(field.name) for field in layout.key]
    if not key or None in key:
        return f"{row.origin} ({layout.label})"
    return f"{row.origin} ({layout.label} {shown(key[0] if len(key) == 1 else key)})"


def contradiction(layout: Layout, old: Row, new: Row) -> str | None:
    """What to tell of two records that give one row different values."""
    for name, value in new.values.items():
        if old.values.get(name, value) != value:
            row = describe(layout, new).partition(" (")[2].rstrip(")")
            return (
                f"{old.origin} and {new.origin} give different values for '{name}' of {row}: "
                "the last holds."
            )
    return None


def collect(
    records: Iterable[Record], layouts: Layouts, notes: list[str] | None = None
) -> dict[sa.Table, TableRows]:
    """The rows that ``records`` ask for, by table, parents before children.

    A repeated key changes the row that came first; ``notes`` gets those whose values differ.
    Raises FixtureError that names file, record, field, value and what was expected.
    """
    batches = {table: TableRows(layout) for table, layout in layouts.by_table.items()}
    shapes: dict[tuple[str, ...], Shape | None] = {}
    for record in records:
        form = (record.model, *record.fields)
        if form not in shapes:
            shapes[form] = shape_of(record, layouts)
        shape = shapes[form]
        if shape is not None and (found := shape.read(record)) is not None:
            rows = batches[shape.table].rows
            key, values = found
            if key not in rows:
                rows[key] = Row(values, record.origin)
                continue
        layout = layouts.by_label.get(record.model.lower())
        if layout is None:
            close = did_you_mean(record.model.lower(), layouts.by_label)
            raise FixtureError(
                f"{record.origin}: there is no model {shown(record.model)}.{close}",
                f"Known: {', '.join(layouts.by_label)}.",
            )
        _RecordReader(record, layout, layouts, batches, notes).read()
    return {table: batch for table, batch in batches.items() if batch.size}


@dataclass(slots=True)
class _RecordReader:
    """Reads one record into the batches."""

    record: Record
    layout: Layout
    layouts: Layouts
    batches: dict[sa.Table, TableRows]
    notes: list[str] | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def wrong(self, text: str, hint: str | None = None) -> FixtureError:
        pk = "" if self.record.pk is None else f" {shown(self.record.pk)}"
        return FixtureError(f"{self.record.origin} ({self.layout.label}{pk}): {text}", hint)

    def read(self) -> None:
        if self.record.pk is None and not self.record.fields:
            raise self.wrong("has neither a pk nor fields, so it says nothing.")
        self._read_key()
        links: list[tuple[RelationshipProperty[Any], Any]] = []
        for name, value in self.record.fields.items():
            if (known := self.layout.accepted.get(name)) is not None:
                self._put(known, self._clean(known, value, name), name)
            elif (relationship := self.layout.relationships.get(name)) is None:
                raise self._unknown(name)
            elif relationship.viewonly:
                raise self.wrong(f"relationship '{name}' is view-only.")
            elif relationship.direction is RelationshipDirection.MANYTOONE:
                self._refer(relationship, value)
            elif relationship.secondary is not None:
                links.append((relationship, value))
            else:
                raise self.wrong(
                    f"relationship '{name}' is stored in the rows of "
                    f"{self._label(relationship.mapper.local_table)}: write it in those records."
                )
        self._store()
        for relationship, value in links:
            self._link(relationship, value)

    def _label(self, table: Any) -> str:
        found = self.layouts.by_table.get(table)
        return found.label if found else str(table)

    def _unknown(self, name: str) -> FixtureError:
        column = self.layout.table.columns.get(name)
        if column is not None and column.computed is not None:
            return self.wrong(f"field '{name}' is computed by the database; leave it out.")
        known = [*self.layout.by_name, *self.layout.relationships]
        return self.wrong(
            f"unknown field {shown(name)}." + did_you_mean(name, known),
            f"Known: {', '.join(known)}.",
        )

    def _read_key(self) -> None:
        pk, key = self.record.pk, self.layout.key
        if pk is None:
            return
        if not key:
            raise self.wrong("the table has no primary key: put all values in fields.")
        parts = pk if len(key) > 1 else [pk]
        if not isinstance(parts, list) or len(parts) != len(key):
            raise self.wrong(f"pk must be a list: [{', '.join(f.name for f in key)}].")
        for part, known in zip(parts, key, strict=True):
            self._put(known, self._clean(known, part, "pk"), "pk")

    def _clean(self, known: Field, value: Any, name: str) -> Any:
        if value is None and not known.column.nullable:
            raise self.wrong(f"field '{name}' must not be null.")
        try:
            return known.codec.clean(value)
        except (ValueError, ArithmeticError) as error:
            reason = str(error).rstrip(".")
            if not isinstance(error, Unfit):
                known_reason = reason.startswith(_PLAIN_REASONS)
                reason = f"is not {known.codec.expected}" + ("" if known_reason else f": {reason}")
            label = "pk" if name == "pk" else f"field '{name}'"
            end = "" if reason.endswith("?") else "."
            raise self.wrong(f"{label}: {shown(value)} {reason}{end}") from None

    def _put(self, known: Field, value: Any, name: str) -> None:
        if known.name in self.values and self.values[known.name] != value:
            raise self.wrong(
                f"'{name}' gives {shown(value)} for {known.column}, and another name in the "
                f"record gives {shown(self.values[known.name])}."
            )
        self.values[known.name] = value

    def _refer(self, relationship: RelationshipProperty[Any], value: Any) -> None:
        """Set the foreign key columns of a many-to-one relationship to a key or null."""
        name = relationship.key
        pairs: list[tuple[Any, Any]] = list(relationship.synchronize_pairs)
        for target, local in pairs:
            known = self.layout.by_column.get(local)
            if known is None:
                raise self.wrong(
                    f"relationship '{name}' uses columns of {self._label(local.table)}: "
                    "write it in that record."
                )
            part = None if value is None else self._part(name, value, target)
            self._put(known, self._clean(known, part, name), name)

    def _part(self, name: str, value: Any, column: Any) -> Any:
        """The part of a key value that belongs to ``column`` of the referred-to table."""
        layout = self.layouts.by_table.get(column.table)
        keys = [f.column for f in layout.key] if layout else []
        if column not in keys:
            raise self.wrong(
                f"relationship '{name}' does not use the primary key: write the columns."
            )
        parts = value if len(keys) > 1 else [value]
        if not isinstance(parts, list) or len(parts) != len(keys):
            wanted = "a list of " + ", ".join(k.name for k in keys)
            raise self.wrong(f"relationship '{name}': {shown(value)} is not a key: {wanted}.")
        return parts[keys.index(column)]

    def _store(self) -> None:
        layout, batch = self.layout, self.batches[self.layout.table]
        row = Row(self.values, self.record.origin)
        if not layout.key:
            batch.bag.append(row)
            return
        missing = [f for f in layout.key if f.name not in self.values]
        if not missing:
            key = key_of((f.name for f in layout.key), self.values)
            if (old := batch.rows.get(key)) is not None:
                note = contradiction(layout, old, row)
                if note and self.notes is not None:
                    self.notes.append(note)
                old.values.update(self.values)
                old.origin = self.record.origin
            else:
                batch.rows[key] = row
        elif all(fills_itself(f.column) for f in missing):
            batch.loose.append(row)
        else:
            raise self.wrong(f"pk is missing ({', '.join(f.name for f in missing)}).")

    def _link(self, relationship: RelationshipProperty[Any], value: Any) -> None:
        """Write out a many-to-many relationship as rows of its link table."""
        name = relationship.key
        link_table: Any = relationship.secondary
        secondary = self.layouts.by_table.get(link_table)
        if secondary is None:
            raise self.wrong(f"relationship '{name}' has no link table.")
        if not isinstance(value, list):
            raise self.wrong(f"relationship '{name}': {shown(value)} is not a list of keys.")
        if not value:
            return
        near: dict[Any, Any] = {
            column: self._own(name, source) for source, column in relationship.synchronize_pairs
        }
        batch = self.batches[secondary.table]
        for target in value:
            parts = dict(near)
            for source, column in relationship.secondary_synchronize_pairs or ():
                parts[column] = self._part(name, target, source)
            values = {}
            for column, part in parts.items():
                known = secondary.by_column[column]
                values[known.name] = self._clean(known, part, name)
            row = Row(values, self.record.origin)
            missing = [f for f in secondary.key if f.name not in values]
            if secondary.key and not missing:
                key = key_of((f.name for f in secondary.key), values)
                batch.rows.setdefault(key, row)
            elif all(fills_itself(f.column) for f in missing):
                batch.links.append(row)
            else:
                raise self.wrong(
                    f"relationship '{name}': the key of {secondary.label} has more columns; "
                    "write its records."
                )

    def _own(self, name: str, column: Any) -> Any:
        """This record's value of a column that the link table refers to."""
        known = self.layout.by_column.get(column)
        if known is None:  # a column of a parent table: joined inheritance shares the key
            parent = self.layouts.by_table.get(column.table)
            keys = [f.column for f in parent.key] if parent else []
            if column in keys and len(keys) == len(self.layout.key):
                known = self.layout.key[keys.index(column)]
        value = None if known is None else self.values.get(known.name)
        if value is None:
            raise self.wrong(f"relationship '{name}' needs the record's pk.")
        return value


def fills_itself(column: sa.Column[Any]) -> bool:
    """Whether an insert may leave the column out."""
    return (
        column.nullable
        or column.default is not None
        or column.server_default is not None
        or column.identity is not None
        or column.table.autoincrement_column is column
    )
