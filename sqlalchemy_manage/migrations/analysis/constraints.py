"""The constraints that a revision adds, read from its source: what they want of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from ...sql.raw import qualified
from ..operations.rules import check, foreign_key, not_null, primary_key, unique
from ..operations.violating_rows import Rule, StoredRows, ViolatingRows
from .calls import OperationCall


def rule_of(call: OperationCall, dialect: sa.Dialect, columns: Mapping[str, Any]) -> Rule | None:
    """The rule that ``call`` adds to a table of ``columns``; None where it cannot be read."""
    values, verb = call.values, call.verb
    name = values.get("constraint_name") or values.get("index_name") or ""
    name = name if isinstance(name, str) else ""
    listed = values.get("local_cols") or values.get("columns")
    names = [str(c) for c in listed] if isinstance(listed, list) else []
    if any(not isinstance(c, str) for c in listed or ()):
        return None
    if verb == "create_check_constraint":
        condition = values.get("condition")
        return check(dialect, name, condition) if isinstance(condition, str) else None
    if verb == "alter_column" and values.get("nullable") is False:
        column = values.get("column_name")
        return not_null(dialect, [column]) if isinstance(column, str) else None
    if not names:
        return None
    if verb == "create_foreign_key":
        others, table = values.get("remote_cols"), values.get("referent_table")
        if not isinstance(others, list) or not isinstance(table, str):
            return None
        schema = values.get("referent_schema")
        target = schema if isinstance(schema, str) else None, table, [str(c) for c in others]
        return foreign_key(dialect, name, names, target)
    if verb in ("create_primary_key", "replace_primary_key"):
        return primary_key(dialect, name, names)
    equal = values.get("postgresql_nulls_not_distinct") is True and dialect.name == "postgresql"
    if verb == "create_unique_constraint":
        return unique(dialect, name, names, nulls_equal=equal)
    if verb == "create_index" and values.get("unique") is True:
        where = values.get(f"{dialect.name}_where")
        if f"{dialect.name}_length" in values or not isinstance(where, str | None):
            return None
        # A text that is no column is an expression.
        keys = tuple(qualified(dialect, c) if c in columns else f"({c})" for c in names)
        return Rule("UNIQUE", name, keys, tuple(names), where or "", nulls_equal=equal)
    return None


def violating(
    connection: sa.Connection, table: str, rule: Rule, names: Mapping[str, str], label: str
) -> ViolatingRows | None:
    """The rows of ``table`` that ``rule`` does not allow, if the database can tell.

    ``names``: what columns will be called, with their names now; ``label`` is the table's.
    """
    schema, _, name = table.rpartition(".")
    stored = StoredRows(connection, schema or None, name, names, label.rpartition(".")[2])
    return stored.violating(rule)
