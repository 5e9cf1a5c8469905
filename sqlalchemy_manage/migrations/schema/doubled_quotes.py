"""Names with a quote in them, which SQLAlchemy reads doubled, or on MariaDB not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from itertools import groupby
from typing import Any

import sqlalchemy as sa

_TEXTS = ("sqltext", "default", "comment", "type", "computed")
"""What is no name."""

_FOREIGN_KEYS = """
SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_schema,
  k.referenced_table_name, k.referenced_column_name, r.update_rule, r.delete_rule
FROM information_schema.key_column_usage k
JOIN information_schema.referential_constraints r
  ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
  AND r.table_name = k.table_name
WHERE k.table_schema = :schema AND k.referenced_table_name LIKE '%`%'
ORDER BY k.table_name, k.constraint_name, k.ordinal_position
"""


def read_backticks(
    connection: sa.Connection,
    schema: str | None,
    facts: Mapping[str, MutableMapping[str, Any] | None],
) -> None:
    """MariaDB: set the names in ``facts`` right, and add the foreign keys that are missing."""
    for tables in facts.values():
        undouble_quotes(tables, "`")
    keys = facts["foreign_keys"]
    if keys is not None and any("`" in table for table in facts["columns"] or ()):
        for table, key in _missing_keys(connection, schema):
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


def _missing_keys(
    connection: sa.Connection, schema: str | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    name = schema or connection.dialect.default_schema_name
    rows = connection.execute(sa.text(_FOREIGN_KEYS), {"schema": name}).all()
    for (table, constraint), parts in groupby(rows, key=lambda row: (row[0], row[1])):
        columns = list(parts)
        _, _, _, referred_schema, referred, _, *rules = columns[0]
        said = zip(("onupdate", "ondelete"), rules, strict=True)
        yield (
            table,
            {
                "name": constraint,
                "constrained_columns": [row[2] for row in columns],
                "referred_schema": None if referred_schema == name else referred_schema,
                "referred_table": referred,
                "referred_columns": [row[5] for row in columns],
                "options": {k: v for k, v in said if v not in ("RESTRICT", "NO ACTION")},
            },
        )
