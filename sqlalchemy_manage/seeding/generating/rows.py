"""From the attributes of a batch to the columns of its tables.

What the unit of work would do for each object is done for a column here: the model's
constructor where it does more than set attributes, defaults, discriminators, keys, and the
keys of the rows referred to. The rules are those of SQLAlchemy's persistence: a None for a
column that has a default counts as not given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import chain, repeat
from types import NoneType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.mutable import MutableBase
from sqlalchemy.orm import ColumnProperty, CompositeProperty, RelationshipProperty, SynonymProperty
from sqlalchemy.orm.interfaces import MANYTOONE, ONETOMANY

from ...errors import SeedError, did_you_mean
from ..factory_boy_internals import SKIP, Skip
from ..row_blocks import ColumnValues, RowBlock, kinds, split
from .columns import RowBatch, RowReference, ValueSource, given_attributes
from .dataclass_models import with_defaults
from .defaults import fill_defaults
from .failures import Failed, NotColumnwise
from .model_info import ModelInfo, model_info
from .pools import Linked, LinkedTo
from .unique_sets import unique_sets
from .values import check_lengths


class Assembled:
    """The table values of a batch."""

    def __init__(self, batch: RowBatch, source: ValueSource) -> None:
        self.batch = batch
        self.source = source
        self.info: ModelInfo = model_info(batch.factory)
        self.values: ColumnValues = {}
        self.links: list[RowBlock] = []
        # Foreign keys taken from rows that exist, or that are made before these.
        self._drawn: set[Any] = set()
        self._assemble()

    def values_of(self, column: Any) -> Sequence[Any]:
        """The values of a column, for those that refer to these rows."""
        if column not in self.values or Skip in kinds(self.values[column]):
            raise NotColumnwise(self.batch.factory, f"the database gives {column} its value")
        return self.values[column]

    def unproved(self) -> set[str]:
        """Tables with foreign keys whose values were given: they may refer to nothing."""
        return {
            table.fullname
            for table in self.info.tables
            for column in table.columns
            if column.foreign_keys and column in self.values and column not in self._drawn
        }

    def parts(self) -> list[RowBlock]:
        """The rows of each table, base tables first, without what is left to the database."""
        found = []
        for table in self.info.tables:
            values = {c: self.values[c] for c in table.columns if c in self.values}
            found += split(table, values, self.batch.count)
        return found

    def _assemble(self) -> None:
        if why := self.info.own_way:
            raise NotColumnwise(self.batch.factory, why)  # its own hook may take other names
        given = dict(given_attributes(self.batch))
        for name in list(given):
            if self.info.plain_constructor and not hasattr(self.info.model, name):
                if kinds(given[name]) <= {Skip}:
                    del given[name]  # of a trait that is off, for other models of its base
                    continue
                raise SeedError(
                    f"{self.batch.factory.__name__} gives '{name}', and "
                    f"{self.info.model.__name__} has no such attribute. Nothing was written."
                    + did_you_mean(name, self.info.mapper.attrs.keys())
                )
        if why := self.info.one_by_one(given):
            raise NotColumnwise(self.batch.factory, why, by_objects=True)
        relations = {}
        for name in list(given):
            prop = self._property(name)
            if isinstance(prop, RelationshipProperty):
                relations[prop] = given.pop(name)
        if self.info.needs_objects(given):
            given = self._through_objects(given)
        elif self.info.fields is not None:
            every = {**given, **{prop.key: values for prop, values in relations.items()}}
            given = with_defaults(self.batch.factory, self.info.mapper, every, self.batch.count)
        for name, values in given.items():
            self._attribute(name, values)
        self._keys()
        self._discriminator()
        for prop, values in relations.items():
            if prop.direction is MANYTOONE:
                self._refer(prop, values)
        self._required_references()
        for table in self.info.tables:
            self._inherit(table)
            count, progress = self.batch.count, self.source.progress
            fill_defaults(self.batch.factory, table, self.values, count, progress)
            for column in table.columns:
                if column in self.values:
                    check_lengths(self.batch.factory.__name__, column, self.values[column])
        for prop, values in relations.items():
            if prop.direction is not MANYTOONE:
                self._link(prop, values)

    def _property(self, name: str) -> Any:
        prop = self.info.mapper.attrs.get(name)
        if isinstance(prop, SynonymProperty):
            return self.info.mapper.attrs.get(prop.name)
        return prop

    def _attribute(self, name: str, values: Sequence[Any]) -> None:
        prop = self._property(name)
        if isinstance(prop, ColumnProperty):
            if RowReference in kinds(values):
                raise SeedError(
                    f"{self.batch.factory.__name__}.{name} is a column, and is given a row. "
                    "Nothing was written.",
                    f"Name the relationship, or take the row's key: "
                    f"{name} = Link(..., attribute='id').",
                )
            for column in prop.columns:
                self.values[column] = values
        elif isinstance(prop, CompositeProperty):
            width = len(prop.columns)
            rows = [composite_parts(value, width) for value in values]
            for place, column in enumerate(prop.columns):
                self.values[column] = [parts[place] for parts in rows]

    def _through_objects(self, given: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """What the model makes of its arguments: validators, properties, its own __init__."""
        model, count = self.info.model, self.batch.count
        rows = zip(*given.values(), strict=True) if given else repeat((), count)
        states: list[Mapping[str, Any]] = []
        for values in rows:
            arguments = {n: v for n, v in zip(given, values, strict=True) if v is not SKIP}
            try:
                states.append(vars(model(**arguments)))
            except TypeError as error:
                if "argument" in str(error):
                    why = f"{model.__name__}(): {error}"
                    raise NotColumnwise(self.batch.factory, why) from error
                raise self._refused_by_model(len(states), error) from error
            except Exception as error:
                raise self._refused_by_model(len(states), error) from error
        for relation in self.info.mapper.relationships:
            if any(state.get(relation.key) for state in states):
                raise NotColumnwise(
                    self.batch.factory, f"{model.__name__} creates objects for '{relation.key}'"
                )
        made: dict[str, Sequence[Any]] = {}
        for prop in self.info.mapper.column_attrs:
            found = [state.get(prop.key, SKIP) for state in states]
            if any(value is not SKIP for value in found):
                made[prop.key] = [
                    dict(v) if isinstance(v, MutableBase) and isinstance(v, dict) else v
                    for v in found
                ]
        return made

    def _refused_by_model(self, row: int, error: Exception) -> Failed:
        return Failed(self.batch.factory, f"{self.info.model.__name__}()", row, error)

    def _keys(self) -> None:
        """New numbers where the database would give them."""
        for table in self.info.tables:
            column: Any = table.autoincrement_column
            if column is None or column in self.info.inherited:
                continue
            values: Sequence[Any] | None = self.values.get(column)
            if values is not None and not kinds(values) & {NoneType, Skip}:
                continue
            new = self._new_keys(table, column)
            if values is not None:
                pairs = zip(values, new, strict=True)
                new = [n if v is None or v is SKIP else v for v, n in pairs]
            self.values[column] = new
            prop = self.info.mapper.get_property_by_column(column)
            for same in getattr(prop, "columns", ()):
                self.values[same] = self.values[column]

    def _inherit(self, table: sa.Table) -> None:
        """The columns that link a joined subclass's rows to their base's: the base's values.

        Whatever was given or is the default of them, as the unit of work does it.
        """
        for column, base in self.info.inherited.items():
            if column.table is table:
                self.values[column] = self.values_of(base)
                self._drawn.add(column)

    def _new_keys(self, table: sa.Table, column: Any) -> Sequence[Any]:
        if self.batch.replaces is None:
            return self.source.keys(table, self.batch.count)
        replaced, rows = self.batch.replaces
        return [replaced.assembled.values[column][row] for row in rows]

    def _discriminator(self) -> None:
        mapper = self.info.mapper
        column = mapper.polymorphic_on
        if isinstance(column, sa.Column) and mapper.polymorphic_identity is not None:
            values = self.values.setdefault(column, [SKIP] * self.batch.count)
            if Skip in kinds(values):
                self.values[column] = [
                    mapper.polymorphic_identity if v is SKIP else v for v in values
                ]
        version = mapper.version_id_col
        generate = mapper.version_id_generator
        if isinstance(version, sa.Column) and callable(generate) and version not in self.values:
            self.values[version] = [generate(None) for _ in self.batch.rows]

    def _refer(self, prop: Any, values: Sequence[Any]) -> None:
        """The foreign key columns of a relationship to one row.

        As the unit of work does it, a row without one keeps what another relationship gave a
        column that they share; and a row that is not given this one at all, the column's own
        value.
        """
        for parent, own in prop.synchronize_pairs:
            found = referred(self.batch.factory, values, parent)
            before = self.values.get(own)
            if before is not None:
                kept = {NoneType, Skip} if own in self._drawn else {Skip}
                rows = zip(values, found, before, strict=True)
                found = [old if type(given) in kept else key for given, key, old in rows]
            self.values[own] = found
            self._drawn.add(own)

    def _required_references(self) -> None:
        """A required foreign key without a value refers to existing rows."""
        for table in self.info.tables:
            for constraint in table.foreign_key_constraints:
                columns = list(constraint.columns)
                if any(
                    c in self.values
                    or c in self.info.inherited
                    or c.nullable
                    or c.default is not None
                    or c.server_default
                    for c in columns
                ):
                    continue
                targets = [element.column for element in constraint.elements]
                unique = any(set(each.columns) <= set(columns) for each in unique_sets(table))
                if unique and self.batch.replaces is not None:
                    replaced, rows = self.batch.replaces
                    known = replaced.assembled.values
                    self.values |= {c: [known[c][row] for row in rows] for c in columns}
                else:
                    self.values |= self.source.choose(self.batch, targets, columns, unique)
                self._drawn |= set(columns)

    def _link(self, prop: Any, values: Sequence[Any]) -> None:
        """The rows of a link table; of a one-to-many relationship, the second pass."""
        linked = values if isinstance(values, Linked) else together(self.batch.factory, values)
        if linked is None or not linked.flat:
            return
        if prop.direction is ONETOMANY:
            raise NotColumnwise(self.batch.factory, f"'{prop.key}' is given objects")
        table = prop.secondary
        columns: ColumnValues = {}
        for parent, own in prop.synchronize_pairs:
            keys = self.values_of(parent)
            columns[own] = list(chain.from_iterable(map(repeat, keys, linked.counts)))
        for target, own in prop.secondary_synchronize_pairs:
            columns[own] = linked.keys(target)
        count = len(linked.flat)
        fill_defaults(self.batch.factory, table, columns, count, self.source.progress)
        self.links += split(table, columns, count)


def composite_parts(value: Any, width: int) -> tuple[Any, ...]:
    """The values of the columns of a composite attribute."""
    if value is None or value is SKIP:
        return (value,) * width
    if hasattr(value, "__composite_values__"):
        return tuple(value.__composite_values__())
    return tuple(getattr(value, each.name) for each in fields(value))


def together(owner: Any, values: Sequence[Any]) -> Linked | None:
    """The linked rows of a column where some rows have none, or were given an empty list."""
    pool, flat, counts = None, [], []
    for value in values:
        if value is SKIP or value is None or (isinstance(value, list | tuple | set) and not value):
            counts.append(0)
        elif isinstance(value, LinkedTo):
            if pool is not None and pool is not value.pool:
                raise NotColumnwise(owner, "its links are of several kinds")
            pool = value.pool
            flat += value.rows
            counts.append(len(value.rows))
        else:
            raise NotColumnwise(owner, "it is given objects to link to")
    return None if pool is None else Linked(pool, counts, flat)


def referred(owner: Any, values: Sequence[Any], column: Any) -> list[Any]:
    """The values of ``column`` in the rows that are referred to; None for no row."""
    found = kinds(values)
    if not found <= {RowReference, NoneType, Skip}:
        raise NotColumnwise(owner, "it is given objects to refer to")
    batches = {id(v.batch): v.batch for v in values if type(v) is RowReference}
    keys = {number: batch.values(column) for number, batch in batches.items()}
    if len(keys) == 1 and found == {RowReference}:
        (only,) = keys.values()
        return [only[value.row] for value in values]
    return [keys[id(v.batch)][v.row] if type(v) is RowReference else None for v in values]
