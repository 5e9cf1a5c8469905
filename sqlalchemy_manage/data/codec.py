"""What a column stores, below any decoration, and the shape of its translation to JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


@dataclass(frozen=True)
class Codec:
    """How the values of one column are written as JSON and read back.

    ``dump`` and ``load`` raise ValueError with the reason; neither is called with None.
    ``bind`` is the type that parameters get, ``read_as`` the one the column is read with.
    ``as_text``: read and written by a CAST, in the text form that the database defines.
    ``as_is``: strings and whole numbers are written and bound as they are.
    ``select`` makes of the column what is to be read, where that is not the column itself.
    """

    kind: str
    expected: str
    dump: Callable[[Any], Any]
    load: Callable[[Any], Any]
    bind: TypeEngine[Any]
    read_as: TypeEngine[Any] | None = None
    as_text: bool = False
    normal: Callable[[Any], Any] | None = None
    as_is: bool = False
    select: Callable[[sa.ColumnElement[Any]], sa.ColumnElement[Any]] | None = None

    def clean(self, value: Any) -> Any:
        """The JSON value that a dump would hold for ``value``; raises ValueError."""
        if value is None:
            return None
        if self.normal is not None:
            return self.normal(value)
        return self.dump(self.load(value))

    def key(self, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
        """The column for comparisons with bound values."""
        if self.as_text:
            return sa.cast(column, sa.Text())
        return sa.type_coerce(column, self.bind)

    def selected(self, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
        """The column as ``dump`` wants its values."""
        if self.as_text:
            return sa.cast(column, sa.Text())
        if self.select is not None:
            return self.select(column)
        return column if self.read_as is None else sa.type_coerce(column, self.read_as)

    def bound(self, name: str, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
        """A parameter for a value that ``load`` made."""
        if self.as_text:
            return sa.cast(sa.bindparam(name, type_=sa.Text()), column.type)
        return sa.bindparam(name, type_=self.bind)

    def decode(self, value: Any) -> Any:
        """``load``, and None for None."""
        return None if value is None else self.load(value)

    def encode(self, value: Any) -> Any:
        """``dump``, and None for None."""
        return None if value is None else self.dump(value)


def decorates(type_: TypeEngine[Any]) -> bool:
    # SQLAlchemy's own Interval is a decorator only where the database has no interval.
    return isinstance(type_, TypeDecorator) and not isinstance(type_, sa.Interval)


def stored_type(type_: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    """The type below any TypeDecorator, on a dialect."""
    found = type_.dialect_impl(dialect)
    if isinstance(type_, TypeDecorator) and decorates(found) and type(found) is type(type_):
        return stored_type(type_.load_dialect_impl(dialect), dialect)
    while isinstance(found, TypeDecorator) and decorates(found):
        found = found.impl_instance
    # What a dialect replaces them with no longer shows that it was a CHAR, or a Float.
    kind = kind_of(found)
    keep = (isinstance(type_, sa.CHAR) and kind == "text") or (
        isinstance(type_, sa.Float) and kind == "numeric"
    )
    return type_ if keep else found


def pickles(type_: TypeEngine[Any]) -> bool:
    """Whether a type, or one that it decorates, is a PickleType."""
    while isinstance(type_, TypeDecorator):
        if isinstance(type_, sa.PickleType):
            return True
        type_ = type_.impl_instance
    return False


def kind_of(type_: TypeEngine[Any]) -> str:
    """What a type without decoration stores; ``other`` if this module does not know it."""
    if isinstance(type_, _of_dialect("mysql", "SET")):
        return "other"  # calls itself a string, but gives a Python set
    if isinstance(type_, _of_dialect("postgresql", "INTERVAL")):
        return "interval"
    for kind, classes in KINDS.items():
        if isinstance(type_, classes):
            return kind
    try:
        return "bytes" if type_.python_type is bytes else "other"
    except NotImplementedError:
        return "other"


def _of_dialect(name: str, type_name: str) -> Any:
    """A type of a dialect, or no type at all while nobody has imported the dialect.

    To import all dialects takes as long as to dump some ten thousand rows.
    """
    return getattr(sys.modules.get(f"sqlalchemy.dialects.{name}"), type_name, ())


# Float before Numeric: in SQLAlchemy 2.0 it is a subclass.
KINDS: dict[str, tuple[Any, ...]] = {
    "enum": (sa.Enum,),
    "text": (sa.String,),
    "bool": (sa.Boolean,),
    "int": (sa.Integer,),
    "float": (sa.Float,),
    "numeric": (sa.Numeric,),
    "datetime": (sa.DateTime,),
    "date": (sa.Date,),
    "time": (sa.Time,),
    "interval": (sa.Interval,),
    "bytes": (sa.LargeBinary, sa.BINARY, sa.VARBINARY),
    "uuid": (sa.Uuid,),
    "json": (sa.JSON,),
    "array": (sa.ARRAY,),
}
