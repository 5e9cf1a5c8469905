"""What is registered with Alembic: our operations, how they run, how they are written.

Alembic keeps these tables for the whole process
(https://alembic.sqlalchemy.org/en/latest/api/operations.html#operation-plugins).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from alembic.autogenerate import renderers
from alembic.operations import Operations, ops

from . import (
    computed,
    filling,
    identity,
    implementations,
    primary_key,
    renaming,
    rendering,
)
from .enums import implementations as enums
from .enums import operations as enum_ops
from .enums import rendering as enum_rendering
from .objects import implementations as objects
from .objects import operations as object_ops
from .objects import rendering as object_rendering

DIALECTS = (
    implementations.PostgreSQL,
    implementations.MariaDB,
    implementations.MySQL,
    implementations.SQLite,
)
"""Registered as the classes are made, by the name in ``__dialect__``; here to be seen."""

OPERATIONS: dict[str, tuple[Any, str | None]] = {
    "alter_computed": (computed.AlterComputedOp, None),
    "alter_enum": (enum_ops.AlterEnumOp, None),
    "alter_identity": (identity.AlterIdentityOp, None),
    "create_enum": (enum_ops.CreateEnumOp, None),
    "drop_enum": (enum_ops.DropEnumOp, None),
    "fill_nulls": (filling.FillNullsOp, None),
    "rename_column": (renaming.RenameColumnOp, None),
    "rename_constraint": (renaming.RenameConstraintOp, None),
    "rename_enum": (enum_ops.RenameEnumOp, None),
    "rename_index": (renaming.RenameIndexOp, None),
    "replace_primary_key": (primary_key.ReplacePrimaryKeyOp, None),
    **{
        f"{verb}_{kind}": (operation, kind)
        for verb, operation in (
            ("create", object_ops.CreateObjectOp),
            ("replace", object_ops.ReplaceObjectOp),
            ("drop", object_ops.DropObjectOp),
        )
        for kind in ("function", "trigger", "view")
    },
}
"""``op.NAME`` -> its class, and the classmethod where that is not called NAME."""

IMPLEMENTATIONS: dict[Any, Any] = {
    computed.AlterComputedOp: computed.alter,
    enum_ops.AlterEnumOp: enums.alter,
    enum_ops.CreateEnumOp: enums.create,
    enum_ops.DropEnumOp: enums.drop,
    enum_ops.RenameEnumOp: enums.rename,
    filling.FillNullsOp: filling.fill,
    identity.AlterIdentityOp: identity.alter,
    object_ops.CreateObjectOp: objects.create,
    object_ops.DropObjectOp: objects.drop,
    object_ops.ReplaceObjectOp: objects.replace,
    ops.RenameTableOp: renaming.rename_table,
    primary_key.ReplacePrimaryKeyOp: primary_key.replace,
    renaming.RenameColumnOp: renaming.rename_column,
    renaming.RenameConstraintOp: renaming.rename_constraint,
    renaming.RenameIndexOp: renaming.rename_index,
}
"""What runs an operation; of Alembic's own, in place of what Alembic has."""

RENDERERS: dict[Any, Any] = {
    computed.AlterComputedOp: computed.render,
    enum_ops.AlterEnumOp: enum_rendering.render_alter,
    enum_ops.CreateEnumOp: enum_rendering.render_create,
    enum_ops.DropEnumOp: enum_rendering.render_drop,
    enum_ops.RenameEnumOp: enum_rendering.render_rename,
    filling.FillNullsOp: filling.render,
    identity.AlterIdentityOp: identity.render,
    object_ops.CreateObjectOp: object_rendering.render,
    object_ops.DropObjectOp: object_rendering.render,
    object_ops.ReplaceObjectOp: object_rendering.render,
    ops.CreateCheckConstraintOp: rendering.render_check,
    ops.ModifyTableOps: rendering.render_modify_table,
    ops.RenameTableOp: renaming.render_table,
    primary_key.ReplacePrimaryKeyOp: primary_key.render,
    renaming.RenameColumnOp: renaming.render,
    renaming.RenameConstraintOp: renaming.render,
    renaming.RenameIndexOp: renaming.render,
}
"""What writes an operation into a revision file."""


@cache
def register() -> None:
    """Register all of the above with Alembic, once per process."""
    for name, (operation, method) in OPERATIONS.items():
        Operations.register_operation(name, method)(operation)
    for operation, implementation in IMPLEMENTATIONS.items():
        Operations.implementation_for(operation, replace=True)(implementation)
    for operation, renderer in RENDERERS.items():
        renderers.dispatch_for(operation, replace=True)(renderer)
