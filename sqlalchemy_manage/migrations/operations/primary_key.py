"""``op.replace_primary_key``: one operation, since MariaDB needs both halves in one statement.

Between a drop and an addition its AUTO_INCREMENT column would be without a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from alembic.operations import Operations

from ...sql.dialects import MARIADB
from ...sql.raw import shown_columns
from ...sql.tokens import quoted
from ..questions import dotted
from ..revisions.describe import Change
from .base import Operation
from .implementations import UNNAMED
from .raw_sql import SqlWriter
from .rendering import call
from .rules import primary_key, rows_named


@dataclass(eq=False)
class ReplacePrimaryKeyOp(Operation):
    """Make ``columns`` the primary key instead of ``old``; either may be empty.

    ``autoincrement`` is the column that MariaDB counts up; it must come first in the
    key. Foreign keys that refer to the old key have to be dropped before.
    """

    verb = "replace_primary_key"
    compared = ("table_name", "old", "columns")
    outside_batch = True

    table_name: str
    columns: Sequence[str]
    _: KW_ONLY
    old: Sequence[str]
    name: str | None = None
    old_name: str | None = None
    autoincrement: str | None = None
    old_autoincrement: str | None = None
    schema: str | None = None

    def __post_init__(self) -> None:
        self.columns, self.old = list(self.columns), list(self.old)

    def reverse(self) -> ReplacePrimaryKeyOp:
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

    def describe(self) -> Change:
        table = dotted(self.schema, self.table_name)
        if self.columns == self.old:
            words = f"primary key of {table}: {self.old_name} renamed to {self.name}"
        else:
            words = f"primary key of {table}: {_listed(self.old)} to {_listed(self.columns)}"
        return Change("~", words, f"{self.table_name}_primary_key", self.table_name)


def _listed(columns: Sequence[str]) -> str:
    return f"({', '.join(columns)})" if columns else "none"


def render(context: Any, operation: ReplacePrimaryKeyOp) -> str:
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


_OLD = "_sqlalchemy_manage_old"


def replace(operations: Operations, operation: ReplacePrimaryKeyOp) -> None:
    write = SqlWriter(operations)
    if write.dialect.name == "sqlite":
        _replace_on_sqlite(operations, operation)
        return
    is_mariadb = write.dialect.name in MARIADB
    steps: list[str] = []
    if operation.columns == operation.old:
        if is_mariadb or not (operation.name and operation.old_name):
            return  # the key has no name there
        old, new = write.name(operation.old_name), write.name(operation.name)
        steps.append(f"RENAME CONSTRAINT {old} TO {new}")
    else:
        old_name = operation.old_name or f"{operation.table_name}_pkey"
        if operation.old:
            named = f"CONSTRAINT IF EXISTS {write.name(old_name)}"
            steps.append(f"DROP {'PRIMARY KEY' if is_mariadb else named}")
        if operation.columns:
            name = f"CONSTRAINT {write.name(operation.name)} " if operation.name else ""
            columns = ", ".join(map(write.name, operation.columns))
            steps.append(f"ADD {name}PRIMARY KEY ({columns})")
        if is_mariadb and not write.offline:
            steps += _counting(write, operation)
    if steps:
        table = write.name(operation.schema, operation.table_name)
        rule = primary_key(write.dialect, operation.name or "", operation.columns)
        where = operation.schema, operation.table_name
        with rows_named(operations.impl, *where, lambda _: [rule] if operation.columns else []):
            write.execute(f"ALTER TABLE {table} {', '.join(steps)}")


def _counting(write: SqlWriter, operation: ReplacePrimaryKeyOp) -> Iterator[str]:
    """MariaDB: which columns stop and start to be AUTO_INCREMENT, which only a key allows."""
    table = write.name(operation.schema, operation.table_name)
    for name, shown in shown_columns(write.connection, table).items():
        definition = re.sub(r" AUTO_INCREMENT\b", "", shown)
        counts = name == quoted(operation.autoincrement or "", "`")
        counted = definition != shown
        if counts and not counted and operation.columns[:1] == [operation.autoincrement]:
            yield f"MODIFY {name} {definition} AUTO_INCREMENT"
        elif counted and not counts:
            yield f"MODIFY {name} {definition}"


def _replace_on_sqlite(operations: Operations, operation: ReplacePrimaryKeyOp) -> None:
    with operations.batch_alter_table(
        operation.table_name,
        schema=operation.schema,
        recreate="always",
        # Alembic drops and creates keys by name only.
        naming_convention={"pk": _OLD},
    ) as batch:
        if operation.old:
            batch.drop_constraint(operation.old_name or _OLD, type_="primary")
        if operation.columns:
            batch.create_primary_key(operation.name or UNNAMED, list(operation.columns))
