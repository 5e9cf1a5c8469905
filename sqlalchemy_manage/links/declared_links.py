"""Every link that the models declare: by a foreign key, by a relationship, or by both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, RelationshipDirection, RelationshipProperty

from ..binds import aliases_of, apart
from .conditions import (
    Clauses,
    StoredJoin,
    columns_in,
    is_declared,
    literal_columns,
    signature,
    stored_joins,
    why_not_joined,
)
from .hierarchies import hierarchies_of
from .link_types import Directions, Link, LinkColumns, LinkTable, LinkTypes, ToOne


@dataclass(frozen=True)
class NotJudged:
    """A relationship that is not followed, and why."""

    relationship: str
    reason: str


def links_of(mappers: Iterable[Mapper[Any]], tables: Iterable[sa.Table]) -> list[Link]:
    """Every link of ``mappers`` and ``tables``, each once.

    A relationship that runs along a foreign key is that foreign key. Nothing is stored
    through a view-only relationship: it adds none, and only says to what a link may lead.
    Where several relationships are stored in the same columns, each under a condition, a
    row counts if one of these holds.
    """
    mappers = list(mappers)
    every = list(dict.fromkeys(_relationships(mappers, viewonly=True)))
    relations = [relation for relation in every if not relation.viewonly]
    references, types = _references(every, tables)
    return [
        *references,
        *types,
        *_link_tables(relations, mappers),
        *_to_ones(relations),
        *_directions(relations),
        *hierarchies_of(mappers),
    ]


def not_judged(mappers: Iterable[Mapper[Any]]) -> list[NotJudged]:
    """The relationships along which no link is followed, and no foreign key either.

    So are those along which the two classes cannot be joined: nothing but the key is followed.
    """
    mappers = list(mappers)
    found = [
        NotJudged(str(relation), f"it leads to another database ({names})")
        for relation, names in _to_other_databases(mappers)
    ]
    for relation in _relationships(mappers, viewonly=True):
        joins = stored_joins(relation)
        if why := why_not_joined(relation):
            followed = "; its foreign key is followed" if any(map(is_declared, joins)) else ""
            found.append(NotJudged(str(relation), why + followed))
        elif not joins:
            columns = [c for pair in relation.local_remote_pairs or () for c in pair]
            if not columns or not any(c.foreign_keys for c in columns):
                reason = "its condition compares no columns of two tables"
                found.append(NotJudged(str(relation), reason))
        elif any(j.unknown and not _guard(relation, j) and not is_declared(j) for j in joins):
            reason = "its condition depends on more than the two rows"
            found.append(NotJudged(str(relation), reason))
    return found


def _relationships(
    mappers: Iterable[Mapper[Any]], *, viewonly: bool = False
) -> Iterator[RelationshipProperty[Any]]:
    for mapper in mappers:
        for relation in mapper.relationships:
            # An inherited relationship is its base's own; it would be checked twice.
            if relation.parent is not mapper or _leads_away(relation):
                continue
            if viewonly or not relation.viewonly:
                yield relation


def _leads_away(relation: RelationshipProperty[Any]) -> bool:
    """Whether its rows are in several databases, so that no query can follow it."""
    source = relation.parent.local_table
    return apart(source, relation.mapper.local_table) or apart(source, relation.secondary)


def _to_other_databases(
    mappers: Iterable[Mapper[Any]],
) -> Iterator[tuple[RelationshipProperty[Any], str]]:
    for mapper in mappers:
        for relation in mapper.relationships:
            if relation.parent is mapper and _leads_away(relation):
                tables = (relation.mapper.local_table, relation.secondary)
                names = frozenset[str]().union(*(aliases_of(table) or () for table in tables))
                own = aliases_of(mapper.local_table) or frozenset()
                yield relation, ", ".join(sorted(names - own))


def _back(relation: RelationshipProperty[Any]) -> RelationshipProperty[Any] | None:
    name = relation.back_populates
    return relation.mapper.relationships.get(name) if name else None


def _guard(relation: RelationshipProperty[Any], join: StoredJoin) -> Clauses:
    """The conditions on the row that holds the link; those of the way back, if it has none."""
    if not join.guard and (back := _back(relation)) is not None:
        for other in stored_joins(back):
            if set(other.pairs) == set(join.pairs):
                return other.guard
    return join.guard


@dataclass
class _Reference:
    """What is gathered of one LinkColumns."""

    pairs: tuple[Any, ...]
    declared: bool
    names: list[str] = field(default_factory=list)
    guards: dict[Any, Clauses] = field(default_factory=dict)
    unguarded: bool = False
    classes: list[tuple[Mapper[Any] | None, Mapper[Any]]] = field(default_factory=list)
    single: list[tuple[str, Clauses]] = field(default_factory=list)

    def add(self, relation: RelationshipProperty[Any], join: StoredJoin) -> None:
        self.names.append(str(relation))
        self.classes.append((_part_of_rows(join), join.owner))
        if guard := _guard(relation, join):
            self.guards.setdefault(signature(guard), guard)
        else:
            self.unguarded = True
        to_one = relation.direction is RelationshipDirection.MANYTOONE and not relation.uselist
        if to_one and not join.both and not _unique(join):
            self.single.append((str(relation), join.target))

    def made(self) -> LinkColumns:
        columns, targets = zip(*self.pairs, strict=True)
        every = self.declared or self.unguarded
        return LinkColumns(
            columns[0].table,
            columns,
            targets[0].table,
            targets,
            self.declared,
            tuple(self.names),
            () if every else tuple(self.guards.values()),
            self._classes(targets[0].table),
            tuple(self.single),
        )

    def _classes(self, parent: sa.Table) -> tuple[tuple[Mapper[Any] | None, Mapper[Any]], ...]:
        found = dict.fromkeys(self.classes)
        # Of a class that has each row of the table nothing needs to be asked.
        if any(holder is None and _has_all(owner, parent) for holder, owner in found):
            return ()
        return () if all(_has_all(owner, parent) for _, owner in found) else tuple(found)


def _has_all(mapper: Mapper[Any], table: sa.Table) -> bool:
    return mapper.inherits is None or (mapper.local_table is table and not mapper.single)


def _part_of_rows(join: StoredJoin) -> Mapper[Any] | None:
    """The class that holds the link, where other rows of the table are not of it."""
    holder = join.holder
    if holder is None or join.child not in holder.tables or _has_all(holder, join.child):
        return None
    return holder


def _unique(join: StoredJoin) -> bool:
    """Whether the models say that no two rows have the values that are referred to."""
    targets = {source.name for _, source in join.pairs}
    unique = (sa.PrimaryKeyConstraint, sa.UniqueConstraint)
    keys: list[Any] = [c for c in join.parent.constraints if isinstance(c, unique)]
    keys += [index for index in join.parent.indexes if index.unique]
    return any(len(key.columns) and {c.name for c in key.columns} <= targets for key in keys)


def _references(
    relations: list[RelationshipProperty[Any]], tables: Iterable[sa.Table]
) -> tuple[list[LinkColumns], list[LinkTypes]]:
    found: dict[frozenset[Any], _Reference] = {}
    for table in tables:
        constraints = sorted(table.foreign_key_constraints, key=lambda c: list(c.column_keys))
        for constraint in constraints:
            if apart(table, constraint.referred_table):
                continue
            pairs = tuple((element.parent, element.column) for element in constraint.elements)
            found[frozenset(pairs)] = _Reference(pairs, True)
    viewed: list[_Reference] = []
    for relation in sorted(relations, key=lambda relation: relation.viewonly):
        for join in stored_joins(relation):
            key = frozenset(join.pairs)
            declared = key in found or is_declared(join)
            if relation.viewonly:
                viewed.append(_Reference(join.pairs, is_declared(join)))
                viewed[-1].add(relation, join)
                if key in found and found[key].names:
                    found[key].classes.append((_part_of_rows(join), join.owner))
                continue
            # Which of the rows are links depends on something that is not known here.
            if declared or not join.unknown:
                found.setdefault(key, _Reference(join.pairs, is_declared(join))).add(relation, join)
    return [each.made() for each in found.values()], list(_types(found.values(), viewed))


def _types(found: Iterable[_Reference], viewed: Iterable[_Reference]) -> Iterator[LinkTypes]:
    """Generic links: the same columns lead to several tables, under a literal value each."""
    groups: dict[frozenset[Any], list[_Reference]] = {}
    for each in found:
        groups.setdefault(frozenset(column for column, _ in each.pairs), []).append(each)
    for each in viewed:
        if (columns := frozenset(column for column, _ in each.pairs)) in groups:
            groups[columns].append(each)
    for group in groups.values():
        parents = {target.table for each in group for _, target in each.pairs}
        if len(parents) < 2 or any(each.declared or each.unguarded for each in group):
            continue
        literal = [literal_columns(guard) for each in group for guard in each.guards.values()]
        types = [c for c in literal[0] if all(c in columns for columns in literal)]
        if types:
            first = group[0].pairs[0][0].table
            yield LinkTypes(
                first,
                tuple(column for column, _ in group[0].pairs),
                tuple(first.c[column.key] for column in types),
                tuple(tuple(columns[c] for c in types) for columns in literal),
                tuple(name for each in group for name in each.names),
            )


def _link_tables(
    relations: list[RelationshipProperty[Any]], mappers: list[Mapper[Any]]
) -> Iterator[LinkTable]:
    mapped = {table for mapper in mappers for table in mapper.tables}
    found: dict[Any, dict[str, tuple[Any, Clauses]]] = {}
    for relation in relations:
        table, joins = relation.secondary, stored_joins(relation)
        if isinstance(table, sa.Table) and joins and not joins[0].unknown:
            stored = {column for join in joins for column, _ in join.pairs}
            columns = tuple(c for c in table.c if c in stored)
            found.setdefault((table, columns), {})[str(relation)] = (joins, joins[0].guard)
    whole: dict[sa.Table, list[Any]] = {}
    for table, columns in found:
        if table not in mapped:
            whole.setdefault(table, []).append(columns)
    for (table, columns), entry in found.items():
        guards = {signature(guard): guard for _, guard in entry.values()}
        key = set(table.primary_key) - set(columns)
        yield LinkTable(
            table,
            columns,
            tuple(entry),
            tuple(guards.values()),
            tuple(c for c in columns_in(c for guard in guards.values() for c in guard)),
            tuple(whole.pop(table, ())),
            table in mapped and bool(key - _told_apart(guards.values())),
        )


def _told_apart(guards: Iterable[Clauses]) -> set[Any]:
    """The columns to which each of the guards gives one value."""
    found = [set(literal_columns(guard, one_value=True)) for guard in guards]
    return set.intersection(*found) if found else set()


def _to_ones(relations: list[RelationshipProperty[Any]]) -> Iterator[ToOne]:
    for relation in relations:
        if relation.direction is RelationshipDirection.ONETOMANY and not relation.uselist:
            for join in stored_joins(relation):
                if not join.unknown:
                    yield ToOne(relation, join)


def _directions(relations: list[RelationshipProperty[Any]]) -> Iterator[Directions]:
    seen: set[frozenset[Any]] = set()
    for relation in relations:
        back = _back(relation)
        if back is None or back.viewonly or (pair := frozenset((relation, back))) in seen:
            continue
        seen.add(pair)
        if any(map(why_not_joined, (relation, back))):
            continue
        if all(r.entity is r.mapper for r in (relation, back)):  # no aliased class
            yield Directions(relation, back)
