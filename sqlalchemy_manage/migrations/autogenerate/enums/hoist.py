"""The changes of enums that a comparison found, taken out of their tables and put first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from ....errors import MigrationError
from ....sql.expressions import in_list
from ...operations.enums.operations import AlterEnumOp, RenameEnumOp
from ...operations.enums.types import Form, Key, constant, form_of, leaf, like, portable
from ...revisions.describe import prune
from ...schema.unnamed import given_name


def hoist_enums(autogen_context: Any, upgrade_ops: ops.UpgradeOps, schemas: Any) -> None:
    """Give the changes of enums a place of their own: before the other changes, no batch."""
    _require_one_meaning(autogen_context)
    first: list[Any] = []
    for modify in upgrade_ops.ops:
        if isinstance(modify, ops.ModifyTableOps):
            first += _lift(modify)
            first += _nameless_checks(autogen_context, modify)
    prune(upgrade_ops)
    renames = _renamed_types(autogen_context, first)
    upgrade_ops.ops[:0] = [*renames, *(op for op in first if not op.changes_nothing)]


def _require_one_meaning(autogen_context: Any) -> None:
    """Raise MigrationError when one type of PostgreSQL has other values in another column."""
    dialect = autogen_context.dialect
    known: dict[Key, tuple[Form, sa.Column[Any]]] = {}
    for table in autogen_context.sorted_tables if dialect.name == "postgresql" else ():
        for column in table.columns:
            if isinstance(leaf(column.type, dialect)[0], sa.Enum):
                form = form_of(column.type, dialect)
                if form.key is None:
                    continue
                first, other = known.setdefault(form.key, (form, column))
                if first.values != form.values:
                    raise MigrationError(
                        f"{other} and {column} have Enums with the same name, '{form.key[1]}', and "
                        "different values; on PostgreSQL that is one type.",
                        "Give one of them another name.",
                    )


def _lift(modify: ops.ModifyTableOps) -> Iterator[AlterEnumOp]:
    for alter in list(modify.ops):
        if not isinstance(alter, ops.AlterColumnOp) or "modify_enum" not in alter.kw:
            continue
        op: AlterEnumOp = alter.kw.pop("modify_enum")
        if alter.modify_server_default is not False:
            op.server_default = constant(alter.modify_server_default)
            alter.existing_server_default = alter.modify_server_default
            alter.modify_server_default = False
        alter.existing_type = op.type_
        if not alter.has_changes():
            modify.ops.remove(alter)
        yield op


def _nameless_checks(autogen_context: Any, modify: ops.ModifyTableOps) -> Iterator[AlterEnumOp]:
    """A CHECK without a name goes before its column does, so that both come back."""
    for drop in modify.ops:
        if not isinstance(drop, ops.DropColumnOp):
            continue
        column = drop.to_column()
        for check in autogen_context.inspector.get_check_constraints(
            modify.table_name, schema=modify.schema
        ):
            listed = in_list(check["sqltext"])
            text = column.type
            nameless = given_name(check["name"]) is None and isinstance(text, sa.String)
            if nameless and listed and listed[0] == drop.column_name:
                length = getattr(text, "length", None)
                values = sa.Enum(*listed[1], native_enum=False, create_constraint=True)
                op = AlterEnumOp(
                    modify.table_name,
                    drop.column_name,
                    text,
                    existing_type=like(values, length=length),
                    existing_nullable=column.nullable,
                    schema=modify.schema,
                )
                op.goes_with = drop
                yield op


def _renamed_types(autogen_context: Any, found: list[AlterEnumOp]) -> list[RenameEnumOp]:
    """PostgreSQL: a type that all its columns leave for a new one has a new name."""
    dialect = autogen_context.dialect
    if dialect.name != "postgresql":
        return []
    targets: dict[Key, set[Key | None]] = {}
    for op in found:
        old, new = form_of(op.existing_type, dialect), form_of(op.type_, dialect)
        if old.key is not None and old.key != new.key:
            targets.setdefault(old.key, set()).add(new.key)
    if not targets:
        return []
    kept = {
        form_of(column.type, dialect).key
        for table in autogen_context.sorted_tables
        for column in table.columns
        if isinstance(leaf(column.type, dialect)[0], sa.Enum)
    }
    default = dialect.default_schema_name
    there = {
        (None if enum["schema"] == default else enum["schema"], enum["name"])
        for enum in autogen_context.inspector.get_enums(schema="*")
    }
    renames = []
    for (schema, name), others in targets.items():
        (target,) = others if len(others) == 1 else (None,)
        if target is None or target[0] != schema or target in there or (schema, name) in kept:
            continue
        renames.append(RenameEnumOp(name, target[1], schema=schema))
        for op in found:
            if form_of(op.existing_type, dialect).key == (schema, name):
                op.existing_type = _called(op.existing_type, target[1])
    return renames


def _called(type_: Any, name: str) -> Any:
    return portable(type_, lambda enum: like(enum, key=(enum.schema, name)))
