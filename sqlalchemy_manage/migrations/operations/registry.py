"""What is registered with Alembic: our operations, how they run, how they are written.

Alembic keeps these tables for the whole process
(https://alembic.sqlalchemy.org/en/latest/api/operations.html#operation-plugins).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from alembic.autogenerate import renderers
from alembic.operations import Operations, ops

from ...sql.create_statements import KINDS
from . import (
    computed,
    filling,
    foreign_keys,
    identity,
    implementations,
    moving,
    primary_key,
    renaming,
    rendering,
    standalone,
    table_options,
)
from .enums import implementations as enums
from .enums import operations as enum_ops
from .enums import rendering as enum_rendering
from .objects import implementations as objects
from .objects import operations as object_ops
from .objects import rendering as object_rendering
from .sqlite import unnamed

DIALECTS = (
    implementations.PostgreSQL,
    implementations.MariaDB,
    implementations.MySQL,
    implementations.SQLite,
)
"""Registered as the classes are made, by the name in ``__dialect__``; here to be seen."""

OPERATIONS: tuple[tuple[Any, Any, Any], ...] = (
    (computed.AlterComputedOp, computed.alter, computed.render),
    (enum_ops.AlterEnumOp, enums.alter, enum_rendering.render_alter),
    (enum_ops.CreateEnumOp, enums.create, enum_rendering.render_create),
    (enum_ops.DropEnumOp, enums.drop, enum_rendering.render_drop),
    (enum_ops.RenameEnumOp, enums.rename, enum_rendering.render_rename),
    (filling.FillNullsOp, filling.fill, filling.render),
    (identity.AlterIdentityOp, identity.alter, identity.render),
    (moving.MoveTableOp, moving.move_table, moving.render),
    (primary_key.ReplacePrimaryKeyOp, primary_key.replace, primary_key.render),
    (renaming.RenameColumnOp, renaming.rename_column, renaming.render),
    (renaming.RenameConstraintOp, renaming.rename_constraint, renaming.render),
    (renaming.RenameIndexOp, renaming.rename_index, renaming.render),
    *((operation, standalone.run, standalone.render) for operation in standalone.OPERATIONS),
    (table_options.AlterTableOptionsOp, table_options.alter, table_options.render),
)
"""Each with what runs it, and what writes it into a revision file; ``op`` has it by its verb."""

OBJECT_OPERATIONS: tuple[tuple[Any, Any], ...] = (
    (object_ops.CreateObjectOp, objects.create),
    (object_ops.ReplaceObjectOp, objects.replace),
    (object_ops.DropObjectOp, objects.drop),
)
"""``op`` has each of them once a kind: ``create_function``, ``create_trigger``, ``create_view``."""

RENDERERS: dict[Any, Any] = {
    ops.AlterColumnOp: rendering.render_column,
    ops.CreateCheckConstraintOp: rendering.render_check,
    ops.CreateIndexOp: rendering.render_index,
    ops.DropIndexOp: rendering.render_index,
    ops.ModifyTableOps: rendering.render_modify_table,
    ops.RenameTableOp: renaming.render_table,
}
"""What writes operations of Alembic's own, in place of what Alembic has."""


@cache
def register() -> None:
    """Register all of the above with Alembic, once per process."""
    for operation, run, render in OPERATIONS:
        operation.register()
        Operations.implementation_for(operation)(run)
        renderers.dispatch_for(operation)(render)
    for operation, run in OBJECT_OPERATIONS:
        for kind in KINDS:
            Operations.register_operation(f"{operation.verb}_{kind}", kind)(operation)
        Operations.implementation_for(operation)(run)
        renderers.dispatch_for(operation)(object_rendering.render)
    Operations.implementation_for(ops.RenameTableOp, replace=True)(renaming.rename_table)
    Operations.implementation_for(ops.CreateForeignKeyOp, replace=True)(
        foreign_keys.create_foreign_key
    )
    Operations.implementation_for(ops.DropConstraintOp, replace=True)(unnamed.drop_constraint)
    for operation, render in RENDERERS.items():
        renderers.dispatch_for(operation, replace=True)(render)
