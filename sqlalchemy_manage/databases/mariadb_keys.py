"""MariaDB's foreign keys from its catalog: SQLAlchemy reads SHOW CREATE TABLE, and not every name.

It takes a parenthesis in a column's name for the end of the key, and a backtick doubled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa

_FOREIGN_KEYS = """
SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_schema,
  k.referenced_table_name, k.referenced_column_name, r.update_rule, r.delete_rule
FROM information_schema.key_column_usage k
JOIN information_schema.referential_constraints r
  ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
  AND r.table_name = k.table_name
WHERE k.table_schema = :schema AND k.referenced_table_name IS NOT NULL
ORDER BY k.table_name, k.constraint_name, k.ordinal_position
"""


def misread(names: Iterable[str]) -> bool:
    """Whether SQLAlchemy may miss a foreign key between tables and columns of these names."""
    return any("`" in name or ")" in name for name in names)


def catalog_keys(
    connection: sa.Connection, schema: str | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each table with a foreign key, which is told as by the Inspector."""
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
