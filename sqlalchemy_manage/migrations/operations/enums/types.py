"""What a column of an Enum (or Boolean) type is on each database, and such types made portable."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ....sql.raw import cut_name
from ....sqlalchemy_internals import copy_without_variants, variants

POSTGRESQL = postgresql.dialect()

BOOLEAN = {"0": "false", "1": "true"}
"""What a Boolean is where it is a number, and in PostgreSQL's words."""

Key = tuple[str | None, str]
"""Schema and name of a type of PostgreSQL."""


@dataclass(frozen=True)
class Form:
    """A column's type as one database has it.

    ``native``: the type itself lists the values; on PostgreSQL it is an object with a
    ``key``. ``checked``: a CHECK lists them. ``values`` is None when they are not known.
    """

    sql: str
    native: bool = False
    checked: bool = False
    values: tuple[str, ...] | None = None
    key: Key | None = None
    array: bool = False
    length: int | None = None

    @property
    def enforced(self) -> bool:
        """Whether the database refuses other values."""
        return self.native or self.checked


def leaves(type_: Any) -> Iterator[Any]:
    """The types that ``type_`` may represent, whatever the database."""
    if isinstance(type_, sa.TypeDecorator):
        yield from leaves(type_.impl_instance)
    elif isinstance(type_, sa.ARRAY):
        yield from leaves(type_.item_type)
    else:
        yield type_
    for variant in variants(type_).values():
        yield from leaves(variant)


def leaf(type_: Any, dialect: sa.Dialect) -> tuple[Any, bool]:
    """The type that ``type_`` represents on ``dialect``, and whether in an array."""
    type_ = variants(type_).get(dialect.name, type_)
    if isinstance(type_, sa.TypeDecorator):
        return leaf(type_.load_dialect_impl(dialect), dialect)
    if isinstance(type_, sa.ARRAY):
        return leaf(type_.item_type, dialect)[0], True
    return type_, False


def form_of(type_: Any, dialect: sa.Dialect) -> Form:
    """What a column of ``type_`` is on ``dialect``."""
    found, array = leaf(type_, dialect)
    if isinstance(found, sa.Enum):
        native = bool(found.native_enum and dialect.supports_native_enum)
        named = native and dialect.name == "postgresql"
        return Form(
            sql="" if named else type_.compile(dialect=dialect),
            native=native,
            checked=bool(found.create_constraint and not native),
            values=tuple(found.enums) or None,
            key=key_of(found, dialect) if named else None,
            array=array,
            length=None if native else found.length,
        )
    if isinstance(found, sa.Boolean):
        checked = found.create_constraint and not dialect.supports_native_boolean
        words = tuple(BOOLEAN.values() if dialect.name == "postgresql" else BOOLEAN)
        return Form(type_.compile(dialect=dialect), checked=bool(checked), values=words)
    return Form(type_.compile(dialect=dialect), length=getattr(found, "length", None))


def key_of(enum: sa.Enum, dialect: sa.Dialect) -> Key:
    """Where the type is; the schema None is the default one, however it is spelled."""
    schema = None if enum.schema == dialect.default_schema_name else enum.schema
    return schema, cut_name(str(enum.name)) if dialect.name == "postgresql" else str(enum.name)


def native_enums(type_: Any) -> Iterator[sa.Enum]:
    """The Enum that ``type_`` is on PostgreSQL, if it is one with a type of its own there."""
    found, _ = leaf(type_, POSTGRESQL)
    if isinstance(found, sa.Enum) and found.native_enum and found.name and found.enums:
        yield found


def portable(type_: Any, change: Callable[[Any], Any]) -> Any:
    """``type_`` with every Enum and Boolean in it replaced by ``change`` of it.

    What a revision file can hold: no class of the models, decorators taken off.
    """
    if isinstance(type_, sa.TypeDecorator):
        made = portable(type_.impl_instance, change)
    elif isinstance(type_, sa.ARRAY):
        item = portable(type_.item_type, change)
        made = type(type_)(item, as_tuple=type_.as_tuple, dimensions=type_.dimensions)
    elif isinstance(type_, (sa.Enum, sa.Boolean)):
        made = change(type_)
    else:
        made = copy_without_variants(type_)
    for name, variant in variants(type_).items():
        made = made.with_variant(portable(variant, change), name)
    return made


def like(
    model: Any,
    values: Sequence[str] | None = None,
    *,
    length: int | None = None,
    checked: bool | None = None,
    key: Key | None = None,
) -> Any:
    """A plain ``sa.Enum`` (or ``sa.Boolean``) like ``model``, with what is given in its place.

    ``key`` is another schema and name. With no values it represents an Enum whose values
    nobody knows.
    """
    constraint = model.create_constraint if checked is None else checked
    name = None if model.name is None else str(model.name)
    if isinstance(model, sa.Boolean):
        return sa.Boolean(create_constraint=constraint, name=name)
    values = tuple(model.enums) if values is None else tuple(values)
    if hasattr(model, "charset") and (model.charset or model.collation):
        from sqlalchemy.dialects import mysql

        return mysql.ENUM(*values, name=name, charset=model.charset, collation=model.collation)
    longest = max(map(len, values), default=0)
    if length is None and model.length != max(map(len, model.enums), default=0):
        length = model.length
    more: dict[str, Any] = {}
    if length is not None and length > longest:
        more["length"] = length
    schema, name = key or (model.schema, name)
    return sa.Enum(
        *values,
        name=name,
        schema=schema,
        native_enum=model.native_enum,
        create_constraint=constraint,
        **more,
    )


def constant(default: Any) -> Any:
    """A server default: the text of a string constant, else as it is; False for other things."""
    if default is None:
        return None
    if not isinstance(default, sa.DefaultClause):
        return False
    if isinstance(default.arg, str):
        return default.arg
    if not isinstance(default.arg, sa.TextClause | sa.sql.expression.ColumnClause):
        return default.arg  # an expression, which may be one for some dialects only
    constant = re.fullmatch(r"'((?:[^']|'')*)'(?:::.*)?", str(default.arg), re.DOTALL)
    return constant[1].replace("''", "'") if constant else default.arg
