"""The last step for enums, when it is settled which operations a revision has.

Types of PostgreSQL are created before the first table or column that uses them and
dropped after the last. Both are written whenever a table comes or goes: a type that is
there is not created again, and one that is still used not dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from ....sql.raw import text_of
from ....sql.tokens import tokens
from ....sqlalchemy_internals import copy_column
from ...operations.enums.operations import AlterEnumOp, CreateEnumOp, DropEnumOp, is_checked
from ...operations.enums.types import POSTGRESQL, form_of, like, native_enums, portable
from ...operations.filling import FillNullsOp
from ...revisions.describe import flat, prune

_Name = tuple[str | None, str]


def order_enums(operations: ops.UpgradeOps, dialect: sa.Dialect) -> None:
    """Complete ``operations``; to be called once, after which none comes or goes."""
    _forget_needless(operations)
    _checks_after_columns(operations)
    _stand_aside(operations)
    _mark_rewrites(operations, dialect)
    _place_types(operations)


def _forget_needless(operations: ops.UpgradeOps) -> None:
    """What only prepares an operation goes with it."""
    there = {id(op) for _, op in flat(operations.ops)}
    operations.ops = [
        op
        for op in operations.ops
        if not isinstance(op, AlterEnumOp) or op.goes_with is None or id(op.goes_with) in there
    ]


def _checks_after_columns(operations: ops.UpgradeOps) -> None:
    """A new column first without the CHECK of its type, which then is an operation of its own.

    SQLite cannot add the two at once, nor drop the column while the CHECK mentions it.
    """
    for place in range(len(operations.ops) - 1, -1, -1):
        top = operations.ops[place]
        after: list[Any] = []
        for _, op in flat([top]):
            if not isinstance(op, ops.AddColumnOp):
                continue
            type_ = op.column.type
            if not is_checked(type_):
                continue
            plain = portable(type_, lambda found: like(found, checked=False))
            check = AlterEnumOp(
                op.table_name,
                op.column.name,
                portable(type_, like),
                existing_type=plain,
                existing_nullable=op.column.nullable,
                schema=op.schema,
            )
            check.goes_with = op
            after.append(check)
            op.column = copy_column(op.column)
            op.column.type = plain
        last = max(
            (i for i, op in enumerate(operations.ops) if i >= place and _same_table(op, top)),
            default=place,
        )
        operations.ops[last + 1 : last + 1] = after


def _same_table(op: Any, other: Any) -> bool:
    return (getattr(op, "schema", None), getattr(op, "table_name", None)) == (
        getattr(other, "schema", None),
        getattr(other, "table_name", None),
    )


def _stand_aside(operations: ops.UpgradeOps) -> None:
    """CHECKs and partial indexes that go, go before the values that they may mention."""
    first: dict[_Name, ops.ModifyTableOps] = {}
    tables = {(op.schema, op.table_name) for op in operations.ops if isinstance(op, AlterEnumOp)}
    for modify in operations.ops:
        if not isinstance(modify, ops.ModifyTableOps):
            continue
        key = (modify.schema, modify.table_name)
        for op in list(modify.ops) if key in tables else ():
            check = isinstance(op, ops.DropConstraintOp) and op.constraint_type == "check"
            partial = isinstance(op, ops.DropIndexOp) and any("where" in k for k in op.kw)
            if check or partial:
                modify.ops.remove(op)
                held = first.setdefault(key, ops.ModifyTableOps(key[1], [], schema=key[0]))
                held.ops.append(op)
    place = next((i for i, op in enumerate(operations.ops) if isinstance(op, AlterEnumOp)), 0)
    operations.ops[place:place] = list(first.values())
    prune(operations)


def _mark_rewrites(operations: ops.UpgradeOps, dialect: sa.Dialect) -> None:
    """Where the same revision uses a value that it adds, the type must be recreated."""
    used = set(_constants(operations, dialect))
    for op in operations.ops:
        if isinstance(op, AlterEnumOp) and op.old_values:
            added = set(op.new_values) - set(op.old_values) - set(op.rename_values.values())
            if added & (used | {op.server_default}):
                op.postgresql_rewrite = True


def _constants(operations: ops.UpgradeOps, dialect: sa.Dialect) -> Iterator[Any]:
    """Values that later operations give to Enums, or compare with, as far as can be seen."""
    for _, op in flat(operations.ops):
        for column in [getattr(op, "column", None), *getattr(op, "columns", ())]:
            if isinstance(column, sa.Column) and any(native_enums(column.type)):
                yield from _of_default(column.server_default, dialect)
        yield from _of_default(getattr(op, "modify_server_default", None), dialect)
        if isinstance(op, FillNullsOp) and isinstance(op.value, str):
            yield op.value
        for text in (
            getattr(op, "condition", None),
            getattr(op, "sql", None),
            *(getattr(op, "kw", None) or {}).values(),
        ):
            if text is not None:
                yield from _quoted(text_of(text, dialect))


def _of_default(default: Any, dialect: sa.Dialect) -> Iterator[str]:
    argument = getattr(default, "arg", default)
    if isinstance(argument, str):
        yield argument
    if argument is not None and argument is not False:
        yield from _quoted(text_of(argument, dialect))


def _quoted(sql: str) -> Iterator[str]:
    for token in tokens(sql):
        if token.kind == "string":
            yield token.text.strip("'").replace("''", "'")


def _place_types(operations: ops.UpgradeOps) -> None:
    altered = {
        form_of(op.type_, POSTGRESQL).key: op.new_values
        for op in operations.ops
        if isinstance(op, AlterEnumOp) and op.goes_with is None
    }
    made: dict[_Name, tuple[str, ...]] = {}
    gone: dict[_Name, tuple[str, ...]] = {}
    first = None
    for place, top in enumerate(operations.ops):
        for _, op in flat([top]):
            found = dict(_used(op))
            if isinstance(op, (ops.CreateTableOp, ops.AddColumnOp)):
                made |= found
                first = place if first is None and found else first
            elif isinstance(op, (ops.DropTableOp, ops.DropColumnOp)):
                gone |= found
    # Another type takes the name: what has the old one goes first, and the type with it.
    taken = {n for n in made.keys() & gone.keys() - altered.keys() if made[n] != gone[n]}
    early = _users_first(operations, taken)
    first = 0 if taken else first  # the places have changed
    early += [
        DropEnumOp(name[1], gone.pop(name), schema=name[0]) for name in sorted(taken, key=str)
    ]
    operations.ops[first or 0 : first or 0] = [
        CreateEnumOp(name, values, schema=schema)
        for (schema, name), values in made.items()
        if (schema, name) not in altered  # which makes sure of its type itself
    ]
    operations.ops[:0] = early
    # Made again by the downgrade before the values are altered back.
    operations.ops += [
        DropEnumOp(name, altered.get((schema, name)) or values, schema=schema)
        for (schema, name), values in gone.items()
    ]


def _users_first(operations: ops.UpgradeOps, types: set[_Name]) -> list[Any]:
    """Take out of ``operations`` what drops the columns of ``types``, and all in their way."""
    drops = (ops.DropTableOp, ops.DropColumnOp)
    users = {
        (op.schema, op.table_name)
        for _, op in flat(operations.ops)
        if isinstance(op, drops) and types & dict(_used(op)).keys()
    }
    first: list[Any] = []
    for holder, op in list(flat(operations.ops)) if users else ():
        key = (getattr(op, "schema", None), getattr(op, "table_name", None))
        is_key = isinstance(op, ops.DropConstraintOp) and op.constraint_type == "foreignkey"
        of_user = isinstance(op, (*drops, ops.DropConstraintOp, ops.DropIndexOp)) and key in users
        if of_user or is_key:
            holder.remove(op)
            first.append(op)
    prune(operations)
    return first


def _used(op: Any) -> Iterator[tuple[_Name, tuple[str, ...]]]:
    if isinstance(op, ops.DropTableOp):
        table: Any = op.to_table()
        columns = list(table.columns)
    elif isinstance(op, ops.DropColumnOp):
        columns = [op.to_column()]
    elif isinstance(op, ops.AddColumnOp):
        columns = [op.column]
    else:
        columns = [item for item in getattr(op, "columns", ()) if isinstance(item, sa.Column)]
    for column in columns:
        for enum in native_enums(column.type):
            # With create_type=False the models say that somebody else makes it.
            if getattr(enum, "create_type", True):
                yield (enum.schema, str(enum.name)), tuple(enum.enums)
