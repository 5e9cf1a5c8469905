"""Indexes and constraints with only a new name: renamed, not rebuilt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.sql.elements import conv

from ...sql.dialects import MARIADB
from ...sql.expressions import in_list, same
from ...sql.raw import sql_of
from ...sqlalchemy_internals import is_created, is_of_type
from ..alembic_internals import undo_of
from ..operations.renaming import Rename, RenameConstraintOp, RenameIndexOp
from ..questions import Key
from ..revisions.describe import flat, prune
from ..schema.unnamed import given_name
from .checks import name_of
from .context import ComparisonContext
from .enums.checks import belongs_to_enum
from .renames import name_aside


def resolve_constraint_names(review: ComparisonContext, operations: ops.UpgradeOps) -> list[Any]:
    """The renames; the drops and creations that they replace are removed from ``operations``.

    Nothing is asked: either way, the index or constraint is the same.
    """
    made: list[Rename] = []
    found = list(flat(operations.ops))
    for holder, drop in found:
        for other, create in found:
            rename = _rename(drop, create, review.connection.dialect)
            if rename is not None and drop in holder and create in other:
                holder.remove(drop)
                other.remove(create)
                made.append(rename)
    touched = {
        (op.schema, str(op.constraint_name))
        for _, op in flat(operations.ops)
        if isinstance(op, ops.DropConstraintOp)
    }
    again = {
        (op.kw.get("source_schema"), op.source_table, str(op.constraint_name)): op
        for _, op in flat(operations.ops)
        if isinstance(op, ops.CreateForeignKeyOp)
    }
    for key, table in review.tables.items():
        for rename in (*_foreign_keys(review, key, table), *_type_checks(review, key, table)):
            if (key[0], rename.old) not in touched:
                made.append(rename)
            elif create := again.get((*key, rename.old)):
                create.constraint_name = conv(rename.new)  # it only made way
    prune(operations)
    return list(_in_order(made))


def _in_order(renames: list[Rename]) -> Iterator[Rename]:
    """One after the other, so that none meets a name that is still taken; a swap by a third."""
    left = list(renames)
    while left:
        taken = {rename.old for rename in left}
        free = [rename for rename in left if rename.new not in taken]
        left = [rename for rename in left if rename.new in taken]
        if not free:
            first = left.pop(0)
            aside = name_aside(first.old)
            free = [first.between(first.old, aside)]
            left.append(first.between(aside, first.new))
        yield from free


def _rename(drop: Any, create: Any, dialect: sa.Dialect) -> Rename | None:
    """The rename that a drop and a creation amount to; None if they do not."""
    if not isinstance(drop, (ops.DropIndexOp, ops.DropConstraintOp)):
        return None
    if not isinstance(create, (ops.CreateIndexOp, ops.AddConstraintOp)):
        return None
    if isinstance(create, ops.CreateForeignKeyOp) or undo_of(drop) is None:
        return None
    table, schema = str(drop.table_name), drop.schema
    if (table, schema) != (getattr(create, "table_name", None), getattr(create, "schema", None)):
        return None
    old, new = _thing(drop), _thing(create)
    if not old.name or not new.name or old.name == new.name:
        return None
    if not _alike(old, new, dialect):
        return None
    names = str(old.name), str(new.name)
    if isinstance(new, sa.Index):
        return RenameIndexOp(table, *names, schema=schema)
    type_ = "check" if isinstance(new, sa.CheckConstraint) else "unique"
    return RenameConstraintOp(table, *names, type_=type_, schema=schema)


def _thing(operation: Any) -> Any:
    is_index = isinstance(operation, (ops.DropIndexOp, ops.CreateIndexOp))
    return operation.to_index() if is_index else operation.to_constraint()


def _alike(old: Any, new: Any, dialect: sa.Dialect) -> bool:
    """Whether the name is all that differs; the model says ``new``.

    On MariaDB a unique constraint is a unique index, and reported as one.
    """
    if type(old) is not type(new):
        is_one = dialect.name in MARIADB and {type(old), type(new)} == _UNIQUE
        if not (is_one and getattr(old, "unique", True) and getattr(new, "unique", True)):
            return False
    if isinstance(new, sa.CheckConstraint):
        return same(sql_of(new.sqltext, dialect), sql_of(old.sqltext, dialect))
    return _kind(old) == _kind(new) and _same_keys(_keys(old), _keys(new), dialect)


_UNIQUE = {sa.UniqueConstraint, sa.Index}


def _kind(thing: Any) -> tuple[Any, ...]:
    options = sorted((k, str(v)) for k, v in thing.dialect_kwargs.items() if not _unset(v))
    if isinstance(thing, sa.Index):
        return bool(thing.unique), options, None, None
    return True, options, thing.deferrable, thing.initially


def _unset(option: Any) -> bool:
    empty = isinstance(option, (tuple, list, dict)) and not option
    return option is None or option is False or empty


def _keys(thing: Any) -> list[Any]:
    return list(thing.expressions if isinstance(thing, sa.Index) else thing.columns)


def _same_keys(old: list[Any], new: list[Any], dialect: sa.Dialect) -> bool:
    if len(old) != len(new):
        return False
    for a, b in zip(old, new, strict=True):
        if isinstance(a, sa.Column) and isinstance(b, sa.Column):
            if a.name != b.name:
                return False
        elif not same(sql_of(b, dialect), sql_of(a, dialect)):
            return False
    return True


def _foreign_keys(
    review: ComparisonContext, key: Key, table: sa.Table
) -> Iterator[RenameConstraintOp]:
    """Foreign keys with another name in the database; Alembic does not compare names."""
    if table.name not in review.snapshot.get_table_names(key[0]):
        return
    present = {
        (tuple(f["constrained_columns"]), f["referred_table"], tuple(f["referred_columns"])): f
        for f in review.snapshot.get_foreign_keys(table.name, schema=key[0])
    }
    wanted: dict[str, str] = {}
    for foreign in sorted(table.foreign_key_constraints, key=lambda f: str(f.name)):
        name = name_of(foreign, review.connection.dialect)
        if name is None:
            continue
        there = present.get(
            (
                tuple(column.name for column in foreign.columns),
                foreign.elements[0].column.table.name,
                tuple(element.column.name for element in foreign.elements),
            )
        )
        if there is not None and there["name"] and there["name"] != name:
            wanted[there["name"]] = str(foreign.name)
    names = {f["name"] for f in present.values()} - wanted.keys()
    for old, new in wanted.items():
        if new not in names:
            yield RenameConstraintOp(table.name, old, new, type_="foreignkey", schema=key[0])


_DIALECTS = (sqlite.dialect(), postgresql.dialect(), mysql.dialect())


def _type_checks(
    review: ComparisonContext, key: Key, table: sa.Table
) -> Iterator[RenameConstraintOp]:
    """The CHECKs of Enums and Booleans with another name, as once their table is renamed."""
    dialect = review.connection.dialect
    wanted = {
        listed[0]: (name, check)
        for check in table.constraints
        if isinstance(check, sa.CheckConstraint) and is_of_type(check)
        if is_created(check, dialect) and (name := name_of(check, dialect))
        if (listed := in_list(sql_of(check.sqltext, dialect)))
    }
    if not wanted or table.name not in review.snapshot.get_table_names(key[0]):
        return
    there: dict[str, list[str]] = {}
    checks = review.snapshot.get_check_constraints(table.name, schema=key[0])
    for found in checks:
        old, listed = given_name(found["name"]), in_list(found["sqltext"])
        if old and listed and belongs_to_enum(found["sqltext"], table, old):
            there.setdefault(listed[0], []).append(old)
    taken = {found["name"] for found in checks}
    for column, (new, check) in wanted.items():
        # Where there are two, it is not known which of them is the type's.
        if len(there.get(column, ())) == 1 and new not in taken:
            everywhere = all(is_created(check, dialect) for dialect in _DIALECTS)
            yield RenameConstraintOp(
                table.name,
                there[column][0],
                new,
                type_="check",
                schema=key[0],
                if_exists=not everywhere,
            )
