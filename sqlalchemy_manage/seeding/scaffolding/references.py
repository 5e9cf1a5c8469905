"""The foreign keys of a model, as links that a factory can declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, RelationshipProperty
from sqlalchemy.orm.interfaces import MANYTOMANY, MANYTOONE, ONETOMANY

from ...links.conditions import is_declared, literal_columns, stored_joins
from ...sqlalchemy_internals import as_declared, mappers_in


@dataclass(eq=False)
class ForeignLink:
    """A foreign key to rows of ``target``. ``name``: the attribute to give, a relationship's or
    a column's; ``attribute``: what of the target's row, where it is a column.

    ``implied``: another one gives its columns. ``left_empty``: it stays NULL. ``filled``: it is
    never NULL. ``loose``: no foreign key, a relationship alone says so. ``guard``: the values
    of other columns by which a row is such a link (a generic link's type).
    """

    columns: tuple[sa.Column[Any], ...]
    targets: tuple[sa.Column[Any], ...]
    target: Mapper[Any]
    name: str | None = None
    attribute: str | None = None
    unique: bool = False
    implied: bool = False
    left_empty: bool = False
    filled: bool = False
    weights: str | None = None
    loose: bool = False
    guard: Mapping[Any, Any] = field(default_factory=dict)

    @property
    def required(self) -> bool:
        return not any(column.nullable for column in self.columns)

    @property
    def optional(self) -> bool:
        """Whether a row without the link has NULL in all of its columns."""
        return all(column.nullable for column in self.columns)

    @property
    def unique_alone(self) -> bool:
        """Whether no two rows may refer to the same one."""
        table = self.columns[0].table
        keys = [
            set(c.columns)
            for c in table.constraints
            if isinstance(c, sa.UniqueConstraint | sa.PrimaryKeyConstraint)
        ]
        keys += [set(index.columns) for index in table.indexes if index.unique]
        return self.unique or set(self.columns) in keys

    @property
    def deferrable(self) -> bool:
        """Whether it can be written when all rows exist."""
        return self.optional and self.name is not None and self.attribute is None

    @property
    def drawn(self) -> bool:
        """Whether the factory declares it."""
        return self.name is not None and not (self.implied or self.left_empty)

    def __str__(self) -> str:
        return ", ".join(f"{column.table.name}.{column.name}" for column in self.columns)


def tables_of(mapper: Mapper[Any]) -> list[sa.Table]:
    """The tables that a row of the model is in, the base of an inheritance first."""
    found: dict[sa.Table, None] = {}
    for each in reversed(list(mapper.iterate_to_root())):
        if isinstance(each.local_table, sa.Table) and each.local_table in mapper.tables:
            found.setdefault(each.local_table)
    return list(found)


def owners(mappers: Sequence[Mapper[Any]]) -> dict[Any, Mapper[Any]]:
    """Table -> the model of its rows: the base, where several share it."""
    found: dict[Any, Mapper[Any]] = {}
    for mapper in mappers:
        base = mapper.inherits
        if base is None or base.local_table is not mapper.local_table:
            found.setdefault(mapper.local_table, mapper)
    return found


def references_of(mapper: Mapper[Any], owned: Mapping[Any, Mapper[Any]]) -> list[ForeignLink]:
    """The foreign keys of a model's tables, without those by which its own tables are joined,
    and without those to tables that no model makes rows of; after them the relationships that
    have no foreign key."""
    tables = tables_of(mapper)
    found: list[ForeignLink] = []
    keys = [
        key
        for table in tables
        for key in as_declared(table.foreign_key_constraints)
        if not _joins(key, tables) and all(map(mapper.columns.contains_column, key.columns))
    ]
    covered: dict[Any, Any] = {}
    for key in sorted(keys, key=lambda key: -len(key.columns)):
        targets = tuple(element.column for element in key.elements)
        owner = owned.get(targets[0].table)
        if owner is None:
            continue
        reference = ForeignLink(tuple(key.columns), targets, owner)
        _name(reference, mapper)
        reference.unique = _to_one_back(reference, mapper)
        _overlap(reference, covered, mapper)
        found.append(reference)
        if reference.drawn:
            covered.update(zip(reference.columns, targets, strict=True))
    return [*found, *_loose(mapper, owned)]


def _loose(mapper: Mapper[Any], owned: Mapping[Any, Mapper[Any]]) -> Iterator[ForeignLink]:
    """One link for each set of columns that only relationships fill, from either side.

    A generic link leads to the first of its tables: its type is the one of that.
    """
    tables, seen = tables_of(mapper), set[Any]()
    # What is to one row first: its attribute takes the row itself.
    for relation in sorted(_stored(mapper), key=lambda r: r.direction is not MANYTOONE):
        for join in stored_joins(relation):
            columns, targets = zip(*join.pairs, strict=True)
            owner, holder = owned.get(join.parent), join.holder
            if owner is None or holder is None or not mapper.isa(holder):
                continue
            if join.child not in tables or join.unknown or join.target or is_declared(join):
                continue
            if any(c.foreign_keys or c.primary_key or c in seen for c in columns):
                continue
            target = join.owner if join.owner.isa(owner) else owner
            values = _values(join.guard)
            reference = ForeignLink(columns, targets, target, loose=True, guard=values)
            _name(reference, mapper)
            reference.unique = _to_one_back(reference, mapper)
            if reference.drawn:
                seen.update(columns)
                yield reference


def _stored(mapper: Mapper[Any]) -> list[RelationshipProperty[Any]]:
    """The relationships of all models by whose foreign keys, or columns, rows are linked."""
    every = sorted(
        mappers_in(mapper.registry), key=lambda m: (m.class_.__module__, m.class_.__name__)
    )
    relations = [r for m in every for r in m.relationships if r.parent is m]
    return [r for r in relations if r.secondary is None and not r.viewonly]


def _to_one_back(reference: ForeignLink, mapper: Mapper[Any]) -> bool:
    """Whether a relationship reads one row where several could refer to the same one."""
    wanted = set(zip(reference.columns, reference.targets, strict=True))
    return any(
        set(join.pairs) == wanted and not join.both and not join.unknown
        for relation in _stored(mapper)
        if relation.direction is ONETOMANY and not relation.uselist and mapper.isa(relation.mapper)
        for join in stored_joins(relation)
    )


def _values(guard: Sequence[Any]) -> dict[Any, Any]:
    """Column -> a value with which the row meets the guard."""
    found = {}
    for column, clause in literal_columns(guard).items():
        side = clause.right if isinstance(clause.right, sa.BindParameter) else clause.left
        value = side.effective_value
        found[column] = value[0] if isinstance(value, list | tuple) else value
    return found


def _joins(key: sa.ForeignKeyConstraint, tables: Sequence[sa.Table]) -> bool:
    """Whether the key joins the table of a subclass to its base's."""
    place = tables.index(key.table)
    target = key.elements[0].column.table
    own = set(key.table.primary_key) == set(key.columns)
    return place > 0 and own and target in tables[:place]


def _name(reference: ForeignLink, mapper: Mapper[Any]) -> None:
    wanted = set(zip(reference.targets, reference.columns, strict=True))
    accepted = accepted_names(mapper.class_)
    for prop in mapper.relationships:
        if prop.direction is not MANYTOONE or prop.viewonly or prop.secondary is not None:
            continue
        if set(prop.synchronize_pairs) == wanted and (accepted is None or prop.key in accepted):
            reference.name, reference.target = prop.key, prop.mapper
            return
    if len(reference.columns) > 1:
        return
    own = mapper.get_property_by_column(reference.columns[0]).key
    target = reference.targets[0]
    if reference.target.columns.contains_column(target) and (accepted is None or own in accepted):
        reference.name = own
        reference.attribute = reference.target.get_property_by_column(target).key


def _overlap(reference: ForeignLink, covered: Mapping[Any, Any], mapper: Mapper[Any]) -> None:
    shared = [column for column in reference.columns if column in covered]
    if not shared:
        return
    if len(shared) == len(reference.columns) and all(
        target is covered[column] or _leads(covered[column], target)
        for column, target in zip(reference.columns, reference.targets, strict=True)
    ):
        reference.implied = True  # the row drawn refers to the same one
    else:
        reference.left_empty = True


def _leads(column: Any, target: Any) -> bool:
    return any(
        key.column is target or (key.column is not column and _leads(key.column, target))
        for key in column.foreign_keys
    )


def accepted_names(model: Any) -> set[str] | None:
    """The names that the constructor takes; None where it takes any."""
    import inspect

    parameters = list(inspect.signature(model.__init__).parameters.values())[1:]
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return None
    return {each.name for each in parameters}


@dataclass(frozen=True)
class ManyReference:
    """A many-to-many relationship that a factory declares. ``least``: links of each row."""

    name: str
    target: Mapper[Any]
    least: int


def many_of(mapper: Mapper[Any], chosen: Mapping[Any, tuple[type, str, int]]) -> Iterator[Any]:
    """The many-to-many relationships of a model that ``chosen_sides`` has."""
    accepted = accepted_names(mapper.class_)
    for prop in mapper.relationships:
        side = chosen.get(prop.secondary)
        own = side and side[1] == prop.key and issubclass(mapper.class_, side[0])
        if side and own and (accepted is None or prop.key in accepted):
            yield ManyReference(prop.key, prop.mapper, side[2])


def chosen_sides(
    mappers: Sequence[Mapper[Any]], owned: Mapping[Any, Any], edges: dict[type, list[type]]
) -> dict[Any, tuple[type, str, int]]:
    """Link table -> the one relationship that fills it, and the least number of links.

    ``edges``: the models whose factories are made -> those that must have rows before them;
    the relationships are added. Where that would be a circle, a row may have no link.
    """
    place = {mapper.class_: number for number, mapper in enumerate(mappers)}
    sides: dict[Any, list[tuple[bool, int, type, str, type]]] = {}
    for mapper in mappers:
        for prop in mapper.relationships:
            table: Any = prop.secondary
            if prop.direction is not MANYTOMANY or prop.viewonly or table in owned:
                continue
            target = prop.mapper.class_
            if prop.parent is not mapper or mapper.class_ not in edges or target not in place:
                continue
            pairs = [*prop.synchronize_pairs, *(prop.secondary_synchronize_pairs or ())]
            linked = [own for _, own in pairs]
            if len(set(linked)) < len(linked):  # both rows have to agree (on their tenant, say)
                continue
            if any(_needs_value(column) for column in table.columns if column not in linked):
                continue
            late = _late(mapper.class_, target, edges)
            rank = (late, place[target] - place[mapper.class_])
            sides.setdefault(table, []).append((*rank, mapper.class_, prop.key, target))
    found = {}
    for table, several in sides.items():
        _, _, model, name, target = min(several, key=lambda side: side[:2])
        late = _late(model, target, edges)
        if not late:
            for each in edges:
                if issubclass(each, model):
                    edges[each].append(target)
        found[table] = (model, name, 0 if late else 1)
    return found


def _late(model: type, target: type, edges: Mapping[type, Sequence[type]]) -> bool:
    """Whether the rows of ``target`` may come after those of ``model`` and its subclasses."""
    before = reached(edges, target)
    return issubclass(model, target) or any(issubclass(each, model) for each in before)


def reached(edges: Mapping[type, Sequence[type]], start: type) -> set[type]:
    """The models that must have rows before ``start``, and those before them."""
    found: set[type] = set()
    waiting = list(edges.get(start, ()))
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += edges.get(each, ())
    return found


def _needs_value(column: sa.Column[Any]) -> bool:
    given = column.default is not None or column.server_default is not None
    automatic = column.table.autoincrement_column is column
    return not (column.nullable or given or automatic)
