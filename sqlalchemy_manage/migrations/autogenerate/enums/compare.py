"""Enum types and the values they allow, compared with the database.

Where Alembic compares types, an Enum on either side is compared here: the values of a
native type with their order, on PostgreSQL its name, a CHECK that lists values, and the
length of a VARCHAR. What differs becomes an AlterEnumOp.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from ....models import column_named
from ....sql.dialects import MARIADB
from ....sql.expressions import in_list
from ....sql.raw import is_told_as, literally
from ...operations.enums.operations import AlterEnumOp
from ...operations.enums.types import (
    Form,
    constant,
    form_of,
    key_of,
    leaf,
    like,
    portable,
)
from ...schema.unnamed import given_name
from ..compared import ComparedColumn, ComparedTable
from ..state import state_of
from ..written_types import listed_values
from .checks import belongs_to_enum

_NOT_OURS = object()
_MOST = 20
"""Of more values in the rows than that which are no members, the others go unnamed."""


def compare_column(it: ComparedColumn) -> bool:
    """True where the types are compared: no other comparator is to do it again."""
    conn_col, metadata_col, tname, cname = it.conn_column, it.column, it.table_name, it.column_name
    dialect = it.context.dialect
    model, _ = leaf(metadata_col.type, dialect)
    there, _ = leaf(conn_col.type, dialect)
    native = isinstance(there, sa.Enum)
    check = _check_of(it.context, it.schema, tname, cname, metadata_col)
    if not native and check is None and not isinstance(model, (sa.Enum, sa.Boolean)):
        return False
    if native:
        it.operation.existing_type = _plain(conn_col.type, tname, cname, model, dialect)
    existing = _difference(it, check)
    if existing is _NOT_OURS:
        return False
    if existing is not None:
        # Carried so, Alembic keeps an operation that changes nothing else.
        it.operation.kw["modify_enum"] = AlterEnumOp(
            tname,
            cname,
            portable(metadata_col.type, like),
            existing_type=existing,
            existing_server_default=constant(conn_col.server_default),
            existing_nullable=conn_col.nullable,
            schema=it.schema,
        )
    return True


def _difference(it: ComparedColumn, check: tuple[str, ...] | None) -> Any:
    """The type that the column has in the database; None when it is that of the model."""
    conn_col, metadata_col = it.conn_column, it.column
    name = f"{it.table_name}_{it.column_name}"
    dialect = it.context.dialect
    type_, new = metadata_col.type, form_of(metadata_col.type, dialect)
    model, _ = leaf(type_, dialect)
    there, array = leaf(conn_col.type, dialect)
    if isinstance(there, sa.Enum):
        values = tuple(
            next((value for value in new.values or () if is_told_as(value, told, dialect)), told)
            for told in _stored(there.enums, dialect)
        )
        key = key_of(there, dialect) if dialect.name == "postgresql" else None
        if not new.native:
            return _plain(conn_col.type, name, "", model, dialect)
        if (values, key, array) == (_as_stored(new, dialect), new.key, new.array):
            return _NOT_OURS if dialect.name in MARIADB else None  # it has a collation, too
        if array != new.array:
            return _plain(conn_col.type, name, "", model, dialect)
        other = key if key != new.key else None
        return portable(type_, lambda e: like(e, values, key=other))
    differs = bool(it.context.migration_context.impl.compare_type(conn_col, metadata_col))
    if isinstance(model, sa.Boolean):
        if differs or (check is not None) == new.checked:
            return _NOT_OURS
        return portable(type_, lambda b: like(b, checked=not new.checked))
    if not isinstance(model, sa.Enum):
        enum = sa.Enum(*check or (), native_enum=False, create_constraint=True)
        return like(enum, length=getattr(there, "length", None))
    same_check = set(check or ()) == set(new.values or ()) if new.checked else check is None
    length = getattr(there, "length", None)
    if not new.native and check is None and not new.checked:
        known = _unchecked(it, new.values or (), looks=not differs)
        if known is not None and set(known) != set(new.values or ()):
            return portable(type_, lambda e: like(e, known, length=length, checked=False))
    if not new.native and not differs and same_check:
        return None
    if check is not None:
        found = check
        return portable(type_, lambda e: like(e, found, length=length, checked=True))
    if not new.native and length is not None and length <= (new.length or 0):
        # VARCHAR of an Enum whose values nobody wrote down; a longer one was a String.
        known = None if length == new.length else ()
        return portable(type_, lambda e: like(e, known, length=length, checked=False))
    return conn_col.type


def _unchecked(it: ComparedColumn, wanted: tuple[str, ...], *, looks: bool) -> Any:
    """The values of a column that only the revisions know, or its rows if it ``looks`` there.

    None where nobody does.
    """
    state = state_of(it.context.migration_context)
    names = (it.schema, it.table_name, it.column_name)
    known = listed_values(state.written_type(*names) or "None")
    if known is not None or not looks or state.written is None:
        return known
    (schema, table), column = state.stored(*names)
    place = (schema, table, column)
    if place not in state.values:
        held = sa.column(column, sa.String())
        rows = sa.select(held).select_from(sa.table(table, schema=schema)).distinct()
        found = state.connection.scalars(rows.where(held.not_in(wanted)).limit(_MOST))
        state.values[place] = sorted(value for value in found if isinstance(value, str))
    others = state.values[place]
    return (*wanted, *others) if others else None


def _check_of(
    autogen_context: Any, schema: str | None, tname: Any, cname: str, column: sa.Column[Any]
) -> tuple[str, ...] | None:
    """The values that the CHECK of the column's Enum lists in the database."""
    if not isinstance(leaf(column.type, autogen_context.dialect)[0], (sa.String, sa.Boolean)):
        return None
    lists = [
        values
        for text, name, values in _lists(autogen_context.inspector, schema, tname).get(cname, ())
        if belongs_to_enum(text, column.table, name)
    ]
    values = getattr(leaf(column.type, autogen_context.dialect)[0], "enums", ())
    lists.sort(key=lambda listed: set(listed) != set(values))
    return lists[0] if lists else None


