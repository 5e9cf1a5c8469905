"""PostgreSQL's exclusion constraints: added, removed, changed. Alembic compares none of them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.ddl.postgresql import CreateExcludeConstraintOp
from alembic.operations import ops
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.sql.elements import conv

from ...sql.exclusions import Exclusion, read_exclusion
from ...sql.expressions import plain
from ...sql.raw import literally, undoubled
from ...sql.tokens import words_of
from ...sqlalchemy_internals import ddl_compiler
from ..alembic_internals import undone_by
from ..schema.server_form import exclusions_of, made_of
from .checks import meant, name_of
from .compared import ComparedTable


def compare_exclusions(it: ComparedTable) -> None:
    context, table = it.context, it.table
    if context.dialect.name != "postgresql" or it.conn_table is None:
        return
    left = {
        str(found["name"]): read_exclusion(found["sqltext"])
        for found in context.inspector.get_exclude_constraints(it.table_name, schema=it.schema)
    }
    if table is None:
        for there in left.items():
            # A downgrade creates the table with them.
            it.conn_table.append_constraint(_constraint(*there))
        return
    added: list[tuple[str | None, Exclusion]] = []
    wanted = [c for c in exclusions_of(table) if meant(c, context)]
    for model in sorted(wanted, key=lambda c: c.name is None):
        name = name_of(model, context.dialect)
        candidates = [name] if name else list(left)
        same = next((n for n in candidates if n in left and _is(it, model, left[n])), None)
        if same is None:
            added.append((name, _read(model, context.dialect)))
        else:
            del left[same]
    it.modify.ops[:0] = [_drop(it, name, found) for name, found in left.items()]
    it.modify.ops += [_create(it, name, found) for name, found in added]


def _is(it: ComparedTable, model: ExcludeConstraint, there: Exclusion) -> bool:
    if _read(model, it.context.dialect).means(there):
        return True
    made = made_of(it.context, it.table, it.conn_table)
    return made is not None and read_exclusion(made.checks[model]).means(there)


def _read(model: ExcludeConstraint, dialect: sa.Dialect) -> Exclusion:
    return read_exclusion(undoubled(str(ddl_compiler(dialect).process(model)), dialect))


def _constraint(name: str | None, found: Exclusion) -> ExcludeConstraint:
    """The constraint for a revision, which keeps the operator classes in it as they are."""
    return ExcludeConstraint(*_elements(found), name=conv(name) if name else None, **_kw(found))


def _elements(found: Exclusion) -> list[tuple[Any, str]]:
    return [(_element(text), operator) for text, operator in found.elements]


def _kw(found: Exclusion) -> dict[str, Any]:
    given: dict[str, Any] = {"using": found.using}
    if found.where:
        given["where"] = sa.text(literally(plain(found.where)))
    if found.deferrable:
        given["deferrable"] = True
    if found.deferred:
        given["initially"] = "DEFERRED"
    return given


def _element(text: str) -> Any:
    words = words_of(text, "postgresql")
    if len(words) == 1 and words[0].kind in ("word", "quoted"):
        return sa.column(words[0].name)
    return sa.literal_column(plain(text))


def _create(it: ComparedTable, name: str | None, found: Exclusion) -> CreateExcludeConstraintOp:
    return CreateExcludeConstraintOp(
        conv(name) if name else None,
        it.table_name,
        _elements(found),
        schema=it.schema,
        **_kw(found),
    )


def _drop(it: ComparedTable, name: str, found: Exclusion) -> ops.DropConstraintOp:
    drop = ops.DropConstraintOp(conv(name), it.table_name, schema=it.schema)
    return undone_by(drop, _create(it, name, found))


def complete_new_tables(context: Any, upgrade: ops.UpgradeOps, schemas: Any) -> None:
    """Operator classes, which Alembic does not write, are written as part of the expressions."""
    for operation in upgrade.ops:
        if isinstance(operation, ops.CreateTableOp):
            operation.columns = [
                _constraint(name_of(item, context.dialect), _read(item, context.dialect))
                if isinstance(item, ExcludeConstraint) and context.dialect.name == "postgresql"
                else item
                for item in operation.columns
            ]
