"""Computed columns: another expression, stored or virtual, computed or plain.

Alembic warns that it cannot. No database changes all of it in place; a computed column
that is recreated loses nothing, and one that becomes plain keeps its values.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from ...sql.dialects import MARIADB
from ...sql.expressions import same
from ...sql.raw import literally, sql_of
from ...sql.tokens import tokens
from ..operations.computed import AlterComputedOp, copied
from ..schema.server_form import made_of
from .checks import as_written
from .compared import ComparedTable


def compare_computed(it: ComparedTable) -> None:
    """Columns that are computed in the model or in the database."""
    context, modify, schema, table_name = it.context, it.modify, it.schema, it.table_name
    for column in it.table.columns:
        there = it.conn_table.columns.get(column.name)
        if there is None or (there.computed is None and column.computed is None):
            continue
        if not context.run_object_filters(column, column.name, "column", False, there):
            continue
        altered = [
            op
            for op in modify.ops
            if isinstance(op, ops.AlterColumnOp) and op.column_name == column.name
        ]
        new = _portable(column, context.dialect, sql_of)
        old = _portable(there, context.dialect, _reworded)
        if _mentions(old, modify) and new.computed is not None:
            # PostgreSQL gives no other type to a column that a generated one is of.
            plain = sa.Column(old.name, old.type, nullable=True)
            modify.ops = [op for op in modify.ops if op not in altered]
            modify.ops.insert(0, AlterComputedOp(table_name, plain, existing=old, schema=schema))
            back = AlterComputedOp(table_name, new, existing=plain, schema=schema)
            back.loses_data = False
            modify.ops.append(back)
        elif not _same(context, there, column) or any(_restates(op, context) for op in altered):
            modify.ops = [op for op in modify.ops if op not in altered]
            modify.ops.append(AlterComputedOp(table_name, new, existing=old, schema=schema))


def _mentions(column: sa.Column[Any], modify: ops.ModifyTableOps) -> bool:
    """Whether it is computed of a column whose type changes."""
    if column.computed is None:
        return False
    changing = {
        op.column_name
        for op in modify.ops
        if isinstance(op, ops.AlterColumnOp) and op.modify_type is not None
    }
    return not changing.isdisjoint(t.name for t in tokens(str(column.computed.sqltext)))


def _restates(operation: ops.AlterColumnOp, context: Any) -> bool:
    """Whether a change is one that MariaDB cannot make without saying what is computed."""
    if operation.modify_type is None and operation.modify_nullable is None:
        return context.dialect.name in MARIADB
    return True


def _same(context: Any, there: sa.Column[Any], column: sa.Column[Any]) -> bool:
    if there.computed is None or column.computed is None:
        return False
    # Without a word PostgreSQL stores, and the others do not.
    persisted = column.computed.persisted
    says_nothing = persisted is None and context.dialect.name == "postgresql"
    if not says_nothing and bool(persisted) != bool(there.computed.persisted):
        return False
    text = str(there.computed.sqltext)
    if same(sql_of(column.computed.sqltext, context.dialect), text):
        return True
    made = made_of(context, column.table, there.table)
    found = made.columns.get(column.name, {}) if made is not None else {}
    return same(found.get("computed", {}).get("sqltext", ""), text)


def _reworded(expression: Any, dialect: sa.Dialect) -> str:
    return as_written(sql_of(expression, dialect), dialect)


def _portable(column: sa.Column[Any], dialect: sa.Dialect, text: Any) -> sa.Column[Any]:
    """``column`` by itself, with its expression as text for a revision."""
    alone = copied(column)
    if alone.computed is not None:
        alone.computed.sqltext = sa.text(literally(text(alone.computed.sqltext, dialect)))
    return alone
