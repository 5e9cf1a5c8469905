"""Whether an interrupted step was done: the database is asked.

MariaDB carries a DDL statement out whole or not at all
(https://mariadb.com/kb/en/atomic-ddl/), so it was carried out if what it names is not
defined as it was before. PostgreSQL leaves an INVALID index where CREATE INDEX
CONCURRENTLY did not come to its end
(https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY).
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Iterator

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from .... import advice
from ....errors import Locked
from ....sql.dialects import MARIADB
from ....sql.raw import undoubled

_LITERAL = re.compile(r"'(?:[^'\\]|''|\\.)*'")
_NAME = re.compile(r"`((?:[^`]|``)+)`|([\w$]+)")
_QUALIFIER = re.compile(r"(`(?:[^`]|``)+`)\s*\.|\b([\w$]+)\.(?=[\w`$])")
_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")

# One database each: asked otherwise, the server looks through all of them.
_TABLES = """
SELECT table_name, table_type FROM information_schema.tables
WHERE table_schema = :schema AND table_name IN :names ORDER BY 1
"""
# Asked if a statement has the word in it.
_OTHERS = {
    "TRIGGER": "SELECT trigger_name, event_object_table, action_timing,"
    " event_manipulation, action_order, action_statement FROM information_schema.triggers"
    " WHERE event_object_schema = :schema"
    " AND (trigger_name IN :names OR event_object_table IN :names) ORDER BY 1",
    "FUNCTION|PROCEDURE|PACKAGE": "SELECT routine_type, routine_name,"
    " routine_definition, dtd_identifier FROM information_schema.routines"
    " WHERE routine_schema = :schema AND routine_name IN :names ORDER BY 1, 2",
    "EVENT": "SELECT event_name, event_definition, status, starts,"
    " interval_value, interval_field FROM information_schema.events"
    " WHERE event_schema = :schema AND event_name IN :names ORDER BY 1",
    "DATABASE|SCHEMA": "SELECT schema_name, default_collation_name"
    " FROM information_schema.schemata WHERE schema_name = :schema",
}


def fingerprint(connection: sa.Connection, statement: str) -> str | None:
    """MariaDB and MySQL: how everything that ``statement`` names is defined now; else None."""
    if connection.dialect.name not in MARIADB:
        return None
    text = undoubled(_LITERAL.sub(" ", statement), connection.dialect)
    found = [quoted.replace("``", "`") or plain for quoted, plain in _NAME.findall(text)]
    names = sorted({name for name in found if len(name) <= 64})
    schemas = {str(connection.exec_driver_sql("SELECT DATABASE()").scalar())}
    schemas |= {(a or b).strip("`").replace("``", "`") for a, b in _QUALIFIER.findall(text)}
    if re.search(r"\b(?:DATABASE|SCHEMA)\b", text, re.IGNORECASE):
        schemas |= set(names)
    digest = hashlib.sha256()
    for schema in sorted(schemas):
        for line in _defined(connection, text, names, schema):
            digest.update(line.encode())
    return digest.hexdigest()


def _defined(
    connection: sa.Connection, statement: str, names: list[str], schema: str
) -> Iterator[str]:
    quote = connection.dialect.identifier_preparer.quote_identifier

    def ask(query: str) -> Iterable[sa.Row]:  # type: ignore[type-arg]
        text, asked = sa.text(query), {"schema": schema}
        if ":names" in query:
            text = text.bindparams(sa.bindparam("names", names, expanding=True))
        return connection.execute(text, asked).all()

    for name, kind in ask(_TABLES):
        what = "VIEW" if "VIEW" in kind else "TABLE"
        shown = connection.exec_driver_sql(
            # Quoted for a driver that formats: a % in a name is doubled already.
            f"SHOW CREATE {what} {quote(schema)}.{quote(name)}"
        ).one()
        yield f"{schema}.{name} {_COUNTER.sub('', str(shown[1]), count=1)}\n"
    for words, query in _OTHERS.items():
        if re.search(rf"\b(?:{words})\b", statement, re.IGNORECASE):
            yield from (f"{schema} {tuple(row)}\n" for row in ask(query))


_CONCURRENT_INDEX = re.compile(
    r"\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    r"(?P<name>\"(?:[^\"]|\"\")+\"|\w+)\s+ON\s+(?:ONLY\s+)?"
    r"(?P<table>(?:\"(?:[^\"]|\"\")+\"|[\w$]+)(?:\.(?:\"(?:[^\"]|\"\")+\"|[\w$]+))?)",
    re.IGNORECASE,
)
_CONCURRENT_DROP = re.compile(
    r"\s*DROP\s+INDEX\s+CONCURRENTLY\s+(?:IF\s+EXISTS\s+)?(?P<name>[^\s;,]+)", re.IGNORECASE
)
_INDEX = """
SELECT n.nspname, c.relname, i.indisvalid FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indrelid = to_regclass(:table) AND c.relname = :name
"""


def clear_the_way(connection: sa.Connection, statement: str) -> None:
    """Drop the INVALID index that an earlier CREATE INDEX CONCURRENTLY of this name left."""
    index = _index_of(connection, statement)
    if index is not None and not index.indisvalid:
        quote = connection.dialect.identifier_preparer.quote_identifier
        name = f"{quote(index.nspname)}.{quote(index.relname)}"
        connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY {name}")


def _index_of(connection: sa.Connection, statement: str) -> sa.Row | None:  # type: ignore[type-arg]
    if connection.dialect.name != "postgresql":
        return None
    created = _CONCURRENT_INDEX.match(statement)
    if created is None:
        return None
    name = created["name"]
    name = name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
    return connection.execute(sa.text(_INDEX), {"table": created["table"], "name": name}).first()


def was_done(connection: sa.Connection, statement: str, before: str | None) -> bool:
    """Whether a statement whose end nobody saw was done.

    ``before`` is the fingerprint from just before it. False where that cannot be known: such
    statements may be repeated (VACUUM, REINDEX).
    """
    if before is not None:
        return fingerprint(connection, statement) != before
    if connection.dialect.name != "postgresql":
        return False
    if dropped := _CONCURRENT_DROP.match(statement):
        wanted = sa.select(sa.func.to_regclass(dropped["name"]))
        return connection.scalar(wanted) is None
    index = _index_of(connection, statement)
    return index is not None and bool(index.indisvalid)


_RUNNING = {
    "postgresql": "SELECT 1 FROM pg_stat_activity WHERE pid = {0} AND pid <> pg_backend_pid()"
    " AND datname = current_database() AND state = 'active'",
    "mysql": "SELECT 1 FROM information_schema.processlist WHERE id = {0} AND db = DATABASE()"
    " AND id <> CONNECTION_ID() AND command <> 'Sleep'",
}
_RUNNING["mariadb"] = _RUNNING["mysql"]
_SESSION = {
    "postgresql": "SELECT pg_backend_pid()",
    "mysql": "SELECT CONNECTION_ID()",
    "mariadb": "SELECT CONNECTION_ID()",
}


def session_of(connection: sa.Connection) -> int | None:
    """The server's number of this connection."""
    query = _SESSION.get(connection.dialect.name)
    return int(connection.exec_driver_sql(query).scalar_one()) if query else None


def wait_for(connection: sa.Connection, numbers: Iterable[int], wait: float) -> None:
    """Wait until the statements of earlier sessions have ended.

    A server continues a statement whose client was killed. Raises Locked after ``wait``
    seconds.
    """
    query = _RUNNING.get(connection.dialect.name)
    deadline = time.monotonic() + wait
    for number in numbers if query else ():
        while _runs(connection, str(query).format(number)):
            if time.monotonic() >= deadline:
                raise Locked(
                    "The server is still running a statement of the interrupted migration "
                    f"(its process {number}).",
                    f"Wait for it, then: {advice.AFTER_STATEMENT_ENDS}",
                )
            time.sleep(0.1)


def _runs(connection: sa.Connection, query: str) -> bool:
    try:
        if connection.dialect.name == "postgresql":
            # Within a transaction pg_stat_activity stays as it was first read.
            connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
        return connection.exec_driver_sql(query).first() is not None
    except DBAPIError:
        return False  # not every user may look
