"""The operations on enums as they are written into a revision."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ....sqlalchemy_internals import variants
from ...alembic_internals import render_server_default, render_type
from ..rendering import call
from .operations import AlterEnumOp, CreateEnumOp, DropEnumOp, RenameEnumOp


def render_alter(context: Any, op: AlterEnumOp) -> str:
    lines = [
        f"{op.table_name!r}, {op.column_name!r}, {_type(op.type_, context)}",
        f"existing_type={_type(op.existing_type, context)}",
    ]
    if op.rename_values:
        lines.append(f"rename_values={op.rename_values!r}")
    for name in ("server_default", "existing_server_default"):
        default = getattr(op, name)
        if isinstance(default, str):
            lines.append(f"{name}={default!r}")
        elif default is not False and (default is not None or name == "server_default"):
            lines.append(f"{name}={render_server_default(default, context)}")
    if op.existing_nullable is False:
        lines.append("existing_nullable=False")
    if op.schema:
        lines.append(f"schema={op.schema!r}")
    if op.postgresql_rewrite:
        lines.append("postgresql_rewrite=True")
    prefix = context.opts["alembic_module_prefix"]
    return f"{prefix}alter_enum(\n    " + ",\n    ".join(lines) + ",\n)"


def render_create(context: Any, op: CreateEnumOp) -> str:
    return call(context, "create_enum", op, repr(str(op.name)), repr(list(op.values)))


def render_drop(context: Any, op: DropEnumOp) -> str:
    return call(context, "drop_enum", op, repr(str(op.name)))


def render_rename(context: Any, op: RenameEnumOp) -> str:
    return call(context, "rename_enum", op, repr(str(op.name)), repr(op.new_name))


def _type(type_: Any, context: Any) -> str:
    return render_array(type_, context) or render_type(type_, context)


def render_array(type_: Any, context: Any) -> str | None:
    """An ARRAY of SQLAlchemy's or PostgreSQL's own; None for anything else.

    Alembic leaves the module of an item's type out for the one, and for the other where a
    value has a quote or a backslash.
    """
    if type(type_) not in (sa.ARRAY, postgresql.ARRAY) or variants(type_):
        return None
    prefix = context.opts["sqlalchemy_module_prefix"]
    if type(type_) is postgresql.ARRAY:
        prefix = "postgresql."
        context.imports.add("from sqlalchemy.dialects import postgresql")
    more = f", dimensions={type_.dimensions}" if type_.dimensions else ""
    return f"{prefix}ARRAY({_type(type_.item_type, context)}{more})"
