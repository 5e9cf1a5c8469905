"""What the triggers of a database do to the rows that a run writes, as far as their texts say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from ...sql.dialects import MARIADB
from ...sql.tokens import words_of
from ..row_blocks import key_columns
from .known_tables import KnownTables

_TEXTS = {
    "sqlite": "SELECT NULL, tbl_name, sql, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT n.nspname, c.relname, concat_ws(' ', CASE WHEN t.tgtype & 4 > 0 THEN 'INSERT' END,"
        " CASE WHEN t.tgtype & 16 > 0 THEN 'UPDATE' END), p.prosrc"
        " FROM pg_catalog.pg_trigger t"
        " JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'"
    ),
    "mysql": (
        "SELECT event_object_schema, event_object_table, event_manipulation, action_statement"
        " FROM information_schema.triggers"
        " WHERE event_object_schema NOT IN ('mysql', 'sys', 'performance_schema')"
    ),
}


@dataclass(frozen=True)
class Triggers:
    """``written``: the tables that they write to. ``changing``: full names of tables whose rows
    may get another key than they are sent with, which INSERT ... RETURNING tells. ``to_insert``:
    whether some are called by an INSERT; what the functions do that they call is not known."""

    written: tuple[sa.Table, ...] = ()
    changing: frozenset[str] = frozenset()
    to_insert: bool = False


def read_triggers(connection: sa.Connection, tables: KnownTables) -> Triggers:
    """The triggers to INSERT and UPDATE; not what the functions do that they call."""
    written: dict[sa.Table, None] = {}
    changing: set[str] = set()
    default = connection.dialect.default_schema_name
    to_insert = False
    for schema, on, events, body in _found(connection):
        to_insert = to_insert or "INSERT" in events
        if "INSERT" in events or "UPDATE" in events:
            written |= dict.fromkeys(tables.filled_by(body))
        for table in tables.project.values() if "INSERT" in events else ():
            mine = table.name.lower() == on.lower() and schema in (None, table.schema or default)
            if mine and _sets_key(table, body):
                if connection.dialect.name == "sqlite":  # it is done after RETURNING
                    written[table] = None
                else:
                    changing.add(table.fullname)
    return Triggers(tuple(written), frozenset(changing), to_insert)


def _found(connection: sa.Connection) -> Iterator[tuple[str | None, str, str, str]]:
    """Schema, table, events and body of each."""
    name = connection.dialect.name
    texts = _TEXTS.get("mysql" if name in MARIADB else name)
    for schema, on, events, body in connection.exec_driver_sql(texts).all() if texts else ():
        if name == "sqlite":
            # CREATE TRIGGER name [BEFORE|AFTER|INSTEAD OF] event ON table ... BEGIN ... END
            events, body = re.split(r"(?i)\bON\b", body, maxsplit=1)
        yield schema, on, events.upper(), body


def _sets_key(table: sa.Table, body: str) -> bool:
    """Whether a body may set a key: ``NEW.id := ...``, ``SET NEW.id = ...``, ``SET id = ...``."""
    keys = {table.c[key].name.lower() for key in key_columns(table)}
    words = ["", "", "", *(token.name.lower() for token in words_of(body)), ""]
    for place, word in enumerate(words):
        if word in keys:
            before, after = words[place - 3 : place], words[place + 1]
            if before[1:] == ["new", "."]:
                if after in (":", "=") or before[0] == "into":
                    return True
            elif before[2] in ("set", ",") and after == "=":
                return True
    return False
