"""Primary keys: other columns, another order, another name. Alembic compares none of them.

``op.replace_primary_key`` is one operation, since MariaDB needs both halves in one
statement: between them an AUTO_INCREMENT column would be without a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.operations import Operations, ops
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority, PriorityDispatchResult

from .checks import name_of
from .implementations import UNNAMED, literally
from .rendering import call
from .words import Change


def setup(plugin: Plugin) -> None:
    name, last = "sqlalchemy_manage.keys", DispatchPriority.LAST
    plugin.add_autogenerate_comparator(_compare, "table", name, priority=last)
    plugin.add_autogenerate_comparator(_make_way, "schema", name, priority=last)


@Operations.register_operation("replace_primary_key")
class ReplacePrimaryKeyOp(ops.MigrateOperation):
    """Another primary key in the place of the old one; either may be of no column."""

    outside_batch = True

    def __init__(
        self,
        table_name: str,
        columns: Sequence[str],
        *,
        old: Sequence[str],
        name: str | None = None,
        old_name: str | None = None,
        autoincrement: str | None = None,
        old_autoincrement: str | None = None,
        schema: str | None = None,
    ) -> None:
        self.table_name = table_name
        self.columns = list(columns)
        self.old = list(old)
        self.name = name
        self.old_name = old_name
        self.autoincrement = autoincrement
        self.old_autoincrement = old_autoincrement
        self.schema = schema

    @classmethod
    def replace_primary_key(
        cls, operations: Operations, table_name: str, columns: Sequence[str], **kw: Any
    ) -> None:
        """Make ``columns`` the primary key instead of ``old``.

        ``autoincrement`` is the column that MariaDB counts up; it must come first in the
        key. Foreign keys that refer to the old key have to be dropped before.
        """
        operations.invoke(cls(table_name, columns, **kw))

    def reverse(self) -> ops.MigrateOperation:
        return ReplacePrimaryKeyOp(
            self.table_name,
            self.old,
            old=self.columns,
            name=self.old_name,
            old_name=self.name,
            autoincrement=self.old_autoincrement,
            old_autoincrement=self.autoincrement,
            schema=self.schema,
        )

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return ("replace_primary_key", self.schema, self.table_name, self.old, self.columns)

    def describe(self) -> Change:
        table = f"{self.schema}.{self.table_name}" if self.schema else self.table_name
        if self.columns == self.old:
            words = f"primary key of {table}: {self.old_name} renamed to {self.name}"
        else:
            words = f"primary key of {table}: {_listed(self.old)} to {_listed(self.columns)}"
        return Change("~", words, f"{self.table_name}_primary_key", self.table_name)


def _listed(columns: list[str]) -> str:
    return f"({', '.join(columns)})" if columns else "none"


@renderers.dispatch_for(ReplacePrimaryKeyOp)
def _render(context: Any, operation: ReplacePrimaryKeyOp) -> str:
    names = ("name", "old_name", "autoincrement", "old_autoincrement")
    given = {n: str(getattr(operation, n)) for n in names if getattr(operation, n)}
    columns = repr([str(column) for column in operation.columns])
    return call(
        context,
        "replace_primary_key",
        operation,
        repr(str(operation.table_name)),
        columns,
        old=[str(column) for column in operation.old],
        **given,
    )


@Operations.implementation_for(ReplacePrimaryKeyOp)
def _replace(operations: Operations, operation: ReplacePrimaryKeyOp) -> None:
    dialect = operations.impl.dialect
    if dialect.name == "sqlite":
        _replace_on_sqlite(operations, operation)
        return
    is_mariadb = dialect.name in ("mysql", "mariadb")
    quote = dialect.identifier_preparer.quote
    steps: list[str] = []
    if operation.columns == operation.old:
        if is_mariadb or not (operation.name and operation.old_name):
            return  # the key has no name there
        old, new = quote(operation.old_name), quote(operation.name)
        steps.append(f"RENAME CONSTRAINT {old} TO {new}")
    else:
        old_name = operation.old_name or f"{operation.table_name}_pkey"
        if operation.old:
            steps.append(
                "DROP PRIMARY KEY" if is_mariadb else f"DROP CONSTRAINT IF EXISTS {quote(old_name)}"
            )
        if operation.columns:
            name = f"CONSTRAINT {quote(operation.name)} " if operation.name else ""
            columns = ", ".join(map(quote, operation.columns))
            steps.append(f"ADD {name}PRIMARY KEY ({columns})")
        if is_mariadb and not operations.get_context().as_sql:
            steps += _counting(operations, operation)
    if steps:
        table = _table(dialect, operation)
        operations.execute(sa.text(literally(f"ALTER TABLE {table} {', '.join(steps)}")))


def _table(dialect: sa.Dialect, operation: ReplacePrimaryKeyOp) -> str:
    quote = dialect.identifier_preparer.quote
    return ".".join(quote(part) for part in (operation.schema, operation.table_name) if part)


def _counting(operations: Operations, operation: ReplacePrimaryKeyOp) -> Iterator[str]:
    """MariaDB: which columns stop and start to be AUTO_INCREMENT, which only a key allows."""
    connection = operations.get_bind()
    table = _table(connection.dialect, operation)
    shown = str(connection.exec_driver_sql(f"SHOW CREATE TABLE {table}").one()[1])
    for line in shown.splitlines():
        column = re.match(r"\s+(`(?:[^`]|``)+`) (.*?),?$", line)
        if column is None:
            continue
        definition = re.sub(r" AUTO_INCREMENT\b", "", column[2])
        counts, counted = column[1] == _backticked(operation.autoincrement), definition != column[2]
        if counts and not counted and operation.columns[:1] == [operation.autoincrement]:
            yield f"MODIFY {column[1]} {definition} AUTO_INCREMENT"
        elif counted and not counts:
            yield f"MODIFY {column[1]} {definition}"


def _backticked(name: str | None) -> str:
    return "`" + (name or "").replace("`", "``") + "`"


def _replace_on_sqlite(operations: Operations, operation: ReplacePrimaryKeyOp) -> None:
    with operations.batch_alter_table(
        operation.table_name, schema=operation.schema, recreate="always"
    ) as batch:
        if operation.old_name:
            batch.drop_constraint(operation.old_name, type_="primary")
        # Alembic insists on a name here.
        batch.create_primary_key(operation.name or UNNAMED, operation.columns)


def _compare(
    context: Any,
    modify: ops.ModifyTableOps,
    schema: str | None,
    table_name: str,
    conn_table: sa.Table | None,
    table: sa.Table | None,
) -> PriorityDispatchResult:
    if conn_table is None or table is None:
        return PriorityDispatchResult.CONTINUE
    there = context.inspector.get_pk_constraint(table_name, schema=schema) or {}
    old, old_name = list(there.get("constrained_columns") or ()), there.get("name")
    key = table.primary_key
    columns = [column.name for column in _in_order(key)]
    name = name_of(key, context.dialect)
    renamed = bool(name and old_name and name != old_name)
    if old == columns and not renamed:
        return PriorityDispatchResult.CONTINUE
    counted = table.autoincrement_column
    operation = ReplacePrimaryKeyOp(
        table_name,
        columns,
        old=old,
        name=name,
        old_name=old_name,
        autoincrement=None if counted is None else counted.name,
        old_autoincrement=_counted(context, schema, table_name, old),
        schema=schema,
    )
    # A column of the old key can be nullable only when it is one no more.
    loosened = [
        op
        for op in modify.ops
        if isinstance(op, ops.AlterColumnOp) and op.modify_nullable and op.column_name in old
    ]
    modify.ops = [op for op in modify.ops if op not in loosened] + [operation, *loosened]
    return PriorityDispatchResult.CONTINUE


def _in_order(key: sa.PrimaryKeyConstraint) -> list[sa.Column[Any]]:
    """The columns as CREATE TABLE lists them: by themselves, a counted one goes first."""
    implicit = getattr(key, "_implicit_generated", False)
    return list(key.columns_autoinc_first) if implicit else list(key.columns)


def _counted(context: Any, schema: str | None, table_name: str, old: list[str]) -> str | None:
    for column in context.inspector.get_columns(table_name, schema=schema):
        if column["name"] in old and column.get("autoincrement") is True:
            return str(column["name"])
        if [column["name"]] == old and isinstance(column["type"], sa.Integer):
            return str(column["name"])
    return None


def _make_way(context: Any, upgrade: ops.UpgradeOps, schemas: Any) -> PriorityDispatchResult:
    """Foreign keys that refer to a key that goes are dropped before, and made again after it."""
    for modify in _modifies(upgrade):
        for operation in list(modify.ops):
            if (
                isinstance(operation, ReplacePrimaryKeyOp)
                and operation.old
                and operation.columns != operation.old
            ):
                _make_way_for(context, upgrade, modify, operation, schemas)
    upgrade.ops = [
        op for op in upgrade.ops if not (isinstance(op, ops.ModifyTableOps) and not op.ops)
    ]
    return PriorityDispatchResult.CONTINUE


def _modifies(upgrade: ops.UpgradeOps) -> list[ops.ModifyTableOps]:
    return [op for op in upgrade.ops if isinstance(op, ops.ModifyTableOps)]


def _make_way_for(
    context: Any,
    upgrade: ops.UpgradeOps,
    modify: ops.ModifyTableOps,
    operation: ReplacePrimaryKeyOp,
    schemas: Any,
) -> None:
    before: list[Any] = []
    after: list[Any] = []
    dropped = {(op.schema, op.table_name) for op in upgrade.ops if isinstance(op, ops.DropTableOp)}
    for schema, table, foreign in _referring(context, operation, schemas):
        drop = _drop_foreign_key(table, schema, foreign)
        mine = [
            (holder, op)
            for holder in _modifies(upgrade)
            if (holder.schema, holder.table_name) == (schema, table)
            for op in holder.ops
            if isinstance(op, ops.DropConstraintOp) and op.constraint_name == foreign["name"]
        ]
        if mine:
            drop = mine[0][1]
            mine[0][0].ops.remove(drop)
        elif (schema, table) not in dropped:
            after.append(ops.ModifyTableOps(table, [drop.reverse()], schema=schema))
        if (schema, table) not in dropped:
            before.append(ops.ModifyTableOps(table, [drop], schema=schema))
    target = (operation.schema, operation.table_name)
    for holder in _modifies(upgrade):
        for op in list(holder.ops):
            if isinstance(op, ops.CreateForeignKeyOp) and (
                (op.kw.get("referent_schema"), op.referent_table) == target
            ):
                holder.ops.remove(op)
                after.append(ops.ModifyTableOps(holder.table_name, [op], schema=holder.schema))
    place = upgrade.ops.index(modify)
    upgrade.ops[place : place + 1] = [*before, modify, *after]


def _referring(
    context: Any, operation: ReplacePrimaryKeyOp, schemas: Any
) -> Iterator[tuple[str | None, str, Any]]:
    default = context.dialect.default_schema_name
    for schema in schemas:
        found = context.inspector.get_multi_foreign_keys(schema=schema)
        for (_, table), keys in sorted(found.items(), key=lambda item: item[0][1]):
            for foreign in keys:
                if (
                    foreign["name"]
                    and foreign["referred_table"] == operation.table_name
                    and (foreign["referred_schema"] or default) == (operation.schema or default)
                    and set(foreign["referred_columns"]) == set(operation.old)
                ):
                    yield schema, table, foreign


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
    return ops.DropConstraintOp(
        foreign["name"], table, type_="foreignkey", schema=schema, _reverse=reverse
    )
