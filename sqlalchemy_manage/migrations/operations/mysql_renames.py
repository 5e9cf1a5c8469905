"""MariaDB and MySQL: fix what a rename leaves behind there.

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

from ...sql.dialects import MARIADB
from ...sql.raw import execute, qualified
from ...sql.tokens import quoted
from .objects.follow_renames import column_renamed, table_renamed

if TYPE_CHECKING:
    from alembic.operations import Operations

_VIEWS = """
SELECT table_name, view_definition, check_option, definer, security_type
FROM information_schema.views WHERE table_schema = COALESCE(:schema, DATABASE())
"""
# By the schema of its table: by any other column the server looks through all databases,
# and waits for whoever is at one of them.
_TRIGGERS = """
SELECT trigger_name, event_object_table,
  LAG(trigger_name) OVER among, LEAD(trigger_name) OVER among
FROM information_schema.triggers WHERE event_object_schema = COALESCE(:schema, DATABASE())
WINDOW among AS (
  PARTITION BY event_object_table, action_timing, event_manipulation ORDER BY action_order
)
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
    """Around a rename of ``table`` or one of its columns: views and triggers follow.

    Does nothing on other databases, nor where there is no database (``--sql``).
    """
    context = operations.get_context()
    if context.dialect.name not in MARIADB or context.as_sql:
        yield
        return
    connection = operations.get_bind()
    statements: list[str] = []
    for view in connection.execute(sa.text(_VIEWS), {"schema": schema}):
        text = _renamed_in_view(view.view_definition, table, column, table_to)
        if text != view.view_definition:
            statements.append(_view(connection, schema, view, text))
    yield
    # By now the server says itself that the triggers are on the renamed table.
    statements += _triggers(connection, schema, table, column, table_to)
    for statement in statements:
        execute(connection, statement)


def _renamed_in_view(
    text: str, table: str, column: tuple[str, str] | None, table_to: str | None
) -> str:
    """The stored text of a view with the new name.

    The server writes every name in it quoted and qualified, by the database and the
    table or by the table's alias, so that whole names can be replaced.
    """
    table = re.escape(quoted(table, "`"))
    table_name = rf"`(?:[^`]|``)+`\.{table}"
    if table_to is not None:
        return re.sub(
            rf"(`(?:[^`]|``)+`\.){table}(?=[\s.,)]|$)",
            lambda match: match[1] + quoted(table_to, "`"),
            text,
        )
    assert column is not None
    old, new = (re.escape(quoted(column[0], "`")), quoted(column[1], "`"))
    aliases = re.findall(rf"{table_name} (`(?:[^`]|``)+`)", text)
    owners = "|".join([table_name, *map(re.escape, aliases)])
    return re.sub(rf"(?<![.`])({owners})\.{old}(?![.`])", lambda match: f"{match[1]}.{new}", text)


def _view(connection: sa.Connection, schema: str | None, view: sa.Row, text: str) -> str:  # type: ignore[type-arg]
    name = qualified(connection.dialect, schema, view.table_name)
    user, _, host = view.definer.rpartition("@")
    definer = "@".join(quoted(part, "`") for part in (user, host))
    check = f" WITH {view.check_option} CHECK OPTION" if view.check_option != "NONE" else ""
    return (
        f"CREATE OR REPLACE DEFINER={definer} "
        f"SQL SECURITY {view.security_type} VIEW {name} AS {text}{check}"
    )


def _triggers(
    connection: sa.Connection,
    schema: str | None,
    table: str,
    column: tuple[str, str] | None,
    table_to: str | None,
) -> Iterator[str]:
    """The statements that give triggers the new name; each keeps its place among the others."""
    dialect = connection.dialect
    for name, event_table, previous, following in connection.execute(
        sa.text(_TRIGGERS), {"schema": schema}
    ).all():
        if column is not None and event_table != table:
            continue
        trigger = qualified(dialect, schema, name)
        _, mode, text = execute(connection, f"SHOW CREATE TRIGGER {trigger}").one()[:3]
        if column is not None:
            changed = column_renamed(text, *column, "`")
        else:
            changed = table_renamed(text, table, str(table_to), "`")
        if changed == text:
            continue
        place = ""
        if previous or following:
            other = qualified(dialect, previous or following)
            place = f" FOLLOWS {other}" if previous else f" PRECEDES {other}"
        yield f"DROP TRIGGER {trigger}"
        yield f"SET @sqlalchemy_manage_mode = @@sql_mode, sql_mode = '{mode}'"
        yield re.sub(r"FOR\s+EACH\s+ROW", rf"\g<0>{place}", changed, count=1, flags=re.IGNORECASE)
        yield "SET sql_mode = @sqlalchemy_manage_mode"
