"""The foreign keys that a database has, whether it enforces them, and the types of their columns.

Read with SQLAlchemy's Inspector for all tables of a schema at once; what it leaves out comes
from the catalog.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.reflection import ObjectKind

from ..databases.mariadb_keys import catalog_keys, misread
from ..models import is_managed
from ..sql.dialects import MARIADB
from ..sql.raw import cut_name
from ..sqlalchemy_internals import dialects_of
from .link_types import LinkColumns

Place = tuple[str | None, str]
"""Schema (None for the default one) and table, in lower case."""

_NOT_ENFORCED = """
SELECT n.nspname, c.relname, k.conname,
    CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t
            WHERE t.tgconstraint = k.oid AND t.tgenabled IN ('D', 'R'))
        THEN 'its triggers are disabled'
        WHEN NOT coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
        THEN 'it is NOT ENFORCED' ELSE 'it is NOT VALID' END
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND (NOT k.convalidated OR EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t
    WHERE t.tgconstraint = k.oid AND t.tgenabled IN ('D', 'R')))
"""
_ENGINES = (
    "SELECT table_schema, table_name, engine FROM information_schema.tables"
    " WHERE table_type = 'BASE TABLE' AND engine <> 'InnoDB'"
)


@dataclass
class StoredKeys:
    """``foreign``: of each table its foreign keys, as the Inspector has them; views are left out.

    ``columns``: of each column the family of its type, and the type in words.
    """

    dialect: str
    default_schema: str | None
    columns: dict[Place, dict[str, tuple[str | None, str]]] = field(default_factory=dict)
    foreign: dict[Place, list[Any]] = field(default_factory=dict)
    not_enforced: dict[tuple[Place, str], str] = field(default_factory=dict)
    engines: dict[Place, str] = field(default_factory=dict)

    def place(self, schema: str | None, table: str) -> Place:
        schema = None if schema == self.default_schema else schema
        return (schema and schema.lower(), table.lower())

    def of(self, table: sa.Table) -> Place:
        return self.place(table.schema, self.stored(table.name))

    def stored(self, name: str) -> str:
        """What PostgreSQL makes of a name that is too long for it."""
        return cut_name(name) if self.dialect == "postgresql" else name

    def problems(self, link: LinkColumns) -> Iterator[tuple[str, str]]:
        """(kind, what is wrong) of the columns of a link and of its foreign key."""
        constraint = link.constraint
        if constraint is not None and self._is_created(constraint, link):
            stored = self._stored(link)
            engines = {
                table.fullname: engine
                for table in link.tables
                if (engine := self.engines.get(self.of(table)))
            }
            if engines:
                name, engine = next(iter(engines.items()))
                yield "not enforced", f"{name} is {engine}, which has no foreign keys"
            elif stored is None:
                yield "missing constraint", "the database has no such foreign key"
            elif why := self.not_enforced.get((self.of(link.child), stored["name"] or "")):
                yield "not enforced", f"the database does not enforce it: {why}"
        yield from self._types(link)

    def _is_created(self, constraint: sa.ForeignKeyConstraint, link: LinkColumns) -> bool:
        """Not on every database, not what another program made, and not between views."""
        dialects = dialects_of(constraint)
        here = dialects is None or self.dialect in dialects
        tables = all(self.of(table) in self.foreign for table in link.tables)
        return here and tables and is_managed(link.child)

    def _stored(self, link: LinkColumns) -> Any:
        wanted = {
            (self.stored(c.name).lower(), self.stored(t.name).lower())
            for c, t in zip(link.columns, link.targets, strict=True)
        }
        for key in self.foreign.get(self.of(link.child), ()):
            pairs = zip(key["constrained_columns"], key["referred_columns"], strict=False)
            parent = self.place(key["referred_schema"], key["referred_table"])
            if (
                parent == self.of(link.parent)
                and {(c.lower(), t.lower()) for c, t in pairs} == wanted
            ):
                return key
        return None

    def _types(self, link: LinkColumns) -> Iterator[tuple[str, str]]:
        for column, target in zip(link.columns, link.targets, strict=True):
            place, name = self.of(link.child), self.stored(column.name).lower()
            mine = self.columns.get(place, {}).get(name)
            place, name = self.of(link.parent), self.stored(target.name).lower()
            other = self.columns.get(place, {}).get(name)
            if mine and other and None not in (mine[0], other[0]) and mine[0] != other[0]:
                said = f"{column.name} is {mine[1]}, {target.name} is {other[1]}"
                yield "types differ", said


_FAMILIES: dict[str, tuple[type[Any], ...]] = {
    "uuid": (sa.Uuid,),
    "binary": (sa.LargeBinary, sa.BINARY, sa.VARBINARY),
    "text": (sa.String,),
    "number": (sa.Integer, sa.Numeric, sa.Float),
    "time": (sa.Date, sa.DateTime),
}


def _family(type_: Any, dialect: str) -> str | None:
    """Types of one family can be compared; None for a type that is not known."""
    inner = getattr(type_, "data_type", None)  # PostgreSQL: that of a DOMAIN
    if isinstance(inner, sa.types.TypeEngine):
        return _family(inner, dialect)
    if dialect == "postgresql":
        if isinstance(type_, sa.Enum):
            return f"enum {type_.name}"
        if isinstance(type_, sa.Boolean):
            return "boolean"
    elif isinstance(type_, sa.Boolean):
        return "number"
    return next((family for family, types in _FAMILIES.items() if isinstance(type_, types)), None)


def _described(type_: Any, dialect: sa.Dialect) -> str:
    try:
        return str(type_.compile(dialect=dialect))
    except sa.exc.CompileError:  # the Inspector does not know it
        return "unknown"


def read_stored_keys(connection: sa.Connection, tables: Collection[sa.Table]) -> StoredKeys:
    """Of the tables that the database has; a few queries for each schema."""
    inspector, dialect = sa.inspect(connection), connection.dialect
    found = StoredKeys(dialect.name, inspector.default_schema_name)
    schemas: dict[str | None, list[str]] = {}
    for table in tables:
        schemas.setdefault(table.schema, []).append(found.stored(table.name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)  # a type that it does not know
        for schema, names in schemas.items():
            asked: Any = {"schema": schema, "filter_names": names}
            for (_, name), columns in inspector.get_multi_columns(
                kind=ObjectKind.ANY, **asked
            ).items():
                found.columns[found.place(schema, name)] = {
                    str(column["name"]).lower(): (
                        _family(column["type"], dialect.name),
                        _described(column["type"], dialect),
                    )
                    for column in columns
                }
            for (_, name), keys in inspector.get_multi_foreign_keys(
                kind=ObjectKind.TABLE, **asked
            ).items():
                found.foreign[found.place(schema, name)] = list(keys)
            columns_there = (name for columns in found.columns.values() for name in columns)
            if dialect.name in MARIADB and misread([*names, *columns_there]):
                for name in names:
                    if (place := found.place(schema, name)) in found.foreign:
                        found.foreign[place] = []
                for name, key in catalog_keys(connection, schema):
                    if (place := found.place(schema, name)) in found.foreign:
                        found.foreign[place].append(key)
    if dialect.name == "postgresql":
        for place, child, key, why in connection.exec_driver_sql(_NOT_ENFORCED):
            found.not_enforced[found.place(place, child), key] = why
    elif dialect.name in MARIADB:
        for place, child, engine in connection.exec_driver_sql(_ENGINES):
            found.engines[found.place(place, child)] = engine
    return found
