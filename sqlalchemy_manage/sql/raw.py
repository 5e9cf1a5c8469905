"""SQL as it is: text that no driver and no template may read as its own, and types by name."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.functions import FunctionElement

from ..sqlalchemy_internals import doubles_percents
from .dialects import MARIADB


class Sql(ExecutableDDLElement):
    """A statement as it is: no parameters, and no colon or percent sign with a meaning."""

    def __init__(self, text: str) -> None:
        self.text = text


@compiles(Sql)
def _compile(element: Sql, compiler: Any, **kw: Any) -> str:
    # What the driver's own formatting would take for a placeholder.
    return element.text.replace("%", "%%") if doubles_percents(compiler.preparer) else element.text


class SqlExpression(FunctionElement[Any]):
    """An expression as it is, made of ``source``, whose tables are those to select from."""

    inherit_cache = False

    def __init__(self, text: str, source: sa.ColumnElement[Any]) -> None:
        super().__init__(source)
        self.text = text


@compiles(SqlExpression)
def _compile_expression(element: SqlExpression, compiler: Any, **kw: Any) -> str:
    return element.text


class RawType(sa.types.UserDefinedType[Any]):
    """A column's type that SQLAlchemy does not know, by its name in the database."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **kw: Any) -> str:
        return self.name


def execute(connection: sa.Connection, statement: str) -> Any:
    """The result of ``statement``, run as it is: nothing in it is taken for a parameter."""
    return connection.execute(Sql(statement))


def shown_columns(connection: sa.Connection, table: str) -> dict[str, str]:
    """MariaDB: how SHOW CREATE TABLE defines each column, by its name in backticks."""
    shown = execute(connection, f"SHOW CREATE TABLE {table}").one()[1]
    return dict(re.findall(r"^\s+(`(?:[^`]|``)+`) (.*?),?$", str(shown), re.MULTILINE))


def qualified(dialect: sa.Dialect, *parts: str | None) -> str:
    """A name with its schema, where it has one, quoted where it must be; for :class:`Sql`."""
    quote = dialect.identifier_preparer.quote
    return undoubled(".".join(quote(part) for part in parts if part), dialect)


def cut_name(name: str) -> str:
    """What PostgreSQL makes of a name: its first 63 bytes, and no part of a character."""
    return name.encode()[:63].decode(errors="ignore")


def stored_name(name: str, dialect: sa.Dialect) -> str:
    """What a name is called in the database."""
    return cut_name(name) if dialect.name == "postgresql" else name


def is_told_as(text: str | None, told: str | None, dialect: sa.Dialect) -> bool:
    """Whether ``told`` is what the server says of ``text`` in a comment or a type.

    MariaDB keeps an emoji there, or another character of four bytes, but says ``?``.
    """
    if text and told and dialect.name in MARIADB:
        return told in (text, re.sub("[\U00010000-\U0010ffff]", "?", text))
    return (text or None) == (told or None)


def sql_of(expression: Any, dialect: sa.Dialect) -> str:
    """An expression of a model as it is sent to the database."""
    if isinstance(expression, str):
        return expression
    compiled = expression.compile(
        dialect=dialect, compile_kwargs={"literal_binds": True, "include_table": False}
    )
    return undoubled(str(compiled), dialect)


def text_of(sql: Any, dialect: sa.Dialect) -> str:
    """The text of SQL, be it a string, a ``text()`` or an expression of a model."""
    if isinstance(sql, sa.TextClause) or not isinstance(sql, sa.ClauseElement):
        return str(sql)
    return sql_of(sql, dialect)


# As sqlalchemy.sql.compiler finds bound parameters in a text().
_BOUND = re.compile(r"(?<![:\w\x5c]):(\w+)(?!:)")


def literally(sql: str) -> str:
    """``sql`` for a ``text()``, in which a colon before a word would be a parameter."""
    return _BOUND.sub(r"\\:\1", sql)


def undoubled(sql: str, dialect: sa.Dialect) -> str:
    """Compiled SQL as the server gets it: for drivers with ``%s`` parameters ``%`` is doubled."""
    return sql.replace("%%", "%") if dialect.paramstyle in ("format", "pyformat") else sql
