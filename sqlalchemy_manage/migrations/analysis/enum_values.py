"""Which values the columns of Enum types have by what the revisions say.

A column of such a type that no CHECK watches over is a text like any other on SQLite; only
the files know which values it is meant to have.
"""

from __future__ import annotations

import ast
from typing import Any

from ..revisions.history import History
from .calls import OperationCall, SourceCode, TablePart
from .operations import written_steps

_ALTERS = ("alter_enum", "alter_column")

EnumValues = dict[tuple[str, str], tuple[str, ...]]
"""By the table, with its schema if it has one, and the column."""


def enum_values(history: History) -> EnumValues:
    """The values of each column of an Enum at the end of ``history``, as far as can be read."""
    found: EnumValues = {}
    if any("Enum(" in revision.source for revision in history.revisions):
        for revision in history.revisions:
            for step in written_steps(revision.path, "upgrade"):
                if step.call is not None:
                    _follow(found, step.call)
    return found


def _follow(found: EnumValues, call: OperationCall) -> None:
    verb, table, values = call.verb, call.table, call.values
    if verb in ("create_table", "add_column"):
        if verb == "create_table":
            _rename_table(found, table, None)
        for part in values.values():
            _add(found, table, part)
    elif verb == "drop_table":
        _rename_table(found, table, None)
    elif verb == "rename_table":
        new = values.get("new_table_name")
        schema, dot, _ = table.rpartition(".")
        _rename_table(found, table, f"{schema}{dot}{new}" if isinstance(new, str) else None)
    elif call.kind == "column" or verb in _ALTERS:
        name, *renamed = call.names
        if verb in _ALTERS and "type_" in values:
            _put(found, (table, name), values["type_"])
        known = found.get((table, name))
        if verb == "drop_column" or renamed:
            found.pop((table, name), None)
        if renamed and known is not None:
            found[table, renamed[0]] = known


def _rename_table(found: EnumValues, old: str, new: str | None) -> None:
    for table, column in [key for key in found if key[0] == old]:
        values = found.pop((table, column))
        if new is not None:
            found[new, column] = values


def _add(found: EnumValues, table: str, part: Any) -> None:
    if isinstance(part, TablePart) and part.kind == "Column" and len(part.arguments) > 1:
        name, type_ = part.arguments[:2]
        if isinstance(name, str):
            _put(found, (table, name), type_)


def _put(found: EnumValues, key: tuple[str, str], type_: Any) -> None:
    values = _listed(type_)
    if values:
        found[key] = values
    else:
        found.pop(key, None)


def _listed(type_: Any) -> tuple[str, ...]:
    """The values of an Enum in source code; empty where it is none, or they are not literal."""
    if isinstance(type_, TablePart):
        values = type_.arguments if type_.kind.upper() == "ENUM" else []
        return tuple(values) if all(isinstance(value, str) for value in values) else ()
    if not isinstance(type_, SourceCode):
        return ()
    for node in ast.walk(ast.parse(type_.text, mode="eval")):
        if isinstance(node, ast.Call) and ast.unparse(node.func).upper().endswith("ENUM"):
            found = [value.value for value in node.args if isinstance(value, ast.Constant)]
            whole = len(found) == len(node.args)
            return tuple(v for v in found if isinstance(v, str)) if whole else ()
    return ()
