"""Models that are dataclasses: what their constructor does is known from their fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass, make_dataclass
from inspect import getattr_static, signature
from typing import Any

from sqlalchemy.orm import LoaderCallableStatus, Mapper, RelationshipProperty

from ...sqlalchemy_internals import original_constructor
from ..factory_boy_internals import SKIP, Skip
from ..row_blocks import kinds
from .failures import NotColumnwise

_DONT_SET = getattr(LoaderCallableStatus, "DONT_SET", MISSING)
"""With SQLAlchemy 2.1 the default of a field that the constructor leaves to the INSERT."""

_GENERATED: Any = vars(make_dataclass("_", ()))["__init__"]


def plain_fields(mapper: Mapper[Any]) -> Mapping[str, Field[Any]] | None:
    """The fields of a dataclass whose constructor sets them and does nothing else, by name.

    None for any other model: one with an ``__init__`` or ``__post_init__`` of its own, with
    fields that are not attributes (InitVar), or that sets what is computed (a property).
    """
    model: Any = mapper.class_
    constructor = original_constructor(mapper)
    if not is_dataclass(model) or hasattr(model, "__post_init__"):
        return None
    # The code of a generated function has no file; all of them have the same name for none.
    code = getattr(constructor, "__code__", None)
    if code is None or code.co_filename != _GENERATED.__code__.co_filename:
        return None
    found = {field.name: field for field in fields(model)}
    taken = set(list(signature(constructor).parameters)[1:])
    if taken != {name for name, field in found.items() if field.init}:
        return None
    for name in found:
        if name not in mapper.attrs and hasattr(getattr_static(model, name, None), "__set__"):
            return None
    return found


def with_defaults(
    owner: Any, mapper: Mapper[Any], given: Mapping[str, Sequence[Any]], count: int
) -> dict[str, Sequence[Any]]:
    """The values of ``given`` that are no relationships, and what the constructor makes of
    fields that it is not given.

    Raises NotColumnwise where the constructor would refuse its arguments or make objects.
    """
    known, model = plain_fields(mapper) or {}, mapper.class_.__name__
    for name in given:
        if name not in known or not known[name].init:
            raise NotColumnwise(owner, f"{model}() takes no '{name}'")
    values: dict[str, Sequence[Any]] = {}
    for name, field in known.items():
        column = given.get(name)
        missing: Sequence[int] = range(count) if column is None else _skipped(column)
        made = None
        if len(missing):
            if field.init and field.default is MISSING and field.default_factory is MISSING:
                raise NotColumnwise(owner, f"{model}() needs '{name}'")
            made = _made(field, len(missing))
        prop = mapper.attrs.get(name)
        if isinstance(prop, RelationshipProperty):
            if made is not None and any(v is not SKIP and v for v in made):
                raise NotColumnwise(owner, f"{model}() makes '{name}' of its own")
        elif prop is not None and (column is not None or made is not None):
            filled = values[name] = [SKIP] * count if column is None else column
            if made is not None:
                filled = values[name] = list(filled)
                for row, value in zip(missing, made, strict=True):
                    filled[row] = value
    return values


def _skipped(column: Sequence[Any]) -> Sequence[int]:
    if Skip not in kinds(column):
        return ()
    return [row for row, value in enumerate(column) if value is SKIP]


def _made(field: Field[Any], count: int) -> list[Any] | None:
    """What the constructor sets without an argument, for as many rows; None if nothing."""
    if field.default_factory is not MISSING:
        made = [field.default_factory() for _ in range(count)]
        return [SKIP if value is _DONT_SET else value for value in made]
    if not field.init or field.default is MISSING or field.default is _DONT_SET:
        return None
    return [field.default] * count
