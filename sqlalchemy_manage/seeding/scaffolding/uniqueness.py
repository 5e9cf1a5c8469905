"""Which columns of a table must not repeat, alone or together with others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from ...sql.expression_parser import tree
from ...sql.raw import sql_of
from .checks import names_in


def unique_sets(table: sa.Table, dialect: sa.Dialect) -> list[frozenset[Any]]:
    """The columns of each primary key, UNIQUE and unique index; of an expression too."""
    found: dict[frozenset[Any], None] = {}
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint | sa.PrimaryKeyConstraint):
            found.setdefault(frozenset(constraint.columns))
    for index in table.indexes:
        if index.unique:
            columns = (c for e in index.expressions for c in _columns(table, e, dialect))
            found.setdefault(frozenset(columns))
    # Sets have no order of their own, and the factory is to be the same each time.
    order = {column: place for place, column in enumerate(table.columns)}
    return sorted(filter(None, found), key=lambda s: sorted(order[column] for column in s))


def _columns(table: sa.Table, expression: Any, dialect: sa.Dialect) -> Iterator[Any]:
    if isinstance(expression, sa.Column):
        yield expression
        return
    inside = [e for e in visitors.iterate(expression) if isinstance(e, sa.Column)]
    if inside:
        yield from inside
        return
    names = set(names_in(tree(sql_of(expression, dialect))))
    yield from (column for column in table.columns if column.name.lower() in names)
