"""How a server spells the types of columns: FLOAT(10) is REAL to it, TEXT(50) is TINYTEXT.

Two types are the same where the server makes the same of both. It is asked, with a
temporary table of one column, only where the words differ, and once for each type.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ...sql.dialects import MARIADB
from ...sql.raw import undoubled
from .server_form import temporary

_NAME = "sqlalchemy_manage_type"
_WIDTHS = {"INTEGER": 11, "BIGINT": 20, "SMALLINT": 6, "MEDIUMINT": 9, "TINYINT": 4}
_USUAL = {
    "postgresql": {"FLOAT": "DOUBLE PRECISION"},
    "mysql": {name: f"{name}({width})" for name, width in _WIDTHS.items()} | {"BOOL": "TINYINT(1)"},
}
"""The words for the types that most models have: it need not be asked about them."""


class ServerTypes:
    """What a server makes of types; each answer is kept."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.dialect = connection.dialect
        name = "mysql" if self.dialect.name in MARIADB else self.dialect.name
        self._usual = _USUAL.get(name, {})
        self._made: dict[tuple[str, str], str | None] = {}

    def same(self, there: sa.Column[Any], wanted: sa.Column[Any]) -> bool | None:
        """Whether a column of the database has the type of the model's; None if unknown.

        That is so where the server refuses the temporary table, and of types that have no
        DDL of their own.
        """
        with suppress(SQLAlchemyError):
            old, new = self._words(there), self._words(wanted)
            if self._plain(old) == self._plain(new):
                return True
            made = self._made_of(new, _options(there.table))
            return None if made is None else made == old
        return None

    def _words(self, column: sa.Column[Any]) -> str:
        compiler = self.dialect.type_compiler_instance
        return undoubled(compiler.process(column.type, type_expression=column), self.dialect)

    def _plain(self, words: str) -> str:
        words = self._usual.get(words, words)
        return re.sub(r"^NUMERIC\b", "DECIMAL", words) if self._usual is _USUAL["mysql"] else words

    def _made_of(self, words: str, options: str) -> str | None:
        if (words, options) not in self._made:
            create = f"CREATE TEMPORARY TABLE {_NAME} (c {words}){options}"
            self._made[words, options] = None
            with suppress(SQLAlchemyError):
                column = temporary(self.connection, _NAME, create).columns["c"]
                self._made[words, options] = self._words(sa.Column("c", column["type"]))
        return self._made[words, options]


def _options(table: sa.Table) -> str:
    """MariaDB: the character set of a table, which is that of its columns."""
    found = {
        key.partition("_")[2]: value
        for key, value in table.kwargs.items()
        if key.endswith(("_default charset", "_collate"))
    }
    charset, collation = found.get("default charset"), found.get("collate")
    options = f" CHARACTER SET {charset}" if charset else ""
    return options + (f" COLLATE {collation}" if collation else "")
