"""Which texts a column of the database takes for equal, so that they can be compared here.

Only what is frequent and cheap to know: whatever else a database takes for equal shows when it
refuses a row, and is then drawn again.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from ...sql.dialects import MARIADB

_TOGETHER = 500
_ASCII = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_COLLATIONS = sa.text(
    "SELECT column_name, character_set_name, collation_name FROM information_schema.columns "
    "WHERE table_schema = coalesce(:schema, database()) AND table_name = :name "
    "AND collation_name IS NOT NULL"
)


@dataclass(frozen=True)
class Folding:
    """Keys for the values of columns: equal where the database takes the values for equal.

    Without a connection each value is its own key.
    """

    connection: sa.Connection | None

    @cached_property
    def name(self) -> str:
        """The database's."""
        return "" if self.connection is None else self.connection.dialect.name

    def stored(self, columns: Sequence[Any]) -> set[tuple[Any, ...]]:
        """The keys of all rows of a table."""
        if self.connection is None:
            return set()
        rows = self.connection.execute(sa.select(*columns)).all()
        values = zip(*rows, strict=True) if rows else ([] for _ in columns)
        folded = [self.keys(c, list(each)) for c, each in zip(columns, values, strict=True)]
        return set(zip(*folded, strict=True))

    def keys(self, column: Any, values: Sequence[Any]) -> Sequence[Any]:
        """A key for each value of a column."""
        fold = self._fold(column)
        texts = [value for value in values if type(value) is str] if fold else []
        if fold is None or not texts:
            return values
        different = list(dict.fromkeys(texts))
        known = dict(zip(different, fold(different), strict=True))
        return [known[value] if type(value) is str else value for value in values]

    def _fold(self, column: Any) -> Callable[[list[str]], list[Any]] | None:
        kind = column.type
        if self.name in MARIADB:
            return self._weights(column)
        if self.name == "sqlite":
            collation = str(getattr(kind, "collation", None)).upper()
            if collation == "NOCASE":
                return lambda texts: [text.translate(_ASCII) for text in texts]
            if collation == "RTRIM":
                return lambda texts: [text.rstrip(" ") for text in texts]
        if self.name == "postgresql" and kind.__visit_name__ == "CITEXT":
            return lambda texts: [text.lower() for text in texts]
        return None

    def _weights(self, column: Any) -> Callable[[list[str]], list[Any]] | None:
        """MariaDB's: what the collation makes of a text is asked of the server."""
        charset, collation = self._collations(column.table).get(column.name, (None, None))
        if charset is None or collation is None or collation == "binary":
            return None
        one = f"WEIGHT_STRING(CONVERT(%s USING {charset}) COLLATE {collation})"
        padded = "nopad" not in collation

        def fold(texts: list[str]) -> list[Any]:
            assert self.connection is not None
            found: list[Any] = []
            asked = [text.rstrip(" ") if padded else text for text in texts]
            if collation.endswith("_bin"):
                return asked
            for start in range(0, len(asked), _TOGETHER):
                some = tuple(asked[start : start + _TOGETHER])
                query = f"SELECT {', '.join([one] * len(some))}"
                found += self.connection.exec_driver_sql(query, some).one()
            return found

        return fold

    def _collations(self, table: sa.Table) -> dict[str, tuple[str, str]]:
        assert self.connection is not None
        known: dict[Any, Any] = self.connection.info.setdefault("sqlalchemy_manage.collations", {})
        if table.fullname not in known:
            place = {"schema": table.schema, "name": table.name}
            rows = self.connection.execute(_COLLATIONS, place)
            known[table.fullname] = {row[0]: (row[1], row[2]) for row in rows}
        found: dict[str, tuple[str, str]] = known[table.fullname]
        return found
