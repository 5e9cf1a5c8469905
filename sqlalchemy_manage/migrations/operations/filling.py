"""``op.fill_nulls``: rows without a value in a column get one."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations, ops

from ...sql.raw import literally
from ..questions import Key, dotted
from ..revisions.describe import Change
from .base import Operation
from .rendering import call
from .values import python, undecorated


@dataclass(eq=False)
class FillNullsOp(Operation):
    """Set ``column_name`` to ``value``, or to the SQL expression ``sql``, where it is NULL.

    ``type_`` binds the value, for a value that the driver does not take as it is.

    Nothing is left to undo once the column is gone, or may be NULL again.
    """

    verb = "fill_nulls"

    table_name: str
    column_name: str
    value: Any = None
    _: KW_ONLY
    type_: Any = None
    sql: str | None = None
    schema: str | None = None

    @classmethod
    def of(
        cls, key: Key, column: sa.Column[Any], *, value: Any = None, sql: str | None = None
    ) -> FillNullsOp:
        """The operation for a column of a model."""
        return cls(key[1], column.name, value, type_=column.type, sql=sql, schema=key[0])

    def reverse(self) -> FillNullsOp:
        return self

    def to_diff_tuple(self) -> tuple[Any, ...]:
        value = self.value if self.sql is None else self.sql
        return (self.verb, self.schema, self.table_name, self.column_name, value)

    def describe(self) -> Change:
        shown = self.sql if self.sql is not None else repr(self.value)
        where = dotted(self.schema, self.table_name, self.column_name)
        # The column gives the revision its name.
        return Change("~", f"fill {where} with {shown} where it is NULL", "", self.table_name)


class FilledOp(ops.AlterColumnOp):
    """A column that was added nullable and filled becomes NOT NULL."""

    def describe(self) -> Change:
        where = dotted(self.schema, self.table_name, self.column_name)
        return Change("~", f"alter column {where}: NOT NULL", "", self.table_name)


def fill(operations: Operations, operation: FillNullsOp) -> None:
    column = sa.column(operation.column_name, operation.type_)
    table = sa.table(operation.table_name, column, schema=operation.schema)
    value = operation.value
    if operation.sql is not None:
        value = sa.text(literally(operation.sql))
    elif operation.type_ is None and operations.get_context().as_sql:
        value = sa.literal(value)  # written out, which needs a type; a driver does without
    operations.execute(table.update().where(column.is_(None)).values({column: value}))


def render(context: Any, operation: FillNullsOp) -> str:
    arguments = [repr(str(operation.table_name)), repr(str(operation.column_name))]
    if operation.sql is not None:
        arguments.append(f"sql={operation.sql!r}")
    else:
        value, needed = python(operation.value)
        if needed:
            context.imports.add(needed)
        arguments.append(value)
        if type_ := _type(operation.type_, context.opts["sqlalchemy_module_prefix"]):
            arguments.append(f"type_={type_}")
    return call(context, "fill_nulls", operation, *arguments)


def _type(type_: Any, prefix: str) -> str | None:
    """The type that binds a value of a column of ``type_``; None where any driver can."""
    type_ = undecorated(type_)
    if isinstance(type_, sa.Enum):
        if not (type_.native_enum and type_.name):
            return None
        schema = f", schema={type_.schema!r}" if type_.schema else ""
        return f"{prefix}Enum({', '.join(map(repr, type_.enums))}, name={type_.name!r}{schema})"
    if isinstance(type_, sa.Uuid):
        return f"{prefix}Uuid(as_uuid=False)"
    for kind in (sa.Boolean, sa.Numeric, sa.DateTime, sa.Date, sa.Time, sa.Interval, sa.JSON):
        if isinstance(type_, kind) and not isinstance(type_, sa.Float):
            return f"{prefix}{kind.__name__}()"
    return None
