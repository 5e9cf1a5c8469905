"""Server defaults and comments of columns.

In place of Alembic's comparison of defaults, which is by letters on SQLite and MariaDB,
and on PostgreSQL one query a default. Here the meaning is compared, and the server asked
once for a table where that leaves a doubt.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from ...sql.expression_parser import Tree, tree
from ...sql.expressions import same, uncast
from ...sql.raw import is_told_as, literally, undoubled
from ...sql.tokens import text_of, tokens
from ...sqlalchemy_internals import ddl_compiler
from ..operations.conversions.kinds import kind_of
from ..schema.server_form import made_of
from .checks import as_written
from .compared import ComparedColumn, ComparedTable
from .state import state_of


def compare_default(it: ComparedColumn) -> bool:
    """True where it is compared: no other comparator is to do it again."""
    context, operation, column = it.context, it.operation, it.column
    if context.migration_context.opts.get("compare_server_default") is not True:
        return False  # a function of the user, or not at all
    if column.autoincrement in (True, False) or column.table.autoincrement_column is column:
        # MariaDB restates the whole column when one thing about it changes.
        operation.kw["autoincrement"] = column.autoincrement is not False
    elif (
        it.conn_column.table.autoincrement_column is it.conn_column
        and kind_of(column.type) != "integer"
    ):
        operation.kw["autoincrement"] = True  # for the way back: it is written for numbers
    there, wanted = it.conn_column.server_default, column.server_default
    operation.existing_server_default = _written(there, context.dialect)
    if isinstance(there, sa.Computed) or isinstance(wanted, sa.Computed):
        return True
    if wanted is not None and not isinstance(wanted, (sa.DefaultClause, sa.Identity)):
        return True  # FetchedValue: a default, but not which
    if not _same_default(context, it.conn_column, column):
        operation.modify_server_default = _sendable(wanted, column, context.dialect)
    return True


def compare_comment(it: ComparedColumn) -> bool:
    """An empty comment is no comment; Alembic handles that from 1.19 on."""
    wanted, there, dialect = it.column.comment, it.conn_column.comment, it.context.dialect
    if not dialect.supports_comments:
        return _written_comment(it)
    equal = is_told_as(wanted, there, dialect)
    it.operation.existing_comment = (wanted if equal else there) or None
    return equal


def _written_comment(it: ComparedColumn) -> bool:
    """SQLite keeps no comments: the model's is compared with that of the revisions."""
    state, wanted = state_of(it.context.migration_context), it.column.comment or None
    with suppress(KeyError):
        there = state.written_comment(it.schema, it.table_name, it.column_name, wanted=wanted)
        it.operation.existing_comment = there
        if wanted != there:
            it.operation.modify_comment = wanted
    return True


def compare_table_comment(it: ComparedTable) -> bool:
    if not it.context.dialect.supports_comments:
        state, wanted = state_of(it.context.migration_context), it.table.comment or None
        with suppress(KeyError):
            there = state.written_comment(it.schema, it.table_name, wanted=wanted)
            if wanted != there:
                names = (it.table_name, wanted) if wanted else (it.table_name,)
                kind: Any = ops.CreateTableCommentOp if wanted else ops.DropTableCommentOp
                it.modify.ops.append(kind(*names, existing_comment=there, schema=it.schema))
        return True
    return is_told_as(it.table.comment, it.conn_table.comment, it.context.dialect)


def _written(default: Any, dialect: sa.Dialect) -> Any:
    """The database's default for a revision."""
    if not isinstance(default, sa.DefaultClause):
        return None
    return sa.DefaultClause(sa.text(literally(as_written(_text_of(default), dialect))))


def _sendable(default: Any, column: sa.Column[Any], dialect: sa.Dialect) -> Any:
    if not isinstance(default, sa.DefaultClause):
        return None
    if isinstance(default.arg, str) and default.arg.strip("'") != default.arg:
        # Alembic takes quotes at the ends for those of SQL.
        return sa.DefaultClause(sa.text(literally(str(default_of(column, dialect)))))
    return default


def _text_of(default: Any) -> str:
    return str(getattr(default.arg, "text", default.arg))


def default_of(column: sa.Column[Any], dialect: sa.Dialect) -> str | None:
    """A model's server default as it is sent to the database."""
    if not isinstance(column.server_default, sa.DefaultClause):
        return None
    default = ddl_compiler(dialect).get_column_default_string(column)
    return None if default is None else undoubled(default, dialect)


def _same_default(context: Any, conn_column: sa.Column[Any], column: sa.Column[Any]) -> bool:
    default = conn_column.server_default
    there = _text_of(default) if isinstance(default, sa.DefaultClause) else None
    wanted = default_of(column, context.dialect)
    if _is_same(wanted, there, conn_column.type):
        return True
    if wanted is None and "nextval(" in str(there):
        # SERIAL, where the sequence was not distinguished from a default of its own.
        return column.table.autoincrement_column is column
    if there is None and "nextval(" in str(wanted) and _is_reflected(column):
        return conn_column.table.autoincrement_column is conn_column
    made = made_of(context, column.table, conn_column.table)
    if made is None or column.name not in made.columns:
        return False
    return _is_same(made.columns[column.name]["default"], there, conn_column.type)


def _is_reflected(column: sa.Column[Any]) -> bool:
    """Whether the model was read from a database: automap, ``autoload_with``."""
    return bool(column.server_default is not None and column.server_default.reflected)


def _is_same(wanted: str | None, there: str | None, type_: Any) -> bool:
    parts = [_parts(wanted), _parts(there)]
    return len(parts[0]) == len(parts[1]) and all(
        same(a, b) or _same_value(a, b, type_) for a, b in zip(*parts, strict=True)
    )


def _parts(default: str | None) -> list[str]:
    """The default and MariaDB's ON UPDATE; NULL is not a default."""
    found = tokens(default or "NULL")
    words = [token.text.lower() for token in found]
    parts = [default or "NULL"]
    for place, word in enumerate(words):
        if word == "on" and "update" in words[place : place + 3]:
            after = words.index("update", place) + 1
            parts = [text_of(found[:place]), text_of(found[after:])]
            break
    return ["NULL" if uncast(tree(part)) == ("null",) else part for part in parts]


def _same_value(wanted: str, there: str, type_: Any) -> bool:
    """Whether two literals are one value in a column of that type."""
    a, b = uncast(tree(wanted)), uncast(tree(there))
    if not {a[0], b[0]} <= {"text", "number", "boolean"}:
        return False
    if isinstance(type_, (sa.Boolean, sa.Integer, sa.Numeric, sa.Float)):
        one, other = _number(a), _number(b)
        return one is not None and one == other
    return str(a[1]) == str(b[1])


def _number(literal: Tree) -> Decimal | None:
    text = str(literal[1]).strip().lower()
    text = {"true": "1", "t": "1", "false": "0", "f": "0"}.get(text, text)
    with suppress(InvalidOperation):
        return Decimal(text)
    return None
