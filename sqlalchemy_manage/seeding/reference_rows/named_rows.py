"""The rows that a declared row names, found by their natural keys or made by a SubFactory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.interfaces import MANYTOONE

from ...errors import SeedError
from ..factory_boy_internals import (
    created,
    is_subfactory,
    model_of,
    renamed,
    subfactory_defaults,
    subfactory_of,
)
from .declared_names import DeclaredRow, declared_row, linked_model
from .natural_keys import NaturalKeys, by_natural_key, find, one_of, shown, similar
from .stored_values import as_declared

Later = Callable[[Any, Mapping[str, Any]], Any]
"""Makes a row that is declared and not there yet, by its model and natural key; or None."""


@dataclass(frozen=True)
class NamedRows:
    """What the rows of a factory name. ``keys``: the natural keys that are declared."""

    owner: Any
    keys: NaturalKeys

    @cached_property
    def mapper(self) -> Mapper[Any]:
        """Of the factory's model."""
        found: Mapper[Any] = sa.inspect(model_of(self.owner))
        return found

    def nested_for_new(
        self, session: Session, name: str, values: Mapping[str, Any]
    ) -> dict[str, Any]:
        declared = self._declared_name(name)
        own = self.mapper.relationships[name].direction is not MANYTOONE
        found = None if own else self.there(session, name, values)
        if found is not None:
            return {declared: found}
        if own or is_subfactory(self.owner, declared):
            inner = self._inner(session, name, values)
            return {f"{declared}__{other}": value for other, value in inner.items()}
        return {declared: self.new(session, name, values)}

    def has(self, session: Session, row: Any, name: str, values: Mapping[str, Any]) -> bool:
        """Whether it is a row with these values."""
        mapper = sa.inspect(row).mapper
        keys = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
        own = dict(zip(keys, sa.inspect(row).identity, strict=True))
        model = self.mapper.relationships[name].mapper.class_
        return bool(find(session, model, {**values, **own}, self.keys))

    def values(self, declared: DeclaredRow) -> dict[str, Any]:
        columns = self.mapper.columns
        return {
            name: as_declared(columns[name].type, value) if name in columns else value
            for name, value in declared.values.items()
        }

    def named(self, session: Session, name: str, value: Any, later: Later | None = None) -> Any:
        """The row that a value of a relationship names; raises SeedError if there is none."""
        if value is None:
            return None
        model = linked_model(self.mapper, name)
        found = self.find(session, model, value)
        if found is None and later is not None:
            found = later(model, by_natural_key(model, value, self.keys))
        if found is None:
            wanted = by_natural_key(model, value, self.keys)
            raise SeedError(
                f"'{name}' names a {model.__name__} with {shown(wanted)}, and there is none."
                + similar(session, model, wanted),
                f"Declare it in a Reference of {model.__name__} in the same profile. Where rows of "
                "two References name\neach other, give one of the links in a third.",
            )
        return found

    def find(self, session: Session, model: Any, value: Any) -> Any:
        if isinstance(value, model):
            return value
        wanted = by_natural_key(model, value, self.keys)
        return one_of(find(session, model, wanted, self.keys), model, wanted)

    def there(self, session: Session, name: str, values: Mapping[str, Any]) -> Any:
        model = self.mapper.relationships[name].mapper.class_
        return one_of(find(session, model, values, self.keys), model, values)

    def new(self, session: Session, name: str, values: Mapping[str, Any]) -> Any:
        """A row with these values, made by the factory that is declared for the relationship."""
        declared = self._declared_name(name)
        sub = subfactory_of(self.owner, declared)
        if sub is None:
            model = self.mapper.relationships[name].mapper.class_
            raise SeedError(
                f"there is no {model.__name__} with {shown(values)}, and '{name}' is no "
                f"SubFactory of {self.owner.__name__} that could make it."
            )
        defaults = subfactory_defaults(self.owner, declared)
        return created(sub, {**defaults, **self._inner(session, name, values)})

    def _inner(self, session: Session, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values, with the rows that they name further in, where those are there."""
        sub = subfactory_of(self.owner, self._declared_name(name))
        if sub is None:
            return dict(values)
        inside = NamedRows(sub, self.keys)
        declared = declared_row(sub, values)
        given = dict(declared.arguments)
        for other, value in inside.values(declared).items():
            given[declared.names[other]] = value
        for other, value in declared.one.items():
            given[declared.names[other]] = inside.named(session, other, value)
        for other, nested in declared.nested.items():
            given |= inside.nested_for_new(session, other, nested)
        return given

    def _declared_name(self, attribute: str) -> str:
        old = {new: old for old, new in renamed(self.owner).items()}
        return old.get(attribute, attribute)
