"""Names with a quote or a parenthesis, which SQLAlchemy reads doubled, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

import sqlalchemy as sa

from ...databases.mariadb_keys import catalog_keys, misread

_TEXTS = ("sqltext", "default", "comment", "type", "computed")
"""What is no name."""


def read_backticks(
    connection: sa.Connection,
    schema: str | None,
    facts: Mapping[str, MutableMapping[str, Any] | None],
) -> None:
    """MariaDB: set the names in ``facts`` right, and add the foreign keys that are missing."""
    for tables in facts.values():
        undouble_quotes(tables, "`")
    keys, columns = facts["foreign_keys"], facts["columns"] or {}
    names = [*columns, *(column["name"] for found in columns.values() for column in found)]
    if keys is not None and misread(names):
        for table, key in catalog_keys(connection, schema):
            if table in columns and key["name"] not in {k["name"] for k in keys.get(table, ())}:
                keys.setdefault(table, []).append(key)


def undouble_quotes(tables: MutableMapping[str, Any] | None, quote: str) -> None:
    """Set the names right in what the Inspector says of ``tables``."""
    for table, found in (tables or {}).items():
        if tables is not None and quote * 2 in str(found):
            tables[table] = _undoubled(found, quote)


def _undoubled(found: Any, quote: str, key: str = "") -> Any:
    if isinstance(found, dict):
        return {_undoubled(k, quote): _undoubled(v, quote, k) for k, v in found.items()}
    if isinstance(found, list):
        return [_undoubled(item, quote) for item in found]
    is_name = isinstance(found, str) and key not in _TEXTS
    return found.replace(quote * 2, quote) if is_name else found
