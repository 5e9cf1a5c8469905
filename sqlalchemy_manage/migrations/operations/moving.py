"""``op.move_table``: to another schema, with its rows and all that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alembic.operations import Operations

from ...errors import MigrationError
from ...sql.dialects import MARIADB
from ..questions import dotted
from ..revisions.describe import Change
from .base import Operation
from .raw_sql import SqlWriter
from .rendering import call


@dataclass(eq=False)
class MoveTableOp(Operation):
    """Move a table to ``new_schema`` (None: the default one); nothing is copied.

    Its indexes, constraints and sequences go along, and foreign keys to it follow. On
    MariaDB a schema is a database; SQLite has none.
    """

    verb = "move_table"
    compared = ("table_name", "new_schema")

    table_name: str
    new_schema: str | None
    schema: str | None = None

    def reverse(self) -> MoveTableOp:
        return MoveTableOp(self.table_name, self.schema, self.new_schema)

    def describe(self) -> Change:
        old, new = (dotted(s, self.table_name) for s in (self.schema, self.new_schema))
        words = f"move table {old} to {new if self.new_schema else 'the default schema'}"
        return Change("~", words, f"move_{self.table_name}", self.table_name)


def move_table(operations: Operations, operation: MoveTableOp) -> None:
    write = SqlWriter(operations)
    name = write.dialect.name
    if name == "sqlite":
        raise MigrationError(
            f"op.move_table: SQLite has no schemas, so {operation.table_name} cannot be moved.",
            "Let the revision do it only where there are some: "
            'if op.get_context().dialect.name != "sqlite": ...',
        )
    schema = operation.new_schema or write.dialect.default_schema_name
    table = write.name(operation.schema, operation.table_name)
    if name in MARIADB:
        if schema is None:
            raise MigrationError(
                f"op.move_table of {operation.table_name} to the default schema: its name is "
                "that of the database; it cannot be shown as SQL without one."
            )
        write.execute(f"RENAME TABLE {table} TO {write.name(schema, operation.table_name)}")
    else:
        write.execute(f"ALTER TABLE {table} SET SCHEMA {write.name(schema or 'public')}")


def render(context: Any, operation: MoveTableOp) -> str:
    names = (str(operation.table_name), operation.new_schema)
    return call(context, operation.verb, operation, *map(repr, names))
