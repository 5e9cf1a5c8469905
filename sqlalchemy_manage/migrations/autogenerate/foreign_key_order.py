"""Foreign keys come last and go first: what they refer to, and what serves them, has to be there.

Two tables that refer to each other are created without the keys, which follow. A key is
taken off while a column of it, or one that it refers to, becomes another: MariaDB refuses to
change either under a key, and PostgreSQL where the types do not fit in between.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from ..alembic_internals import created_by_undo, undo_of, undone_by
from ..operations.primary_key import ReplacePrimaryKeyOp
from ..questions import Key
from ..revisions.describe import prune
from .drop_order import referred


def order_foreign_keys(context: Any, upgrade: ops.UpgradeOps, schemas: Any) -> None:
    """Put the foreign keys of ``upgrade`` where every database can follow."""
    _take_off(context, upgrade, schemas)
    last = list(_out_of_new_tables(upgrade))
    busy = {
        (op.schema, op.table_name)
        for op in upgrade.ops
        if isinstance(op, ops.ModifyTableOps) and not all(map(_is_key, op.ops))
    }
    first: list[Any] = []
    for op in upgrade.ops:
        if not isinstance(op, ops.ModifyTableOps):
            continue
        elsewhere = busy - {(op.schema, op.table_name)}
        drops = [o for o in op.ops if _is_drop(o)]
        adds = [o for o in op.ops if isinstance(o, ops.CreateForeignKeyOp)]
        others = [o for o in op.ops if o not in drops and o not in adds]
        early = [o for o in drops if _target(o.reverse()) in elsewhere]
        late = [o for o in adds if _target(o) in elsewhere]
        first.append(ops.ModifyTableOps(op.table_name, early, schema=op.schema))
        last.append(ops.ModifyTableOps(op.table_name, late, schema=op.schema))
        op.ops = [
            *(o for o in drops if o not in early),
            *others,
            *(o for o in adds if o not in late),
        ]
    upgrade.ops = [*first, *upgrade.ops, *last]
    prune(upgrade)


def out_of_dropped_tables(context: Any, upgrade: ops.UpgradeOps, schemas: Any) -> None:
    """A foreign key to a table that is dropped before its own is dropped first."""
    gone: set[Key] = set()
    first: list[Any] = []
    for op in upgrade.ops:
        if not isinstance(op, ops.DropTableOp):
            continue
        made = created_by_undo(op)
        for item in list(made.columns):
            if isinstance(item, sa.ForeignKeyConstraint) and item.name and referred(item) in gone:
                drop = ops.DropConstraintOp.from_constraint(item)
                first.append(ops.ModifyTableOps(op.table_name, [drop], schema=op.schema))
                made.columns = [other for other in made.columns if other is not item]
        gone.add((op.schema, op.table_name))
    upgrade.ops = [*first, *upgrade.ops]


def _is_drop(op: Any) -> bool:
    return isinstance(op, ops.DropConstraintOp) and op.constraint_type == "foreignkey"


def _is_key(op: Any) -> bool:
    return _is_drop(op) or isinstance(op, ops.CreateForeignKeyOp)


def _target(create: Any) -> Key:
    """The table that a foreign key refers to."""
    return create.kw.get("referent_schema"), create.referent_table


def _out_of_new_tables(upgrade: ops.UpgradeOps) -> Iterator[ops.ModifyTableOps]:
    """The foreign keys of new tables to what is not there yet, or is about to change."""
    creates = [op for op in upgrade.ops if isinstance(op, ops.CreateTableOp)]
    later = {(op.schema, op.table_name) for op in upgrade.ops if isinstance(op, _MAKES)}
    for create in creates:
        key = (create.schema, create.table_name)
        later -= {key}
        kept: list[Any] = []
        for item in create.columns:
            if isinstance(item, sa.ForeignKeyConstraint):
                op = ops.CreateForeignKeyOp.from_constraint(item)
                # Alembic writes it in a create_table with the schema of the MetaData, if any.
                elsewhere = item.parent.metadata.schema and _target(op)[0] is None
                if _target(op) in later or elsewhere:
                    op.kw.pop("use_alter", None)
                    yield ops.ModifyTableOps(create.table_name, [op], schema=create.schema)
                    continue
                if item.use_alter:
                    # It would be left out of the statement, to follow later.
                    item = copy.copy(item)
                    item.use_alter = False
            kept.append(item)
        create.columns = kept


_MAKES = (ops.CreateTableOp, ops.ModifyTableOps)


def _take_off(context: Any, upgrade: ops.UpgradeOps, schemas: Any) -> None:
    """Drop the foreign keys whose columns, or those they refer to, change; and add them again."""
    modifies = [op for op in upgrade.ops if isinstance(op, ops.ModifyTableOps)]
    tests = [test for modify in modifies for test in _changes(context, modify)]
    if not tests:
        return
    dropped = {(op.schema, op.table_name) for op in upgrade.ops if isinstance(op, ops.DropTableOp)}
    for schema in schemas:
        found = context.inspector.get_multi_foreign_keys(schema=schema)
        for (_, table), keys in sorted(found.items(), key=lambda item: item[0][1]):
            for foreign in keys:
                if not foreign["name"] or not any(test(schema, table, foreign) for test in tests):
                    continue
                mine = [m for m in modifies if (m.schema, m.table_name) == (schema, table)]
                if any(_drops(op, foreign) for modify in mine for op in modify.ops):
                    continue
                drop = _drop_foreign_key(table, schema, foreign)
                if not mine:
                    mine = [ops.ModifyTableOps(table, [], schema=schema)]
                    modifies += mine
                    upgrade.ops += mine
                again = [] if (schema, table) in dropped else [drop.reverse()]
                mine[0].ops = [drop, *mine[0].ops, *again]


def _drops(op: Any, foreign: Any) -> bool:
    return _is_drop(op) and op.constraint_name == foreign["name"]


Test = Callable[[str | None, str, Any], bool]


def _changes(context: Any, modify: ops.ModifyTableOps) -> Iterator[Test]:
    """For what changes in a table: whether a foreign key has to make way."""
    default = context.dialect.default_schema_name
    key = (modify.schema or default, modify.table_name)
    retyped = {
        op.column_name
        for op in modify.ops
        if isinstance(op, ops.AlterColumnOp) and op.modify_type is not None
    }

    replaced = [
        set(op.old)
        for op in modify.ops
        if isinstance(op, ReplacePrimaryKeyOp) and op.old and op.columns != op.old
    ]
    for op in modify.ops:
        unique = undo_of(op) if isinstance(op, ops.DropConstraintOp) else None
        if isinstance(unique, ops.CreateUniqueConstraintOp):
            replaced.append(set(unique.columns))
    if not retyped and not replaced:
        return

    def makes_way(schema: str | None, table: str, foreign: Any) -> bool:
        own, referred = set(foreign["constrained_columns"]), set(foreign["referred_columns"])
        refers = (foreign["referred_schema"] or default, foreign["referred_table"]) == key
        has = (schema or default, table) == key
        changes = retyped & referred or referred in replaced
        return bool((refers and changes) or (has and retyped & own))

    yield makes_way


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
