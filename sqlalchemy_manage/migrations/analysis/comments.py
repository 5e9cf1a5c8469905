"""The comments of tables and columns by what the revisions say: SQLite keeps none."""

from __future__ import annotations

from typing import Any

from ..revisions.history import History
from .calls import OperationCall, TablePart
from .operations import written_steps

Comments = dict[tuple[str, str], str | None]
"""By the table, with its schema if it has one, and the column; "" is the table itself."""


def comments(history: History, wanted: bool) -> Comments:
    """The comments at the end of ``history``; None for a thing that has none.

    What is not in it, nobody knows. Unless one is ``wanted``, a history without a word of
    comments is not read.
    """
    found: Comments = {}
    if not (wanted or any("comment" in revision.source for revision in history.revisions)):
        return found
    for revision in history.revisions:
        for step in written_steps(revision.path, "upgrade"):
            if step.call is not None:
                _follow(found, step.call)
    return found


def _follow(found: Comments, call: OperationCall) -> None:
    verb, table, values = call.verb, call.table, call.values
    if verb == "create_table":
        found[table, ""] = _text(values.get("comment"))
    if verb in ("create_table", "add_column"):
        for part in values.values():
            _column(found, table, part)
    elif verb in ("create_table_comment", "drop_table_comment"):
        found[table, ""] = _text(values.get("comment"))
    elif verb in ("drop_table", "rename_table", "move_table"):
        schema, dot, name = table.rpartition(".")
        new = values.get("new_table_name", name)
        if verb == "move_table":
            schema = values.get("new_schema") or ""
            dot = "." if schema else ""
        for key in [key for key in found if key[0] == table]:
            comment = found.pop(key)
            if verb != "drop_table":
                found[f"{schema}{dot}{new}", key[1]] = comment
    elif call.kind == "column":
        name, *renamed = call.names
        if "comment" in values and verb == "alter_column":
            found[table, name] = _text(values["comment"])
        if verb == "drop_column":
            found.pop((table, name), None)
        if renamed and (table, name) in found:
            found[table, renamed[0]] = found.pop((table, name))


def _column(found: Comments, table: str, part: Any) -> None:
    if isinstance(part, list):
        for item in part:
            _column(found, table, item)
    elif isinstance(part, TablePart) and part.kind == "Column":
        name = part.arguments[0] if part.arguments else None
        if isinstance(name, str):
            found[table, name] = _text(part.keywords.get("comment"))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
