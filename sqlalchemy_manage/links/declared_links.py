"""Every link that the models declare: by a foreign key, by a relationship, or by both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, RelationshipDirection, RelationshipProperty
from sqlalchemy.sql import operators


@dataclass(frozen=True)
class LinkColumns:
    """Columns of ``child`` that name a row of ``parent``, pair by pair.

    ``declared``: by a foreign key; else only a relationship says so. ``relationships``:
    those that use it, as ``Employee.departments``.
    """

    child: sa.Table
    columns: tuple[sa.Column[Any], ...]
    parent: sa.Table
    targets: tuple[sa.Column[Any], ...]
    declared: bool
    relationships: tuple[str, ...] = ()

    kind = "reference"

    @property
    def name(self) -> str:
        here, there = (_names(side) for side in (self.columns, self.targets))
        return f"{self.child.fullname}({here}) -> {self.parent.fullname}({there})"

    @property
    def tables(self) -> tuple[sa.Table, ...]:
        return self.child, self.parent


@dataclass(frozen=True)
class LinkTable:
    """The table of a many-to-many, in which no pair may occur twice."""

    table: sa.Table
    columns: tuple[sa.Column[Any], ...]
    relationships: tuple[str, ...] = ()

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
    table: sa.Table
    columns: tuple[sa.Column[Any], ...]

    kind = "to-one"

    @property
    def name(self) -> str:
        return str(self.relationship)

    @property
    def relationships(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def tables(self) -> tuple[sa.Table, ...]:
        return (self.table,)


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
        """The pairs (column of a row, column of the link table that holds its value)."""
        return _stored(self.there)

    @property
    def same_columns(self) -> bool:
        """Whether both run along the same columns of one link table, under no other condition.

        Then no row of it can be seen from one side only.
        """
        there, back = self.there, self.back
        if not isinstance(there.secondary, sa.Table) or there.secondary is not back.secondary:
            return False
        if there.mapper.single or back.mapper.single:  # rows of other classes are hidden
            return False
        pairs = set(there.synchronize_pairs), set(there.secondary_synchronize_pairs or ())
        if pairs != (set(back.secondary_synchronize_pairs or ()), set(back.synchronize_pairs)):
            return False
        return all(
            _only_equalities(join, len(found))
            for relation in (there, back)
            for join, found in (
                (relation.primaryjoin, relation.synchronize_pairs),
                (relation.secondaryjoin, relation.secondary_synchronize_pairs or ()),
            )
        )


def _only_equalities(join: Any, count: int) -> bool:
    """Whether a join is ``count`` comparisons of two columns, all of which must hold."""
    parts = list(join.clauses) if isinstance(join, sa.sql.elements.BooleanClauseList) else [join]
    if len(parts) > 1 and join.operator is not operators.and_:
        return False
    return len(parts) == count and all(
        isinstance(part, sa.BinaryExpression)
        and part.operator is operators.eq
        and isinstance(part.left, sa.Column)
        and isinstance(part.right, sa.Column)
        for part in parts
    )


Link = LinkColumns | LinkTable | ToOne | Directions


def links_of(mappers: Iterable[Mapper[Any]], tables: Iterable[sa.Table]) -> list[Link]:
    """Every link of ``mappers`` and ``tables``, each once.

    A relationship that runs along a foreign key is that foreign key. A view-only
    relationship adds none: nothing is stored through it.
    """
    relations = list(dict.fromkeys(_relationships(mappers)))
    return [
        *_references(relations, tables),
        *_link_tables(relations),
        *_to_ones(relations),
        *_directions(relations),
    ]


def _relationships(mappers: Iterable[Mapper[Any]]) -> Iterator[RelationshipProperty[Any]]:
    for mapper in mappers:
        for relation in mapper.relationships:
            # An inherited relationship is its base's own; it would be checked twice.
            if relation.parent is mapper and not relation.viewonly:
                yield relation


def _references(
    relations: list[RelationshipProperty[Any]], tables: Iterable[sa.Table]
) -> Iterator[LinkColumns]:
    found: dict[frozenset[Any], tuple[list[Any], bool, list[str]]] = {}
    for table in tables:
        constraints = sorted(table.foreign_key_constraints, key=lambda c: list(c.column_keys))
        for constraint in constraints:
            pairs = [(element.parent, element.column) for element in constraint.elements]
            found[frozenset(pairs)] = (pairs, True, [])
    for relation in relations:
        for pairs in _pairs(relation):
            entry = found.setdefault(frozenset(pairs), (pairs, False, []))
            entry[2].append(str(relation))
    for pairs, declared, names in found.values():
        children = {child.table for child, _ in pairs}
        parents = {parent.table for _, parent in pairs}
        if len(children) == len(parents) == 1:
            yield LinkColumns(
                children.pop(),
                tuple(child for child, _ in pairs),
                parents.pop(),
                tuple(parent for _, parent in pairs),
                declared,
                tuple(names),
            )


def _pairs(relation: RelationshipProperty[Any]) -> Iterator[list[Any]]:
    """The (child, parent) column pairs along which a relationship is stored."""
    if relation.secondary is not None:
        yield [(link, own) for own, link in relation.synchronize_pairs]
        yield [(link, own) for own, link in relation.secondary_synchronize_pairs or ()]
    else:
        # Of either direction: the pair's second column is the one that is filled.
        yield [(filled, source) for source, filled in relation.synchronize_pairs]


def _stored(relation: RelationshipProperty[Any]) -> tuple[tuple[Any, Any], ...]:
    return (*relation.synchronize_pairs, *(relation.secondary_synchronize_pairs or ()))


def _link_tables(relations: list[RelationshipProperty[Any]]) -> Iterator[LinkTable]:
    found: dict[Any, tuple[sa.Table, list[Any], list[str]]] = {}
    for relation in relations:
        table = relation.secondary
        if not isinstance(table, sa.Table):
            continue
        columns = [link for _, link in _stored(relation)]
        entry = found.setdefault((table, frozenset(columns)), (table, columns, []))
        entry[2].append(str(relation))
    for table, columns, names in found.values():
        yield LinkTable(table, tuple(c for c in table.c if c in set(columns)), tuple(names))


def _to_ones(relations: list[RelationshipProperty[Any]]) -> Iterator[ToOne]:
    for relation in relations:
        if relation.direction is RelationshipDirection.ONETOMANY and not relation.uselist:
            columns = tuple(filled for _, filled in relation.synchronize_pairs)
            tables = {column.table for column in columns}
            if len(tables) == 1 and isinstance(table := tables.pop(), sa.Table):
                yield ToOne(relation, table, columns)  # type: ignore[arg-type]


def _directions(relations: list[RelationshipProperty[Any]]) -> Iterator[Directions]:
    seen: set[frozenset[Any]] = set()
    for relation in relations:
        name = relation.back_populates
        back = relation.mapper.relationships.get(name) if name else None
        if back is None or back.viewonly or (pair := frozenset((relation, back))) in seen:
            continue
        seen.add(pair)
        yield Directions(relation, back)


def _names(columns: Iterable[sa.Column[Any]]) -> str:
    return ", ".join(column.name for column in columns)
