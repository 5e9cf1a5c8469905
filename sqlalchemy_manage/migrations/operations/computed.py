"""``op.alter_computed``: a column that is computed before or after.

In place where the database can: MariaDB within one kind of storage, PostgreSQL from 17 on.
Otherwise the column is recreated, with the indexes and constraints that go with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.operations import Operations, ops

from ...errors import MigrationError
from ...sql.dialects import MARIADB
from ...sql.raw import sql_of, undoubled
from ...sqlalchemy_internals import ddl_compiler
from ..questions import dotted
from ..revisions.describe import Change
from .base import Operation
from .raw_sql import SqlWriter
from .rendering import call


@dataclass(eq=False)
class AlterComputedOp(Operation):
    """Give a computed column the definition ``column``; its values are computed again.

    A plain ``column`` keeps the values that were computed. A plain ``existing`` loses
    its own.
    """

    verb = "alter_computed"
    compared = ("table_name", "existing", "column")
    outside_batch = True

    table_name: str
    column: sa.Column[Any]
    _: KW_ONLY
    existing: sa.Column[Any]
    schema: str | None = None

    def __post_init__(self) -> None:
        self.column_name = self.column.name
        # Whether entered values are replaced by computed ones.
        self.loses_data = self.existing.computed is None

    def reverse(self) -> AlterComputedOp:
        return replace(self, column=self.existing, existing=self.column)

    def describe(self) -> Change:
        table = dotted(self.schema, self.table_name)
        words = [_in_words(column) for column in (self.existing, self.column)]
        name = str(self.column_name)
        return Change(
            "~",
            f"alter column {table}.{name}: {words[0]} to {words[1]}",
            f"alter_{self.table_name}_{name}",
            self.table_name,
        )


def _in_words(column: sa.Column[Any]) -> str:
    if column.computed is None:
        return "plain"
    stored = {True: " stored", False: " virtual", None: ""}[column.computed.persisted]
    return f"computed{stored} as {column.computed.sqltext}"


def render(context: Any, operation: AlterComputedOp) -> str:
    table = repr(str(operation.table_name))
    columns = []
    for column in (operation.column, operation.existing):
        # Alembic writes a column as part of this operation only.
        addition = ops.AddColumnOp(operation.table_name, column)
        text = renderers.dispatch(addition)(context, addition)
        columns.append(text.partition(f"({table}, ")[2].removesuffix(")"))
    return call(context, "alter_computed", operation, table, columns[0], f"existing={columns[1]}")


def default_arg(column: sa.Column[Any]) -> Any:
    """A plain column's server default, as an argument for another column."""
    return getattr(column.server_default, "arg", None)


def copied(column: sa.Column[Any], nullable: bool | None = None) -> sa.Column[Any]:
    """``column`` without its table."""
    made: Any = None
    if column.computed is not None:
        made = sa.Computed(column.computed.sqltext, persisted=column.computed.persisted)
    return sa.Column(
        column.name,
        column.type,
        *([made] if made is not None else []),
        nullable=column.nullable if nullable is None else nullable,
        server_default=None if made is not None else default_arg(column),
        comment=column.comment,
    )


def alter(operations: Operations, operation: AlterComputedOp) -> None:
    write = SqlWriter(operations)
    if write.dialect.name == "sqlite":
        _alter_on_sqlite(operations, operation)
    elif write.dialect.name in MARIADB:
        _alter_on_mariadb(write, operation)
    else:
        _alter_on_postgresql(write, operation)


def _alter_on_sqlite(operations: Operations, operation: AlterComputedOp) -> None:
    if operations.get_context().as_sql:
        raise MigrationError(
            f"op.alter_computed on SQLite must read the definition of {operation.table_name}; "
            "it cannot be shown as SQL without a database."
        )
    table, schema, column = operation.table_name, operation.schema, operation.column
    found = sa.inspect(operations.get_bind()).get_columns(table, schema=schema)
    names = [item["name"] for item in found]
    place = names.index(column.name)

    def as_plain(inspector: Any, reflected: Any, facts: Any) -> None:
        if facts["name"] == column.name:
            facts.pop("computed", None)  # so that the rebuild copies its values

    with operations.batch_alter_table(
        table,
        schema=schema,
        recreate="always",
        reflect_kwargs={"listeners": [("column_reflect", as_plain)]},
    ) as batch:
        if column.computed is None:
            batch.alter_column(
                column.name,
                type_=column.type,
                nullable=column.nullable,
                server_default=default_arg(column),
            )
            return
        where: Any = {"insert_after": names[place - 1]} if place else {"insert_before": names[1]}
        batch.drop_column(column.name)
        batch.add_column(column, **where)


