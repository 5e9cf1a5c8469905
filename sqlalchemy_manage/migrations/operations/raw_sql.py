"""SQL that is sent untouched, whoever runs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import ExecutableDDLElement

from ...sqlalchemy_internals import doubles_percents


class Sql(ExecutableDDLElement):
    """A statement as it is: no parameters, and no colon or percent sign with a meaning."""

    def __init__(self, text: str) -> None:
        self.text = text


@compiles(Sql)
def _compile(element: Sql, compiler: Any, **kw: Any) -> str:
    # What the driver's own formatting would take for a placeholder.
    return element.text.replace("%", "%%") if doubles_percents(compiler.preparer) else element.text


class Writer:
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
        quote = self.dialect.identifier_preparer.quote
        return self.undoubled(".".join(quote(part) for part in parts if part))

    def literal(self, value: str) -> str:
        compiled = sa.literal(value, sa.String()).compile(
            dialect=self.dialect, compile_kwargs={"literal_binds": True}
        )
        return self.undoubled(str(compiled))

    def literals(self, values: Sequence[str]) -> str:
        return ", ".join(map(self.literal, values))

    def undoubled(self, text: str) -> str:
        """Compiled ``text`` for ``execute``."""
        # Sql doubles all of them in the end.
        double = doubles_percents(self.dialect.identifier_preparer)
        return text.replace("%%", "%") if double else text

    def execute(self, text: str) -> None:
        self.operations.execute(Sql(text))

    def rows(self, text: str) -> Sequence[Any]:
        return self.connection.execute(Sql(text)).all()
