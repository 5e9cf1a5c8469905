"""Which types the columns have by what the revisions say.

A column of an Enum that no CHECK watches over is a text like any other on SQLite, as a Uuid
is; only the files know more.
"""

from __future__ import annotations

import re
from typing import Any

from ..revisions.history import History
from .calls import OperationCall, SourceCode, TablePart
from .operations import written_steps

_ALTERS = ("alter_enum", "alter_column")
# The types that are asked about, and what moves or removes their columns.
_MATTERS = re.compile(
    r"enum|uuid|interval|rename|move_table|new_column_name|drop_(?:table|column)", re.I
)

ColumnTypes = dict[tuple[str, str], str]
"""Python's words for a type, by the table, with its schema if it has one, and the column."""


def column_types(history: History) -> ColumnTypes:
    """The types of columns at the end of ``history``, as far as they can be read.

    Of a revision without a word of Enum, Uuid and Interval the types are left out.
    """
    found: ColumnTypes = {}
    for revision in filter(lambda revision: _MATTERS.search(revision.source), history.revisions):
        for step in written_steps(revision.path, "upgrade"):
            if step.call is not None:
                _follow(found, step.call)
    return found


def _follow(found: ColumnTypes, call: OperationCall) -> None:
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
    elif verb == "move_table":
        moved, name = values.get("new_schema"), table.rpartition(".")[2]
        _rename_table(found, table, f"{moved}.{name}" if isinstance(moved, str) else name)
    elif call.kind == "column" or verb in _ALTERS:
        name, *renamed = call.names
        if verb in _ALTERS and "type_" in values:
            _put(found, (table, name), values["type_"])
        known = found.get((table, name))
        if verb == "drop_column" or renamed:
            found.pop((table, name), None)
        if renamed and known is not None:
            found[table, renamed[0]] = known


def _rename_table(found: ColumnTypes, old: str, new: str | None) -> None:
    for table, column in [key for key in found if key[0] == old]:
        type_ = found.pop((table, column))
        if new is not None:
            found[new, column] = type_


def _add(found: ColumnTypes, table: str, part: Any) -> None:
    if isinstance(part, TablePart) and part.kind == "Column" and len(part.arguments) > 1:
        name, type_ = part.arguments[:2]
        if isinstance(name, str):
            _put(found, (table, name), type_)


def _put(found: ColumnTypes, key: tuple[str, str], type_: Any) -> None:
    if isinstance(type_, SourceCode):
        found[key] = type_.text
    else:
        found.pop(key, None)
