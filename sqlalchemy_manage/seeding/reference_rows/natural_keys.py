"""Rows by their natural keys: what identifies a row of a model, and the row that it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, Session

from ...errors import SeedError, did_you_mean
from ..factory_boy_internals import renamed
from .declared_names import attribute_name, attribute_names, is_to_one
from .stored_values import as_declared

NaturalKeys = Mapping[type, tuple[str, ...]]
"""The keys of the References of a profile, by model."""

_CANDIDATES = 1000


def natural_key(model: type, keys: NaturalKeys) -> tuple[str, ...]:
    """The attributes by which a plain value names a row of a model.

    The key of its Reference in the same profile; else its only unique column, or its primary
    key where that is not counted. Raises SeedError where that leaves none, or several.
    """
    mapper: Mapper[Any] = sa.inspect(model)
    for other, key in keys.items():
        if issubclass(model, other) or issubclass(other, model):
            return key
    found = list(dict.fromkeys(_unique(mapper)))
    if not found:
        primary = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
        counted = any(column is _counted(column) for column in mapper.primary_key)
        found = [] if counted else [tuple(primary)]
    if len(found) == 1:
        return found[0]
    several = ", ".join(" and ".join(key) for key in found)
    raise SeedError(
        f"{model.__name__} has no unique column by which a Reference could name its rows."
        if not found
        else f"{model.__name__} has several unique columns: {several}.",
        'Say which attribute it is: {"name": "x"} instead of "x"; or give the profile a '
        f"Reference of {model.__name__}, whose key is used then.",
    )


def _counted(column: Any) -> Any:
    return getattr(column.table, "autoincrement_column", None)


def _unique(mapper: Mapper[Any]) -> Iterator[tuple[str, ...]]:
    """The attributes of each unique column, and of columns that are unique together."""
    for table in (t for t in mapper.tables if isinstance(t, sa.Table)):
        groups = [
            each.columns for each in table.constraints if isinstance(each, sa.UniqueConstraint)
        ]
        groups += [each.columns for each in table.indexes if each.unique and not _partial(each)]
        for group in sorted(groups, key=lambda each: (len(each), [c.name for c in each])):
            own = all(map(mapper.columns.contains_column, group))  # or another subclass's
            if own and not any(column.foreign_keys for column in group) and len(group):
                yield tuple(mapper.get_property_by_column(column).key for column in group)


def _partial(index: sa.Index) -> bool:
    """Whether it does not hold for every row, or not for the columns themselves."""
    options = [index.dialect_options[name].get("where") for name in ("postgresql", "sqlite")]
    plain = all(isinstance(each, sa.Column) for each in index.expressions)
    return not plain or any(option is not None for option in options)


def by_natural_key(model: type, value: Any, keys: NaturalKeys) -> dict[str, Any]:
    """Attribute -> value, for a value that names a row: plain, several in a tuple, or a dict."""
    if isinstance(value, Mapping):
        return dict(value)
    names = natural_key(model, keys)
    parts = list(value) if isinstance(value, list | tuple) else [value]
    if len(parts) != len(names):
        raise SeedError(
            f"{value!r} does not name a row of {model.__name__}: its natural key is "
            f"{', '.join(names)}."
        )
    return dict(zip(names, parts, strict=True))


def find(session: Session, model: type, values: Mapping[str, Any], keys: NaturalKeys) -> list[Any]:
    """The rows of a model with these values, at most two. ``relation__attribute`` and a
    relationship by natural key are followed; where they lead nowhere, there is no row."""
    mapper: Mapper[Any] = sa.inspect(model)
    conditions = []
    nested: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        attribute = attribute_name(mapper, name)
        first, _, rest = name.partition("__")
        if rest and attribute not in mapper.all_orm_descriptors:
            nested.setdefault(attribute_name(mapper, first), {})[rest] = value
        elif is_to_one(mapper, attribute) and not isinstance(value, _target(mapper, attribute)):
            if value is None:
                conditions.append(getattr(model, attribute) == None)  # noqa: E711
            else:
                wanted = by_natural_key(_target(mapper, attribute), value, keys)
                nested.setdefault(attribute, {}).update(wanted)
        else:
            conditions.append(_is(mapper, attribute, value))
    for name, wanted in nested.items():
        if not is_to_one(mapper, name):
            raise SeedError(f"{model.__name__} has no relationship '{name}' to one row.")
        rows = find(session, _target(mapper, name), wanted, keys)
        if not rows:
            return []
        conditions.append(sa.or_(*(getattr(model, name) == row for row in rows)))
    query: sa.Select[Any] = sa.select(model).where(*conditions).limit(2)
    return list(session.scalars(query).unique())


def _target(mapper: Mapper[Any], name: str) -> type:
    found: type = mapper.relationships[name].mapper.class_
    return found


def _is(mapper: Mapper[Any], name: str, value: Any) -> Any:
    if name not in mapper.all_orm_descriptors:
        raise SeedError(
            f"{mapper.class_.__name__} has no attribute '{name}'."
            + did_you_mean(name, attribute_names(mapper))
        )
    attribute = getattr(mapper.class_, name)
    if value is None:
        return attribute.is_(None)
    column = mapper.columns.get(name)
    return attribute == (value if column is None else as_declared(column.type, value))


def shown(values: Mapping[str, Any]) -> str:
    """``name='admin'``, as messages name a row."""
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


def similar(session: Session, model: type, values: Mapping[str, Any]) -> str:
    """A guess at what was meant, where the key is one text."""
    name, value = next(iter(values.items()))
    if len(values) != 1 or not isinstance(value, str) or name not in sa.inspect(model).columns:
        return ""
    query: sa.Select[Any] = sa.select(getattr(model, name)).limit(_CANDIDATES)
    return did_you_mean(value, [each for each in session.scalars(query) if isinstance(each, str)])


def one_of(rows: Sequence[Any], model: type, values: Mapping[str, Any]) -> Any:
    """The only row, None for none; raises SeedError for several."""
    if len(rows) > 1:
        raise SeedError(
            f"several rows of {model.__name__} have {shown(values)}.",
            "A natural key must identify one row: name more attributes.",
        )
    return rows[0] if rows else None


def by_attribute(owner: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by the attributes of the model; Meta.rename may give the factory other names."""
    new = renamed(owner)
    found = {}
    for name, value in values.items():
        first, splitter, rest = name.partition("__")
        found[new.get(name) or new.get(first, first) + splitter + rest] = value
    return found
