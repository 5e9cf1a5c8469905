"""Everything in a database, as one flat dictionary: what exists, and how it is defined.

Two databases of one kind can be compared entry by entry, without models: their server
writes both definitions in the same way.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import CompileError, SAWarning

from ...databases.engines import is_bookkeeping
from ...links.catalog import NOT_SYSTEM, dotted
from .apart import tables_apart
from .snapshot import Snapshot


class Thing(NamedTuple):
    """What a database has: its kind, and where it is (``schema`` None: the default one).

    ``table`` is empty for what belongs to none. A constraint without a name has its
    definition for one, a primary key none.
    """

    kind: str
    schema: str | None
    table: str
    name: str

    def __str__(self) -> str:
        if self.kind == "column":
            return f"column {self.owner}.{self.name}"
        if self.table:
            return _words(self.kind, self.name, "of", self.owner)
        return f"{self.kind} {dotted((self.schema, self.name))}"

    @property
    def owner(self) -> str:
        """The table, with its schema."""
        return dotted((self.schema, self.table))


Contents = dict[Thing, dict[str, str]]
"""Each thing with its properties in words."""


def read_contents(
    connection: sa.Connection, schemas: Iterable[str | None] | None = None
) -> Contents:
    """What is in these schemas (None: the default one), else in all but the system's own.

    Alembic's version table and the tool's own tables are left out, and on PostgreSQL the
    tables_apart and what belongs to an extension.
    """
    inspector = Snapshot(connection)
    wanted = set(_schemas(connection, inspector) if schemas is None else schemas)
    foreign = tables_apart(connection)
    found: Contents = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # a type that SQLAlchemy does not know
        for schema in wanted:
            for thing, properties in _tables(connection, inspector, schema):
                found[thing] = properties
    for kind, schema, table, name, definition in _others(connection):
        if schema in wanted:
            found[Thing(kind, schema, table, name)] = {"definition": definition}
    return {
        thing: properties
        for thing, properties in found.items()
        if not is_bookkeeping(thing.table or thing.name)
        and (thing.schema, thing.table or thing.name) not in foreign
    }


def _schemas(connection: sa.Connection, inspector: Snapshot) -> Iterator[str | None]:
    yield None
    if connection.dialect.name == "postgresql":
        for name in inspector.get_schema_names():
            if not name.startswith("pg_") and name not in (
                "information_schema",
                inspector.default_schema_name,
            ):
                yield name


def _tables(
    connection: sa.Connection, inspector: Snapshot, schema: str | None
) -> Iterator[tuple[Thing, dict[str, str]]]:
    def several(kind: str) -> Iterator[tuple[str, Any]]:
        try:
            found = getattr(inspector, f"get_multi_{kind}")(schema=schema)
        except NotImplementedError:
            return
        for (_, table), facts in found.items():
            yield table, facts

    def thing(kind: str, table: str, item: Any, definition: str) -> Thing:
        return Thing(kind, schema, table, item.get("name") or definition)

    properties: dict[str, dict[str, str]] = {t: {} for t, _ in several("columns")}
    for table, comment in several("table_comment"):
        properties[table]["comment"] = str(comment.get("text") or "")
    for table, options in several("table_options"):
        for option, value in options.items():
            properties[table][option.partition("_")[2]] = str(value)
    for table, facts in properties.items():
        yield Thing("table", schema, "", table), facts
    for table, columns in several("columns"):
        for column in columns:
            yield thing("column", table, column, ""), _column(column, connection.dialect)
    for table, key in several("pk_constraint"):
        if key and key["constrained_columns"]:
            text = _list(key["constrained_columns"])
            yield thing("primary key", table, key, ""), {"definition": text}
    for table, keys in several("foreign_keys"):
        for key in keys:
            target = dotted((key["referred_schema"], key["referred_table"]))
            text = (
                f"{_list(key['constrained_columns'])} -> {target} {_list(key['referred_columns'])}"
            )
            text = _words(text, _options(key.get("options")))
            yield thing("foreign key", table, key, text), {"definition": text}
    for table, constraints in several("unique_constraints"):
        for item in constraints:
            if not item.get("duplicates_index"):
                options = _options(item.get("dialect_options"))
                text = _words(_list(item["column_names"]), options)
                yield thing("unique constraint", table, item, text), {"definition": text}
    for kind in ("check", "exclude"):
        for table, constraints in several(f"{kind}_constraints"):
            for item in constraints:
                text = " ".join(str(item["sqltext"]).split())
                yield thing(f"{kind} constraint", table, item, text), {"definition": text}
    for table, indexes in several("indexes"):
        for item in indexes:
            if not item.get("duplicates_constraint"):
                names = item.get("expressions") or item["column_names"]
                text = _words(
                    "unique" if item["unique"] else "",
                    _list(names),
                    _options(item.get("column_sorting")),
                    _options(item.get("dialect_options")),
                )
                yield thing("index", table, item, text), {"definition": text}


def _column(column: Any, dialect: sa.Dialect) -> dict[str, str]:
    properties = {
        "type": _type(column["type"], dialect),
        "nullable": "nullable" if column["nullable"] else "NOT NULL",
        # MariaDB writes its database's name before that of a sequence.
        "default": str(column.get("default") or "").replace(
            f"`{dialect.default_schema_name}`.", ""
        ),
        "comment": str(column.get("comment") or ""),
    }
    for name in ("computed", "identity"):
        if column.get(name):
            properties[name] = _options(column[name])
    return properties


def _type(kind: Any, dialect: sa.Dialect) -> str:
    try:
        return str(kind.compile(dialect=dialect))
    except CompileError:
        return repr(kind)


def _words(*words: str) -> str:
    return " ".join(filter(None, words))


def _list(names: Iterable[Any]) -> str:
    return f"({', '.join(map(str, names))})"


def _options(options: Any) -> str:
    """Options in words; those that say nothing are left out, so that they need not be equal."""
    # As text: SQLite's predicate is an SQL construct, which has no truth value.
    shown = {key: "" if value is None else str(value) for key, value in (options or {}).items()}
    kept = [
        f"{k}={v}" for k, v in sorted(shown.items()) if v not in ("", "False", "[]", "{}", "()")
    ]
    return f"[{', '.join(kept)}]" if kept else ""


_NO_EXTENSION = (
    "NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = {0}.oid AND d.deptype = 'e'"
    " AND d.classid = '{1}'::regclass)"
)
_OTHERS = {
    "sqlite": (
        "SELECT type, NULL, CASE type WHEN 'trigger' THEN tbl_name ELSE '' END, name, sql"
        " FROM sqlite_master WHERE type IN ('view', 'trigger')",
    ),
    "postgresql": (
        "SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, n.nspname, '',"
        " c.relname, pg_get_viewdef(c.oid) FROM pg_class c JOIN pg_namespace n"
        " ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')"
        f" AND {NOT_SYSTEM} AND {_NO_EXTENSION.format('c', 'pg_class')}",
        "SELECT 'trigger', n.nspname, c.relname, t.tgname, pg_get_triggerdef(t.oid)"
        " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE NOT t.tgisinternal AND {NOT_SYSTEM}",
        "SELECT 'function', n.nspname, '',"
        " p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',"
        " pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        f" WHERE p.prokind IN ('f', 'p') AND {NOT_SYSTEM}"
        f" AND {_NO_EXTENSION.format('p', 'pg_proc')}",
        "SELECT 'enum type', n.nspname, '', t.typname,"
        " (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_enum e"
        " WHERE e.enumtypid = t.oid) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
        f" WHERE t.typtype = 'e' AND {NOT_SYSTEM} AND {_NO_EXTENSION.format('t', 'pg_type')}",
        "SELECT 'sequence', n.nspname, '', s.relname, '' FROM pg_class s"
        " JOIN pg_namespace n ON n.oid = s.relnamespace"
        f" WHERE s.relkind = 'S' AND {NOT_SYSTEM}"
        " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = s.oid"
        " AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i', 'e'))",
    ),
    "mysql": (
        "SELECT 'view', NULL, '', table_name, view_definition FROM information_schema.views"
        " WHERE table_schema = DATABASE()",
        "SELECT 'trigger', NULL, event_object_table, trigger_name,"
        " CONCAT_WS(' ', action_timing, event_manipulation, action_statement)"
        " FROM information_schema.triggers WHERE event_object_schema = DATABASE()",
        "SELECT LOWER(routine_type), NULL, '', routine_name, routine_definition"
        " FROM information_schema.routines WHERE routine_schema = DATABASE()",
    ),
}
_OTHERS["mariadb"] = _OTHERS["mysql"]


def _others(connection: sa.Connection) -> Iterator[tuple[str, str | None, str, str, str]]:
    """Kind, schema, table, name and definition of what is not part of a table."""
    default = connection.dialect.default_schema_name
    # MariaDB writes its database's name into each view.
    here = re.compile(rf"`{re.escape(str(default))}`\.")
    for query in _OTHERS.get(connection.dialect.name, ()):
        for kind, schema, table, name, definition in connection.exec_driver_sql(query):
            text = here.sub("", " ".join(str(definition or "").split()))
            yield kind, None if schema == default else schema, table or "", name, text
