"""The tables, keys and links that a database has, read from its own catalog, a few queries for all.

In the middle of a history the models differ from the database; the catalog does not. It is
read by queries of our own: an Inspector takes a dozen a table on SQLite, and a revision that
changes one table must not pay for a thousand.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa

from ..databases.engines import is_bookkeeping

Name = tuple[str | None, str]
"""Schema (None for the default one) and name."""


@dataclass(frozen=True)
class Column:
    """``place``: PostgreSQL's number of it, which a rename leaves as it is; else 0."""

    name: str
    type: str
    place: int = 0
    generated: bool = False


@dataclass(frozen=True)
class StoredLink:
    """Columns that name a row of ``parent``; as the database knows it, or the models."""

    columns: tuple[str, ...]
    parent: str


@dataclass(frozen=True)
class StoredTable:
    """A table: ``key`` are its primary key's columns, empty without one."""

    name: Name
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    links: tuple[StoredLink, ...] = ()
    oid: int = 0

    @property
    def label(self) -> str:
        return dotted(self.name)

    @property
    def identity(self) -> tuple[str, ...]:
        """What identifies a row: its key; without one, all its links; empty without these too."""
        if self.key:
            return self.key
        return tuple(dict.fromkeys(c for link in self.links for c in link.columns))


@dataclass
class Catalog:
    """What exists, and what acts on what.

    ``children``: the tables that a deletion or an update reaches by itself, through
    cascading keys or inheritance. ``triggered``: tables with triggers or rules. ``routines``
    and ``views``: by their names in lower case, without a schema.
    """

    tables: dict[Name, int] = field(default_factory=dict)
    children: dict[Name, set[Name]] = field(default_factory=dict)
    triggered: set[Name] = field(default_factory=set)
    views: set[str] = field(default_factory=set)
    routines: set[str] = field(default_factory=set)
    files: dict[int, int] = field(default_factory=dict)

    def reached(self, names: Iterable[Name]) -> set[Name]:
        """``names`` with all that is reached from them."""
        found: set[Name] = set()
        open_ = list(names)
        while open_:
            name = open_.pop()
            if name not in found:
                found.add(name)
                open_ += self.children.get(name, ())
        return found


def dotted(name: Name) -> str:
    """``schema.table``, or the table alone in the default schema."""
    return f"{name[0]}.{name[1]}" if name[0] else name[1]


