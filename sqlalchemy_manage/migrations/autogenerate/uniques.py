"""UNIQUE constraints as a whole: the order of their columns, DEFERRABLE, INCLUDE.

Alembic compares the columns without their order, and whether NULLs are distinct.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.sql.elements import conv

from ..alembic_internals import undone_by
from .checks import meant, name_of
from .compared import ComparedTable


@dataclass(frozen=True)
class UniqueShape:
    """Everything about a UNIQUE but its name."""

    columns: tuple[str, ...]
    include: tuple[str, ...] = ()
    nulls_not_distinct: bool = False
    deferrable: bool = False
    deferred: bool = False

    def options(self) -> dict[str, Any]:
        """What an operation that creates it is given."""
        deferred = {"initially": "DEFERRED"} if self.deferred else {}
        return (
            deferred
            | ({"deferrable": True} if self.deferrable else {})
            | ({"postgresql_include": list(self.include)} if self.include else {})
            | ({"postgresql_nulls_not_distinct": True} if self.nulls_not_distinct else {})
        )


def compare_uniques(it: ComparedTable) -> None:
    context, modify = it.context, it.modify
    there = {
        str(found["name"]): _shape(found["column_names"], found.get("dialect_options", {}))
        for found in context.inspector.get_unique_constraints(it.table_name, schema=it.schema)
    }
    # Alembic has dropped them, or the index that MariaDB has for one.
    for op in modify.ops:
        there.pop(str(getattr(op, "constraint_name", getattr(op, "index_name", None))), None)
    models = [
        (name_of(model, context.dialect), _wanted(model, context.dialect), model)
        for model in it.table.constraints
        if isinstance(model, sa.UniqueConstraint) and meant(model, context)
    ]
    unnamed = [wanted for name, wanted, _ in models if name is None]
    for own_name, wanted, model in models:
        name = _name_there(own_name, wanted, there)
        if name is None or (own_name is None and there[name] in unnamed):
            alike = [other for other in unnamed if sorted(other.columns) == sorted(wanted.columns)]
            second = own_name is None and len(alike) > 1 and wanted not in there.values()
            if second and _included(it, model, None):
                _add_second(it, wanted)
        elif there[name] != wanted and _included(it, model, name):
            modify.ops.insert(0, _drop(it, name, there[name]))
            modify.ops.append(_create(it, name, wanted))


def _included(it: ComparedTable, model: sa.UniqueConstraint, name: str | None) -> bool:
    """Whether the project has it compared: what its include_object says."""
    reflected = it.conn_table.constraints if it.conn_table is not None else ()
    there = next((c for c in reflected if name is not None and c.name == name), None)
    kind = "unique_constraint"
    return bool(it.context.run_object_filters(model, name, kind, False, there))


def _add_second(it: ComparedTable, wanted: UniqueShape) -> None:
    """Add a UNIQUE without a name that has the columns of another one in another order.

    Alembic takes the two for one, and adds one of them at most.
    """
    created = [op for op in it.modify.ops if isinstance(op, ops.CreateUniqueConstraintOp)]
    if all(list(wanted.columns) != list(op.columns) for op in created):
        it.modify.ops.append(_create(it, None, wanted))


def _name_there(name: str | None, wanted: UniqueShape, there: dict[str, UniqueShape]) -> str | None:
    """The name in the database of a constraint; of one without a name, by its columns."""
    if name is not None:
        return name if name in there else None
    alike = [n for n, s in there.items() if sorted(s.columns) == sorted(wanted.columns)]
    return min(alike, key=lambda n: there[n] != wanted, default=None)


def _wanted(model: sa.UniqueConstraint, dialect: sa.Dialect) -> UniqueShape:
    columns = [column.name for column in model.columns]
    if dialect.name != "postgresql":
        return UniqueShape(tuple(columns))
    options = {f"postgresql_{k}": v for k, v in model.dialect_options["postgresql"].items()}
    said = {"deferrable": model.deferrable, "initially": model.initially}
    return _shape(columns, options | said)


def _shape(columns: Any, options: dict[str, Any]) -> UniqueShape:
    deferred = str(options.get("initially") or "").lower() == "deferred"
    return UniqueShape(
        tuple(columns),
        tuple(getattr(c, "name", str(c)) for c in options.get("postgresql_include") or ()),
        bool(options.get("postgresql_nulls_not_distinct")),
        bool(options.get("deferrable")) or deferred,
        deferred,
    )


def _create(
    it: ComparedTable, name: str | None, shape: UniqueShape
) -> ops.CreateUniqueConstraintOp:
    return ops.CreateUniqueConstraintOp(
        name and conv(name), it.table_name, list(shape.columns), schema=it.schema, **shape.options()
    )


def _drop(it: ComparedTable, name: str, shape: UniqueShape) -> ops.DropConstraintOp:
    drop = ops.DropConstraintOp(conv(name), it.table_name, type_="unique", schema=it.schema)
    return undone_by(drop, _create(it, name, shape))
