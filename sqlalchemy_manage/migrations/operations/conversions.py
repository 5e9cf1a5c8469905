"""What happens to the values of a column whose type changes.

MariaDB converts them, and refuses what it cannot; but where a Uuid is stored as CHAR(32),
it would be a text like any other. PostgreSQL must be given how to read
a text as something else. SQLite's rebuild casts, and a CAST never fails: a text that is no
number becomes 0, and a date, which is stored as text there, its year.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...errors import MigrationError

_KINDS = (
    (sa.Boolean, "boolean"),
    (sa.Integer, "integer"),
    (sa.Numeric, "number"),
    (sa.DateTime, "datetime"),
    (sa.Date, "date"),
    (sa.Time, "time"),
    (sa.Uuid, "uuid"),
    (sa.Enum, "enum"),
    (sa.String, "text"),
)
_NUMBERS = ("integer", "number")


def kind_of(type_: Any) -> str:
    """What is stored: ``text``, ``integer``, ``date``, ...; empty for what is none of these."""
    if isinstance(type_, sa.TypeDecorator):
        type_ = type_.impl_instance
    # SQLAlchemy 2.1's Float is not a Numeric.
    found = (kind for class_, kind in _KINDS if isinstance(type_, class_))
    return "number" if isinstance(type_, sa.Float) else next(found, "")


def using(column: str, old: Any, new: Any, dialect: sa.Dialect) -> str | None:
    """PostgreSQL's USING; None where it converts by itself, or there is no way.

    Only there: an explicit cast silently cuts a text that is too long.
    """
    was, becomes = kind_of(old), kind_of(new)
    respelt = respelling(column, old, new, dialect)
    if respelt is not None:
        return str(respelt.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    if was == "text" and becomes not in ("text", "enum", ""):
        return f"{column}::{dialect.type_compiler_instance.process(new)}"
    if was in _NUMBERS and becomes == "boolean":
        return f"{column} <> 0"
    if was == "boolean" and becomes in _NUMBERS:
        return f"{column}::integer::{dialect.type_compiler_instance.process(new)}"
    return None


def respelling(column: str, old: Any, new: Any, dialect: sa.Dialect) -> Any:
    """``column``, a quoted name, in the spelling of a Uuid that the database knows as text.

    SQLAlchemy stores one as 32 hexadecimal digits where there is no UUID type, and reads it
    with hyphens; a text is taken to have them. None where nothing has to be respelt.
    """
    text: sa.ColumnElement[str] = sa.literal_column(column, sa.Text)
    if kind_of(old) == "text" and _is_hex(new, dialect):
        return _stored(text, "text", "uuid")
    if _is_hex(old, dialect) and kind_of(new) == "text":
        return _stored(text, "uuid", "text")
    return None


def _is_hex(type_: Any, dialect: sa.Dialect) -> bool:
    if isinstance(type_, sa.TypeDecorator):
        type_ = type_.impl_instance
    return isinstance(type_, sa.Uuid) and not (type_.native_uuid and dialect.supports_native_uuid)


def on_sqlite(expression: Any, old: Any, new: Any, connection: sa.Connection | None) -> Any:
    """The values as SQLite has to store them; None where a CAST is right.

    Raises MigrationError where a value of the column would be lost; with no
    ``connection`` (``--sql``) nobody can look.
    """
    was, becomes = kind_of(old), kind_of(new)
    if connection is not None and isinstance(expression, sa.Column) and was == "text":
        _require_all(connection, expression, new, becomes)
    made = _stored(sa.type_coerce(expression, sa.Text), was, becomes)
    return None if made is None else sa.type_coerce(made, new)


def _stored(text: Any, was: str, becomes: str) -> Any:
    """``text`` is the value as it is stored, without its type."""
    if (was, becomes) == ("date", "datetime"):
        return text + " 00:00:00.000000"
    if (was, becomes) == ("datetime", "date"):
        return sa.func.substr(text, 1, 10)
    if (was, becomes) == ("datetime", "time"):
        return sa.func.substr(text, 12)
    if becomes == "uuid":
        return sa.func.lower(sa.func.replace(text, "-", ""))
    if (was, becomes) == ("uuid", "text"):
        ends = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        made: Any = None
        for end in ends:
            part = sa.func.substr(text, *end, type_=sa.Text)
            made = part if made is None else made + "-" + part
        return made
    if becomes == "boolean" and was in _NUMBERS:
        return text != 0
    if becomes == "boolean":
        word = sa.func.lower(text)
        return sa.case((word.in_(("1", "t", "true")), 1), (word.in_(("0", "f", "false")), 0))
    return text if becomes in ("date", "datetime", "time") else None


def _require_all(connection: sa.Connection, column: sa.Column[Any], new: Any, becomes: str) -> None:
    text = sa.column(column.name, sa.Text)
    if becomes in _NUMBERS:
        # Beside a number SQLite takes a text for one, if all of it is one.
        number = sa.Integer if becomes == "integer" else sa.Numeric
        good = sa.cast(text, number) == sa.type_coerce(text, number)
    elif becomes in ("date", "datetime", "time"):
        good = getattr(sa.func, becomes)(text).is_not(None)
    elif becomes == "boolean":
        good = _stored(text, "text", becomes).is_not(None)
    else:
        return
    table = sa.table(column.table.name, schema=column.table.schema)
    bad = connection.scalars(
        sa.select(text).select_from(table).where(text.is_not(None), ~good)
    ).all()
    if bad:
        raise MigrationError(
            f"{len(bad):,} value{'s' * (len(bad) > 1)} of {column.table.name}.{column.name} "
            f"cannot become {new!r}, for example {bad[0]!r}.",
            "Fix them first, or let the revision do it.",
        )