def _lists(inspector: Any, schema: str | None, table: Any) -> dict[str, list[Any]]:
    """The CHECKs of a table that list values, by column: the text, the name, the values."""
    key = ("enum lists", schema, table)
    if key not in inspector.info_cache:
        lists: dict[str, list[Any]] = {}
        try:
            found = inspector.get_check_constraints(table, schema=schema)
        except NotImplementedError:
            found = []
        for check in found:
            if listed := in_list(check["sqltext"]):
                item = (check["sqltext"], given_name(check["name"]), listed[1])
                lists.setdefault(listed[0], []).append(item)
        inspector.info_cache[key] = lists
    known: dict[str, list[Any]] = inspector.info_cache[key]
    return known


def _stored(values: list[str], dialect: sa.Dialect) -> tuple[str, ...]:
    """The values as they are: SQLAlchemy leaves them escaped on MariaDB."""
    if dialect.name not in MARIADB:
        return tuple(values)
    special = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
    return tuple(re.sub(r"\\(.)", lambda m: special.get(m[1], m[1]), v) for v in values)


def _as_stored(form: Form, dialect: sa.Dialect) -> tuple[str, ...] | None:
    if dialect.name not in MARIADB or form.values is None:
        return form.values
    return tuple(value.rstrip(" ") for value in form.values)  # the server strips them


def _plain(type_: Any, tname: Any, cname: Any, model: Any, dialect: sa.Dialect) -> Any:
    """A reflected native type as one that every database understands.

    MariaDB knows no name for it: it gets the one of the model, or of the column.
    """
    fallback = "_".join(filter(None, (str(tname), str(cname))))
    named = model.name if isinstance(model, sa.Enum) and model.name else fallback

    def change(enum: Any) -> Any:
        if getattr(enum, "collation", None) or getattr(enum, "charset", None):
            return enum
        values = _stored(enum.enums, dialect)
        return sa.Enum(*values, name=str(enum.name or named), schema=enum.schema)

    return portable(type_, change)


def compare_table(it: ComparedTable) -> None:
    """What is dropped comes back in the downgrade, on any database: with portable types."""
    dialect, conn_table, metadata_table = it.context.dialect, it.conn_table, it.table
    for column in conn_table.columns if conn_table is not None else ():
        if isinstance(leaf(column.type, dialect)[0], sa.Enum):
            other = None if metadata_table is None else column_named(metadata_table, column.name)
            model = None if other is None else leaf(other.type, dialect)[0]
            column.type = _plain(column.type, it.table_name, column.name, model, dialect)
        default = constant(column.server_default)
        if isinstance(column.type, sa.String) and isinstance(default, str):
            column.server_default = sa.DefaultClause(default)
    if conn_table is not None and metadata_table is None:
        for check in conn_table.constraints:
            if not isinstance(check, sa.CheckConstraint):
                continue
            listed = in_list(str(check.sqltext))
            if listed and re.fullmatch(r"[a-z_]\w*", listed[0]):
                items = ", ".join("'" + value.replace("'", "''") + "'" for value in listed[1])
                check.sqltext = sa.text(literally(f"{listed[0]} IN ({items})"))
