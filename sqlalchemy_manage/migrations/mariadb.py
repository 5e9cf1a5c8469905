"""MariaDB and MySQL: what a rename leaves behind there, put right.

RENAME moves indexes, foreign keys, generated columns and CHECKs along, but keeps the text
of views and triggers: a view over the old name fails when it is read, a trigger when a
row is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations

_VIEWS = """
SELECT table_name, view_definition, check_option, definer, security_type
FROM information_schema.views WHERE table_schema = COALESCE(:schema, DATABASE())
"""
_TRIGGERS = """
SELECT trigger_name FROM information_schema.triggers
WHERE event_object_schema = COALESCE(:schema, DATABASE()) AND event_object_table = :table
"""


@contextmanager
def follow_renames(
    operations: Operations,
    schema: str | None,
    table: str,
    *,
    column: tuple[str, str] | None = None,
    table_to: str | None = None,
) -> Iterator[None]:
    """Around a rename of ``table`` or one of its columns: views, and the table's triggers, follow.

    Does nothing on other databases, nor where there is no database (``--sql``).
    """
    context = operations.get_context()
    if context.dialect.name not in ("mysql", "mariadb") or context.as_sql:
        yield
        return
    connection = operations.get_bind()
    statements: list[str] = []
    for view in connection.execute(sa.text(_VIEWS), {"schema": schema}):
        text = _renamed_in_view(view.view_definition, table, column, table_to)
        if text != view.view_definition:
            statements.append(_view(connection, schema, view, text))
    if column is not None:
        statements += _triggers(connection, schema, table, column)
    yield
    for statement in statements:
        connection.exec_driver_sql(statement.replace("%", "%%"))


def _quote(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _renamed_in_view(
    text: str, table: str, column: tuple[str, str] | None, table_to: str | None
) -> str:
    """The stored text of a view with the new name.

    The server writes every name in it quoted and qualified, by the database and the
    table or by the table's alias, so that whole names can be replaced.
    """
    table_name = r"`(?:[^`]|``)+`\." + re.escape(_quote(table))
    if table_to is not None:
        return re.sub(
            rf"(`(?:[^`]|``)+`\.){re.escape(_quote(table))}(?=[\s.,)]|$)",
            lambda match: match[1] + _quote(table_to),
            text,
        )
    assert column is not None
    old, new = (re.escape(_quote(column[0])), _quote(column[1]))
    aliases = re.findall(rf"{table_name} (`(?:[^`]|``)+`)", text)
    owners = "|".join([table_name, *map(re.escape, aliases)])
    return re.sub(rf"(?<![.`])({owners})\.{old}(?![.`])", lambda match: f"{match[1]}.{new}", text)


def _view(connection: sa.Connection, schema: str | None, view: sa.Row, text: str) -> str:  # type: ignore[type-arg]
    name = connection.dialect.identifier_preparer.quote(view.table_name)
    if schema:
        name = f"{connection.dialect.identifier_preparer.quote(schema)}.{name}"
    user, _, host = view.definer.rpartition("@")
    check = f" WITH {view.check_option} CHECK OPTION" if view.check_option != "NONE" else ""
    return (
        f"CREATE OR REPLACE DEFINER={_quote(user)}@{_quote(host)} "
        f"SQL SECURITY {view.security_type} VIEW {name} AS {text}{check}"
    )


def _triggers(
    connection: sa.Connection, schema: str | None, table: str, column: tuple[str, str]
) -> Iterator[str]:
    """The statements that give the table's triggers the new name of a column."""
    quote = connection.dialect.identifier_preparer.quote
    old = rf"(?:{re.escape(_quote(column[0]))}|{re.escape(column[0])}(?!\w))"
    mentioned = re.compile(rf"\b((?:NEW|OLD)\s*\.\s*){old}", re.IGNORECASE)
    names = connection.scalars(sa.text(_TRIGGERS), {"schema": schema, "table": table}).all()
    for name in names:
        qualified = f"{quote(schema)}.{quote(name)}" if schema else quote(name)
        shown = connection.exec_driver_sql(f"SHOW CREATE TRIGGER {qualified}").one()
        text = shown[2]
        changed = mentioned.sub(lambda match: match[1] + _quote(column[1]), text)
        if changed != text:
            yield f"DROP TRIGGER {qualified}"
            yield changed
