"""``op.alter_table_options``: options of a table.

MariaDB's engine, row format and character set; SQLite's AUTOINCREMENT, STRICT, WITHOUT ROWID.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

from alembic.operations import Operations

from ...sql.dialects import MARIADB
from ...sql.raw import shown_columns
from ...sql.tokens import words_of
from ..questions import dotted
from ..revisions.describe import Change
from .base import Operation
from .raw_sql import SqlWriter
from .rendering import call

SQL = {
    "engine": "ENGINE",
    "row_format": "ROW_FORMAT",
    "key_block_size": "KEY_BLOCK_SIZE",
    "charset": "DEFAULT CHARACTER SET",
    "collate": "DEFAULT COLLATE",
}
"""MariaDB's options, and how a statement says them."""

SQLITE = {
    "autoincrement": ("not AUTOINCREMENT", "AUTOINCREMENT"),
    "strict": ("not STRICT", "STRICT"),
    "with_rowid": ("WITHOUT ROWID", "with rowid"),
}
"""SQLite's, and how they are described when they are off and on."""


@dataclass(eq=False)
class AlterTableOptionsOp(Operation):
    """Give a table other ``options`` than the ``existing`` ones, where the database has them.

    MariaDB: ``engine``, ``row_format``, ``key_block_size``, ``charset`` and ``collate``.
    Columns that have the character set of the table get the new one. SQLite:
    ``autoincrement``, ``strict`` and ``with_rowid``, each True or False.
    """

    verb = "alter_table_options"
    compared = ("table_name", "options", "existing")
    outside_batch = True

    table_name: str
    options: Mapping[str, str | bool]
    _: KW_ONLY
    existing: Mapping[str, str | bool]
    schema: str | None = None

    def reverse(self) -> AlterTableOptionsOp:
        return replace(self, options=self.existing, existing=self.options)

    def describe(self) -> Change:
        said = ", ".join(
            SQLITE[key][bool(value)] if key in SQLITE else f"{key} {value}"
            for key, value in self.options.items()
        )
        table = dotted(self.schema, self.table_name)
        return Change("~", f"table {table}: {said}", f"{self.table_name}_options", self.table_name)


def render(context: Any, operation: AlterTableOptionsOp) -> str:
    table, options = repr(str(operation.table_name)), repr(dict(operation.options))
    return call(
        context,
        operation.verb,
        operation,
        table,
        options,
        existing=dict(operation.existing),
    )


def alter(operations: Operations, operation: AlterTableOptionsOp) -> None:
    write = SqlWriter(operations)
    if write.dialect.name == "sqlite":
        _alter_on_sqlite(operations, operation)
    if write.dialect.name not in MARIADB:
        return
    table = write.name(operation.schema, operation.table_name)
    steps = [f"{SQL[key]} = {value}" for key, value in operation.options.items() if key in SQL]
    if not write.offline and {"charset", "collate"} & set(operation.options):
        steps += _inheriting(shown_columns(write.connection, table))
    if steps:
        write.execute(f"ALTER TABLE {table} {', '.join(steps)}")


def _alter_on_sqlite(operations: Operations, operation: AlterTableOptionsOp) -> None:
    given = {f"sqlite_{k}": bool(v) for k, v in operation.options.items() if k in SQLITE}
    if given:
        with operations.batch_alter_table(
            operation.table_name,
            schema=operation.schema,
            recreate="always",
            table_kwargs=given,
        ):
            pass


_TEXTS = re.compile(r"(tiny|medium|long)?text|(var)?char|enum|set")
_OWN = {"character", "collate", "json_valid"}


def _inheriting(columns: Mapping[str, str]) -> Iterator[str]:
    """The columns that have the table's character set, to be given its new one.

    A statement about the table alone would leave them the old one. JSON always has its own.
    """
    for name, definition in columns.items():
        words = [word.text.lower() for word in words_of(definition, "mysql") if word.kind == "word"]
        if _TEXTS.fullmatch(words[0]) and not _OWN & set(words):
            yield f"MODIFY {name} {definition}"