def _alter_on_mariadb(write: SqlWriter, operation: AlterComputedOp) -> None:
    name = write.name(str(operation.column_name))
    table = write.name(operation.schema, operation.table_name)
    spec = _specification(write, operation)
    stored = [_is_stored(column) for column in (operation.existing, operation.column)]
    if stored[0] == stored[1]:
        # Of the same kind: in place, with the indexes.
        write.execute(f"ALTER TABLE {table} MODIFY {spec}")
        return
    keys = [] if write.offline else list(_keys(write, table, name))
    drops = "".join(f"DROP KEY {key}, " for key, _ in keys)
    adds = "".join(f", ADD {line}" for _, line in keys)
    if operation.column.computed is not None:
        write.execute(f"ALTER TABLE {table} {drops}DROP COLUMN {name}")
        write.execute(f"ALTER TABLE {table} ADD COLUMN {spec}{adds}")
        return
    aside = write.name(f"_plain_{operation.column_name}"[:64])
    nullable = _specification(write, operation, nullable=True)
    write.execute(f"ALTER TABLE {table} ADD COLUMN {aside}{nullable.removeprefix(name)}")
    write.execute(f"UPDATE {table} SET {aside} = {name}")
    write.execute(f"ALTER TABLE {table} {drops}DROP COLUMN {name}")
    write.execute(f"ALTER TABLE {table} CHANGE {aside} {spec}{adds}")


def _is_stored(column: sa.Column[Any]) -> bool:
    """Whether MariaDB has the values on disk: a plain column becomes a stored one in place."""
    return column.computed is None or bool(column.computed.persisted)


def _keys(write: SqlWriter, table: str, name: str) -> Iterator[tuple[str, str]]:
    """The indexes with the column in them: the name, and the line that makes it."""
    backticked = name if name.startswith("`") else f"`{name}`"
    shown = str(write.rows(f"SHOW CREATE TABLE {table}")[0][1])
    for line in shown.splitlines():
        found = re.match(r"\s+((?:UNIQUE )?KEY (`(?:[^`]|``)+`) (\(.*?)),?$", line)
        if found and backticked in found[3]:
            yield found[2], found[1]


def _alter_on_postgresql(write: SqlWriter, operation: AlterComputedOp) -> None:
    operations = write.operations
    name = write.name(str(operation.column_name))
    table = write.name(operation.schema, operation.table_name)
    old, new = operation.existing, operation.column
    version = getattr(write.dialect, "server_version_info", None) or (0,)
    if old.computed is not None and new.computed is None:
        write.execute(f"ALTER TABLE {table} ALTER COLUMN {name} DROP EXPRESSION")
        operations.alter_column(
            operation.table_name,
            str(operation.column_name),
            schema=operation.schema,
            nullable=None if old.nullable == new.nullable else new.nullable,
            server_default=default_arg(new) if new.server_default is not None else False,
            type_=None if repr(old.type) == repr(new.type) else new.type,
        )
    elif (
        version >= (17,)
        and old.computed is not None
        and new.computed is not None
        and old.computed.persisted is not False
        and (repr(old.type), old.nullable) == (repr(new.type), new.nullable)
    ):
        expression = sql_of(new.computed.sqltext, write.dialect)
        statement = f"ALTER TABLE {table} ALTER COLUMN {name} SET EXPRESSION AS ({expression})"
        write.execute(statement)
    else:
        needing: Sequence[str] = ()
        if not write.offline:
            parameters = {"table": table, "column": str(operation.column_name)}
            needing = write.connection.scalars(sa.text(_NEEDING), parameters).all()
        operations.drop_column(
            operation.table_name, str(operation.column_name), schema=operation.schema
        )
        operations.add_column(operation.table_name, new, schema=operation.schema)
        for statement in needing:
            write.execute(statement)


# Indexes and constraints that PostgreSQL drops together with the column.
_NEEDING = """
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_depend d
  ON d.objid = i.indexrelid AND d.classid = 'pg_class'::regclass AND d.refobjid = i.indrelid
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE i.indrelid = CAST(:table AS regclass) AND a.attname = :column
  AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)
UNION SELECT 'ALTER TABLE ' || CAST(:table AS text) || ' ADD CONSTRAINT ' || quote_ident(c.conname)
  || ' ' || pg_get_constraintdef(c.oid)
FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
WHERE c.conrelid = CAST(:table AS regclass) AND a.attname = :column AND c.contype IN ('c', 'u', 'f')
"""


def _specification(write: SqlWriter, operation: AlterComputedOp, **changed: Any) -> str:
    column = copied(operation.column, **changed)
    sa.Table(operation.table_name, sa.MetaData(), column)
    specification = ddl_compiler(write.dialect).get_column_specification(column)
    return undoubled(specification, write.dialect)
