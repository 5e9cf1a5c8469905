"""CHECKs of the form ``column IN (literals)``: reading the text a database gives back."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.exc import CompileError

from ....sql.expressions import in_list
from ....sqlalchemy_internals import is_of_type, variants


def belongs_to_enum(check_text: str, metadata_table: sa.Table, name: str | None = None) -> bool:
    """Whether a CHECK found in the database is the one an Enum or Boolean column brings along.

    It is when it lists literals for a single column that is an Enum or Boolean in the model,
    unless the model has a handwritten CHECK that lists literals for the same column: of
    that name if ``name`` is given, of any name otherwise. On SQLite, where it may have no
    name, also when the column is an Enum no more but a String.
    """
    listed = in_list(check_text)
    if listed is None:
        return False
    column = next((c for c in metadata_table.columns if c.name == listed[0]), None)
    if column is None:
        return False
    kinds = tuple(_kinds(column.type))
    allows_values = any(isinstance(kind, (sa.Enum, sa.Boolean)) for kind in kinds)
    # MariaDB, which quotes with backticks, has no CHECK without a name but within a column.
    leftover = name is None and "`" not in check_text and isinstance(kinds[0], sa.String)
    if not (allows_values or leftover):
        return False
    written = [
        check
        for check in metadata_table.constraints
        if isinstance(check, sa.CheckConstraint) and not is_of_type(check)
    ]
    if name is not None:
        return not any(check.name == name for check in written)
    return not any((in_list(_text(check)) or ("",))[0] == listed[0] for check in written)


def _text(check: sa.CheckConstraint) -> str:
    """As the database has it: ``status.in_([...])`` with its values."""
    as_stored = {"literal_binds": True, "include_table": False}
    try:
        return str(check.sqltext.compile(compile_kwargs=as_stored))
    except CompileError:  # an expression for some dialects only, and no list of literals
        return ""


def _kinds(kind: sa.types.TypeEngine[object]) -> Iterator[object]:
    """``kind`` and what it wraps: what it decorates, and its variants."""
    yield kind
    if isinstance(kind, sa.types.TypeDecorator):
        yield from _kinds(kind.impl_instance)
    for variant in variants(kind).values():
        yield from _kinds(variant)
