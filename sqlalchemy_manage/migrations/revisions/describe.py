"""Alembic operations in words: for people, for docstrings, and for file names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.exc import CompileError
from sqlalchemy.sql import visitors

from .history import ID_LENGTH


@dataclass(frozen=True)
class Change:
    """One operation: Django's symbol (``+ - ~``), a sentence, and a part of a file name."""

    symbol: str
    words: str
    slug: str
    table: str

    def __str__(self) -> str:
        return f"{self.symbol} {self.words}"


def changes(operations: Iterable[Any]) -> list[Change]:
    """What ``operations`` do, one change for each, containers opened."""
    return [_change(operation) for _, operation in flat(operations)]


def _qualified(operation: Any) -> str:
    schema = getattr(operation, "schema", None)
    return f"{schema}.{operation.table_name}" if schema else str(operation.table_name)


def _change(op: Any) -> Change:
    if hasattr(op, "describe"):
        own: Change = op.describe()
        return own
    if isinstance(op, ops.CreateTableOp):
        return Change("+", f"create table {_qualified(op)}", op.table_name, op.table_name)
    if isinstance(op, ops.DropTableOp):
        return Change("-", f"drop table {_qualified(op)}", f"delete_{op.table_name}", op.table_name)
    table = str(getattr(op, "table_name", ""))
    if isinstance(op, ops.AddColumnOp):
        name = op.column.name
        return Change("+", f"add column {_qualified(op)}.{name}", f"{table}_{name}", table)
    if isinstance(op, ops.DropColumnOp):
        name = op.column_name
        return Change("-", f"drop column {_qualified(op)}.{name}", f"remove_{table}_{name}", table)
    if isinstance(op, ops.AlterColumnOp):
        what = ", ".join(_altered(op)) or "change"
        name, new = op.column_name, op.modify_name
        if new and what == f"rename to {new}":
            words = f"rename column {_qualified(op)}.{name} to {new}"
            return Change("~", words, f"rename_{name}_{table}_{new}", table)
        return Change(
            "~", f"alter column {_qualified(op)}.{name}: {what}", f"alter_{table}_{name}", table
        )
    if isinstance(op, ops.RenameTableOp):
        new = op.new_table_name
        return Change(
            "~", f"rename table {_qualified(op)} to {new}", f"rename_{table}_{new}", table
        )
    if isinstance(op, ops.CreateIndexOp):
        unique = "unique index" if op.unique else "index"
        columns = ", ".join(_indexed(c) for c in op.columns)
        name = str(op.index_name or "index")
        # Read from SQLite, an expression is not among them.
        words = f"create {unique} {name} on {_qualified(op)} ({columns or 'an expression'})"
        return Change("+", words, _fragment(table, name), table)
    if isinstance(op, ops.DropIndexOp):
        name = str(op.index_name)
        words = f"drop index {name} of {_qualified(op)}"
        return Change("-", words, f"remove_{_fragment(table, name)}", table)
    if isinstance(op, ops.DropConstraintOp):
        kind = f"{op.constraint_type} constraint" if op.constraint_type else "constraint"
        name = str(op.constraint_name or "unnamed")
        words = f"drop {kind} {name} of {_qualified(op)}"
        return Change("-", words, f"remove_{_fragment(table, name)}", table)
    if isinstance(op, ops.CreateForeignKeyOp):
        table = str(op.source_table)
        name = str(op.constraint_name or f"{'_'.join(op.local_cols)}_fk")
        return Change("+", f"add foreign key {_foreign_key(op)}", _fragment(table, name), table)
    if isinstance(op, ops.AddConstraintOp):
        name = str(getattr(op, "constraint_name", None) or "unnamed")
        kind = str(op.constraint_type)
        words = f"add {kind} constraint {name} to {_qualified(op)}"
        return Change("+", words, _fragment(table, name), table)
    if isinstance(op, ops.CreateTableCommentOp | ops.DropTableCommentOp):
        what = f"comment of table {_qualified(op)}"
        slug = f"alter_{table}_table_comment"
        if isinstance(op, ops.DropTableCommentOp):
            return Change("-", f"drop {what}", slug, table)
        return Change("~", f"set {what}", slug, table)
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(op).__name__.removesuffix("Op")).lower()
    return Change("~", f"{words} {table}".strip(), f"{words}_{table}".replace(" ", "_"), table)


def _indexed(item: Any) -> str:
    """A column by its name, an expression as its text: a function has a name too."""
    try:
        return str(item.name if isinstance(item, sa.Column) else item)
    except CompileError:  # it is for some dialects only, and which one is used is not known here
        names = [c.name for c in visitors.iterate(item) if isinstance(c, sa.Column)]
        return f"{type(item).__name__}({', '.join(names)})"


