"""PostgreSQL's constraints as far as SQLAlchemy does not read them.

Exclusion constraints, and whether a UNIQUE is checked at once or at the end of a transaction.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import sqlalchemy as sa

_QUERY = """
SELECT c.relname, o.conname, o.contype = 'x', o.condeferred, pg_get_constraintdef(o.oid)
FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (o.contype = 'x' OR o.contype = 'u' AND o.condeferrable)
  AND (n.nspname = :schema OR CAST(:schema AS text) IS NULL AND n.oid = pg_my_temp_schema())
ORDER BY 1, 2
"""


def complete_constraints(
    connection: sa.Connection,
    schema: str | None,
    uniques: MutableMapping[str, Any],
    exclusions: MutableMapping[str, Any],
) -> None:
    """Add to what the Inspector says of a schema's UNIQUEs, and list the exclusion constraints.

    Both by table. Without a schema those of the temporary tables.
    """
    rows = connection.execute(sa.text(_QUERY), {"schema": schema})
    for table, name, is_exclusion, deferred, definition in rows:
        if is_exclusion:
            found = exclusions.setdefault(table, [])
            found.append({"name": name, "sqltext": definition})
            continue
        for unique in uniques.get(table, ()):
            if unique["name"] == name:
                # SQLAlchemy gives these to the UniqueConstraint that it makes.
                more = {"deferrable": True} | ({"initially": "DEFERRED"} if deferred else {})
                unique["dialect_options"] = unique.get("dialect_options", {}) | more
