"""CHECK constraints: added, removed, and changed under the same name.

Alembic compares no CHECKs, or (from 1.19.2, where asked to) their names. It also leaves
those that are written within a column out of the revision that creates the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.sql.elements import conv

from ...sql.expressions import plain, same
from ...sql.raw import literally, sql_of, text_of, undoubled
from ...sqlalchemy_internals import as_declared, dialects_of
from ..alembic_internals import undone_by
from ..schema.server_form import checks_of, made_of
from ..schema.unnamed import given_name, mentioned, name_for, named_by
from .compared import ComparedTable
from .enums.checks import belongs_to_enum
from .state import state_of


@dataclass(frozen=True)
class _Found:
    """A CHECK in the database; within MariaDB's columns it has no name."""

    name: str | None
    text: str


def compare_checks(it: ComparedTable) -> None:
    context, modify, schema, table_name = it.context, it.modify, it.schema, it.table_name
    table, conn_table = it.table, it.conn_table
    left = list(_in_database(context, schema, table_name))
    names = {found.name for found in left}
    checks = [check for check in as_declared(checks_of(table)) if meant(check, context)]
    wanted = [(name_of(check, context.dialect), check) for check in checks]
    added: list[tuple[str, sa.CheckConstraint]] = []
    removed: list[_Found] = []

    def reads_equal(check: sa.CheckConstraint, found: _Found) -> bool:
        return same(sql_of(check.sqltext, context.dialect), found.text)

    def equal(check: sa.CheckConstraint, found: _Found) -> bool:
        if reads_equal(check, found):
            return True
        made = made_of(context, table, conn_table)
        return made is not None and same(made.checks.get(check, ""), found.text)

    for name, check in wanted:
        found = next((f for f in left if f.name == name), None) if name else None
        if name and (found is None or not equal(check, found)):
            added.append((name, check))
        if found is not None:
            left.remove(found)
            if name == (added[-1][0] if added else None):
                removed.append(found)
    for name, check in wanted:
        if not name:
            found = next((f for f in left if reads_equal(check, f)), None)
            found = found or next((f for f in left if equal(check, f)), None)
            if found is None:
                taken = names | {n for n, _ in wanted} | {n for n, _ in added}
                added.append((_name_for(check, table, taken, context.dialect), check))
            else:
                left.remove(found)
    for found in left:
        if belongs_to_enum(found.text, table, given_name(found.name)):
            continue
        if found.name is None:
            state_of(context.migration_context).note(
                f"CHECK ({found.text}) of {table_name} is not in the models; it has no "
                "name to drop it by, so it is kept.",
            )
        else:
            removed.append(found)
    dropped = {op.constraint_name for op in modify.ops if isinstance(op, ops.DropConstraintOp)}
    modify.ops[:0] = [
        _drop(table_name, schema, str(found.name), as_written(found.text, context.dialect))
        for found in removed
        if found.name not in dropped
        and context.run_object_filters(
            sa.CheckConstraint(found.text, name=found.name),
            found.name,
            "check_constraint",
            True,
            None,
        )
    ]
    for name, check in added:
        if context.run_object_filters(check, name, "check_constraint", False, None):
            text = sql_of(check.sqltext, context.dialect)
            modify.ops.append(_create(table_name, schema, name, text, **check.dialect_kwargs))


def _in_database(context: Any, schema: str | None, table_name: str) -> Iterator[_Found]:
    try:
        reflected = context.inspector.get_check_constraints(table_name, schema=schema)
    except NotImplementedError:
        return
    for found in reflected:
        parents = {"table_name": table_name, "schema_name": schema}
        if context.run_name_filters(found["name"], "check_constraint", parents):
            yield _Found(found["name"], found["sqltext"])


def _name_for(
    check: sa.CheckConstraint, table: sa.Table, taken: set[str | None], dialect: sa.Dialect
) -> str:
    """The name that PostgreSQL would give, so that the constraint can be dropped again anywhere."""
    columns = mentioned(text_of(check.sqltext, dialect), [column.name for column in table.columns])
    folded = {name.casefold() for name in taken if name}
    return name_for("check", table.name, named_by("check", columns), folded)


def _create(table: str, schema: str | None, name: str, text: str, **kw: Any) -> Any:
    return ops.CreateCheckConstraintOp(
        conv(name), table, sa.text(literally(text)), schema=schema, **kw
    )


def _drop(table: str, schema: str | None, name: str, text: str) -> ops.DropConstraintOp:
    """The drop of what the database has, which a downgrade creates again as it was."""
    reverse = _create(table, schema, name, text)
    return undone_by(ops.DropConstraintOp(conv(name), table, type_="check", schema=schema), reverse)


def complete_new_tables(context: Any, upgrade: ops.UpgradeOps, schemas: Any) -> None:
    """New tables get the CHECKs within their columns, but none for another database."""
    for operation in upgrade.ops:
        if isinstance(operation, ops.CreateTableOp):
            key = f"{operation.schema}.{operation.table_name}" if operation.schema else None
            table = context.table_key_to_table[key or operation.table_name]
            items = [item for item in operation.columns if meant(item, context)]
            constraints = [item for item in items if isinstance(item, sa.Constraint)]
            within = [c for c in checks_of(table) if isinstance(c.parent, sa.Column)]
            operation.columns = [
                *(item for item in items if not isinstance(item, sa.Constraint)),
                *(
                    _of_table(item, context.dialect) if item in within else item
                    for item in as_declared([*constraints, *within])
                ),
            ]


def _of_table(check: Any, dialect: sa.Dialect) -> sa.CheckConstraint:
    """A CHECK within a column as one of its table."""
    return sa.CheckConstraint(literally(sql_of(check.sqltext, dialect)), name=check.name)


def name_of(item: Any, dialect: sa.Dialect) -> str | None:
    """The name of a model's constraint or index in the database: by convention, and cut."""
    if item.name is None:
        return None
    preparer = dialect.identifier_preparer
    is_index = isinstance(item, sa.Index)
    formatted = preparer.format_index(item) if is_index else preparer.format_constraint(item)
    if formatted is None:
        return None
    return str(preparer.unformat_identifiers(undoubled(str(formatted), dialect))[-1])


def meant(item: Any, context: Any) -> bool:
    """Whether a constraint or an index of a model is for this database, going by its ``ddl_if``.

    An index of nothing is for none.
    """
    if isinstance(item, sa.Index) and not item.expressions:
        return False
    dialects = dialects_of(item)
    return dialects is None or context.dialect.name in dialects


def as_written(text: str, dialect: sa.Dialect) -> str:
    """A database's text for a revision: SQLite has it from a revision, the others reword it."""
    return text if dialect.name == "sqlite" else plain(text)
