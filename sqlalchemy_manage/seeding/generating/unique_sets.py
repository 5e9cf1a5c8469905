"""What has to be unique: the constraints of a factory's tables, and the values they refused."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import factory
import sqlalchemy as sa

from ...sqlalchemy_internals import dialects_of
from ..factory_boy_internals import Declarations, looked_up, renamed
from ..links import Link
from .model_info import ModelInfo, model_info

_NUMBERED = (factory.Sequence, factory.LazyAttributeSequence)
_PARTIAL = ("postgresql", "sqlite")

Name = tuple[str, tuple[str, ...]]
"""Full name of a table, and keys of its columns."""


@dataclass(frozen=True)
class Unique:
    """Columns of a table that are unique together, and the attributes that fill them.

    ``partial``: the databases on which only some rows have to be. ``only``: those that have the
    constraint, None for all. ``nulls``: whether a second NULL is refused on PostgreSQL.
    """

    table: sa.Table
    columns: tuple[Any, ...]
    attributes: tuple[str, ...] = ()
    partial: frozenset[str] = frozenset()
    nulls: bool = False
    only: tuple[str, ...] | None = None

    def holds(self, dialect: str) -> bool:
        """Whether all rows have to be unique on this database."""
        return dialect not in self.partial and (self.only is None or dialect in self.only)

    def __str__(self) -> str:
        return ", ".join(f"{self.table.name}.{column.name}" for column in self.columns)

    @property
    def name(self) -> Name:
        return self.table.fullname, tuple(column.key for column in self.columns)


@dataclass
class Refused:
    """Values that the database refused, as those of a unique column that others have.

    It is the database that knows which texts are equal, and which rows an index is for. With
    each: whether the first of several rows with these values was refused, too. While there are
    none, numbers of a Sequence are taken to be unique.
    """

    values: dict[Name, dict[tuple[Any, ...], bool]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.values)

    def add(self, table: sa.Table, row: Mapping[str, Any], columns: Sequence[str]) -> bool:
        """``row`` (by keys of columns) was refused for these; False if that is known.

        Where they are not unique of themselves in the models, as where an index is only for
        some rows, all that was given to the row is what must not come again.
        """
        keys = tuple(sorted(columns))
        declared = {tuple(sorted(each.name[1])): each for each in unique_sets(table)}
        if keys not in declared or declared[keys].partial or not set(keys) <= row.keys():
            keys = tuple(sorted(name for name in row if _is_given(table.c[name], row[name])))
        known = self.values.setdefault((table.fullname, keys), {})
        values = tuple(row[key] for key in keys)
        news = not known.get(values, False)
        known[values] = values in known
        return news


def _is_given(column: sa.Column[Any], value: Any) -> bool:
    """Whether a value comes again when a row is made again: not a new key, not the time."""
    made = column.primary_key or getattr(column.default, "is_callable", False)
    return isinstance(value, Hashable) and not made


def left_to_chance(owner: Any, before: Declarations) -> list[Unique]:
    """The unique constraints of a factory's model that equal values could break.

    ``before``: the declarations that are evaluated before the object is made. Those that hold of
    themselves, because a Sequence counts or each row has a parent of its own, are left out.
    """
    return [
        unique
        for unique in declared_sets(owner, before)
        if unique.attributes and not any(_safe(before[n][0]) for n in unique.attributes)
    ]


def declared_sets(owner: Any, before: Declarations) -> list[Unique]:
    """The unique constraints of a factory's model, with the attributes that fill them, or none
    where something else fills one."""
    info = model_info(owner)
    found = [
        replace(unique, attributes=_attributes(info, unique.columns, before) or ())
        for table in info.tables
        for unique in unique_sets(table)
    ]
    names = set(looked_up(owner))
    # A row with the values by which rows are looked up is found, not made.
    return [each for each in found if not (names and names <= set(each.attributes))]


def unique_sets(table: sa.Table) -> Iterator[Unique]:
    """The columns of a table that are unique, as its model has it."""
    sets: dict[frozenset[Any], Unique] = {}
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint | sa.PrimaryKeyConstraint):
            columns = tuple(constraint.columns)
            each = Unique(table, columns, nulls=_nulls(constraint), only=dialects_of(constraint))
            sets.setdefault(frozenset(columns), each)
    for index in table.indexes:
        if index.unique:
            columns = tuple(index.columns)  # also those in an expression: equal ones are refused
            partial = frozenset(
                name for name in _PARTIAL if index.dialect_options[name]["where"] is not None
            )
            only = dialects_of(index)
            each = Unique(table, columns, partial=partial, nulls=_nulls(index), only=only)
            known = sets.get(frozenset(columns))
            if known is None or known.partial:
                sets[frozenset(columns)] = each
    yield from (each for columns, each in sets.items() if columns)


def _nulls(item: Any) -> bool:
    return bool(item.dialect_options["postgresql"].get("nulls_not_distinct"))


def _attributes(info: ModelInfo, columns: Sequence[Any], before: Declarations) -> Any:
    """The declared attributes that fill the columns; None where something else fills one."""
    names: dict[str, None] = {}
    declared_as = {new: old for old, new in renamed(info.factory).items()}
    for column in columns:
        if not info.mapper.columns.contains_column(column):
            return None  # it is another subclass's, in the table that they share
        candidates = [
            prop.key
            for prop in info.mapper.relationships
            if column in {own for _, own in prop.synchronize_pairs} and prop.secondary is None
        ]
        candidates.append(info.mapper.get_property_by_column(column).key)
        declared = [declared_as.get(name, name) for name in candidates]
        declared = [name for name in declared if name in before]
        if not declared:
            return None
        names.setdefault(declared[0])
    return tuple(names)


def _safe(declaration: Any) -> bool:
    if isinstance(declaration, factory.SubFactory):
        return not isinstance(declaration, factory.Dict | factory.List)
    return isinstance(declaration, _NUMBERED) or (
        isinstance(declaration, Link) and declaration.unique
    )
