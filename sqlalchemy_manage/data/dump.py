"""Dump rows as a fixture: one snapshot, parents before children, rows by key."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ..errors import DatabaseError, FixtureError
from ..files import written_whole
from ..sql.dialects import MARIADB
from . import backends
from .fixtures import shown
from .record_layout import Field, Layout, Layouts, require_tables

if TYPE_CHECKING:
    from ..project import Project

Write = Callable[[str], object]
_PIECE = 1 << 16


@dataclass(frozen=True)
class Dumped:
    """How much was written."""

    records: int
    tables: int


def dump(project: Project, names: Sequence[str], write: Write, indent: int | None = None) -> Dumped:
    """Hand the fixture of the named apps and models to ``write``, piece by piece.

    Without names: of all. Equal rows give equal text on every database. Raises UsageError
    for an unknown name, FixtureError for a value that JSON cannot hold.
    """
    with project.connect() as connection:
        layouts = Layouts(project, connection.dialect).chosen(names)
        with backends.reading(connection):
            views = require_tables(connection, [layout.table for layout in layouts])
            stored = [layout for layout in layouts if layout.table not in views]
            count, pieces, size = 0, ["["], 0
            for layout in stored:
                with closing(_records(connection, layout)) as records:
                    for record in records:
                        pieces += [",\n" if count else "\n", _text(record, indent)]
                        count += 1
                        size += len(pieces[-1])
                        if size >= _PIECE:
                            write("".join(pieces))
                            pieces, size = [], 0
            write("".join([*pieces, "\n]\n" if count else "]\n"]))
    return Dumped(count, len(stored))


def _text(record: dict[str, Any], indent: int | None) -> str:
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=indent)
    return textwrap.indent(text, " " * indent) if indent else text


def _records(connection: sa.Connection, layout: Layout) -> Generator[dict[str, Any], None, None]:
    fields = layout.all_fields
    columns = [f.codec.selected(f.column).label(f"c{i}") for i, f in enumerate(fields)]
    order = [_ordering(f, connection.dialect.name) for f in layout.key]
    statement = sa.select(*columns).select_from(layout.table).order_by(*order)
    options = {"yield_per": 1000}
    try:
        with closing(connection.execute(statement, execution_options=options)) as rows:
            records = (_record(layout, row) for row in rows)
            if layout.key:
                yield from records
            else:
                # Only the whole row to sort by, and not every column can be sorted by.
                yield from sorted(records, key=lambda record: json.dumps(record["fields"]))
    except DBAPIError as error:
        first = (str(error.orig).strip().splitlines() or [""])[0]
        raise DatabaseError(
            f"Table {layout.table.fullname} cannot be read: {first}",
            "manage.py check shows whether the models match the schema.",
        ) from error
    except (ValueError, LookupError, OverflowError) as error:
        raise FixtureError(
            f"Table {layout.table.fullname} holds a value that its column type cannot read: {error}"
        ) from error


def _record(layout: Layout, row: Sequence[Any]) -> dict[str, Any]:
    values = {}
    for field, value in zip(layout.all_fields, row, strict=True):
        try:
            values[field.name] = None if value is None else field.codec.dump(value)
        except (ValueError, ArithmeticError) as error:
            where = _where(layout, values)
            raise FixtureError(
                f"{layout.label}{where}: column {field.column} cannot be written: {error}."
            ) from error
    record: dict[str, Any] = {"model": layout.label}
    if layout.key:
        key = [values.pop(field.name) for field in layout.key]
        record["pk"] = key[0] if len(key) == 1 else key
    record["fields"] = values
    return record


def _where(layout: Layout, values: dict[str, Any]) -> str:
    key = [values[field.name] for field in layout.key if field.name in values]
    return f" {shown(key[0] if len(key) == 1 else key)}" if key else ""


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


@contextmanager
def replacing(path: Path) -> Iterator[Write]:
    """Write a file that replaces ``path`` completely at the end of the block, or not at all.

    Nobody but the owner may read it (mode 0600). Raises FixtureError if it cannot be made.
    """
    try:
        with _replacing(path) as file:
            yield file.write
    except OSError as error:
        raise FixtureError(f"{path} cannot be written: {error.strerror}.") from error


def _replacing(path: Path) -> AbstractContextManager[IO[str]]:
    if path.is_dir():
        raise FixtureError(f"{path} is a folder.")
    if path.exists() and not path.is_file():
        return path.open("w", encoding="utf-8")  # a device: /dev/stdout, a named pipe
    return written_whole(path.resolve(), replace=True, private=True, newline="\n")
