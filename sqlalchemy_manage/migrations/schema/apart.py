"""PostgreSQL's tables that are not the history's business, though an Inspector lists them.

A partition, or another child of a table, comes and goes with the rows; a table of an
extension with the extension; and a table in a schema that only the ``search_path`` names
stands in that schema, not in the default one.
"""

from __future__ import annotations

import sqlalchemy as sa

from ...links.catalog import NOT_SYSTEM
from ..questions import Key

_QUERY = f"""
SELECT n.nspname, c.relname, pg_table_is_visible(c.oid),
  EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhrelid = c.oid) OR EXISTS (
    SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass
    AND d.deptype = 'e')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND {NOT_SYSTEM}
"""


def tables_apart(connection: sa.Connection) -> set[Key]:
    """The tables that are to be left alone, unless a model has one of that name."""
    if connection.dialect.name != "postgresql":
        return set()
    default = connection.dialect.default_schema_name
    found: set[Key] = set()
    for schema, name, visible, apart in connection.exec_driver_sql(_QUERY):
        if apart:
            found.add((None if schema == default else schema, name))
        if visible and schema != default:
            found.add((None, name))
    return found
