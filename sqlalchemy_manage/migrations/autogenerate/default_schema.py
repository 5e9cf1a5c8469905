"""Foreign keys of models that name the default schema: the database does not name it.

Alembic folds the name of a table's schema, but not those in a foreign key, so it drops and
creates every such key. It does so too with each that is DEFERRABLE, which MariaDB has not.
"""

from __future__ import annotations

from typing import Any

from alembic.operations import ops

from ...sql.dialects import MARIADB
from ..alembic_internals import undo_of
from .compared import ComparedTable


def compare_default_schema(it: ComparedTable) -> None:
    """Take back the drop and the creation of what is one foreign key."""
    dialect = it.context.dialect
    created = {
        _foreign_key(op, dialect): op
        for op in it.modify.ops
        if isinstance(op, ops.CreateForeignKeyOp)
    }
    for drop in list(it.modify.ops) if created else ():
        undo = undo_of(drop) if isinstance(drop, ops.DropConstraintOp) else None
        if isinstance(undo, ops.CreateForeignKeyOp):
            create = created.pop(_foreign_key(undo, dialect), None)
            if create is not None:
                it.modify.ops.remove(drop)
                it.modify.ops.remove(create)


def _foreign_key(op: ops.CreateForeignKeyOp, dialect: Any) -> tuple[Any, ...]:
    """What a foreign key is, apart from its name; one without a schema is in the default one."""
    options = {k: v.lower() if isinstance(v, str) else v for k, v in op.kw.items()}
    schema = op.kw.get("referent_schema")
    usual = {None, "no action", *(["restrict"] if dialect.name in MARIADB else [])}
    return (
        tuple(op.local_cols),
        None if schema == dialect.default_schema_name else schema,
        op.referent_table,
        tuple(op.remote_cols),
        *(None if (v := options.get(k)) in usual else v for k in ("onupdate", "ondelete")),
        None if dialect.name in MARIADB else _deferred(options),
    )


def _deferred(options: dict[str, Any]) -> str | bool:
    return "deferred" if options.get("initially") == "deferred" else bool(options.get("deferrable"))
