"""How operations are written into a revision if Alembic cannot, or loses something."""

from __future__ import annotations

import copy
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.operations import ops
from sqlalchemy.sql.elements import conv

from ...sql.raw import literally, sql_of
from ..alembic_internals import in_batch
from .conversions.kinds import NUMBERS, kind_of

_modify_table = renderers.dispatch(ops.ModifyTableOps)


def render_modify_table(context: Any, operation: ops.ModifyTableOps) -> list[str]:
    """As Alembic, but what cannot be done in a batch goes between two of them."""
    if not context.opts["render_as_batch"]:
        return list(_modify_table(context, operation))
    lines: list[str] = []
    # Not one by one: two batches for one table are two rebuilds of it.
    indexes_outside = any(_needs_more_than_columns(inner) for inner in operation.ops)

    def outside_batch(inner: Any) -> bool:
        if isinstance(inner, (ops.CreateIndexOp, ops.DropIndexOp)):
            return indexes_outside
        return bool(getattr(inner, "outside_batch", False))

    for outside, group in groupby(operation.ops, outside_batch):
        if outside:
            for inner in group:
                rendered = renderers.dispatch(inner)(context, inner)
                lines += [rendered] if isinstance(rendered, str) else rendered
        else:
            name, schema = operation.table_name, operation.schema
            lines += _modify_table(context, ops.ModifyTableOps(name, list(group), schema=schema))
    return lines


def is_concurrent(operation: Any) -> bool:
    """Whether it makes or drops an index without a lock, which no transaction allows."""
    is_index = isinstance(operation, (ops.CreateIndexOp, ops.DropIndexOp))
    return is_index and bool(operation.kw.get("postgresql_concurrently"))


_alter_column = renderers.dispatch(ops.AlterColumnOp)


def render_column(context: Any, operation: ops.AlterColumnOp) -> str:
    """As Alembic, which reverses a change with the same ``autoincrement``; a text has none."""
    type_ = operation.modify_type or operation.existing_type
    if type_ is not None and kind_of(type_) not in (*NUMBERS, ""):
        operation = copy.copy(operation)
        operation.kw = {k: v for k, v in operation.kw.items() if k != "autoincrement"}
    return str(_alter_column(context, operation))


_create_index = renderers.dispatch(ops.CreateIndexOp)
_drop_index = renderers.dispatch(ops.DropIndexOp)


def render_index(context: Any, operation: Any) -> list[str]:
    """As Alembic, one that is_concurrent outside of the revision's transaction."""
    write = _create_index if isinstance(operation, ops.CreateIndexOp) else _drop_index
    text = str(write(context, operation))
    if not is_concurrent(operation):
        return [text]
    start = f"with {context.opts['alembic_module_prefix']}get_context().autocommit_block():"
    return [start, text, ""]


def _needs_more_than_columns(operation: Any) -> bool:
    """Whether it is of an index that a rebuild in a batch would make of bare columns."""
    if not isinstance(operation, (ops.CreateIndexOp, ops.DropIndexOp)):
        return False
    return not all(isinstance(key, sa.Column) for key in operation.to_index().expressions)


def generated_name(context: Any, name: Any) -> str:
    """A name as an argument; ``op.f()`` around one that no naming convention is to change."""
    return f"{prefix(context)}f({str(name)!r})" if isinstance(name, conv) else repr(name)


def prefix(context: Any) -> str:
    """``op.``, or ``batch_op.`` inside of a batch."""
    return "batch_op." if in_batch(context) else str(context.opts["alembic_module_prefix"])


def call(context: Any, function: str, operation: Any, *arguments: str, **options: Any) -> str:
    """A call of an ``op`` function for a table; in a batch the table is not named."""
    parts = list(arguments)
    if operation.schema and not in_batch(context):
        options["schema"] = operation.schema
    parts += [f"{key}={value!r}" for key, value in options.items()]
    return f"{prefix(context)}{function}({', '.join(parts)})"


# Alembic 1.18 raises NotImplementedError here.
def render_check(context: Any, operation: ops.CreateCheckConstraintOp) -> str:
    condition = operation.condition
    if not isinstance(condition, str):
        condition = literally(sql_of(condition, context.dialect))
    arguments = [generated_name(context, operation.constraint_name)]
    if not in_batch(context):
        arguments.append(repr(str(operation.table_name)))
    return call(
        context,
        "create_check_constraint",
        operation,
        *arguments,
        repr(condition),
        **operation.kw,
    )
