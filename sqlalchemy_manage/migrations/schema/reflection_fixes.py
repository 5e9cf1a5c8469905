"""What SQLAlchemy's reflection leaves out of a schema, added to it.

Types that it does not know, or takes for others. MariaDB: defaults that are expressions and
the comments after them, ON UPDATE, CHECKs within a column's definition, and DESC in an
index. SQLite: expressions, COLLATE and DESC in an index, what is computed by which column,
and constraints without a name. One query a schema, and one more where there are unknown
types.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, MutableMapping
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from ...sql.dialects import MARIADB
from ...sql.raw import RawType
from ...sql.tokens import Token, split, words_of
from .create_table import expression_of, read_table, unescaped
from .doubled_quotes import read_backticks, undouble_quotes
from .postgresql_constraints import complete_constraints
from .sqlite_types import name_declared_types
from .unnamed import FACTS, complete_names

Facts = Mapping[str, MutableMapping[str, Any] | None]
"""``columns``, ``indexes``, ...: what the Inspector's ``get_multi_`` methods say, by table."""


def complete(connection: sa.Connection, schema: str | None, facts: Facts) -> None:
    """Add to ``facts`` of a schema, in place."""
    name_types(connection, schema or connection.dialect.default_schema_name, facts["columns"] or {})
    if connection.dialect.name == "sqlite":
        _complete_sqlite(connection, schema, facts)
    elif connection.dialect.name in MARIADB:
        read_backticks(connection, schema, facts)
        _complete_mariadb(connection, schema, facts)
    elif connection.dialect.name == "postgresql":
        name = schema or connection.dialect.default_schema_name
        uniques, exclusions = facts["unique_constraints"], facts["exclude_constraints"]
        assert uniques is not None and exclusions is not None
        complete_constraints(connection, name, uniques, exclusions)


_TYPES = {
    "postgresql": """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND c.relname IN :tables
  AND (n.nspname = :schema OR CAST(:schema AS text) IS NULL AND n.oid = pg_my_temp_schema())
""",
    "mysql": """
SELECT table_name, column_name, column_type FROM information_schema.columns
WHERE table_schema = :schema AND table_name IN :tables
""",
}


def name_types(
    connection: sa.Connection, schema: str | None, columns: Mapping[str, Iterable[Any]]
) -> None:
    """Give columns of a type that SQLAlchemy does not know a :class:`RawType`.

    ``columns`` are what the Inspector says, by table; without a schema, PostgreSQL's tables
    are temporary ones.
    """
    unknown = {
        (table, column["name"]): column
        for table, found in columns.items()
        for column in found
        if isinstance(getattr(column["type"], "item_type", column["type"]), sa.types.NullType)
    }
    name = "mysql" if connection.dialect.name in MARIADB else connection.dialect.name
    if unknown and name in _TYPES:
        query = sa.text(_TYPES[name]).bindparams(sa.bindparam("tables", expanding=True))
        tables = sorted({table for table, _ in unknown})
        for table, column, words in connection.execute(query, {"schema": schema, "tables": tables}):
            if (table, column) in unknown:
                unknown[table, column]["type"] = RawType(words)


_COLUMNS = """
SELECT 'column', table_name, column_name, column_default, extra, column_comment
FROM information_schema.columns WHERE table_schema = {schema}
  AND (extra LIKE '%on update%' OR column_default LIKE '%(%')
"""
_DESCENDING = """
UNION ALL SELECT 'desc', table_name, index_name, column_name, '', ''
FROM information_schema.statistics WHERE table_schema = {schema} AND collation = 'D'
"""
_CHECKS = """
UNION ALL SELECT 'check', table_name, '', check_clause, '', ''
FROM information_schema.check_constraints WHERE constraint_schema = {schema} AND level = 'Column'
"""


def _complete_mariadb(connection: sa.Connection, schema: str | None, facts: Facts) -> None:
    query = _COLUMNS + _DESCENDING
    if getattr(connection.dialect, "is_mariadb", False):
        query += _CHECKS  # MySQL makes constraints of the table out of them
    rows = connection.execute(
        sa.text(query.format(schema="COALESCE(:schema, DATABASE())")), {"schema": schema}
    )
    for kind, table, name, text, extra, comment in rows:
        if kind == "column":
            _complete_column(_named(facts["columns"], table, name), text, extra, comment)
        elif kind == "check" and (is_json := re.fullmatch(r"json_valid\(`(.*)`\)", text)):
            # JSON is a LONGTEXT with that CHECK; the type by its name brings one along.
            column = _named(facts["columns"], table, is_json[1].replace("``", "`"))
            if column is not None and isinstance(column["type"], mysql.LONGTEXT):
                column["type"] = mysql.JSON()
            checks, own = facts["check_constraints"] or {}, {"name": None, "sqltext": text}
            checks[table] = [check for check in checks.get(table, ()) if check != own]
        elif kind == "check" and facts["check_constraints"] is not None:
            checks = facts["check_constraints"].setdefault(table, [])
            if {"name": None, "sqltext": text} not in checks:
                checks.append({"name": None, "sqltext": text})
        elif kind == "desc":
            index = _named(facts["indexes"], table, name)
            if index is not None:
                index.setdefault("column_sorting", {})[text] = ("desc",)


