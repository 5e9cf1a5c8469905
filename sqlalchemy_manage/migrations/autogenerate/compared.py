"""What a comparator is given: one object instead of Alembic's six or seven arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops


@dataclass(frozen=True)
class ComparedTable:
    """A table of the database and one of the models; None where one side has none."""

    context: Any
    modify: ops.ModifyTableOps
    schema: str | None
    table_name: str
    conn_table: Any
    table: Any


@dataclass(frozen=True)
class ComparedColumn:
    """A column as it is in the database and as it is in the models."""

    context: Any
    operation: ops.AlterColumnOp
    schema: str | None
    table_name: str
    column_name: str
    conn_column: sa.Column[Any]
    column: sa.Column[Any]
