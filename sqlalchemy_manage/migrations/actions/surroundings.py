"""What a history finds in its database and did not make: extensions, schemas, collations, domains.

A DBA made them by hand. A replay needs the same, so a scratch database gets them from the
real one first, unless a revision makes them itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ...database_settings import Database
from ...databases.engines import connecting, create_engine
from ...errors import DatabaseError
from ...links.catalog import NOT_SYSTEM
from ...project import Project
from ...sql.raw import execute
from ..revisions.history import History

_NO_EXTENSION = (
    "NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = {0}.oid AND d.deptype = 'e'"
    " AND d.classid = '{1}'::regclass)"
)
# A column of pg_collation has other names from version to version.
_QUERIES = (
    "SELECT 'schema', n.nspname, format('CREATE SCHEMA IF NOT EXISTS %I', n.nspname)"
    f" FROM pg_namespace n WHERE {NOT_SYSTEM} AND n.nspname <> 'public'",
    "SELECT 'extension', e.extname, format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA %I CASCADE',"
    " e.extname, n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
    " WHERE e.extname <> 'plpgsql' ORDER BY e.oid",
    "SELECT 'collation', c.collname, format('CREATE COLLATION %I.%I (provider = %s, %s,"
    " deterministic = %s)', n.nspname, c.collname, CASE c.collprovider WHEN 'i' THEN 'icu'"
    " WHEN 'b' THEN 'builtin' ELSE 'libc' END, CASE WHEN c.collprovider = 'c'"
    " THEN format('lc_collate = %L, lc_ctype = %L', c.collcollate, c.collctype)"
    " ELSE format('locale = %L', coalesce(to_jsonb(c)->>'colllocale',"
    " to_jsonb(c)->>'colliculocale', c.collcollate)) END, to_jsonb(c.collisdeterministic))"
    " FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace"
    f" WHERE {NOT_SYSTEM} AND {_NO_EXTENSION.format('c', 'pg_collation')} ORDER BY c.oid",
    "SELECT 'domain', t.typname, format('CREATE DOMAIN %I.%I AS %s%s%s%s', n.nspname, t.typname,"
    " format_type(t.typbasetype, t.typtypmod), coalesce(' DEFAULT ' || t.typdefault, ''),"
    " CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END, coalesce((SELECT string_agg("
    "format(' CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), '') FROM pg_constraint k"
    " WHERE k.contypid = t.oid AND k.contype = 'c'), '')) FROM pg_type t"
    " JOIN pg_namespace n ON n.oid = t.typnamespace"
    f" WHERE t.typtype = 'd' AND {NOT_SYSTEM} AND {_NO_EXTENSION.format('t', 'pg_type')}"
    " ORDER BY t.oid",
    "SELECT 'path', '', format('ALTER DATABASE {scratch} SET search_path TO %s', substr(c, 13))"
    " FROM pg_db_role_setting s, unnest(s.setconfig) c, pg_database d WHERE d.oid = s.setdatabase"
    " AND d.datname = current_database() AND s.setrole = 0 AND c LIKE 'search_path=%'",
)


def give_surroundings(project: Project, history: History, scratch: Database) -> bool:
    """Make in ``scratch``, which is empty, what the project's database has around its tables.

    Only what no revision of ``history`` makes by name, and as far as the server lets it;
    returns whether there is anything. None of it exists outside of PostgreSQL.
    """
    if not scratch.url.startswith("postgresql") or not history.by_id:
        return False
    statements: list[str] = []
    with suppress(DatabaseError), project.connect() as connection:
        statements = list(_statements(connection, history))
    if not statements:
        return False
    engine = create_engine(scratch, None, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with connecting(engine) as connection:
        for statement in statements:
            with suppress(DBAPIError):
                execute(connection, statement.replace("{scratch}", str(engine.url.database)))
    return True


def _statements(connection: sa.Connection, history: History) -> Iterator[str]:
    texts = [revision.source for revision in history.revisions]
    for query in _QUERIES:
        for kind, name, statement in execute(connection, query):
            if not _is_made(kind, name, texts):
                yield statement


def _is_made(kind: str, name: str, texts: Iterable[str]) -> bool:
    """Whether a revision has ``CREATE SCHEMA name``, ``CreateSchema("name")`` or the like."""
    makes = re.compile(rf"create[\s_]*{kind}\b[^;\n]{{0,80}}?\b{re.escape(name)}\b", re.IGNORECASE)
    return any(makes.search(text) for text in texts)
