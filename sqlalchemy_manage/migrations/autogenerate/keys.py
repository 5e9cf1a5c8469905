"""Primary keys: other columns, another order, another name. Alembic compares none of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from ...sqlalchemy_internals import key_columns
from ..alembic_internals import undone_by
from ..operations.primary_key import ReplacePrimaryKeyOp
from ..revisions.describe import prune
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


def make_way(context: Any, upgrade: ops.UpgradeOps, schemas: Any) -> None:
    """Foreign keys to a dropped key are dropped before it, and created again after it."""
    for modify in _modifies(upgrade):
        for operation in list(modify.ops):
            if (
                isinstance(operation, ReplacePrimaryKeyOp)
                and operation.old
                and operation.columns != operation.old
            ):
                _make_way_for(context, upgrade, modify, operation, schemas)
    prune(upgrade)


def _modifies(upgrade: ops.UpgradeOps) -> list[ops.ModifyTableOps]:
    return [op for op in upgrade.ops if isinstance(op, ops.ModifyTableOps)]


def _make_way_for(
    context: Any,
    upgrade: ops.UpgradeOps,
    modify: ops.ModifyTableOps,
    operation: ReplacePrimaryKeyOp,
    schemas: Any,
) -> None:
    before: list[Any] = []
    after: list[Any] = []
    dropped = {(op.schema, op.table_name) for op in upgrade.ops if isinstance(op, ops.DropTableOp)}
    for schema, table, foreign in _referring(context, operation, schemas):
        drop = _drop_foreign_key(table, schema, foreign)
        mine = [
            (holder, op)
            for holder in _modifies(upgrade)
            if (holder.schema, holder.table_name) == (schema, table)
            for op in holder.ops
            if isinstance(op, ops.DropConstraintOp) and op.constraint_name == foreign["name"]
        ]
        if mine:
            drop = mine[0][1]
            mine[0][0].ops.remove(drop)
        elif (schema, table) not in dropped:
            after.append(ops.ModifyTableOps(table, [drop.reverse()], schema=schema))
        if (schema, table) not in dropped:
            before.append(ops.ModifyTableOps(table, [drop], schema=schema))
    target = (operation.schema, operation.table_name)
    for holder in _modifies(upgrade):
        for op in list(holder.ops):
            if isinstance(op, ops.CreateForeignKeyOp) and (
                (op.kw.get("referent_schema"), op.referent_table) == target
            ):
                holder.ops.remove(op)
                after.append(ops.ModifyTableOps(holder.table_name, [op], schema=holder.schema))
    place = upgrade.ops.index(modify)
    upgrade.ops[place : place + 1] = [*before, modify, *after]


def _referring(
    context: Any, operation: ReplacePrimaryKeyOp, schemas: Any
) -> Iterator[tuple[str | None, str, Any]]:
    default = context.dialect.default_schema_name
    for schema in schemas:
        found = context.inspector.get_multi_foreign_keys(schema=schema)
        for (_, table), keys in sorted(found.items(), key=lambda item: item[0][1]):
            for foreign in keys:
                if (
                    foreign["name"]
                    and foreign["referred_table"] == operation.table_name
                    and (foreign["referred_schema"] or default) == (operation.schema or default)
                    and set(foreign["referred_columns"]) == set(operation.old)
                ):
                    yield schema, table, foreign


def _drop_foreign_key(table: str, schema: str | None, foreign: Any) -> ops.DropConstraintOp:
    reverse = ops.CreateForeignKeyOp(
        foreign["name"],
        table,
        foreign["referred_table"],
        foreign["constrained_columns"],
        foreign["referred_columns"],
        source_schema=schema,
        referent_schema=foreign["referred_schema"],
        **foreign.get("options", {}),
    )
    drop = ops.DropConstraintOp(foreign["name"], table, type_="foreignkey", schema=schema)
    return undone_by(drop, reverse)
