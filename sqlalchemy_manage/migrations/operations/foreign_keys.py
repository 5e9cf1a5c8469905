"""Foreign keys to names with a dot in them, which a text like ``table.column`` cannot say."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic.operations import Operations, ops

from ...sqlalchemy_internals import target_names
from .rendering import generated_name

_OPTIONS = ("onupdate", "ondelete", "initially", "deferrable", "use_alter", "match")


def create_foreign_key(operations: Operations, operation: ops.CreateForeignKeyOp) -> None:
    """As Alembic, which joins the names that the key refers to with dots."""
    constraint = operation.to_constraint(operations.migration_context)
    schema = operation.kw.get("referent_schema")
    if has_dot(schema, operation.referent_table, *operation.remote_cols):
        constraint = _by_columns(operation, constraint, schema)
    operations.impl.add_constraint(constraint)


def has_dot(*names: str | None) -> bool:
    return any("." in name for name in names if name)


def _by_columns(
    operation: ops.CreateForeignKeyOp, constraint: Any, schema: str | None
) -> sa.ForeignKeyConstraint:
    metadata = sa.MetaData()
    here = (operation.kw.get("source_schema"), operation.source_table)
    names = {here: list(operation.local_cols)}
    names.setdefault((schema, operation.referent_table), []).extend(operation.remote_cols)
    tables = {
        (home, name): sa.Table(
            name, metadata, *(sa.Column(c) for c in dict.fromkeys(columns)), schema=home
        )
        for (home, name), columns in names.items()
    }
    target = tables[schema, operation.referent_table]
    made = sa.ForeignKeyConstraint(
        operation.local_cols,
        [target.columns[name] for name in operation.remote_cols],
        name=constraint.name,
        onupdate=constraint.onupdate,
        ondelete=constraint.ondelete,
        deferrable=constraint.deferrable,
        initially=constraint.initially,
        match=constraint.match,
        **constraint.dialect_kwargs,
    )
    tables[here].append_constraint(made)
    return made


def render_foreign_key(constraint: sa.ForeignKeyConstraint, context: Any) -> str | Literal[False]:
    """A key within a ``create_table``; False where Alembic can write it, with no dot in a name."""
    schema, table, _ = target_names(constraint.elements[0])
    remote = [_column_name(element) for element in constraint.elements]
    if not has_dot(schema, table, *remote):
        return False
    sa_ = context.opts["sqlalchemy_module_prefix"]
    columns = "".join(f", {sa_}Column({name!r})" for name in dict.fromkeys(remote))
    home = f", schema={schema!r}" if schema else ""
    target = f"{sa_}Table({table!r}, {sa_}MetaData(){columns}{home})"
    given = {name: getattr(constraint, name) for name in _OPTIONS}
    options = [f"{name}={value!r}" for name, value in given.items() if value]
    options += [f"{name}={value!r}" for name, value in constraint.dialect_kwargs.items()]
    if constraint.name:
        options.insert(0, f"name={generated_name(context, constraint.name)}")
    local = [element.parent.name for element in constraint.elements]
    keys = ", ".join(f"{target}.c[{name!r}]" for name in remote)
    if len(remote) > 1:
        keys = f"*(target.c[name] for target in [{target}] for name in {remote!r})"
    return f"{sa_}ForeignKeyConstraint({', '.join([repr(local), f'[{keys}]', *options])})"


def _column_name(element: sa.ForeignKey) -> str:
    try:
        return str(element.column.name)
    except sa.exc.NoReferenceError:  # a table that is not there
        return str(target_names(element)[2])
