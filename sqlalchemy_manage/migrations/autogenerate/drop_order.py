"""What is dropped, in an order that every database can follow, the same at every run.

Alembic compares sets, so that it lists dropped tables and columns in a random order, and
drops a table before the foreign keys of other tables that refer to it.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops

from ...sqlalchemy_internals import target_of
from ..questions import Key
from ..revisions.describe import prune


def order_drops(context: AutogenContext, upgrade: ops.UpgradeOps, schemas: object) -> None:
    """Order the drops of ``upgrade``; the operations of a downgrade are its reverse.

    First goes what tables that go have of their own, and the foreign keys of other tables to
    them; then these tables, those that refer to others before them; then everything else in
    its order. The columns of a table are dropped from the last to the first, so that they come
    back in their order.
    """
    drops = [op for op in upgrade.ops if isinstance(op, ops.DropTableOp)]
    gone = {(op.schema, op.table_name) for op in drops}
    before: list[Any] = []
    rest: list[Any] = []
    for op in upgrade.ops:
        if isinstance(op, ops.ModifyTableOps):
            if (op.schema, op.table_name) in gone:
                before.append(op)
                continue
            keys = [o for o in op.ops if _referred(o) in gone]
            before.append(ops.ModifyTableOps(op.table_name, keys, schema=op.schema))
            op.ops = _last_first([o for o in op.ops if o not in keys], context)
        if not isinstance(op, ops.DropTableOp):
            rest.append(op)
    upgrade.ops = [*before, *_children_first(drops), *rest]
    prune(upgrade)


def _referred(op: Any) -> Key | None:
    """The table that a foreign key which is dropped refers to."""
    if not isinstance(op, ops.DropConstraintOp) or op.constraint_type != "foreignkey":
        return None
    key: Any = op.reverse()
    return (key.kw.get("referent_schema"), key.referent_table)


def _last_first(operations: list[Any], context: AutogenContext) -> list[Any]:
    """``operations``, of which those that drop a column have changed places with each other."""
    drops = [op for op in operations if isinstance(op, ops.DropColumnOp)]
    if len(drops) > 1:
        there = context.inspector.get_columns(drops[0].table_name, schema=drops[0].schema)
        names = [column["name"] for column in there]
        drops.sort(key=lambda op: names.index(op.column_name))
    return [drops.pop() if isinstance(op, ops.DropColumnOp) else op for op in operations]


def referred(foreign: sa.ForeignKeyConstraint) -> Key:
    """The table that ``foreign`` refers to, which its MetaData need not have."""
    return target_of(foreign.elements[0])


def _children_first(drops: list[ops.DropTableOp]) -> list[ops.DropTableOp]:
    found = {(op.schema, op.table_name): op for op in drops}
    sorter: TopologicalSorter[Key] = TopologicalSorter()
    by_name = sorted(found, key=lambda key: (key[0] or "", key[1]))
    for key in by_name:
        sorter.add(key)
        for foreign in found[key].to_table().foreign_key_constraints:
            parent = referred(foreign)
            if parent in found and parent != key:
                sorter.add(parent, key)
    try:
        return [found[key] for key in sorter.static_order()]
    except CycleError:
        return [found[key] for key in by_name]
