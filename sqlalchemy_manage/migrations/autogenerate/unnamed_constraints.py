"""Every constraint of a revision has a name: what the models leave unnamed is named here.

A revision can undo only what it knows by name, and one history has to run on databases
that name constraints each in their own way, or not at all. So the names are in the file.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.ddl.postgresql import CreateExcludeConstraintOp
from alembic.operations import ops
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.sql.elements import conv

from ...sql.raw import sql_of
from ...sqlalchemy_internals import is_of_type
from ..schema.unnamed import mentioned, name_for, named_by
from .checks import name_of

_KINDS: dict[type[Any], str] = {
    sa.UniqueConstraint: "unique",
    sa.ForeignKeyConstraint: "foreign key",
    sa.CheckConstraint: "check",
    ExcludeConstraint: "exclude",
}
_CREATES: dict[type[Any], str] = {
    ops.CreateUniqueConstraintOp: "unique",
    ops.CreateForeignKeyOp: "foreign key",
    ops.CreateCheckConstraintOp: "check",
    CreateExcludeConstraintOp: "exclude",
}


def name_constraints(context: Any, upgrade: ops.UpgradeOps, schemas: Any) -> None:
    """Name the constraints that ``upgrade`` creates, as PostgreSQL would."""
    created = [op for op in upgrade.ops if isinstance(op, ops.CreateTableOp)]
    modified = [op for op in upgrade.ops if isinstance(op, ops.ModifyTableOps)]
    items = [item for table in created for item in table.columns]
    if not any(map(_is_unnamed, (*items, *(op for table in modified for op in table.ops)))):
        return
    taken = {name.casefold() for name in (*_in_database(context, schemas), *_in_models(context))}
    for table in created:
        columns = [item.name for item in table.columns if isinstance(item, sa.Column)]
        found = list[Any](table.columns)
        for place, item in enumerate(found):
            if _is_unnamed(item):
                of = _columns(item, columns, context.dialect)
                item = found[place] = copy.copy(item)  # the model keeps its own as it is
                item.name = _name(_KINDS[type(item)], table.table_name, of, taken)
        table.columns = found
    for modify in modified:
        _name_added(modify, taken)


def _name_added(modify: ops.ModifyTableOps, taken: set[str]) -> None:
    for op in modify.ops:
        # What comes in the place of another may have its name.
        if isinstance(op, ops.DropConstraintOp):
            taken.discard(str(op.constraint_name).casefold())
        elif isinstance(op, ops.DropIndexOp):
            taken.discard(str(op.index_name).casefold())
        elif _is_unnamed(op):
            create: Any = op
            columns = [column.name for column in create.to_constraint().columns]
            name = _name(_CREATES[type(op)], modify.table_name, columns, taken)
            create.constraint_name = name


def _is_unnamed(item: Any) -> bool:
    if type(item) in _CREATES:
        return not item.constraint_name
    return type(item) in _KINDS and not item.name and not is_of_type(item)


def _name(kind: str, table: str, columns: list[str], taken: set[str]) -> conv:
    name = name_for(kind, table, named_by(kind, columns), taken)
    taken.add(name.casefold())
    return conv(name)


def _columns(constraint: Any, columns: list[str], dialect: sa.Dialect) -> list[str]:
    if isinstance(constraint, sa.CheckConstraint):
        return mentioned(sql_of(constraint.sqltext, dialect), columns)
    return [column.name for column in constraint.columns]


def _in_database(context: Any, schemas: Any) -> Iterator[str]:
    inspector = context.inspector
    for schema in schemas:
        yield from inspector.get_table_names(schema)
        for kind in ("indexes", "unique_constraints", "foreign_keys", "check_constraints"):
            try:
                found = getattr(inspector, f"get_multi_{kind}")(schema=schema)
            except NotImplementedError:
                continue
            yield from (str(item["name"]) for items in found.values() for item in items)


def _in_models(context: Any) -> Iterator[str]:
    for table in context.table_key_to_table.values():
        yield table.name
        for item in (*table.indexes, *table.constraints):
            if item.name is not None and (name := name_of(item, context.dialect)):
                yield name
