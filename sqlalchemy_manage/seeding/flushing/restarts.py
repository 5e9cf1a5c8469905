"""The numbers of empty tables begin again where the models, or the database, let them begin."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ...sql.dialects import MARIADB
from ...sql.raw import execute, undoubled

_SEQUENCES = """
SELECT n.nspname, s.relname, tn.nspname, t.relname, pg_has_role(s.relowner, 'USAGE') FROM (
  SELECT d.objid AS seq, d.refobjid AS tab FROM pg_catalog.pg_depend d
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
  AND d.deptype IN ('a', 'i')
  UNION
  SELECT d.refobjid, a.adrelid FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_attrdef a ON a.oid = d.objid
  WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
  UNION
  SELECT oid, NULL FROM pg_catalog.pg_class WHERE relkind = 'S'
) AS used
JOIN pg_catalog.pg_class s ON s.oid = used.seq AND s.relkind = 'S'
JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
LEFT JOIN pg_catalog.pg_class t ON t.oid = used.tab
LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
"""


def restart_within(
    connection: sa.Connection, tables: Iterable[sa.Table], every: Mapping[str, sa.Table]
) -> list[str]:
    """Restart, in the caller's transaction, the numbers of ``tables``, where that can be undone.

    That is so on SQLite and PostgreSQL. A sequence from which a table outside of ``tables`` takes
    its numbers too, be it by a default of its database or of its model in ``every``, goes on.
    Returns the sequences that go on because the user does not own them.
    """
    names = [table for table in tables]
    if connection.dialect.name == "sqlite":
        _sqlite(connection, names)
    elif connection.dialect.name == "postgresql":
        return _postgresql(connection, names, every)
    return []


def restart_after(
    connection: sa.Connection, tables: Iterable[sa.Table], every: Mapping[str, sa.Table]
) -> list[str]:
    """The same on MariaDB, where it commits: to be called when the rows are gone.

    Returns the tables and sequences whose numbers go on, because somebody holds the table or
    the user may not alter it.
    """
    if connection.dialect.name not in MARIADB:
        return []
    failed = []
    for table in tables:
        try:
            _auto_increment(connection, table)
        except DBAPIError:
            failed.append(table.fullname)
    for name in _sequences_of(connection, list(tables), every):
        try:
            execute(connection, f"ALTER SEQUENCE {name} RESTART")
        except DBAPIError:
            failed.append(name)
    connection.rollback()
    return failed


def _sqlite(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    found = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"
    if connection.exec_driver_sql(found).first() is None:
        return  # no table counts by AUTOINCREMENT
    delete = sa.text("DELETE FROM sqlite_sequence WHERE lower(name) = lower(:name)")
    for table in tables:
        connection.execute(delete, {"name": table.name})


def _model_sequences(connection: sa.Connection, every: Mapping[str, sa.Table]) -> dict[Any, Any]:
    """(schema, name) of the sequences of defaults -> the tables whose models name them."""
    default = connection.dialect.default_schema_name
    found = defaultdict(set)
    for table in every.values():
        for column in table.columns:
            if isinstance(sequence := column.default, sa.Sequence):
                place = sequence.schema or default
                found[place, sequence.name].add((table.schema or default, table.name))
    return found


def _postgresql(
    connection: sa.Connection, tables: Iterable[sa.Table], every: Mapping[str, sa.Table]
) -> list[str]:
    default = connection.dialect.default_schema_name
    empty = {(table.schema or default, table.name) for table in tables}
    users: dict[Any, set[Any]] = defaultdict(set)
    owned: dict[Any, bool] = {}
    for schema, name, table_schema, table, own in connection.exec_driver_sql(_SEQUENCES).all():
        owned[schema, name] = bool(own)
        if table is not None:
            users[schema, name].add((table_schema, table))
    for key, found in _model_sequences(connection, every).items():
        if key in owned:
            users[key] |= found
    kept = []
    for (schema, name), found in sorted(users.items()):
        if not found <= empty:
            continue
        quote = connection.dialect.identifier_preparer.quote
        full = undoubled(f"{quote(schema)}.{quote(name)}", connection.dialect)
        if owned[schema, name]:
            # Unlike setval(), undone with the transaction.
            execute(connection, f"ALTER SEQUENCE {full} RESTART")
        else:
            kept.append(name)
    return kept


def _auto_increment(connection: sa.Connection, table: sa.Table) -> None:
    query = sa.text(
        "SELECT auto_increment FROM information_schema.tables"
        " WHERE table_schema = :schema AND table_name = :name"
    )
    schema = table.schema or connection.dialect.default_schema_name
    now = connection.scalar(query, {"schema": schema, "name": table.name})
    start = 1
    for dialect in MARIADB:
        with suppress(KeyError, TypeError, ValueError):
            start = int(table.kwargs[f"{dialect}_auto_increment"])
    if now is None or now == start:
        return
    name = undoubled(connection.dialect.identifier_preparer.format_table(table), connection.dialect)
    execute(connection, f"ALTER TABLE {name} AUTO_INCREMENT = {start}")


def _sequences_of(
    connection: sa.Connection, tables: list[sa.Table], every: Mapping[str, sa.Table]
) -> list[str]:
    """MariaDB's sequences from which only these tables take their numbers, quoted."""
    default = connection.dialect.default_schema_name
    there = {
        (schema, name)
        for schema, name in connection.exec_driver_sql(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_type = 'SEQUENCE'"
        )
    }
    users: dict[Any, set[Any]] = defaultdict(set)
    for schema, table, text in connection.exec_driver_sql(
        "SELECT table_schema, table_name, column_default FROM information_schema.columns"
        " WHERE LOWER(column_default) LIKE 'nextval(%%' OR LOWER(column_default) LIKE"
        " 'next value for%%'"
    ):
        names = re.findall(r"`((?:[^`]|``)+)`", str(text))
        if names:
            place = (names[-2] if len(names) > 1 else schema, names[-1])
            users[place].add((schema, table))
    for key, found in _model_sequences(connection, every).items():
        users[key] |= found
    empty = {(table.schema or default, table.name) for table in tables}
    quote = connection.dialect.identifier_preparer.quote_identifier
    return [
        undoubled(f"{quote(schema)}.{quote(name)}", connection.dialect)
        for (schema, name), found in sorted(users.items())
        if (schema, name) in there and found <= empty
    ]
