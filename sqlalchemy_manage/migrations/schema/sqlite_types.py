"""SQLite: the types of columns by the names that CREATE TABLE gave them.

SQLite stores what it is given, whatever a column's type. SQLAlchemy takes a name that it does
not know for the type that treats values alike, and BINARY(16) for NUMERIC(16)
(https://sqlite.org/datatype3.html#determination_of_column_affinity).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import CompileError

from ...sql.raw import RawType

COMPLETE = "sqlalchemy_manage_complete"
"""A key of what the Inspector says of a column, once it is right."""

# What SQLAlchemy may have made of a name that it does not know.
_STAND_INS = (sa.INTEGER, sa.TEXT, sa.types.NullType, sa.REAL, sa.NUMERIC)


def name_declared_types(
    connection: sa.Connection, schema: str | None, columns: Mapping[str, Iterable[Any]]
) -> None:
    """Give ``columns``, what the Inspector says, by table, the types that were declared."""
    quote = connection.dialect.identifier_preparer.quote
    where = quote(schema or "main")
    rows = connection.exec_driver_sql(
        f"SELECT t.name, c.name, c.type FROM {where}.sqlite_master t"
        " JOIN pragma_table_xinfo(t.name, ?) c WHERE t.type = 'table'",
        (schema or "main",),
    )
    names = {(table, column): type_ for table, column, type_ in rows}
    for table, found in columns.items():
        for column in found:
            column[COMPLETE] = True
            complete_type(column, names.get((table, column["name"])), connection.dialect)


def declared_type(connection: sa.Connection, schema: str | None, table: str, column: str) -> str:
    """What a column's type is called; empty where it has none."""
    found = connection.exec_driver_sql(
        "SELECT type FROM pragma_table_xinfo(?, ?) WHERE name = ? COLLATE NOCASE",
        (table, schema or "main", column),
    )
    return found.scalar() or ""


def complete_type(column: Any, name: str | None, dialect: sa.Dialect) -> None:
    """Give a column the type called ``name``, if SQLAlchemy has taken it for another."""
    if isinstance(column["type"], _STAND_INS) and name and not _is_known(name, dialect):
        column["type"] = named(name, dialect)


def _is_known(name: str, dialect: Any) -> bool:
    word = re.match(r"[\w ]*", name.upper())
    return word is not None and word[0] in dialect.ischema_names


def named(name: str, dialect: sa.Dialect) -> Any:
    """The type of SQLAlchemy's that is called so on SQLite, else a :class:`RawType`."""
    found = re.fullmatch(r"([\w ]+?) ?(?:\(([\d, ]*)\))?", name.strip())
    made = getattr(sa, found[1].upper().replace(" ", "_"), None) if found is not None else None
    if found is not None and isinstance(made, type) and issubclass(made, sa.types.TypeEngine):
        with suppress(TypeError, ValueError, CompileError):
            type_ = made(*map(int, filter(None, (found[2] or "").split(","))))
            if folded(type_.compile(dialect)) == folded(name):
                return type_
    return RawType(name)


def folded(name: str) -> str:
    """A type's name as it is compared: SQLite looks at neither its case nor its blanks."""
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(name.upper().split()))


def same(there: str, wanted: str) -> bool | None:
    """Whether two names are those of one type; None where only SQLAlchemy knows.

    What follows COLLATE is not looked at: the database does not tell it with the type.
    """
    plain = (name.partition(" COLLATE ")[0] for name in (there, wanted))
    names = [re.sub(r"^DECIMAL\b", "NUMERIC", folded(name)) for name in plain]
    if names[0].partition("(")[0] == names[1].partition("(")[0]:
        return names[0] == names[1]
    return None
