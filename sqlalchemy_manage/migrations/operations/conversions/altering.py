"""What the implementations of all databases do before a column gets another type."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic.ddl.impl import DefaultImpl

from ....sql.raw import stored_name
from ...revisions.expected_loss import Expected
from .kinds import kind_of
from .look import Conversion

_KEPT_AS_OTHERS = ("boolean", "enum", "interval", "json", "uuid")


class LooksAtValues(DefaultImpl):
    """A column gets another type only if its values survive that, or may be lost."""

    expected: Callable[[], Expected | None] = staticmethod(Expected)
    """What the revision being run may lose; a run says so."""

    def look(
        self, table: str, column: str, schema: str | None, old: Any, new: Any, sql: str = ""
    ) -> bool:
        """Whether values will be lost that may be; raises MigrationError for others.

        ``sql``: what the values are, if not the column itself.
        """
        if self.as_sql:
            return False
        assert self.connection is not None
        conversion = Conversion(self.connection, schema, table, column, old, new, sql)
        return conversion.require(self.expected()) is not None

    def type_there(self, table: str, column: str, schema: str | None, written: Any) -> Any:
        """The type that a column has; ``written`` is what the revision says of it, or None.

        It may be written on another database. Only of what is kept as another type it knows
        more than this one.
        """
        if self.as_sql or (written is not None and kind_of(written) in _KEPT_AS_OTHERS):
            return written
        assert self.connection is not None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sa.exc.SAWarning)  # of types that it does not know
            there = stored_name(table, self.connection.dialect)
            columns = sa.inspect(self.connection).get_columns(there, schema=schema)
            column = stored_name(column, self.connection.dialect)
        for found in columns:
            if found["name"] == column and not isinstance(found["type"], sa.types.NullType):
                return found["type"]
        return written
