"""Classes that inherit from each other: of which one a row is, and where its parts have to be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import visitors

from .conditions import all_of, compared


@dataclass(frozen=True)
class SubTable:
    """The table of a class with joined inheritance.

    ``above``: the one that its base class has, if that is another sub table. ``pairs``: its
    columns, and those of the root's table that have the same values. ``identities``: the
    values of the discriminator that may have a row in it; None among them for no value.
    """

    table: sa.Table
    above: SubTable | None
    pairs: tuple[tuple[Any, Any], ...]
    identities: frozenset[Any]

    def line(self) -> list[sa.Table]:
        """The table, and those above it."""
        return [self.table, *(self.above.line() if self.above else ())]


@dataclass(frozen=True)
class Hierarchy:
    """A class with a discriminator, and all that inherit from it.

    ``discriminator``: a column of ``table``, or an expression of its columns.
    ``identities``: the values that stand for a class; None among them if a row may have none.
    """

    root: Mapper[Any]
    table: sa.Table
    discriminator: Any = field(compare=False)
    identities: frozenset[Any] = field(compare=False)
    subs: tuple[SubTable, ...] = field(compare=False)

    kind = "classes"
    relationships: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.root.class_.__name__}({self.told_by})"

    @property
    def told_by(self) -> str:
        """What the discriminator is called."""
        return str(getattr(self.discriminator, "name", None) or "discriminator")

    @property
    def tables(self) -> tuple[sa.Table, ...]:
        return self.table, *(sub.table for sub in self.subs)


def hierarchies_of(mappers: Iterable[Mapper[Any]]) -> Iterator[Hierarchy]:
    """Of single and joined inheritance; classes with whole tables of their own need no check."""
    for root in mappers:
        table, discriminator = root.local_table, root.polymorphic_on
        if root.base_mapper is not root or discriminator is None:
            continue
        columns = [e for e in visitors.iterate(discriminator) if isinstance(e, sa.Column)]
        # That of a ConcreteBase is a column of a union.
        if not isinstance(table, sa.Table) or any(c.table is not table for c in columns):
            continue
        if columns:
            yield Hierarchy(root, table, discriminator, _identities(root), tuple(_subs(root)))


def _identities(mapper: Mapper[Any]) -> frozenset[Any]:
    found: set[Any] = {identity for identity, m in mapper.polymorphic_map.items() if m.isa(mapper)}
    # A class without an identity is stored without a discriminator; without one, a row is
    # read as the root's class.
    if any(
        m.polymorphic_identity is None and not m.polymorphic_abstract
        for m in mapper.self_and_descendants
    ) or (mapper.base_mapper is mapper and not mapper.polymorphic_abstract):
        found.add(None)
    return frozenset(found)


def _subs(root: Mapper[Any]) -> Iterator[SubTable]:
    found: dict[Any, SubTable | None] = {root: None}
    own = {column: column for column in root.local_table.c}
    values: dict[Any, dict[Any, Any]] = {root: own}
    for mapper in root.self_and_descendants:
        above = mapper.inherits
        if above is None or above not in found or mapper.concrete:
            continue
        if mapper.local_table is above.local_table:
            found[mapper], values[mapper] = found[above], values[above]
            continue
        pairs = _pairs(mapper, values[above])
        if isinstance(mapper.local_table, sa.Table) and pairs:
            values[mapper] = {**values[above], **pairs}
            found[mapper] = sub = SubTable(
                mapper.local_table, found[above], tuple(pairs.items()), _identities(mapper)
            )
            yield sub


def _pairs(mapper: Mapper[Any], known: dict[Any, Any]) -> dict[Any, Any]:
    """The columns of a class's table and those of the root's that they are equal to."""
    found = {}
    for clause in all_of(mapper.inherit_condition):
        columns = compared(clause)
        if columns is None:
            return {}
        mine = [c for c in columns if c.table == mapper.local_table]
        other = [known[c] for c in columns if c in known]
        if len(mine) != 1 or len(other) != 1:
            return {}
        found[mine[0].table.c[mine[0].key]] = other[0]
    return found
