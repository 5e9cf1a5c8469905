"""Bodies of triggers that mention what is renamed: the text given the new name.

SQLite rewrites them. MariaDB keeps the text of triggers, PostgreSQL that of functions: a
trigger would fail when the next row is written.
"""

from __future__ import annotations

import sqlalchemy as sa

from ....sql.raw import execute
from ....sql.tokens import NOTHING, Token, quoted_if_needed, replaced, words_of

_BEFORE_A_TABLE = frozenset(
    ("into", "from", "join", "update", "only", "table", "ignore", "low_priority")
)


def column_renamed(text: str, old: str, new: str, quote: str) -> str:
    """``text`` with ``NEW.old`` and ``OLD.old`` under the new name."""
    words, written = words_of(text), quoted_if_needed(new, quote)
    changes = [
        (name, written)
        for row, dot, name in zip(words, words[1:], words[2:], strict=False)
        if row.name.lower() in ("new", "old") and dot.text == "." and _is(name, old)
    ]
    return replaced(text, changes)


def table_renamed(text: str, old: str, new: str, quote: str) -> str:
    """``text`` with the table under the new name, where a table is meant.

    That is after INTO, FROM, JOIN, UPDATE, also with its schema, and before a column.
    """
    words, changes = words_of(text), []
    for at, token in enumerate(words):
        before = words[at - 1] if at else NOTHING
        after = words[at + 1] if at + 1 < len(words) else NOTHING
        if before.text == "." and at > 2:
            before = words[at - 3]
        is_table = before.text.lower() in _BEFORE_A_TABLE and after.text != "="
        if _is(token, old) and (is_table or after.text == "."):
            changes.append((token, quoted_if_needed(new, quote)))
    return replaced(text, changes)


def _is(token: Token, name: str) -> bool:
    if token.kind == "quoted":
        return token.name == name
    return token.kind == "word" and token.text.lower() == name.lower()


# All functions of triggers; of_table: only triggers of this table call it.
_FUNCTIONS = """
WITH renamed AS (
  SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relname = :table AND n.nspname = COALESCE(:schema, current_schema())
)
SELECT p.prosrc, pg_get_functiondef(p.oid),
       (SELECT bool_and(t.tgrelid IN (SELECT oid FROM renamed)) FROM pg_trigger t
        WHERE t.tgfoid = p.oid AND NOT t.tgisinternal) AS of_table
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.prorettype = 'trigger'::regtype AND l.lanname = 'plpgsql'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
                  AND d.objid = p.oid AND d.deptype = 'e')
"""


def functions_follow(
    connection: sa.Connection,
    schema: str | None,
    table: str,
    *,
    column: tuple[str, str] | None = None,
    table_to: str | None = None,
) -> None:
    """PostgreSQL: the functions of triggers get the new name; ``table`` is the one it has now.

    A column that the function of triggers of several tables mentions may be of another
    one: it stays.
    """
    where = {"schema": schema, "table": table_to or table}
    for body, definition, of_table in connection.execute(sa.text(_FUNCTIONS), where).all():
        text = body
        if table_to is not None:
            text = table_renamed(body, table, table_to, '"')
        elif column is not None and of_table:
            text = column_renamed(body, *column, '"')
        if text != body and definition.count(body) == 1:
            execute(connection, definition.replace(body, text))
