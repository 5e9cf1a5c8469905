"""A database's schema, read in bulk once, and changed in memory by accepted renames.

Alembic compares the models with an Inspector. A Snapshot takes its place: the same
methods, but every kind of fact is fetched with one call a schema, whatever the schema
(Alembic's own cache forgets which schema it was filled for), owned sequences with one
query instead of one a column, and a second comparison costs no query at all. So a rename
can be tried on any database, MariaDB too, without touching it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import NoSuchTableError

from ...sql.dialects import MARIADB
from ...sql.tokens import rename_identifiers
from ..questions import Key
from .apart import tables_apart
from .reflection_fixes import complete
from .unnamed import rename_implied

_KINDS = (
    "columns",
    "pk_constraint",
    "foreign_keys",
    "indexes",
    "unique_constraints",
    "table_comment",
    "check_constraints",
    "table_options",
)
# What no Inspector has: PostgreSQL's.
_EXCLUSIONS = "exclude_constraints"

# deptype 'a': the sequence goes with its column (SERIAL); such a default is not one.
_OWNED = """
SELECT t.relname, a.attname FROM pg_class s
JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass
  AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a'
JOIN pg_class t ON t.oid = d.refobjid
JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE s.relkind = 'S' AND n.nspname = :schema
"""

Facts = dict[str, Any]


class Snapshot:
    """An Inspector for comparisons; what it does not hold is asked of the real one."""

    def __init__(self, connection: sa.Connection) -> None:
        self.inspector = sa.inspect(connection)
        self.bind = connection
        self.dialect = connection.dialect
        self.info_cache: dict[Any, Any] = {}
        self._names: dict[str | None, list[str]] = {}
        self._hidden: set[Key] | None = None
        # schema -> kind -> table -> facts; None where the dialect has no such kind.
        self._facts: dict[str | None, dict[str, Facts | None]] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("get_multi_") and name[10:] in (*_KINDS, _EXCLUSIONS):
            return self._several(name[10:])
        if name.startswith("get_") and name[4:] in _KINDS:
            return self._single(name[4:])
        return getattr(self.inspector, name)

    def fresh(self) -> Snapshot:
        """The same snapshot for another comparison: what the last one cached is forgotten."""
        self.info_cache = {}
        return self

    def hide_apart(self, models: Collection[Key]) -> None:
        """From now on list no tables_apart, but those that ``models`` has."""
        if self._hidden is None:
            self._hidden = tables_apart(self.bind) - {*models}
            self._names.clear()

    def get_table_names(self, schema: str | None = None, **kw: Any) -> list[str]:
        if schema not in self._names:
            names = self._listed(schema)
            hidden = self._hidden or ()
            self._names[schema] = [name for name in names if (schema, name) not in hidden]
        return list(self._names[schema])

    def _listed(self, schema: str | None) -> list[str]:
        """The tables; none in a schema that is not there, which MariaDB would refuse to list."""
        inspector = self.inspector
        other = self.dialect.name in MARIADB and schema not in (None, self.default_schema_name)
        if other and schema not in inspector.get_schema_names():
            return []
        return inspector.get_table_names(schema=schema)

    @property
    def schemas(self) -> set[str | None]:
        """The schemas that were asked for, and those that tables are to be moved to."""
        return set(self._names)

    def has_table(self, table_name: str, schema: str | None = None, **kw: Any) -> bool:
        return table_name in self.get_table_names(schema) or self.inspector.has_table(
            table_name, schema=schema
        )

    def _load(self, schema: str | None) -> dict[str, Facts | None]:
        if schema not in self._facts and not self.get_table_names(schema):
            # Often so of the default schema, where the models name others.
            self._facts[schema] = {kind: {} for kind in (*_KINDS, _EXCLUSIONS)}
        if schema not in self._facts:
            facts: dict[str, Facts | None] = {_EXCLUSIONS: {}}
            for kind in _KINDS:
                try:
                    found = getattr(self.inspector, f"get_multi_{kind}")(schema=schema)
                    facts[kind] = {table: value for (_, table), value in found.items()}
                except NotImplementedError:
                    facts[kind] = None
            if self.dialect.name == "postgresql":
                self._forget_serials(schema, facts["columns"] or {})
            complete(self.bind, schema, facts)
            self._facts[schema] = facts
        return self._facts[schema]

    def _forget_serials(self, schema: str | None, columns: Facts) -> None:
        """Take out the defaults that a SERIAL column draws from its own sequence."""
        serials = [
            (table, column)
            for table, found in columns.items()
            for column in found
            if "nextval(" in str(column.get("default"))
        ]
        if serials:
            name = schema or self.dialect.default_schema_name
            owned = {tuple(row) for row in self.bind.execute(sa.text(_OWNED), {"schema": name})}
            for table, column in serials:
                if (table, column["name"]) in owned:
                    column["default"] = None

    def _several(self, kind: str) -> Callable[..., Any]:
        def get_multi(
            schema: str | None = None, filter_names: Any = None, **kw: Any
        ) -> dict[tuple[str | None, str], Any]:
            facts = self._load(schema)[kind]
            if facts is None:
                raise NotImplementedError(kind)
            wanted = None if filter_names is None else set(filter_names)
            return {
                (schema, table): _copy(value)
                for table, value in facts.items()
                if wanted is None or table in wanted
            }

        # Alembic asks the dialect for a method of that name, from 100 tables on.
        get_multi.__name__ = f"get_multi_{kind}"
        return get_multi

    def _single(self, kind: str) -> Callable[..., Any]:
        def get(table_name: str, schema: str | None = None, **kw: Any) -> Any:
            facts = self._load(schema)[kind]
            if facts is None:
                raise NotImplementedError(kind)
            if table_name not in facts:
                raise NoSuchTableError(table_name)
            return _copy(facts[table_name])

        return get

    def get_exclude_constraints(self, table: str, schema: str | None = None) -> list[Any]:
        """The name and the ``sqltext`` of each exclusion constraint."""
        return [dict(item) for item in (self._load(schema)[_EXCLUSIONS] or {}).get(table, ())]

    def columns(self, schema: str | None, table: str) -> list[str]:
        """The names of a table's columns; empty where there is no such table."""
        found = (self._load(schema)["columns"] or {}).get(table, ())
        return [column["name"] for column in found]

    def rename_tables(self, schema: str | None, names: Mapping[str, str]) -> None:
        """Call tables of ``schema`` by new names, all at once, so that two may swap theirs."""
        facts = self._load(schema)
        self._names[schema] = [names.get(n, n) for n in self.get_table_names(schema)]
        for kind, tables in facts.items():
            if tables is not None:
                facts[kind] = {names.get(t, t): value for t, value in tables.items()}
        for key in self._foreign_keys_to(schema):
            key["referred_table"] = names.get(key["referred_table"], key["referred_table"])
        for table in names.values():
            self._rename_implied(schema, table)

    def move_table(self, table: str, old: str | None, new: str | None) -> None:
        """Let a table be in another schema; keys to it from elsewhere follow."""
        there, facts = self._load(new), self._load(old)
        self._names[new] = [*self.get_table_names(new), table]
        self._names[old] = [name for name in self.get_table_names(old) if name != table]
        for kind, tables in facts.items():
            target = there[kind]
            if tables is not None and target is not None and table in tables:
                target[table] = tables.pop(table)
        for key in self._foreign_keys_to(old, table):
            key["referred_schema"] = new

    def rename_columns(self, schema: str | None, table: str, names: Mapping[str, str]) -> None:
        """Call columns of a table by new names, all at once, wherever they are mentioned."""
        facts = self._load(schema)

        def of(kind: str) -> Any:
            return (facts[kind] or {}).get(table) or []

        def new(found: list[Any]) -> list[Any]:
            return [names.get(name, name) for name in found]

        for column in of("columns"):
            column["name"] = names.get(column["name"], column["name"])
            if "computed" in column:
                computed = dict(column["computed"])
                computed["sqltext"] = rename_identifiers(computed["sqltext"], names)
                column["computed"] = computed
        if key := of("pk_constraint"):
            key["constrained_columns"] = new(key["constrained_columns"])
        for item in [*of("indexes"), *of("unique_constraints")]:
            item["column_names"] = new(item["column_names"])
            if "expressions" in item:
                item["expressions"] = [
                    names.get(e, rename_identifiers(e, names)) for e in item["expressions"]
                ]
            if "include_columns" in item:
                item["include_columns"] = new(item["include_columns"])
            if "column_sorting" in item:
                item["column_sorting"] = {
                    names.get(c, c): order for c, order in item["column_sorting"].items()
                }
            options = dict(item.get("dialect_options") or {})
            for option, value in options.items():
                if option.endswith("_where"):
                    options[option] = _where(value, names)
                elif option.endswith("_include"):
                    options[option] = new(value)
            if options:
                item["dialect_options"] = options
        for check in [*of("check_constraints"), *of(_EXCLUSIONS)]:
            check["sqltext"] = rename_identifiers(check["sqltext"], names)
        for foreign in of("foreign_keys"):
            foreign["constrained_columns"] = new(foreign["constrained_columns"])
        for foreign in self._foreign_keys_to(schema, table):
            foreign["referred_columns"] = new(foreign["referred_columns"])
        self._rename_implied(schema, table)

    def _rename_implied(self, schema: str | None, table: str) -> None:
        facts = self._load(schema)
        columns = self.columns(schema, table)
        rename_implied(table, columns, lambda kind: (facts[kind] or {}).get(table))

    def item_names(self, schema: str | None, table: str) -> set[str]:
        """The names of a table's indexes and constraints."""
        return {item["name"] for item in self._items(schema, table) if item.get("name")}

    def rename_items(self, schema: str | None, table: str, names: Mapping[str, str]) -> None:
        """Call indexes and constraints of a table by new names."""
        for item in self._items(schema, table):
            for key in ("name", "duplicates_constraint", "duplicates_index"):
                if key in item:
                    item[key] = names.get(item[key], item[key])

    def _items(self, schema: str | None, table: str) -> Iterator[dict[str, Any]]:
        facts = self._load(schema)
        for kind in (*_KINDS, _EXCLUSIONS):
            if kind.endswith(("_constraints", "_keys", "indexes")):
                yield from (facts[kind] or {}).get(table) or ()
        if key := (facts["pk_constraint"] or {}).get(table):
            yield key

    def _foreign_keys_to(self, schema: str | None, table: str | None = None) -> list[Any]:
        """The foreign keys that refer into ``schema`` (to ``table``), of every schema loaded."""
        default = self.dialect.default_schema_name
        return [
            key
            for facts in self._facts.values()
            for keys in (facts["foreign_keys"] or {}).values()
            for key in keys
            if (key["referred_schema"] or default) == (schema or default)
            and table in (None, key["referred_table"])
        ]


def _where(value: Any, names: Mapping[str, str]) -> Any:
    # SQLite hands the predicate over as a text() construct, PostgreSQL as a string.
    if isinstance(value, str):
        return rename_identifiers(value, names)
    return sa.text(rename_identifiers(str(value), names))


def _copy(value: Any) -> Any:
    """A copy that a comparison may change: Alembic and column_reflect listeners do."""
    if isinstance(value, list):
        return [dict(item) for item in value]
    return dict(value)
