"""Views, functions and triggers as the catalog of a database describes them.

One query for each kind, whatever the number of objects; only named ones are read, so
that a database with thousands of functions costs nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from ..sql.create_statements import bare, clean, database_of, renamed
from ..sql.raw import qualified
from ..sql.tokens import words_of

Wanted = tuple[str, str | None, str]
"""Kind, schema (None: the connection's own) and name of an object to look for."""


@dataclass(frozen=True)
class Definition:
    """An object of the database, and the statement that would create it again.

    ``form`` is what the server makes of it, without its own name and its table's: objects
    of one kind with equal forms do the same.
    """

    kind: str
    schema: str | None
    name: str
    table_name: str | None
    statement: str
    form: tuple[Any, ...]


def read_definitions(connection: sa.Connection, wanted: Collection[Wanted]) -> list[Definition]:
    """Those of the ``wanted`` objects that the database has; functions of one name are several."""
    found: list[Definition] = []
    for kind, reader in _READERS.get(database_of(connection.dialect.name), {}).items():
        names = sorted({name for k, _, name in wanted if k == kind})
        schemas = {schema for k, schema, _ in wanted if k == kind}
        if names:
            found += reader(connection, names, schemas)
    return found


def drop_statement(
    dialect: Dialect,
    kind: str,
    schema: str | None,
    name: str,
    *,
    table_name: str | None = None,
    arguments: str | None = None,
    materialized: bool = False,
) -> str:
    """DROP ... IF EXISTS: a trigger may have gone with its table's rebuilding."""
    target = qualified(dialect, schema, name)
    if dialect.name == "postgresql":
        if kind == "trigger":
            target = f"{qualified(dialect, name)} ON {qualified(dialect, schema, table_name)}"
        elif kind == "function" and arguments is not None:
            target += f"({arguments})"
        elif materialized:
            kind = "materialized view"
    return f"DROP {kind.upper()} IF EXISTS {target}"


def _rows(
    connection: sa.Connection, query: str, names: list[str], schemas: Iterable[str | None]
) -> Iterator[Any]:
    """The rows of a catalog query; their first column, the schema, is None for the home one."""
    home = connection.dialect.default_schema_name
    statement = sa.text(query).bindparams(
        sa.bindparam("names", expanding=True), sa.bindparam("schemas", expanding=True)
    )
    values = {"names": names, "schemas": [schema or home for schema in schemas]}
    for schema, *rest in connection.execute(statement, values):
        yield (None if schema == home else schema, *rest)


# --- PostgreSQL

_PG_FUNCTIONS = """
SELECT n.nspname, p.proname, pg_get_functiondef(p.oid)
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.prokind IN ('f', 'w') AND p.proname IN :names AND n.nspname IN :schemas
ORDER BY p.oid
"""
_PG_VIEWS = """
SELECT n.nspname, c.relname, c.relkind = 'm', c.reloptions, pg_get_viewdef(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND c.relname IN :names AND n.nspname IN :schemas
"""
_PG_TRIGGERS = """
SELECT n.nspname, t.tgname, c.relname, pg_get_triggerdef(t.oid)
FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND t.tgname IN :names AND n.nspname IN :schemas
"""


def _pg_functions(connection: sa.Connection, *wanted: Any) -> Iterator[Definition]:
    for schema, name, text in _rows(connection, _PG_FUNCTIONS, *wanted):
        text = bare(clean(text), "postgresql")
        statement = renamed(text, "postgresql", name=qualified(connection.dialect, schema, name))
        form = renamed(text, "postgresql", name="it")
        yield Definition("function", schema, name, None, statement, (form,))


def _pg_views(connection: sa.Connection, *wanted: Any) -> Iterator[Definition]:
    for schema, name, materialized, options, text in _rows(connection, _PG_VIEWS, *wanted):
        kind = "MATERIALIZED VIEW" if materialized else "VIEW"
        settings = f" WITH ({', '.join(options)})" if options else ""
        statement = (
            f"CREATE {kind} {qualified(connection.dialect, schema, name)}{settings} AS\n{text}"
        )
        form = (sorted(options or ()), text)
        yield Definition("view", schema, name, None, clean(statement), form)


def _pg_triggers(connection: sa.Connection, *wanted: Any) -> Iterator[Definition]:
    for schema, name, table, text in _rows(connection, _PG_TRIGGERS, *wanted):
        statement = renamed(text, "postgresql", table=qualified(connection.dialect, schema, table))
        form = renamed(text, "postgresql", name="it", table="there")
        yield Definition("trigger", schema, name, table, statement, (form,))


# --- SQLite, which keeps each statement as it was written


def _sqlite(kind: str) -> Any:
    def read(
        connection: sa.Connection, names: list[str], schemas: Iterable[str | None]
    ) -> Iterator[Definition]:
        quote = connection.dialect.identifier_preparer.quote
        for schema in schemas:
            query = sa.text(
                f"SELECT name, tbl_name, sql FROM {quote(schema or 'main')}.sqlite_master "
                "WHERE type = :kind AND lower(name) IN :names"
            ).bindparams(sa.bindparam("names", expanding=True))
            values = {"kind": kind, "names": [name.lower() for name in names]}
            for name, table, text in connection.execute(query, values):
                owner = table if kind == "trigger" else None
                yield Definition(kind, schema, name, owner, clean(text), (text,))

    return read


# --- MariaDB and MySQL

# By the schema of its table: by any other column the server looks through all databases.
_MYSQL_TRIGGERS = """
SELECT * FROM (
  SELECT TRIGGER_SCHEMA, TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION,
         LAG(TRIGGER_NAME) OVER (
           PARTITION BY EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, ACTION_TIMING,
                        EVENT_MANIPULATION ORDER BY ACTION_ORDER
         ), ACTION_STATEMENT
  FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA IN :schemas
) t WHERE TRIGGER_NAME IN :names
"""
_MYSQL_VIEWS = """
SELECT TABLE_SCHEMA, TABLE_NAME, VIEW_DEFINITION, CHECK_OPTION, SECURITY_TYPE
FROM information_schema.VIEWS WHERE TABLE_NAME IN :names AND TABLE_SCHEMA IN :schemas
"""
_MYSQL_FUNCTIONS = """
SELECT r.ROUTINE_SCHEMA, r.ROUTINE_NAME, s.DEFAULT_COLLATION_NAME,
       r.DTD_IDENTIFIER, r.CHARACTER_SET_NAME, r.COLLATION_NAME,
       p.PARAMETER_NAME, p.DTD_IDENTIFIER, p.CHARACTER_SET_NAME, p.COLLATION_NAME,
       r.IS_DETERMINISTIC, r.SQL_DATA_ACCESS, r.SECURITY_TYPE, r.ROUTINE_COMMENT,
       r.ROUTINE_DEFINITION
FROM information_schema.ROUTINES r
JOIN information_schema.SCHEMATA s ON s.SCHEMA_NAME = r.ROUTINE_SCHEMA
LEFT JOIN information_schema.PARAMETERS p ON p.SPECIFIC_SCHEMA = r.ROUTINE_SCHEMA
 AND p.SPECIFIC_NAME = r.SPECIFIC_NAME AND p.ORDINAL_POSITION > 0
WHERE r.ROUTINE_TYPE = 'FUNCTION' AND r.ROUTINE_NAME IN :names AND r.ROUTINE_SCHEMA IN :schemas
ORDER BY r.ROUTINE_SCHEMA, r.ROUTINE_NAME, p.ORDINAL_POSITION
"""


def _mysql_triggers(connection: sa.Connection, *wanted: Any) -> Iterator[Definition]:
    for schema, name, table, timing, what, previous, body in _rows(
        connection, _MYSQL_TRIGGERS, *wanted
    ):
        # Dropped and created again it would be the last; FOLLOWS keeps its place.
        follows = f"FOLLOWS {qualified(connection.dialect, previous)} " if previous else ""
        statement = (
            f"CREATE TRIGGER {qualified(connection.dialect, schema, name)} {timing} {what} "
            f"ON {qualified(connection.dialect, schema, table)}\nFOR EACH ROW {follows}{body}"
        )
        yield Definition("trigger", schema, name, table, clean(statement), (timing, what, body))


def _mysql_views(connection: sa.Connection, *wanted: Any) -> Iterator[Definition]:
    for schema, name, text, check, security in _rows(connection, _MYSQL_VIEWS, *wanted):
        invoker = "SQL SECURITY INVOKER " if security == "INVOKER" else ""
        ending = f"\nWITH {check} CHECK OPTION" if check != "NONE" else ""
        home = str(connection.dialect.default_schema_name)
        statement = (
            f"CREATE {invoker}VIEW {qualified(connection.dialect, schema, name)} AS\n"
            f"{_without_home(text, home)}{ending}"
        )
        yield Definition("view", schema, name, None, clean(statement), (text, check, security))


def _without_home(text: str, home: str) -> str:
    """A view's text without the database it was written in, so that it fits others too."""
    words = words_of(text, "mysql")
    quoted_home = f"`{home}`"
    places = [i for i, token in enumerate(words) if token.text == quoted_home]
    if any(i + 1 == len(words) or words[i + 1].text != "." for i in places):
        return text  # something else, an alias, has the same name
    for i in reversed(places):
        text = text[: words[i].start] + text[words[i + 1].end :]
    return text


def _mysql_functions(connection: sa.Connection, *wanted: Any) -> Iterator[Definition]:
    rows = _rows(connection, _MYSQL_FUNCTIONS, *wanted)
    for (schema, name), group in groupby(rows, key=lambda row: (row[0], row[1])):
        parts = list(group)
        usual = parts[0][2]
        arguments = ", ".join(
            f"{qualified(connection.dialect, p[6])} {_mysql_type(usual, *p[7:10])}"
            for p in parts
            if p[6]
        )
        deterministic, access, security, comment, body = parts[0][10:]
        lines = [
            f"({arguments}) RETURNS {_mysql_type(usual, *parts[0][3:6])}",
            "DETERMINISTIC" if deterministic == "YES" else "",
            access if access != "CONTAINS SQL" else "",
            "SQL SECURITY INVOKER" if security == "INVOKER" else "",
            "COMMENT '" + comment.replace("\\", "\\\\").replace("'", "''") + "'" if comment else "",
            body,
        ]
        text = "\n".join(line for line in lines if line)
        statement = f"CREATE FUNCTION {qualified(connection.dialect, schema, name)}{text}"
        form = (f"CREATE FUNCTION it{text}",)
        yield Definition("function", schema, name, None, clean(statement), form)


def _mysql_type(usual: str, text: str, charset: str | None, collation: str | None) -> str:
    special = charset is not None and collation != usual
    return f"{text} CHARSET {charset} COLLATE {collation}" if special else text


_READERS: dict[str, dict[str, Any]] = {
    "sqlite": {"view": _sqlite("view"), "trigger": _sqlite("trigger")},
    "postgresql": {"function": _pg_functions, "view": _pg_views, "trigger": _pg_triggers},
    "mysql": {
        "function": _mysql_functions,
        "view": _mysql_views,
        "trigger": _mysql_triggers,
    },
}
