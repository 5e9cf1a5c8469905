"""SQLite: a constraint without a name is dropped by the name that it goes by.

Alembic's batch drops by name alone. It reads the table under a naming convention
(https://alembic.sqlalchemy.org/en/latest/batch.html#dropping-unnamed-or-named-foreign-keys),
and this one names each constraint as the comparison does.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations, ops, toimpl
from alembic.operations.batch import BatchOperationsImpl
from sqlalchemy.schema import conv

from ...schema.create_table import Clause, read_table
from ...schema.unnamed import clause_names, name_for, statement_of
from .rebuilt_table import is_of

_KEYS = {"unique": "uq", "foreign key": "fk", "check": "ck"}
_TOKEN = "sqlalchemy_manage_name"


def drop_constraint(operations: Operations, operation: ops.DropConstraintOp) -> None:
    """As Alembic, and in a batch on SQLite also what has no name."""
    batch: Any = operations.impl
    if isinstance(batch, BatchOperationsImpl) and batch.dialect.name == "sqlite":
        _name(operations, batch, operation)
        name = operation.constraint_name
        if batch.copy_from is None and isinstance(name, str) and '"' in name:
            operation = copy(operation)
            read = name.replace('"', '""')  # as SQLAlchemy reads it
            operation.constraint_name = conv(read) if isinstance(name, conv) else read
    toimpl.drop_constraint(operations, operation)


def _name(operations: Operations, batch: Any, operation: ops.DropConstraintOp) -> None:
    if operations.get_context().as_sql or batch.copy_from is not None:
        return
    table = operation.table_name
    sql = statement_of(operations.get_bind(), operation.schema, table)
    if not sql:
        return
    named = clause_names(table, read_table(sql))
    for clause, name, columns in named:
        if name == operation.constraint_name:
            batch.naming_convention = {
                **(batch.naming_convention or {}),
                _TOKEN: _namer([(clause, name) for clause, name, _ in named]),
                _KEYS[clause.kind]: f"%({_TOKEN})s",
            }
            if clause.kind == "unique" and not _is_read(operations, operation, columns):
                batch.reflect_args = [*batch.reflect_args, sa.UniqueConstraint(*columns, name=name)]


def _is_read(operations: Operations, operation: ops.DropConstraintOp, columns: list[str]) -> bool:
    """Whether SQLAlchemy finds a UNIQUE: not over a column with a quote in its name."""
    inspector = sa.inspect(operations.get_bind())
    found = inspector.get_unique_constraints(operation.table_name, schema=operation.schema)
    return any(unique["column_names"] == columns for unique in found)


def _namer(names: list[tuple[Clause, str]]) -> Any:
    left = list(names)

    def name(constraint: Any, table: sa.Table) -> str:
        found = next((item for item in left if is_of(constraint, item[0])), None)
        if found is not None:
            left.remove(found)
            return found[1]
        # Read wrongly by SQLAlchemy: the statement has no such constraint.
        return name_for("check", table.name, ())

    return name