def quoted(connection: sa.Connection, name: Name | str) -> str:
    """A name for SQL in ``exec_driver_sql``, always in quotes."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    parts = (name,) if isinstance(name, str) else name
    return ".".join(quote(part) for part in parts if part)


def read_catalog(connection: sa.Connection, schemas: Collection[str] = ()) -> Catalog:
    """The catalog of a database, without the tool's own tables.

    PostgreSQL: of every schema but the system's; MariaDB: of the connected database and of
    ``schemas``; SQLite: of the main file.
    """
    name = connection.dialect.name
    if name == "sqlite":
        return _sqlite(connection)
    if name == "postgresql":
        return _postgresql(connection)
    return _mysql(connection, schemas)


def read_tables(connection: sa.Connection, names: Mapping[Name, int]) -> dict[Name, StoredTable]:
    """Columns, keys and links of tables that a catalog lists; those that are gone are left out."""
    if not names:
        return {}
    name = connection.dialect.name
    if name == "sqlite":
        return _sqlite_tables(connection, names)
    if name == "postgresql":
        return _postgresql_tables(connection, names)
    return _mysql_tables(connection, names)


def _sqlite(connection: sa.Connection) -> Catalog:
    catalog = Catalog()
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, substr(sql, 1, 24) FROM sqlite_master"
        " WHERE type IN ('table', 'view', 'trigger')"
    ).all()
    virtual = tuple(
        f"{name}_"
        for kind, name, _, sql in rows
        if kind == "table" and re.match(r"\s*CREATE\s+VIRTUAL", sql or "", re.IGNORECASE)
    )
    for kind, name, table, _ in rows:
        if kind == "view":
            catalog.views.add(name.lower())
        elif kind == "trigger":
            catalog.triggered.add((None, table))
        # What a virtual table keeps in tables of its own is not ours to judge.
        elif not is_bookkeeping(name) and not f"{name}_".startswith(("sqlite_", *virtual)):
            catalog.tables[None, name] = 0
    return catalog


def _sqlite_tables(connection: sa.Connection, names: Mapping[Name, int]) -> dict[Name, StoredTable]:
    found = {}
    for name in names:
        table = quoted(connection, name[1])
        columns, key = {}, {}
        for _, column, type_, _, _, place, hidden in connection.exec_driver_sql(
            f"PRAGMA table_xinfo({table})"
        ):
            columns[column] = Column(column, type_.upper(), generated=hidden in (2, 3))
            if place:
                key[place] = column
        if not columns:
            continue
        keys: dict[int, tuple[str, list[str]]] = {}
        for row in connection.exec_driver_sql(f"PRAGMA foreign_key_list({table})"):
            keys.setdefault(row[0], (row[2], []))[1].append(row[3])
        links = tuple(StoredLink(tuple(mine), parent) for parent, mine in keys.values())
        found[name] = StoredTable(name, columns, tuple(key[i] for i in sorted(key)), links)
    return found


NOT_SYSTEM = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"


def _postgresql(connection: sa.Connection) -> Catalog:
    catalog, by_oid = Catalog(), {}
    default = connection.dialect.default_schema_name
    run = connection.exec_driver_sql
    for oid, schema, name, kind, file in run(
        "SELECT c.oid::int8, n.nspname, c.relname, c.relkind::text, c.relfilenode::int8"
        " FROM pg_catalog.pg_class c"
        f" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {NOT_SYSTEM}"
        " AND (c.relkind IN ('v', 'm') OR c.relkind IN ('r', 'p') AND NOT c.relispartition)"
    ):
        if kind in ("v", "m"):
            catalog.views.add(name.lower())
        elif not is_bookkeeping(name):
            by_oid[oid] = key = (None if schema == default else schema, name)
            catalog.tables[key] = oid
            catalog.files[oid] = file
    for child, parent in run(
        "SELECT conrelid::int8, confrelid::int8 FROM pg_catalog.pg_constraint WHERE contype = 'f'"
        " AND (confdeltype IN ('c', 'n', 'd') OR confupdtype IN ('c', 'n', 'd'))"
        " UNION ALL SELECT inhrelid::int8, inhparent::int8 FROM pg_catalog.pg_inherits"
    ):
        if child in by_oid and parent in by_oid:
            catalog.children.setdefault(by_oid[parent], set()).add(by_oid[child])
    for (oid,) in run(
        "SELECT tgrelid::int8 FROM pg_catalog.pg_trigger WHERE NOT tgisinternal UNION ALL"
        " SELECT ev_class::int8 FROM pg_catalog.pg_rewrite WHERE rulename <> '_RETURN'"
    ):
        if oid in by_oid:
            catalog.triggered.add(by_oid[oid])
    for (name,) in run(
        "SELECT p.proname FROM pg_catalog.pg_proc p"
        f" JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE {NOT_SYSTEM}"
        " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d"
        " WHERE d.objid = p.oid AND d.deptype = 'e')"
    ):
        catalog.routines.add(name.lower())
    return catalog


def _postgresql_tables(
    connection: sa.Connection, names: Mapping[Name, int]
) -> dict[Name, StoredTable]:
    oids = ", ".join(str(oid) for oid in names.values())
    columns: dict[int, dict[int, Column]] = {}
    for oid, place, name, type_, generated in connection.exec_driver_sql(
        "SELECT attrelid::int8, attnum, attname, format_type(atttypid, atttypmod),"
        " attgenerated <> '' FROM pg_catalog.pg_attribute"
        f" WHERE attrelid IN ({oids}) AND attnum > 0 AND NOT attisdropped ORDER BY 1, 2"
    ):
        columns.setdefault(oid, {})[place] = Column(name, type_, place, generated)
    keys: dict[int, tuple[str, ...]] = {}
    links: dict[int, list[StoredLink]] = {}
    for oid, kind, places, parent in connection.exec_driver_sql(
        "SELECT k.conrelid::int8, k.contype::text, k.conkey, p.relname"
        " FROM pg_catalog.pg_constraint k LEFT JOIN pg_catalog.pg_class p ON p.oid = k.confrelid"
        f" WHERE k.conrelid IN ({oids}) AND k.contype IN ('p', 'f') AND k.conparentid = 0"
        " ORDER BY k.oid"
    ):
        mine = tuple(columns[oid][place].name for place in places)
        if kind == "p":
            keys[oid] = mine
        else:
            links.setdefault(oid, []).append(StoredLink(mine, parent))
    return {
        name: StoredTable(
            name,
            {column.name: column for column in columns[oid].values()},
            keys.get(oid, ()),
            tuple(links.get(oid, ())),
            oid,
        )
        for name, oid in names.items()
        if oid in columns
    }


def _run(connection: sa.Connection, sql: str, **lists: Sequence[str | None]) -> Any:
    """The rows of a query with ``IN :name`` for each of the lists."""
    parameters: list[Any] = [sa.bindparam(name, expanding=True) for name in lists]
    return connection.execute(sa.text(sql).bindparams(*parameters), lists).all()


def _mysql(connection: sa.Connection, schemas: Collection[str]) -> Catalog:
    default = connection.dialect.default_schema_name
    run = partial(_run, connection, schemas=[default, *schemas])

    def key(schema: str, name: str) -> Name:
        return (None if schema == default else schema, name)

    catalog = Catalog()
    for schema, name, kind in run(
        "SELECT table_schema, table_name, table_type FROM information_schema.tables"
        " WHERE table_schema IN :schemas"
    ):
        if kind == "VIEW":
            catalog.views.add(name.lower())
        elif kind == "BASE TABLE" and not is_bookkeeping(name):
            catalog.tables[key(schema, name)] = 0
    for schema, child, parent_schema, parent in run(
        "SELECT constraint_schema, table_name, unique_constraint_schema, referenced_table_name"
        " FROM information_schema.referential_constraints WHERE constraint_schema IN :schemas"
        " AND (delete_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT')"
        " OR update_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT'))"
    ):
        above = key(parent_schema, parent)
        catalog.children.setdefault(above, set()).add(key(schema, child))
    for schema, table in run(
        "SELECT event_object_schema, event_object_table FROM information_schema.triggers"
        " WHERE event_object_schema IN :schemas"
    ):
        catalog.triggered.add(key(schema, table))
    for (name,) in run(
        "SELECT routine_name FROM information_schema.routines WHERE routine_schema IN :schemas"
    ):
        catalog.routines.add(name.lower())
    return catalog


def _mysql_tables(connection: sa.Connection, names: Mapping[Name, int]) -> dict[Name, StoredTable]:
    default = connection.dialect.default_schema_name
    schemas = sorted({schema or default or "" for schema, _ in names})
    tables = sorted({name for _, name in names})

    def run(sql: str) -> Any:
        sql += " AND table_schema IN :schemas AND table_name IN :names ORDER BY 1, 2, 3, 4"
        for schema, table, *rest in _run(connection, sql, schemas=schemas, names=tables):
            yield (None if schema == default else schema, table), rest

    columns: dict[Name, dict[str, Column]] = {}
    for table, (_, name, type_, collation, extra) in run(
        "SELECT table_schema, table_name, ordinal_position, column_name, column_type,"
        " collation_name, extra FROM information_schema.columns WHERE 1 = 1"
    ):
        # Text of two collations cannot be compared; it is another type then.
        described = f"{type_} {collation}" if collation else str(type_)
        made = "GENERATED" in extra.upper() and "DEFAULT_GENERATED" not in extra.upper()
        columns.setdefault(table, {})[name] = Column(name, described, generated=made)
    keys: dict[Name, list[str]] = {}
    links: dict[tuple[Name, str], tuple[str, list[str]]] = {}
    for table, (_, constraint, column, parent) in run(
        "SELECT table_schema, table_name, ordinal_position, constraint_name, column_name,"
        " referenced_table_name FROM information_schema.key_column_usage"
        " WHERE (constraint_name = 'PRIMARY' OR referenced_table_name IS NOT NULL)"
    ):
        if parent is None:
            keys.setdefault(table, []).append(column)
        else:
            links.setdefault((table, constraint), (parent, []))[1].append(column)
    return {
        name: StoredTable(
            name,
            found,
            tuple(keys.get(name, ())),
            tuple(
                StoredLink(tuple(c), parent) for (t, _), (parent, c) in links.items() if t == name
            ),
        )
        for name, found in columns.items()
        if name in names
    }
