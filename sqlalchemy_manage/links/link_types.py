"""What a link of the models can be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, RelationshipProperty

from .conditions import Clauses, StoredJoin, is_declared, same_conditions, stored_joins
from .hierarchies import Hierarchy


@dataclass(frozen=True)
class LinkColumns:
    """Columns of ``child`` that name a row of ``parent``, pair by pair.

    ``declared``: by a foreign key; else only a relationship says so. ``relationships``:
    those that use it, as ``Employee.departments``. ``guard``: a row of ``child`` is a link
    only where all conditions of one of these hold; empty where each row is.
    ``classes``: of which class the row of ``parent`` has to be, for the rows of ``child`` that
    are of the first class (None: for all); one of them has to hold. Empty where any will do.
    ``single``: the relationships that read one row though nothing in the models says that
    ``targets`` are unique, and what they ask of the row of ``parent``.
    """

    child: sa.Table
    columns: tuple[sa.Column[Any], ...]
    parent: sa.Table
    targets: tuple[sa.Column[Any], ...]
    declared: bool
    relationships: tuple[str, ...] = ()
    guard: tuple[Clauses, ...] = field(default=(), compare=False)
    classes: tuple[tuple[Mapper[Any] | None, Mapper[Any]], ...] = field(default=(), compare=False)
    single: tuple[tuple[str, Clauses], ...] = field(default=(), compare=False)

    kind = "reference"

    @property
    def name(self) -> str:
        here, there = (_names(side) for side in (self.columns, self.targets))
        return f"{self.child.fullname}({here}) -> {self.parent.fullname}({there})"

    @property
    def tables(self) -> tuple[sa.Table, ...]:
        return self.child, self.parent

    @property
    def constraint(self) -> sa.ForeignKeyConstraint | None:
        """The foreign key of the model, if it is declared by one."""
        pairs = set(zip(self.columns, self.targets, strict=True))
        for constraint in self.child.foreign_key_constraints:
            if {(element.parent, element.column) for element in constraint.elements} == pairs:
                return constraint
        return None


@dataclass(frozen=True)
class LinkTypes:
    """Columns of a generic link: what type of row it leads to stands in a column beside them.

    ``known``: for each type that a relationship of the models is for, its condition.
    """

    table: sa.Table
    columns: tuple[sa.Column[Any], ...]
    types: tuple[sa.Column[Any], ...]
    known: tuple[Clauses, ...] = field(compare=False)
    relationships: tuple[str, ...] = ()

    kind = "link type"

    @property
    def name(self) -> str:
        return f"{self.table.fullname}({_names((*self.types, *self.columns))})"

    @property
    def tables(self) -> tuple[sa.Table, ...]:
        return (self.table,)


@dataclass(frozen=True)
class LinkTable:
    """The table of a many-to-many, in which no pair may occur twice.

    ``guards``: the conditions of the relationships; each reads its own rows alone.
    ``apart``: columns by which some of them tell rows apart; a relationship without a
    condition may see a pair more than once, if these differ.
    ``whole``: of a row that is filled in part, one of these has to be filled.
    ``repeats``: a class of its own has rows in it, whose key lets a pair occur again.
    """

    table: sa.Table
    columns: tuple[sa.Column[Any], ...]
    relationships: tuple[str, ...] = ()
    guards: tuple[Clauses, ...] = field(default=((),), compare=False)
    apart: tuple[sa.Column[Any], ...] = ()
    whole: tuple[tuple[sa.Column[Any], ...], ...] = ()
    repeats: bool = False

    kind = "link table"

    @property
    def name(self) -> str:
        return f"{self.table.fullname}({_names(self.columns)})"

    @property
    def tables(self) -> tuple[sa.Table, ...]:
        return (self.table,)


@dataclass(frozen=True)
class ToOne:
    """A relationship to one row, whose key is on the other side: no two may claim it."""

    relationship: RelationshipProperty[Any]
    join: StoredJoin

    kind = "to-one"

    @property
    def name(self) -> str:
        return str(self.relationship)

    @property
    def relationships(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def table(self) -> sa.Table:
        return self.join.child

    @property
    def columns(self) -> tuple[sa.Column[Any], ...]:
        return tuple(filled for filled, _ in self.join.pairs)

    @property
    def tables(self) -> tuple[sa.Table, ...]:
        if self.join.target or self.join.both:
            return self.join.child, self.join.parent
        return (self.join.child,)


@dataclass(frozen=True)
class Directions:
    """Two relationships that are each other's way back."""

    there: RelationshipProperty[Any]
    back: RelationshipProperty[Any]

    kind = "both ways"

    @property
    def name(self) -> str:
        return f"{self.there} <-> {self.back}"

    @property
    def relationships(self) -> tuple[str, ...]:
        return str(self.there), str(self.back)

    @property
    def tables(self) -> tuple[sa.Table, ...]:
        found = [*self.there.parent.tables, *self.there.mapper.tables, self.there.secondary]
        return tuple(dict.fromkeys(t for t in found if isinstance(t, sa.Table)))

    @property
    def stored(self) -> tuple[tuple[Any, Any], ...]:
        """The pairs (column of the link table, column of a row whose value it holds)."""
        return tuple(pair for join in stored_joins(self.there) for pair in join.pairs)

    @property
    def same_columns(self) -> bool:
        """Whether both run along the same columns, under the same conditions.

        Then no link can be seen from one side only. A generic link is given its condition by
        one of the two; the other may leave it out.
        """
        there, back = stored_joins(self.there), stored_joins(self.back)
        if not there or {frozenset(j.pairs) for j in there} != {frozenset(j.pairs) for j in back}:
            return False
        if self.there.secondary is not self.back.secondary:
            return False
        if self.there.mapper.single or self.back.mapper.single:  # rows of other classes are hidden
            return False
        if self.there.secondary is None and not is_declared(there[0]):
            return True
        return same_conditions(there, back)


Link = LinkColumns | LinkTypes | LinkTable | ToOne | Directions | Hierarchy


def _names(columns: Iterable[sa.Column[Any]]) -> str:
    return ", ".join(column.name for column in columns)
