"""What a factory and its model need: columns alone, objects of the model, or factory_boy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache, cached_property
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.associationproxy import AssociationProxy
from sqlalchemy.orm import CompositeProperty, Mapper, RelationshipProperty, Session, registry
from sqlalchemy.orm.interfaces import MANYTOONE
from sqlalchemy.sql import operators, visitors

from ...sqlalchemy_internals import original_constructor, users_listen
from ..factory_boy_internals import (
    declarations_of,
    given_names,
    looked_up,
    model_of,
    named_session,
    needs_object,
    own_way,
    renamed,
    settled,
)
from ..own_session import current
from .dataclass_models import plain_fields
from .user_code import calls_out

_CONSTRUCTOR = registry().constructor  # SQLAlchemy's own
# Types of values that Python compares as each database does; of text that depends on the column.
_COMPARED: tuple[tuple[type[Any], set[type]], ...] = (
    (sa.String, {str}),
    (sa.Integer, {int}),
    (sa.Boolean, {bool}),
    (sa.Date, {date}),
    (sa.Uuid, {UUID, str}),
)


class ModelInfo:
    """A factory and the mapper of its model."""

    def __init__(self, owner: Any) -> None:
        self.factory = owner
        self.model: type = model_of(owner)
        self.mapper: Mapper[Any] = sa.inspect(self.model)

    @cached_property
    def tables(self) -> list[sa.Table]:
        """The tables that a row is in, the base of an inheritance first."""
        found: dict[sa.Table, None] = {}
        known = self.mapper.tables
        for mapper in reversed(list(self.mapper.iterate_to_root())):
            # Not the table of a concrete base: its rows are not ours.
            if isinstance(mapper.local_table, sa.Table) and mapper.local_table in known:
                found.setdefault(mapper.local_table)
        return list(found)

    @cached_property
    def inherited(self) -> dict[sa.Column[Any], sa.Column[Any]]:
        """Column of a joined subclass's table -> the base's column that gives it its value."""
        found: dict[sa.Column[Any], sa.Column[Any]] = {}
        for mapper in reversed(list(self.mapper.iterate_to_root())):
            if mapper.inherit_condition is None:
                continue  # the root, one that shares its base's table, a concrete one
            for part in visitors.iterate(mapper.inherit_condition):
                if not isinstance(part, sa.BinaryExpression) or part.operator is not operators.eq:
                    continue
                sides = [c for c in (part.left, part.right) if isinstance(c, sa.Column)]
                own = [c for c in sides if c.table is mapper.local_table]
                base = [c for c in sides if c.table is not mapper.local_table]
                if own and base:
                    found[own[0]] = base[0]
        return found

    def relation(self, name: str) -> Any:
        """The relationship that a declaration names; None if it is not one."""
        return self.mapper.relationships.get(renamed(self.factory).get(name, name))

    def key_column(self, name: str, target: Any) -> Any:
        """The column by which an attribute refers to the column ``target``; of a subclass,
        an attribute may be a column of several tables. None for what is no column."""
        prop: Any = self.mapper.attrs.get(renamed(self.factory).get(name, name))
        columns = [c for c in getattr(prop, "columns", ()) if isinstance(c, sa.Column)]
        referring = [c for c in columns if any(key.column is target for key in c.foreign_keys)]
        return next(iter([*referring, *columns]), None)

    @cached_property
    def own_way(self) -> str | None:
        """Why factory_boy itself must create each object; None if it need not."""
        if why := own_way(self.factory):
            return why
        if any(users_listen(self.mapper, event) for event in ("before_insert", "after_insert")):
            return f"{self.model.__name__} has listeners to its INSERT"
        named = current() or named_session(self.factory) or Session()
        session = getattr(named, "sync_session", named)
        if any(users_listen(session, event) for event in ("before_flush", "after_flush")):
            return "sessions have listeners to their flush"
        if not all(isinstance(table, sa.Table) for table in self.mapper.tables):
            return f"{self.model.__name__} is not mapped to a table"
        on = self.mapper.polymorphic_on
        if on is not None and not isinstance(on, sa.Column):
            return f"{self.model.__name__} has an expression as its discriminator"
        return None

    @cached_property
    def plain_constructor(self) -> bool:
        """Whether the constructor is SQLAlchemy's own, which only sets attributes."""
        known = (_CONSTRUCTOR, self.mapper.registry.constructor)
        return original_constructor(self.mapper) in known

    @cached_property
    def fields(self) -> Mapping[str, Any] | None:
        """Of a dataclass with the constructor that fields imply; else None."""
        return None if self.plain_constructor else plain_fields(self.mapper)

    @cached_property
    def lookup(self) -> dict[str, Any]:
        """What rows are looked up by before they are made: attribute -> its property."""
        return {name: self.mapper.attrs.get(name) for name in looked_up(self.factory)}

    def one_by_one(self, given: Mapping[str, Any]) -> str | None:
        """As ``own_way``, now that the attributes are known."""
        if self.own_way:
            return self.own_way
        for name in given:
            found = self.mapper.all_orm_descriptors.get(name)
            if isinstance(found, AssociationProxy):
                return f"'{name}' is an association proxy, which creates objects"
        for name, prop in self.lookup.items():
            if name not in given:
                return f"it looks for each row by '{name}', which it is not given"
            columns = getattr(prop, "columns", (None,))
            if getattr(prop, "direction", None) is not MANYTOONE and not compared(columns[0]):
                return f"it looks for each row by '{name}'"
        if not self.plain_constructor and not hasattr(self.model, "__dataclass_fields__"):
            for name in given:
                if isinstance(self.mapper.attrs.get(name), RelationshipProperty):
                    return f"the __init__ of {self.model.__name__} takes '{name}', an object"
        return None

    def needs_objects(self, given: Mapping[str, Any]) -> bool:
        """Whether the model handles its arguments differently from a plain one."""
        if (not self.plain_constructor and self.fields is None) or self.mapper.validators:
            return True
        manager: Any = self.mapper.class_manager
        model: Any = self.model
        if users_listen(manager, "init") or model.__setattr__ is not object.__setattr__:
            return True
        for name in {**given, **(self.fields or {})}:
            prop = self.mapper.attrs.get(name)
            if prop is None and self.fields and name in self.fields:
                continue
            if prop is None:
                return True  # a property, hybrid or proxy of the class
            if isinstance(prop, CompositeProperty):
                continue
            if name in manager and users_listen(manager[name], "set"):
                return True
        return False

    def alters(self, given: Iterable[str]) -> bool:
        """Whether objects may have other values than they are given."""
        relations = self.mapper.relationships
        return bool(self.own_way) or self.needs_objects(
            {name: None for name in given if name not in relations}
        )

    def how(self, overrides: Mapping[str, Any]) -> tuple[str, str | None]:
        """``columns``, ``objects`` or ``factory_boy``, and why; as far as is known in advance."""
        before, after = declarations_of(self.factory, overrides)
        given = given_names(self.factory, before)
        hooks = (needs_object(n, settled(each, before)) for n, (each, _) in after.items())
        if why := self.one_by_one(given) or next(filter(None, hooks), None):
            return "factory_boy", why
        for name, (declaration, _) in before.items():
            if does := calls_out(declaration):
                return "factory_boy", f"'{name}' {does}"
        if self.alters(given):
            return "objects", f"{self.model.__name__} creates values of its own"
        return "columns", None


def compared(column: Any) -> set[type]:
    """The types of values that a column and Python hold equal alike."""
    if isinstance(column, sa.Column):
        for kind, takes in _COMPARED:
            if isinstance(column.type, kind):
                return {column.type.python_type} if isinstance(column.type, sa.Enum) else takes
    return set()


@cache
def model_info(owner: Any) -> ModelInfo:
    """What is known of a factory."""
    return ModelInfo(owner)
