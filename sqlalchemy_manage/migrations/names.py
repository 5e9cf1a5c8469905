"""Indexes and constraints whose name alone changed: renamed, not built again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from .canonical import tokens
from .operations import RenameConstraintOp, RenameIndexOp
from .review import Key, Review, flat


def settle_names(review: Review, operations: ops.UpgradeOps) -> list[Any]:
    """The renames; the drops and creations that they stand for are taken out of ``operations``.

    Nobody is asked: whichever way, the same index or constraint comes out.
    """
    made: list[Any] = []
    found = list(flat(operations.ops))
    for holder, drop in found:
        for other, create in found:
            rename = _rename(drop, create)
            if rename is not None and drop in holder and create in other:
                holder.remove(drop)
                other.remove(create)
                made.append(rename)
    touched = {
        (op.schema, str(op.constraint_name))
        for _, op in flat(operations.ops)
        if isinstance(op, ops.DropConstraintOp)
    }
    for key, table in review.tables.items():
        for rename in _foreign_keys(review, key, table):
            if (key[0], rename.old) not in touched:
                made.append(rename)
    operations.ops = [
        op for op in operations.ops if not (isinstance(op, ops.ModifyTableOps) and not op.ops)
    ]
    return made


def _rename(drop: Any, create: Any) -> Any:
    """The rename that a drop and a creation amount to; None where they do not."""
    same_table = getattr(drop, "schema", None) == getattr(create, "schema", 0) and getattr(
        drop, "table_name", None
    ) == getattr(create, "table_name", 0)
    if isinstance(drop, ops.DropIndexOp) and isinstance(create, ops.CreateIndexOp) and same_table:
        old, new = drop.to_index(), create.to_index()
        if _named(old, new) and _index(old) == _index(new):
            return RenameIndexOp(
                create.table_name, str(old.name), str(new.name), schema=create.schema
            )
    if not isinstance(drop, ops.DropConstraintOp) or not isinstance(create, ops.AddConstraintOp):
        return None
    if not same_table or drop.constraint_type != create.constraint_type or drop._reverse is None:
        return None
    old_constraint, new_constraint = drop.to_constraint(), create.to_constraint()
    kind = str(drop.constraint_type)
    if (
        kind in ("unique", "check")
        and _named(old_constraint, new_constraint)
        and _constraint(old_constraint) == _constraint(new_constraint)
    ):
        return RenameConstraintOp(
            drop.table_name,
            str(old_constraint.name),
            str(new_constraint.name),
            type_=kind,
            schema=drop.schema,
        )
    return None


def _named(old: Any, new: Any) -> bool:
    return bool(old.name and new.name and old.name != new.name)


def _index(index: sa.Index) -> tuple[Any, ...]:
    options = {k: str(v) for k, v in index.dialect_kwargs.items() if v}
    return (
        bool(index.unique),
        [_words(getattr(e, "name", None) or str(e)) for e in index.expressions],
        sorted(options.items()),
    )


def _constraint(constraint: Any) -> Any:
    if isinstance(constraint, sa.CheckConstraint):
        return _words(str(constraint.sqltext))
    options = {k: str(v) for k, v in constraint.dialect_kwargs.items() if v}
    return (
        [column.name for column in constraint.columns],
        constraint.deferrable,
        constraint.initially,
        sorted(options.items()),
    )


def _words(text: str) -> list[str]:
    return [t.name.lower() for t in tokens(text) if t.kind not in ("space", "comment")]


def _foreign_keys(review: Review, key: Key, table: sa.Table) -> Iterator[RenameConstraintOp]:
    """Foreign keys that the models call otherwise than the database; Alembic compares no names."""
    if table.name not in review.snapshot.get_table_names(key[0]):
        return
    preparer = review.connection.dialect.identifier_preparer
    present = {
        (tuple(f["constrained_columns"]), f["referred_table"], tuple(f["referred_columns"])): f
        for f in review.snapshot.get_foreign_keys(table.name, schema=key[0])
    }
    names = {f["name"] for f in present.values()}
    for foreign in sorted(table.foreign_key_constraints, key=lambda f: str(f.name)):
        if not isinstance(foreign.name, str):
            continue
        # The name as it is sent: cut where the database allows no longer one.
        name = preparer.unformat_identifiers(str(preparer.format_constraint(foreign)))[-1]
        there = present.get(
            (
                tuple(column.name for column in foreign.columns),
                foreign.elements[0].column.table.name,
                tuple(element.column.name for element in foreign.elements),
            )
        )
        if there is not None and there["name"] and there["name"] != name and name not in names:
            yield RenameConstraintOp(
                table.name, there["name"], name, type_="foreignkey", schema=key[0]
            )
