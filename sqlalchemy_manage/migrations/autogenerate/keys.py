"""Primary keys: other columns, another order, another name. Alembic compares none of them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from ...sqlalchemy_internals import key_columns
from ..operations.primary_key import ReplacePrimaryKeyOp
from .checks import name_of
from .compared import ComparedTable


def compare_keys(it: ComparedTable) -> None:
    context, modify, schema, table_name = it.context, it.modify, it.schema, it.table_name
    there = context.inspector.get_pk_constraint(table_name, schema=schema) or {}
    old, old_name = list(there.get("constrained_columns") or ()), there.get("name")
    key = it.table.primary_key
    columns = [column.name for column in key_columns(key)]
    name = name_of(key, context.dialect)
    renamed = bool(name and old_name and name != old_name)
    if old == columns and not renamed:
        return
    counted = it.table.autoincrement_column
    operation = ReplacePrimaryKeyOp(
        table_name,
        columns,
        old=old,
        name=name,
        old_name=old_name,
        autoincrement=None if counted is None else counted.name,
        old_autoincrement=_counted(context, schema, table_name, old),
        schema=schema,
    )
    for op in modify.ops:
        if isinstance(op, ops.AlterColumnOp) and op.column_name == operation.autoincrement:
            # MariaDB lets it count only when it is the key.
            op.kw.pop("autoincrement", None)
    # A column of the old key can be nullable only when it no longer belongs to it.
    loosened = [
        op
        for op in modify.ops
        if isinstance(op, ops.AlterColumnOp) and op.modify_nullable and op.column_name in old
    ]
    modify.ops = [op for op in modify.ops if op not in loosened] + [operation, *loosened]


def _counted(context: Any, schema: str | None, table_name: str, old: list[str]) -> str | None:
    """The column of the old key that the database counts up."""
    for column in context.inspector.get_columns(table_name, schema=schema):
        # SQLite counts whatever INTEGER is the key by itself, without saying so.
        by_itself = context.dialect.name == "sqlite" and [column["name"]] == old
        says_so = column["name"] in old and column.get("autoincrement") is True
        if says_so or (by_itself and isinstance(column["type"], sa.Integer)):
            return str(column["name"])
    return None
