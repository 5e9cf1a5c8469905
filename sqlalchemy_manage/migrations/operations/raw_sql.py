"""Helpers with which operations write their SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations

from ...sql.raw import Sql, execute, qualified, sql_of


class SqlWriter:
    """Names and literals as the dialect wants them, and the execution of what is made of them."""

    def __init__(self, operations: Operations) -> None:
        self.operations = operations
        self.dialect = operations.get_context().dialect

    @property
    def offline(self) -> bool:
        """Whether the statements are only shown, and no database can be asked."""
        return bool(self.operations.get_context().as_sql)

    @property
    def connection(self) -> sa.Connection:
        return self.operations.get_bind()

    def name(self, *parts: str | None) -> str:
        return qualified(self.dialect, *parts)

    def literal(self, value: str) -> str:
        return sql_of(sa.literal(value, sa.String()), self.dialect)

    def literals(self, values: Sequence[str]) -> str:
        return ", ".join(map(self.literal, values))

    def execute(self, text: str) -> None:
        self.operations.execute(Sql(text))

    def rows(self, text: str) -> Sequence[Any]:
        return list(execute(self.connection, text))

    def block(self, body: str) -> None:
        """Run statements of PostgreSQL with their EXCEPTION part, as an anonymous block."""
        tag = "$do$"
        while tag in body:
            tag = f"{tag[:-1]}o$"
        self.execute(f"DO {tag} BEGIN\n{body}END {tag}")

    def prepared(self, query: str) -> None:
        """MariaDB and MySQL: run the statement that ``query`` makes, if it makes one."""
        for statement in run_what(query):
            self.execute(statement)


def run_what(query: str) -> tuple[str, ...]:
    """The statements of MariaDB and MySQL that run what ``query`` makes of the catalog, if any.

    For SQL that is shown: the database is asked when it runs.
    """
    return (
        f"SET @statement = COALESCE(({query}), 'DO 0')",
        "PREPARE from_catalog FROM @statement",
        "EXECUTE from_catalog",
        "DEALLOCATE PREPARE from_catalog",
    )
