"""Identity columns of PostgreSQL: added, dropped, ALWAYS or BY DEFAULT, and their options.

Nothing elsewhere: MariaDB has AUTO_INCREMENT and SQLite its rowid, whatever a model says.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ..operations.identity import AlterIdentityOp, _changed
from .compared import ComparedTable


def compare_identities(it: ComparedTable) -> None:
    """Columns that are identity columns in the model or in the database."""
    if it.context.dialect.name != "postgresql":
        return
    found: list[Any] = it.context.inspector.get_columns(it.table_name, schema=it.schema)
    for column in it.table.columns:
        there = it.conn_table.columns.get(column.name)
        if there is None:
            continue
        old, new = there.identity, column.identity
        if old is None and new is None:
            continue
        if old is not None and new is not None and not _changed(new, old):
            continue
        if not it.context.run_object_filters(column, column.name, "column", False, there):
            continue
        facts = next(item for item in found if item["name"] == column.name)
        is_serial = bool(facts.get("autoincrement")) and old is None
        is_plain = new is None and not isinstance(column.server_default, sa.DefaultClause)
        operation = AlterIdentityOp(
            it.table_name,
            column.name,
            new,
            existing=old,
            serial=is_serial or (is_plain and it.table.autoincrement_column is column),
            nullable=bool(there.nullable if old is None else column.nullable),
            schema=it.schema,
        )
        # An identity goes before a default comes, and the other way round.
        it.modify.ops.insert(0 if new is None else len(it.modify.ops), operation)