def _complete_column(column: Any, default: str | None, extra: str, comment: str) -> None:
    if column is None or column.get("computed"):
        return
    # A default in parentheses is where SQLAlchemy stops reading the column.
    column["comment"] = column.get("comment") or comment or None
    if column["default"] is None and default not in (None, "NULL"):
        column["default"] = f"({default})" if "DEFAULT_GENERATED" in extra else default
    place = extra.lower().find("on update")
    if place >= 0 and " on update " not in str(column["default"]).lower():
        update = extra[place + len("on update") :].strip()
        column["default"] = f"{column['default'] or 'NULL'} ON UPDATE {update}"


def _named(found: Mapping[str, Any] | None, table: str, name: str) -> Any:
    return next((item for item in (found or {}).get(table, ()) if item["name"] == name), None)


def _complete_sqlite(connection: sa.Connection, schema: str | None, facts: Facts) -> None:
    name_declared_types(connection, schema, facts["columns"] or {})
    undouble_quotes(facts["check_constraints"], '"')
    quote = connection.dialect.identifier_preparer.quote
    rows = connection.exec_driver_sql(
        f"SELECT type, tbl_name, name, sql FROM {quote(schema or 'main')}.sqlite_master"
        " WHERE type IN ('index', 'table') AND sql IS NOT NULL AND tbl_name NOT GLOB 'sqlite_*'"
    ).all()
    for kind, table, name, sql in rows:
        if kind == "table":
            complete_computed(sql, (facts["columns"] or {}).get(table, ()))
            if '""' in sql:
                _unescape_names(facts, table)
            complete_names(sql, table, partial(_of, facts, table))
            if "autoincrement" in sql.lower() and read_table(sql).counts:
                options = facts["table_options"]
                if options is not None:
                    options.setdefault(table, {})["sqlite_autoincrement"] = True
        elif facts["indexes"] is not None:
            _complete_index(facts["indexes"], table, name, sql)


def _unescape_names(facts: Facts, table: str) -> None:
    keys = [(facts["pk_constraint"] or {}).get(table) or {}]
    others = [(facts[kind] or {}).get(table) or [] for kind in FACTS.values()]
    for item in itertools.chain(keys, *others):
        if item.get("name"):
            item["name"] = unescaped(item["name"])


def _of(facts: Facts, table: str, kind: str) -> list[Any] | None:
    found = facts[kind]
    return None if found is None else found.setdefault(table, [])


def complete_computed(create_table: str, columns: Iterable[Any]) -> None:
    """Give computed ``columns`` of SQLite the expressions that the CREATE TABLE has for them.

    SQLAlchemy looks for the name anywhere: ``total`` gets what ``subtotal`` computes.
    """
    computed = [column for column in columns if column.get("computed")]
    if not computed:
        return
    expressions = {
        column.name: expression_of(clause).strip()
        for column in read_table(create_table).columns
        for clause in column.clauses
        if clause.kind == "generated"
    }
    for column in computed:
        sqltext = expressions.get(column["name"].casefold(), column["computed"]["sqltext"])
        column["computed"] = column["computed"] | {"sqltext": sqltext}


def _complete_index(indexes: MutableMapping[str, Any], table: str, name: str, sql: str) -> None:
    keys, where = index_parts(sql)
    if all(len(key) == 1 for key in keys):
        return  # nothing but columns: SQLAlchemy has it all
    found: dict[str, Any] = {
        "name": name,
        "unique": int(words_of(sql, "sqlite")[1].text.lower() == "unique"),
        "column_names": [],
        "expressions": [],
        "column_sorting": {},
    }
    for key in keys:
        order = key[-1].text.lower()
        if order in ("asc", "desc"):
            key = key[:-1]
        is_column = len(key) == 1 and key[0].kind in ("word", "quoted")
        text = key[0].name if is_column else sql[key[0].start : key[-1].end]
        found["column_names"].append(text if is_column else None)
        found["expressions"].append(text)
        if order == "desc":
            found["column_sorting"][text] = ("desc",)
    if None not in found["column_names"]:
        del found["expressions"]
    if where:
        found["dialect_options"] = {"sqlite_where": sa.text(where)}
    others = [index for index in indexes.get(table, ()) if index["name"] != name]
    indexes[table] = sorted([*others, found], key=lambda index: str(index["name"]))


def index_parts(sql: str) -> tuple[list[list[Token]], str]:
    """The keys of a CREATE INDEX, each in words, and its predicate."""
    found = words_of(sql, "sqlite")
    start = next(i for i, token in enumerate(found) if token.text == "(") + 1
    keys = list(split(found[start:]))
    where = found[start + sum(len(key) + 1 for key in keys) :]
    return keys, sql[where[0].end :].strip() if where else ""
