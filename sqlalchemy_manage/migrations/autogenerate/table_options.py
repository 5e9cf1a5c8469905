"""Options of tables, of which Alembic compares none.

Of MariaDB's, engine, row format and character set, only what a model says is compared: the
rest is the server's, or an administrator's. SQLite's are part of the CREATE TABLE.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from ...sql.dialects import MARIADB
from ..operations.conversions.kinds import kind_of
from ..operations.table_options import SQL, SQLITE, AlterTableOptionsOp
from .compared import ComparedTable

_UNSET = {"row_format": "DEFAULT", "key_block_size": "0"}


def compare_table_options(it: ComparedTable) -> None:
    if it.context.dialect.name == "sqlite":
        _compare_on_sqlite(it)
    if it.context.dialect.name not in MARIADB:
        return
    wanted, there = _options(it.table, it.context), _options(it.conn_table, it.context)
    differ = {k: v for k, v in wanted.items() if _folded(v) != _folded(there.get(k, _UNSET.get(k)))}
    if differ:
        keys = {*differ, *(("charset", "collate") if {"charset", "collate"} & {*differ} else ())}
        existing = {key: there.get(key, _UNSET.get(key, "")) for key in SQL if key in keys}
        # Before the columns, whose types may depend on it.
        op = AlterTableOptionsOp(it.table_name, differ, existing=existing, schema=it.schema)
        it.modify.ops.insert(0, op)


def _compare_on_sqlite(it: ComparedTable) -> None:
    wanted, there = _on_sqlite(it.table), _on_sqlite(it.conn_table)
    wanted["autoincrement"] &= _can_count(it.table)
    # What restricts the types of columns or the key goes before they change, and comes after.
    for place, restricts in ((0, False), (None, True)):
        differ = {
            key: value
            for key, value in wanted.items()
            if value != there[key] and (value is not _IS_FREE[key]) is restricts
        }
        if differ:
            existing = {key: there[key] for key in differ}
            op = AlterTableOptionsOp(it.table_name, differ, existing=existing, schema=it.schema)
            it.modify.ops.insert(len(it.modify.ops) if place is None else place, op)


_IS_FREE = {"autoincrement": False, "strict": False, "with_rowid": True}


def _on_sqlite(table: sa.Table) -> dict[str, bool]:
    return {key: bool(table.dialect_options["sqlite"][key]) for key in SQLITE}


def _can_count(table: sa.Table) -> bool:
    """Whether SQLAlchemy writes AUTOINCREMENT for the key, if it is asked to."""
    columns = list(table.primary_key.columns)
    if len(columns) != 1 or columns[0].foreign_keys:
        return False
    return kind_of(columns[0].type) == "integer"


def _options(table: sa.Table, context: Any) -> Mapping[str, str]:
    """The options by their names in an operation; ``DEFAULT_CHARACTER SET`` is ``charset``."""
    prefix = f"{context.dialect.name}_"
    found = {}
    for key, value in table.kwargs.items():
        if key.startswith(prefix):
            name = re.sub(r"[ _]", "_", key.removeprefix(prefix).lower()).removeprefix("default_")
            name = "charset" if name == "character_set" else name
            if name in SQL:
                found[name] = str(value)
    return found


def _folded(value: str | None) -> str:
    """An option to be compared: ``utf8`` is the old name of ``utf8mb3``."""
    return re.sub(r"^utf8(?=_|$)", "utf8mb3", str(value or "").lower())
