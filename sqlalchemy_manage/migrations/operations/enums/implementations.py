"""What the operations of enums do, on each database."""

from __future__ import annotations

from alembic.operations import Operations

from ....sql.dialects import MARIADB
from ..raw_sql import SqlWriter
from . import mariadb, postgresql, postgresql_types, sqlite
from .change import EnumChange
from .operations import AlterEnumOp, CreateEnumOp, DropEnumOp, RenameEnumOp


def alter(operations: Operations, op: AlterEnumOp) -> None:
    step = EnumChange.of(operations, op)
    name = step.write.dialect.name
    if name == "postgresql":
        postgresql.alter(step)
    elif name in MARIADB:
        mariadb.alter(step)
    else:
        sqlite.alter(step)


def create(operations: Operations, op: CreateEnumOp) -> None:
    if operations.get_context().dialect.name == "postgresql":
        postgresql_types.create_type(SqlWriter(operations), (op.schema, op.name), op.values)


def drop(operations: Operations, op: DropEnumOp) -> None:
    if operations.get_context().dialect.name == "postgresql":
        postgresql_types.drop_type(SqlWriter(operations), (op.schema, op.name))


def rename(operations: Operations, op: RenameEnumOp) -> None:
    if operations.get_context().dialect.name == "postgresql":
        postgresql_types.rename_type(SqlWriter(operations), (op.schema, op.name), op.new_name)
