"""Keeps a replay inside its scratch database.

A revision may do more than its own database holds: make a role, alter "the" database by
its name, on MariaDB write into another schema, which is another database. Replayed on
the same server that would change what is real.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from ...database_settings import Database
from ...databases.engines import create_engine
from ...errors import MigrationError
from ...sql.dialects import MARIADB

_MYSQL = (
    r"\b(?:CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+)?(?:DATABASE|SCHEMA|USER|ROLE|SERVER)\b"
    r"(?!\s+(?:DEFAULT\s+)?(?:CHARACTER|CHARSET|COLLATE)\b)"  # of the current database
    r"|^\s*(?:USE|GRANT|REVOKE|RENAME\s+USER)\s|\bSET\s+(?:@@)?GLOBAL\b"
)
_REACHES = {
    "sqlite": r"^\s*ATTACH\b|^\s*VACUUM\b.*\bINTO\b",
    "postgresql": r"\b(?:CREATE|ALTER|DROP|COMMENT\s+ON)\s+"
    r"(?:DATABASE|ROLE|USER(?!\s+MAPPING)|GROUP|TABLESPACE)\b|\bALTER\s+SYSTEM\b",
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
}
# Where MariaDB's grammar has a table; so `shop.id`, of a table, is not a database `shop`.
_TABLE_FOLLOWS = (
    r"\b(?:TABLE|EXISTS|INTO|IGNORE|UPDATE|FROM|JOIN|TRUNCATE|REPLACE|RENAME|TO|LIKE|VIEW"
    r"|TRIGGER|PROCEDURE|FUNCTION|REFERENCES)\s+`?({names})`?\s*\."
    r"|\bON\s+`?({names})`?\s*\.\s*`?\w+`?\s*(?:\(|FOR\b)"
)


class LeavesScratch(MigrationError):
    """A statement that would change more than the scratch database; it was not run."""


@contextmanager
def fenced(database: Database) -> Iterator[None]:
    """In the block, a statement on ``database`` that reaches beyond it raises LeavesScratch."""
    engine = create_engine(database, None, poolclass=sa.NullPool)
    dialect = engine.dialect.name
    patterns = [_REACHES[dialect]] if dialect in _REACHES else []
    if dialect in MARIADB:
        with engine.connect() as connection:
            others = [
                re.escape(name)
                for name in sa.inspect(connection).get_schema_names()
                if name not in (engine.url.database, "information_schema")
            ]
        if others:
            patterns.append(_TABLE_FOLLOWS.replace("{names}", "|".join(others)))
    reaches = re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL) if patterns else None

    def check(connection: sa.Connection, cursor: Any, statement: str, *more: Any) -> None:
        if reaches and connection.engine.url == engine.url and reaches.search(statement):
            text = " ".join(statement.split())
            raise LeavesScratch(text if len(text) <= 80 else text[:77] + "...")

    event.listen(sa.Engine, "before_cursor_execute", check)
    try:
        yield
    finally:
        event.remove(sa.Engine, "before_cursor_execute", check)