def _foreign_key(op: ops.CreateForeignKeyOp) -> str:
    source, referent = (
        f"{schema}.{table}" if schema else table
        for schema, table in (
            (op.kw.get("source_schema"), op.source_table),
            (op.kw.get("referent_schema"), op.referent_table),
        )
    )
    actions = "".join(
        f" ON {event.upper()} {op.kw[f'on{event}']}"
        for event in ("delete", "update")
        if op.kw.get(f"on{event}")
    )
    columns = (", ".join(op.local_cols), ", ".join(op.remote_cols))
    return f"{source} ({columns[0]}) -> {referent} ({columns[1]}){actions}"


def type_words(type_: Any) -> str:
    """A type by the name that models use, whatever the database calls it: ``String(20)``."""
    if type_ is None or isinstance(type_, sa.types.NullType):
        return "an unknown type"
    with suppress(NotImplementedError):
        if type(type_).__name__.isupper():  # of SQL, or of one database
            type_ = type_.as_generic()
    name = type(type_).__name__
    if isinstance(type_, sa.Enum):
        return f"{name}({', '.join(map(repr, type_.enums))})"
    if isinstance(type_, sa.ARRAY):
        return f"{name}({type_words(type_.item_type)})"
    arguments = [getattr(type_, "length", None)]
    if isinstance(type_, sa.Numeric) and not isinstance(type_, sa.Float):
        arguments = [type_.precision, type_.scale]
    given = [str(argument) for argument in arguments if argument is not None]
    words = f"{name}({', '.join(given)})" if given else name
    return f"{words} with time zone" if getattr(type_, "timezone", False) is True else words


def _altered(op: ops.AlterColumnOp) -> Iterator[str]:
    if op.modify_name:
        yield f"rename to {op.modify_name}"
    if op.modify_type is not None:
        old, new = type_words(op.existing_type), type_words(op.modify_type)
        yield f"{old} to {new}" if old != new else f"{op.existing_type!r} to {op.modify_type!r}"
    if op.modify_nullable is not None:
        yield "nullable" if op.modify_nullable else "NOT NULL"
    if op.modify_server_default is not False:
        yield "server default"
    if op.modify_comment is not False:
        yield "comment"


def _fragment(table: str, name: str) -> str:
    """Django's ``<table>_<name>`` for an index or a constraint.

    The table's name is not said twice: conventional names hold it already, and an id
    has no room to spare.
    """
    return name if slugify(table) in slugify(name) else f"{table}_{name}"


def name_parts(found: Iterable[Change]) -> list[str]:
    """The parts of the name of a revision with these changes.

    What comes with a new table (its indexes, say) goes without saying.
    """
    found = list(found)
    created = {change.table for change in found if change.slug == change.table}
    return [c.slug for c in found if c.slug and (c.table not in created or c.slug == c.table)]


def revision_id(number: int, parts: Iterable[str]) -> str:
    """``NNNN_slug`` of at most 32 characters, cut between words: ``0004_employee_notes``.

    Of several parts as many are taken as fit whole; ``_and_more`` replaces the rest.
    """
    prefix = f"{number:04d}_"
    room = ID_LENGTH - len(prefix)
    slugs = [s for part in parts if (s := slugify(part))] or ["auto"]
    taken = _cut(slugs[0], room)
    for index, slug in enumerate(slugs[1:], start=1):
        last = index == len(slugs) - 1
        if len(taken) + 1 + len(slug) > (room if last else room - len("_and_more")):
            return f"{prefix}{_cut(taken, room - len('_and_more'))}_and_more"
        taken = f"{taken}_{slug}"
    return prefix + taken


def slugify(text: str) -> str:
    """``text`` in lower-case ASCII letters, digits and underscores: ``Größe`` is ``grosse``."""
    import unicodedata  # large, and wanted for a new file alone

    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_")


def _cut(slug: str, room: int) -> str:
    if len(slug) <= room:
        return slug
    head, _, _ = slug[: room + 1].rpartition("_")
    return head or slug[:room]


def flat(operations: Iterable[Any]) -> Iterator[tuple[list[Any], Any]]:
    """Every operation with the list that it is in, containers opened."""
    operations = operations if isinstance(operations, list) else list(operations)
    for operation in list(operations):
        if isinstance(operation, ops.OpContainer):
            yield from flat(operation.ops)
        else:
            yield operations, operation


def prune(container: ops.OpContainer, stays: Callable[[Any], bool] = lambda op: True) -> None:
    """Take out what does not stay, and the changes of tables in which nothing is left."""
    for op in container.ops:
        if isinstance(op, ops.OpContainer):
            prune(op, stays)
    container.ops = [
        op for op in container.ops if (op.ops if isinstance(op, ops.OpContainer) else stays(op))
    ]
