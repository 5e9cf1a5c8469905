"""What is added to a table comes in the order in which the models declare it, at every run.

Alembic compares sets, so that it lists foreign keys and unnamed UNIQUEs in a random order;
the names that they are given would be random too.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from ...sqlalchemy_internals import as_declared
from .compared import ComparedTable


def order_changes(it: ComparedTable) -> None:
    """Order constraints that are added one after the other, and by name those that are dropped."""
    declared = as_declared(it.table.constraints)

    def place(op: Any) -> tuple[Any, ...]:
        if isinstance(op, ops.DropConstraintOp):
            return (str(op.constraint_name),)
        if isinstance(op, ops.CreateForeignKeyOp):
            to = (op.kw.get("referent_schema") or "", op.referent_table, list(op.remote_cols))
            return (_index(declared, sa.ForeignKeyConstraint, op.local_cols), *to)
        if isinstance(op, ops.CreateUniqueConstraintOp):
            return (_index(declared, sa.UniqueConstraint, op.columns), str(op.constraint_name))
        return ()

    kinds = groupby(it.modify.ops, key=lambda op: (type(op), getattr(op, "constraint_type", "")))
    it.modify.ops = [op for _, alike in kinds for op in sorted(alike, key=place)]


def _index(declared: list[Any], kind: type[Any], columns: Any) -> int:
    """The place of the constraint with ``columns`` among those of a model."""
    for place, constraint in enumerate(declared):
        if isinstance(constraint, kind) and [c.name for c in constraint.columns] == list(columns):
            return place
    return len(declared)
