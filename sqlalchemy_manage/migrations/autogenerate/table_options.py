"""Options of MariaDB's tables: engine, row format, character set. Alembic compares none of them.

Only what a model says is compared: the rest is the server's, or an administrator's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from ...sql.dialects import MARIADB
from ..operations.table_options import SQL, AlterTableOptionsOp
from .compared import ComparedTable

_UNSET = {"row_format": "DEFAULT", "key_block_size": "0"}


def compare_table_options(it: ComparedTable) -> None:
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
