"""How likely a table or a column is another one under a new name."""

from __future__ import annotations

from contextlib import suppress
from difflib import SequenceMatcher
from typing import Any

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import CompileError, UnsupportedCompilationError

from ..operations.values import undecorated

_FAMILIES = (
    (sa.String, sa.Text, sa.Enum, sa.Uuid),
    (sa.Integer, sa.Numeric, sa.Float, sa.Boolean),
    (sa.Date, sa.DateTime),
    (sa.JSON,),
    (sa.ARRAY,),
)


def may_become(context: MigrationContext, old: sa.Column[Any], new: sa.Column[Any]) -> bool:
    """Whether the types of two columns fit a rename, in which one may have become the other.

    They are of one family, or the database has the same for both: MariaDB has a text for
    JSON, SQLite a DATETIME for an Interval.
    """
    if _affinity(old.type) == _affinity(new.type):
        return True
    return _is_same(context, old, new)


def _is_same(context: MigrationContext, old: sa.Column[Any], new: sa.Column[Any]) -> bool:
    """Whether two columns have the same type in the database."""
    with suppress(CompileError, UnsupportedCompilationError):
        return not context.impl.compare_type(old, new)
    return False


def _affinity(type_: Any) -> str:
    """The family of a type."""
    type_ = undecorated(type_)
    generic = type_.as_generic(allow_nulltype=True)
    for family in _FAMILIES:
        if isinstance(type_, family) or isinstance(generic, family):
            return family[0].__name__
    return type(type_ if isinstance(generic, sa.types.NullType) else generic).__name__


def column_score(context: MigrationContext, old: sa.Column[Any], new: sa.Column[Any]) -> float:
    """How likely one column is the other under a new name; the best pairs are asked first."""
    score = SequenceMatcher(None, old.name, new.name).ratio()
    if type(old.type) is type(new.type) or _is_same(context, old, new):
        score += 1
    if bool(old.nullable) == bool(new.nullable):
        score += 0.5
    return score


def table_score(old: sa.Table, new: sa.Table) -> float:
    """How similar two tables are, 0 to 1: by their columns' names, or by their types alone."""
    a, b = {c.name for c in old.columns}, {c.name for c in new.columns}
    shapes = [sorted(_affinity(c.type) for c in table.columns) for table in (old, new)]
    by_name = len(a & b) / max(len(a | b), 1)
    return max(by_name, 0.6 if shapes[0] == shapes[1] else 0.0)
