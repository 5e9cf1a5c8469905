"""Records of one form: the plain ones are read with a few steps each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from .fixtures import Record
from .record_layout import Field, Layouts


@dataclass(frozen=True)
class Shape:
    """Records with these fields of one model: columns of its own, each named once.

    ``keys``: how many of the ``names`` are the primary key, which comes first.
    """

    table: sa.Table
    keys: int
    names: tuple[str, ...]
    cleaners: tuple[Callable[[Any], Any], ...]

    def read(self, record: Record) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """A record's key, and its values by field, the key's first; None if something is wrong."""
        pk = record.pk
        if self.keys == 1:
            parts = [pk, *record.fields.values()]
        elif type(pk) is list and len(pk) == self.keys:
            parts = [*pk, *record.fields.values()]
        else:
            return None
        try:
            cleaned = [clean(part) for clean, part in zip(self.cleaners, parts, strict=True)]
        except (ValueError, ArithmeticError):
            return None
        return tuple(cleaned[: self.keys]), dict(zip(self.names, cleaned, strict=True))


def shape_of(record: Record, layouts: Layouts) -> Shape | None:
    """The shape of a record; None if it takes more than to clean its values."""
    layout = layouts.by_label.get(record.model.lower())
    if layout is None or not layout.key:
        return None
    if not all(name in layout.accepted for name in record.fields):
        return None
    fields = [*layout.key, *(layout.accepted[name] for name in record.fields)]
    names = tuple(f.name for f in fields)
    hashable = not any(f.codec.kind in ("json", "array") for f in layout.key)
    if len(set(names)) < len(names) or not hashable:
        return None
    return Shape(layout.table, len(layout.key), names, tuple(map(_cleaner, fields)))


def _cleaner(field: Field) -> Callable[[Any], Any]:
    clean = field.codec.clean
    nullable = field.column.nullable

    def checked(value: Any) -> Any:
        if value is None and not nullable:
            raise ValueError("null")
        return clean(value)

    def number(value: Any) -> Any:
        return value if type(value) is int and -32768 <= value < 32768 else checked(value)

    def text(value: Any) -> Any:
        ready = type(value) is str and value.isascii() and "\0" not in value
        return value if ready else checked(value)

    if field.codec.kind == "int":
        return number
    return text if field.codec.kind == "text" and field.codec.as_is else checked
