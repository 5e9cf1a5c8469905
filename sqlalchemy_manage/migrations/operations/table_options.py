"""``op.alter_table_options``: MariaDB's engine, row format and character set of a table."""

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
"""The options of an operation, and how a statement says them."""


@dataclass(eq=False)
class AlterTableOptionsOp(Operation):
    """Give a table other ``options`` than the ``existing`` ones; only MariaDB has any.

    ``engine``, ``row_format``, ``key_block_size``, ``charset`` and ``collate``. Columns
    that have the character set of the table get the new one.
    """

    verb = "alter_table_options"
    compared = ("table_name", "options", "existing")
    outside_batch = True

    table_name: str
    options: Mapping[str, str]
    _: KW_ONLY
    existing: Mapping[str, str]
    schema: str | None = None

    def reverse(self) -> AlterTableOptionsOp:
        return replace(self, options=self.existing, existing=self.options)

    def describe(self) -> Change:
        said = ", ".join(f"{key} {value}" for key, value in self.options.items())
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
    if write.dialect.name not in MARIADB:
        return
    table = write.name(operation.schema, operation.table_name)
    steps = [f"{SQL[key]} = {value}" for key, value in operation.options.items()]
    if not write.offline and {"charset", "collate"} & set(operation.options):
        steps += _inheriting(shown_columns(write.connection, table))
    write.execute(f"ALTER TABLE {table} {', '.join(steps)}")


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
