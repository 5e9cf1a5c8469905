"""Dump rows as a fixture: one snapshot, parents before children, rows by key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from .. import advice
from ..errors import DatabaseError, FixtureError, UsageError
from ..sql.dialects import MARIADB
from . import backends
from .json_text import shown
from .natural_keys import NaturalKeys, generated
from .record_layout import Field, Layout, Layouts, require_tables
from .record_text import RecordText, indented
from .stored_rows import LOOKUP, chunks, matching

if TYPE_CHECKING:
    from ..project import Project

Write = Callable[[str], object]
_BLOCK = 1000


@dataclass(frozen=True)
class Dumped:
    """How much was written. ``notes``: what could not be written as it was asked for."""

    records: int
    tables: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Request:
    """What to dump, and how.

    ``names`` and ``exclude``: apps and models (``app.Model``); without names: all. ``pks``:
    primary keys as they are typed, of the one model. ``lines``: a record a line, and no list
    around them. ``natural_foreign``: links by the natural keys of the rows that they refer to;
    ``natural_primary``: no primary key where a natural key says the same.
    """

    names: Sequence[str] = ()
    exclude: Sequence[str] = ()
    pks: Sequence[str] = ()
    indent: int | None = None
    lines: bool = False
    natural_foreign: bool = False
    natural_primary: bool = False


def dump(project: Project, request: Request, write: Write) -> Dumped:
    """Hand the fixture that was asked for to ``write``, piece by piece.

    Equal rows give equal text on every database. Raises UsageError for an unknown name,
    FixtureError for a value that JSON cannot hold.
    """
    with project.connect() as connection:
        layouts = Layouts(project, connection.dialect)
        chosen = layouts.chosen(request.names, request.exclude)
        keys = _typed_keys(chosen, request.pks) if request.pks else None
        notes: list[str] = []
        writers = [_writer(layouts, layout, request, notes) for layout in chosen]
        with backends.reading(connection):
            views = require_tables(connection, [layout.table for layout in chosen])
            stored = [writer for writer in writers if writer.layout.table not in views]
            count = 0
            start, between, end = ("", "\n", "\n") if request.lines else ("[\n", ",\n", "\n]\n")
            for writer in stored:
                with closing(_blocks(connection, writer, request, keys)) as blocks:
                    for block in blocks:
                        write(between if count else start)
                        write(between.join(block))
                        count += len(block)
            write(end if count else "" if request.lines else "[]\n")
            if keys is not None and count < len(keys):
                notes.append(f"Of {len(keys)} primary keys, {count} were found.")
    return Dumped(count, len(stored), tuple(notes))


def _writer(layouts: Layouts, layout: Layout, request: Request, notes: list[str]) -> RecordText:
    natural = NaturalKeys(layouts)
    keyless = request.natural_primary and natural.replaces_key(layout)
    if request.natural_primary and not keyless and any(generated(f.column) for f in layout.key):
        notes.append(f"{layout.label} has no natural key: its records keep their pk.")
    if keyless:
        other = natural.referring(layout, foreign=request.natural_foreign)
        if other is not None:
            keyless = False
            advice = "" if request.natural_foreign else " (--natural-foreign changes that)"
            notes.append(f"{layout.label} keeps its pk: {other} refers to it by that{advice}.")
    return RecordText(layout, natural if request.natural_foreign else None, keyless)


def typed_list(text: str) -> list[str]:
    """``1,2`` and ``[1, 2],[3, 4]`` as the items that a comma parts."""
    return [item.strip() for item in re.split(r",(?![^\[]*\])", text) if item.strip()]


def _typed_keys(chosen: Sequence[Layout], typed: Sequence[str]) -> list[list[Any]]:
    """Primary keys as a person types them: the values, and for several columns JSON lists."""
    if len(chosen) != 1:
        raise UsageError("--pks needs the name of one model, and no other.")
    key = chosen[0].key
    names = ", ".join(f.name for f in key)
    if not key:
        raise UsageError(f"{chosen[0].label} has no primary key.")
    found: dict[str, list[Any]] = {}
    for text in typed:
        try:
            parts = [text] if len(key) == 1 else json.loads(text)
            if not isinstance(parts, list) or len(parts) != len(key):
                raise ValueError("not a list of that many values")
            found[text] = [_typed(f, part) for f, part in zip(key, parts, strict=True)]
        except (ValueError, ArithmeticError) as error:
            form = f"a list such as '[1, 2]' ({names})" if len(key) > 1 else key[0].codec.expected
            raise UsageError(f"--pks: {shown(text)} is not a key: expected {form}.") from error
    return list(found.values())


def _typed(field: Field, part: Any) -> Any:
    if isinstance(part, str) and field.codec.kind in ("int", "float"):
        part = json.loads(part)
    return field.codec.clean(part)


def _blocks(
    connection: sa.Connection,
    writer: RecordText,
    request: Request,
    keys: list[list[Any]] | None,
) -> Generator[list[str], None, None]:
    layout = writer.layout
    columns = [column.label(f"c{i}") for i, column in enumerate(writer.columns)]
    order = [_ordering(f, connection.dialect.name) for f in layout.key]
    statement = sa.select(*columns).select_from(writer.source).order_by(*order)
    statements = [statement]
    if keys is not None:
        parts = chunks(keys, max(1, LOOKUP // len(layout.key)))
        statements = [statement.where(matching(connection, layout.key, part)) for part in parts]
    try:
        for select in statements:
            options = {"yield_per": _BLOCK}
            with closing(connection.execute(select, execution_options=options)) as rows:
                blocks = (list(writer.texts(part)) for part in rows.partitions())
                if not layout.key:
                    # Only the whole row to sort by, and not every column can be sorted by.
                    blocks = (x for x in [sorted(t for block in blocks for t in block)] if x)
                for block in blocks:
                    indent = request.indent
                    yield block if indent is None else [indented(text, indent) for text in block]
    except DBAPIError as error:
        first = (str(error.orig).strip().splitlines() or [""])[0]
        raise DatabaseError(
            f"Table {layout.table.fullname} cannot be read: {first}",
            f"{advice.COMPARE_SCHEMA} shows whether the models match the schema.",
        ) from error
    except (ValueError, LookupError, OverflowError) as error:
        raise FixtureError(
            f"Table {layout.table.fullname} holds a value that its column type cannot read: {error}"
        ) from error


def _ordering(field: Field, dialect: str) -> sa.ColumnElement[Any]:
    """The column, so that all databases sort the same: text by code point, not by collation."""
    column: sa.ColumnElement[Any] = field.column
    if field.codec.kind not in ("text", "enum", "uuid", "other"):
        return column
    if dialect == "postgresql":
        return column if field.codec.kind == "uuid" else sa.cast(column, sa.Text()).collate("C")
    if dialect in MARIADB:
        return sa.cast(sa.cast(column, sa.CHAR()), sa.LargeBinary())
    if dialect == "sqlite":
        return sa.type_coerce(column, sa.Text()).collate("BINARY")
    return column
