"""What the names in a Reference row mean: values, links, or arguments of the factory alone."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.associationproxy import AssociationProxy
from sqlalchemy.orm import Mapper

from ...errors import SeedError, did_you_mean
from ...sqlalchemy_internals import original_constructor
from ..factory_boy_internals import (
    declarations_of,
    declared_names,
    given_names,
    model_of,
    parameter_names,
    renamed,
    subfactory_of,
    trait_values,
)
from ..profiles import Reference


@dataclass
class DeclaredRow:
    """A row by kinds of names. ``values`` and the links are by attribute of the model.

    ``one`` and ``many``: relationships; ``nested``: those given by ``relation__attribute``,
    with the values. ``arguments`` are by the factory's names: traits, parameters, hooks, and
    what else only the factory understands. ``names``: attribute -> the name it was given by.
    """

    values: dict[str, Any] = field(default_factory=dict)
    one: dict[str, Any] = field(default_factory=dict)
    many: dict[str, Any] = field(default_factory=dict)
    nested: dict[str, dict[str, Any]] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


def declared_row(owner: Any, row: Mapping[str, Any]) -> DeclaredRow:
    """The names of a row of a factory, sorted; a trait that is on gives its plain values too."""
    found = DeclaredRow()
    mapper = sa.inspect(model_of(owner))
    before, after = declarations_of(owner, {})
    passed = set(given_names(owner, before).values())
    kept_back = (set(before) - passed) | (set(after) - set(mapper.relationships.keys()))
    kept_back |= parameter_names(owner)
    for name, value in _with_traits(owner, row).items():
        attribute = attribute_name(mapper, renamed(owner).get(name, name))
        first, _, rest = name.partition("__")
        relation = attribute_name(mapper, renamed(owner).get(first, first))
        known = mapper.all_orm_descriptors.get(attribute)
        if name not in row and (attribute in mapper.relationships or rest):
            continue  # of a trait: made with the row
        found.names[attribute] = name
        if attribute in mapper.relationships:
            uses_list = mapper.relationships[attribute].uselist
            (found.many if uses_list else found.one)[attribute] = value
        elif isinstance(known, AssociationProxy) and isinstance(value, list | tuple | set | dict):
            found.many[attribute] = value
        elif rest and known is None and is_to_one(mapper, relation):
            found.nested.setdefault(relation, {})[rest] = value
        elif name not in kept_back and is_settable(mapper, attribute):
            found.values[attribute] = value
        elif name in row:
            found.arguments[name] = value
    return found


def is_to_one(mapper: Mapper[Any], name: str) -> bool:
    """Whether it is a relationship to one row."""
    return name in mapper.relationships and not mapper.relationships[name].uselist


def attribute_names(mapper: Mapper[Any]) -> set[str]:
    """What the model has, with hybrids, synonyms and proxies."""
    return {name for name in set(mapper.all_orm_descriptors.keys()) if not name.startswith("_")}


def attribute_name(mapper: Mapper[Any], name: str) -> str:
    """The attribute itself, where ``name`` is a synonym for it."""
    while name in mapper.synonyms:
        name = mapper.synonyms[name].name
    return name


def is_settable(mapper: Mapper[Any], name: str) -> bool:
    """Whether the model has an attribute of that name that takes values."""
    if name in mapper.all_orm_descriptors:
        return True
    found = inspect.getattr_static(mapper.class_, name, None)
    return hasattr(type(found), "__set__") and getattr(found, "fset", True) is not None


def linked_models(owner: Any, reference: Reference) -> list[type]:
    """The models whose rows the rows of a Reference name, each once."""
    found: dict[type, None] = {}
    mapper = sa.inspect(model_of(owner))
    for row in reference.rows:
        declared = declared_row(owner, row)
        for name in (*declared.one, *declared.many, *declared.nested):
            found[linked_model(mapper, name)] = None
    return [model for model in found if model is not None]


def linked_model(mapper: Mapper[Any], name: str) -> Any:
    """The model at the other end of a relationship or of a proxy; None for a proxy of values."""
    if name in mapper.relationships:
        return mapper.relationships[name].mapper.class_
    proxy: Any = mapper.all_orm_descriptors[name]
    instance = proxy.for_class(mapper.class_)
    target = sa.inspect(instance.target_class)
    relation = target.relationships.get(instance.value_attr)
    return None if relation is None else relation.mapper.class_


def require_row_names(owner: Any, reference: Reference, label: str) -> None:
    """Raises SeedError for a name that means nothing, and for a key that no query can find."""
    for name in {name for row in reference.rows for name in row}:
        _require(owner, model_of(owner), name, name, label)
    mapper = sa.inspect(model_of(owner))
    for name in reference.key:
        row = declared_row(owner, {name: None})
        found = {*row.values, *row.one, *row.nested}
        if not found or not found <= attribute_names(mapper):
            raise SeedError(
                f"{label}: the key of its Reference names '{name}', by which the database "
                "cannot look for a row. Nothing was written.",
                "A key is a column, a relationship to one row, or relationship__column.",
            )


def require_agreement(references: Sequence[Reference]) -> None:
    """Raises SeedError where two References give one row different values: each run would
    change it to and fro."""
    for place, one in enumerate(references):
        for other in references[:place]:
            if model_of(one.factory) is not model_of(other.factory) or one.key != other.key:
                continue
            for row in one.rows:
                for same in other.rows:
                    if all(row[name] == same[name] for name in one.key):
                        _agree(one.key, row, same)


def _agree(key: Sequence[str], row: Mapping[str, Any], same: Mapping[str, Any]) -> None:
    for name in row:
        if name in same and row[name] != same[name]:
            shown = ", ".join(f"{part}={row[part]!r}" for part in key)
            raise SeedError(
                f"two References of the profile give the row with {shown} different values for "
                f"'{name}'. Nothing was written."
            )


def _require(owner: Any, model: Any, name: str, whole: str, label: str) -> None:
    """``owner``: the factory of the model, None where no declaration names one."""
    mapper = sa.inspect(model)
    known = attribute_names(mapper)
    if owner is not None:
        known |= declared_names(owner) | _constructor_names(mapper)
    if name in known or is_settable(mapper, name):
        return
    first, _, rest = name.partition("__")
    relation = attribute_name(mapper, renamed(owner).get(first, first) if owner else first)
    declared = owner is not None and first in declared_names(owner)
    found = mapper.relationships.get(relation) if rest else None
    if found is not None and found.uselist and not declared:
        raise SeedError(
            f"{label}: '{first}' is a relationship to many rows: name them in a list, not as "
            f"'{whole}'. Nothing was written."
        )
    if found is not None:
        target = found.mapper.class_
        sub = subfactory_of(owner, first) if owner is not None else None
        if sub is None or issubclass(model_of(sub), target):
            _require(sub, target, rest, whole, label)
            return
    if rest and declared:
        return  # an argument of a declaration
    within = f" of {model.__name__} (in '{whole}')" if name != whole else ""
    raise SeedError(
        f"{label} has no attribute, parameter or trait '{first}'{within}. Nothing was written."
        + did_you_mean(first, known),
        f"It has: {', '.join(sorted(known))}.",
    )


def _constructor_names(mapper: Mapper[Any]) -> set[str]:
    try:
        parameters: Iterable[Any] = inspect.signature(original_constructor(mapper)).parameters
    except (TypeError, ValueError):
        return set()
    return set(parameters) - {"self", "args", "kwargs", "kw"}


def _with_traits(owner: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    def plain(name: str) -> Iterator[tuple[str, Any]]:
        for other, value in (trait_values(owner, name) or {}).items():
            yield other, value
            if value is True:
                yield from plain(other)

    on = {name for name, value in row.items() if value is True}
    return {**{n: v for name in on for n, v in plain(name)}, **row}
