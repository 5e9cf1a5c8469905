"""Identity columns of PostgreSQL: added, dropped, ALWAYS or BY DEFAULT, and their options.

Nothing elsewhere: MariaDB has AUTO_INCREMENT and SQLite its rowid, whatever a model says.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from alembic.util import PriorityDispatchResult

from ..operations.identity import AlterIdentityOp, _changed


def compare(
    context: Any,
    modify: ops.ModifyTableOps,
    schema: str | None,
    table_name: str,
    conn_table: sa.Table | None,
    table: sa.Table | None,
) -> PriorityDispatchResult:
    """Columns that are identity columns in the model or in the database."""
    if conn_table is None or table is None or context.dialect.name != "postgresql":
        return PriorityDispatchResult.CONTINUE
    found: list[Any] = context.inspector.get_columns(table_name, schema=schema)
    for column in table.columns:
        there = conn_table.columns.get(column.name)
        if there is None:
            continue
        old, new = there.identity, column.identity
        if old is None and new is None:
            continue
        if old is not None and new is not None and not _changed(new, old):
            continue
        if not context.run_object_filters(column, column.name, "column", False, there):
            continue
        facts = next(item for item in found if item["name"] == column.name)
        is_serial = bool(facts.get("autoincrement")) and old is None
        is_plain = new is None and not isinstance(column.server_default, sa.DefaultClause)
        operation = AlterIdentityOp(
            table_name,
            column.name,
            new,
            existing=old,
            serial=is_serial or (is_plain and table.autoincrement_column is column),
            nullable=bool(there.nullable if old is None else column.nullable),
            schema=schema,
        )
        # An identity goes before a default comes, and the other way round.
        modify.ops.insert(0 if new is None else len(modify.ops), operation)
    return PriorityDispatchResult.CONTINUE
