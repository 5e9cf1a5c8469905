"""Rows as the text of records: put together by column, a thousand rows at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import Any

import sqlalchemy as sa

from ..errors import FixtureError
from .codec import Codec
from .natural_keys import NaturalKeys
from .record_layout import Field, Layout

Column = Sequence[Any]
_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
# What their dump gives needs no escapes.
_PLAIN = ("datetime", "date", "time", "interval", "uuid", "bytes", "numeric")
# The last: JSON that is nested too deeply.
_NO_TEXT = (ValueError, ArithmeticError, LookupError, RecursionError)


def texts(codec: Codec, values: Column) -> list[str]:
    """The JSON text of each value that the database gave; raises ValueError."""
    if codec.kind == "int" and set(map(type, values)) == {int}:
        return list(map(int.__repr__, values))
    if codec.kind == "text" and codec.as_is and set(map(type, values)) == {str}:
        return list(map(encode_basestring, values))
    dump = codec.dump
    if codec.kind in _PLAIN:
        return ["null" if value is None else f'"{dump(value)}"' for value in values]
    return ["null" if value is None else _json(dump(value)) for value in values]


@dataclass
class Cell:
    """One value of a record: the columns that are read for it, and its text made of them."""

    field: Field
    columns: list[sa.ColumnElement[Any]]
    made: Callable[[Sequence[Column]], list[str]]


@dataclass
class RecordText:
    """How the records of one table are read and written.

    ``columns`` are selected from ``source``. ``texts`` of such rows are JSON objects, one a row.
    """

    layout: Layout
    natural: NaturalKeys | None = None
    keyless: bool = False
    source: sa.FromClause = field(init=False)
    cells: list[Cell] = field(init=False)

    def __post_init__(self) -> None:
        self.source = self.layout.table
        self.cells = [self._cell(f) for f in self.layout.all_fields]
        self._template = self._made_template()

    @property
    def columns(self) -> list[sa.ColumnElement[Any]]:
        return [column for cell in self.cells for column in cell.columns]

    def texts(self, rows: Sequence[Sequence[Any]]) -> Iterator[str]:
        """The records of ``rows``; raises FixtureError that names the row that has none."""
        try:
            return map(self._template.__mod__, zip(*self._parts(rows), strict=True))
        except _NO_TEXT as error:
            for row in rows if len(rows) > 1 else ():
                self.texts([row])
            raise self._unwritable(rows[0], error) from error

    def _parts(self, rows: Sequence[Sequence[Any]]) -> Iterable[list[str]]:
        columns = list(zip(*rows, strict=True))
        start = 0
        parts = []
        for cell in self.cells:
            end = start + len(cell.columns)
            parts.append(cell.made(columns[start:end]))
            start = end
        # The fields first: a key that is left out has still been read, to sort by.
        return parts[len(self.layout.key) :] if self.keyless else parts

    def _unwritable(self, row: Sequence[Any], error: Exception) -> FixtureError:
        key: list[str] = []
        start = 0
        for i, cell in enumerate(self.cells):
            values = [[value] for value in row[start : start + len(cell.columns)]]
            start += len(cell.columns)
            try:
                text = cell.made(values)[0]
            except _NO_TEXT:
                where = f" {', '.join(key)}" if key else ""
                return FixtureError(
                    f"{self.layout.label}{where}: column {cell.field.column} cannot be written: "
                    f"{error}."
                )
            if i < len(self.layout.key):
                key.append(text)
        return FixtureError(f"{self.layout.label}: a row cannot be written: {error}.")

    def _made_template(self) -> str:
        def escaped(text: str) -> str:
            return _json(text).replace("%", "%%")

        count = len(self.layout.key)
        key = "%s" if count == 1 else f"[{', '.join(['%s'] * count)}]"
        pk = f'"pk": {key}, ' if count and not self.keyless else ""
        fields = ", ".join(f"{escaped(f.name)}: %s" for f in self.layout.fields)
        return f'{{"model": {escaped(self.layout.label)}, {pk}"fields": {{{fields}}}}}'

    def _cell(self, own: Field) -> Cell:
        link = None if self.natural is None else self.natural.link(self.layout, own)
        if link is None:
            return Cell(own, [own.codec.selected(own.column)], lambda c: texts(own.codec, c[0]))
        plain = own.codec.selected(own.column)
        leaves: list[tuple[Codec, sa.ColumnElement[Any]]] = []
        template = self._joined(link.target, own.column, link.column, leaves)
        codecs = [codec for codec, _ in leaves]

        def made(columns: Sequence[Column]) -> list[str]:
            own_texts = texts(own.codec, columns[0])
            parts = [texts(c, values) for c, values in zip(codecs, columns[1:], strict=True)]
            # A link to a row that does not exist keeps the key that it has.
            return [
                whole if "null" in found else template % found
                for whole, found in zip(own_texts, zip(*parts, strict=True), strict=True)
            ]

        return Cell(own, [plain, *(column for _, column in leaves)], made)

    def _joined(
        self,
        target: Layout,
        near: sa.ColumnElement[Any],
        far: sa.Column[Any],
        leaves: list[tuple[Codec, sa.ColumnElement[Any]]],
    ) -> str:
        """Join ``target``; the template of its natural key, whose values are ``leaves``."""
        assert self.natural is not None
        alias = target.table.alias()
        self.source = self.source.outerjoin(alias, near == alias.c[far.key])
        parts = []
        for part in self.natural.of(target) or ():
            column = alias.c[part.column.key]
            link = self.natural.link(target, part)
            if link is None:
                leaves.append((part.codec, part.codec.selected(column)))
                parts.append("%s")
            else:
                parts.append(self._joined(link.target, column, link.column, leaves))
        return f"[{', '.join(parts)}]"


def indented(text: str, indent: int) -> str:
    """A record over several lines."""
    lines = json.dumps(json.loads(text), ensure_ascii=False, allow_nan=False, indent=indent)
    return re.sub("^", " " * indent, lines, flags=re.MULTILINE) if indent else lines
