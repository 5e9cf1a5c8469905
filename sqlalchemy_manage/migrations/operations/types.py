"""Column types in a revision file: those of SQLAlchemy, regardless of where they were read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import CompileError

from ...sql.dialects import MARIADB
from ...sqlalchemy_internals import variants
from .domains import render_domain
from .foreign_keys import render_foreign_key
from .own_types import is_own, written


def render_item(
    kind: str, item: Any, autogen_context: Any, note: Callable[[str], None] = lambda text: None
) -> str | Literal[False]:
    """Alembic's render_item: ``sa.String(length=20)`` for a reflected ``mysql.VARCHAR(20)``.

    So that a file written on one database, and its downgrade, run on the others. A type
    that is not the same thing under a generic name is left to Alembic. ``note`` is told
    of a type that is not written by its own name.
    """
    if kind == "server_default":
        text = getattr(item, "arg", item)
        # Alembic takes quotes at the ends of a text for those of SQL.
        return repr(text) if isinstance(text, str) else False
    if kind == "foreign_key":
        return render_foreign_key(item, autogen_context)
    if kind == "type" and is_own(item):
        return written(item, autogen_context, note)
    if kind == "type" and isinstance(item, postgresql.DOMAIN):
        return render_domain(item, autogen_context)
    if kind == "type" and isinstance(item, sa.Interval):
        # Its repr() tells of its impl.
        return _written(item, autogen_context)
    if kind != "type" or type(item).__name__ != type(item).__name__.upper():
        return False
    # A variant for another database would be lost; a reflected type has none.
    if variants(item):
        return False
    generic = _generic(item)
    if type(generic) is not getattr(sa, type(generic).__name__, None):
        return False
    dialect = autogen_context.dialect
    if _ddl(item, dialect) != _ddl(generic, dialect):
        return False
    return _written(generic, autogen_context)


def _written(type_: Any, autogen_context: Any) -> str:
    written = sa.util.generic_repr(type_) if isinstance(type_, sa.Interval) else repr(type_)
    return f"{autogen_context.opts['sqlalchemy_module_prefix']}{written}"


def _generic(item: Any) -> Any:
    if type(item).__name__ == "TINYINT" and getattr(item, "display_width", None) == 1:
        return sa.Boolean()
    if isinstance(item, sa.Enum | sa.ARRAY):
        return None
    try:
        return item.as_generic()
    except NotImplementedError:
        return None


def _ddl(type_: Any, dialect: Any) -> str | None:
    # A number has a width for display in MariaDB; TINYINT(1) is how BOOL is stored.
    try:
        text = str(type_.compile(dialect))
    except CompileError:
        return None
    if dialect.name in MARIADB:
        if text in ("INTEGER(11)", "BIGINT(20)", "SMALLINT(6)"):
            return text.partition("(")[0]
        return "BOOL" if text == "TINYINT(1)" else text.replace("DECIMAL", "NUMERIC")
    return text
