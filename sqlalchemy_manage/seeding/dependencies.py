"""What a factory needs from others, read from its declarations without running them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import factory
import sqlalchemy as sa
from sqlalchemy.orm.interfaces import MANYTOONE, ONETOMANY

from ..binds import aliases_of, apart
from ..errors import SeedError, did_you_mean
from .factory_boy_internals import (
    arguments_of,
    declarations_of,
    faker_call,
    looked_up,
    makes_rows,
    model_of,
    needs_object,
    settled,
)
from .generating.model_info import model_info
from .generating.unique_sets import left_to_chance
from .links import Link, Links
from .process_state import kept_by


def needs_order(owner: Any, overrides: Mapping[str, Any]) -> str | None:
    """Why the rows must be made one chunk after the other; None where chunks are independent.

    How many rows come along must be known for chunks to number theirs apart from others'.
    """
    return _order(owner, overrides, {})


def _order(owner: Any, overrides: Mapping[str, Any], on_the_way: dict[Any, None]) -> str | None:
    if owner in on_the_way:
        return f"{owner.__name__} creates rows of its own kind"
    before, after = declarations_of(owner, overrides)
    if makes_rows(owner):
        if why := model_info(owner).own_way:
            return why
        if looked_up(owner):
            return "it looks for each row first (sqlalchemy_get_or_create)"
        if unique := left_to_chance(owner, before):
            return f"{unique[0]} must be unique"
    if kept := kept_by(owner, before):
        return kept
    way = {**on_the_way, owner: None}
    for name, (declaration, context) in before.items():
        if why := _declared_order(name, settled(declaration, before), context, False, way):
            return why
    for name, (each, context) in after.items():
        declaration = settled(each, before)
        if why := needs_object(name, declaration):
            return why
        if isinstance(declaration, factory.Maybe):
            return f"'{name}' creates rows only sometimes"
        if isinstance(declaration, factory.RelatedFactoryList) and not isinstance(
            declaration.size, int
        ):
            return f"'{name}' creates as many rows as a function says"
        if isinstance(declaration, factory.RelatedFactory):
            arguments = {k: v for k, v in {**declaration.defaults, **context}.items() if k}
            if declaration.name:
                arguments[declaration.name] = None
            if why := _order(declaration.get_factory(), arguments, way):
                return why
    return None


def _declared_order(
    name: str, declaration: Any, context: Mapping[str, Any], sometimes: bool, way: dict[Any, None]
) -> str | None:
    if isinstance(declaration, factory.Maybe):
        for each in (declaration.decider, declaration.yes, declaration.no):
            if why := _declared_order(name, each, context, True, way):
                return why
    elif isinstance(declaration, factory.Transformer):
        return _declared_order(name, declaration.default, {}, sometimes, way)
    elif isinstance(declaration, factory.SubFactory):
        target = declaration.get_factory()
        if sometimes and makes_rows(target):
            return f"'{name}' creates a row only sometimes"
        return _order(target, arguments_of(declaration, context), way)
    elif isinstance(declaration, factory.Iterator) and sometimes:
        return f"'{name}' takes a value of an Iterator only sometimes"
    return None


def model_name(model: type) -> str:
    return f"{model.__module__}.{model.__qualname__}"


def waits(owner: Any, prop: Any, declaration: Link | Links, after: Collection[str]) -> bool:
    """Whether the links along a relationship are drawn when all rows exist.

    Trees of the factory's own rows, rows of a model that is seeded ``after`` it (by name), and
    the many side of a foreign key, which is in the other rows.
    """
    if prop.direction is not MANYTOONE:
        return bool(prop.direction is ONETOMANY)
    target = model_of(declaration.factory)
    if issubclass(model_of(owner), target):
        return isinstance(declaration, Link) and declaration.depth is not None
    return model_name(target) in after


def require_fakers(owner: Any, overrides: Mapping[str, Any]) -> None:
    """Raises SeedError for a Faker name that does not exist in Faker's locale."""
    before, _ = declarations_of(owner, overrides)
    for name, (declaration, _context) in before.items():
        if not isinstance(declaration, factory.Faker):
            continue
        fake, _arguments = faker_call(declaration, {})
        provider = declaration.provider
        if not hasattr(fake, provider):
            raise SeedError(
                f"{owner.__name__}.{name}: Faker has no '{provider}'. Nothing was written."
                + did_you_mean(provider, dir(fake)),
            )


def require_targets(owner: Any, overrides: Mapping[str, Any]) -> None:
    """Raises SeedError for a declaration that leads to no factory, or into another database."""
    _require_targets(owner, overrides, set())


def _require_targets(owner: Any, overrides: Mapping[str, Any], seen: set[Any]) -> None:
    seen.add(owner)
    before, after = declarations_of(owner, overrides)
    for name, (declaration, _context) in [*before.items(), *after.items()]:
        for each in _parts(declaration):
            try:
                target = each.get_factory() if hasattr(each, "get_factory") else each.factory
            except (ImportError, AttributeError, ValueError) as error:
                raise SeedError(
                    f"{owner.__name__}.{name} names a factory that there is not: {error}. "
                    "Nothing was written.",
                    'A factory is named by its module: "shop.factories.ItemFactory".',
                ) from error
            _require_one_database(owner, name, target)
            if target not in seen:
                _require_targets(target, {}, seen)


def _require_one_database(owner: Any, name: str, target: Any) -> None:
    tables = [sa.inspect(model_of(each), raiseerr=False) for each in (owner, target)]
    first, second = (getattr(mapper, "local_table", None) for mapper in tables)
    if apart(first, second):
        raise SeedError(
            f"{owner.__name__}.{name} leads to {model_of(target).__name__}, which is in another "
            f"database ({', '.join(sorted(aliases_of(second) or ()))}). Nothing was written.",
            "Rows are made in one database at a time. Give the column itself a value, such as "
            "factory.Sequence(lambda n: n + 1).",
        )


def _parts(declaration: Any) -> Iterator[Any]:
    """The declarations within one that lead to other factories."""
    if isinstance(declaration, factory.Maybe):
        yield from _parts(declaration.yes)
        yield from _parts(declaration.no)
    elif isinstance(declaration, factory.SubFactory | factory.RelatedFactory | Link | Links):
        yield declaration


def drawn_from(owner: Any, overrides: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The factories that Links and Link declarations draw from, with the attribute's name."""
    before, _ = declarations_of(owner, overrides)
    for name, (declaration, _context) in before.items():
        yield from ((name, each) for each in _drawn(declaration))


def _drawn(declaration: Any) -> Iterator[Any]:
    if isinstance(declaration, factory.Maybe):
        yield from _drawn(declaration.yes)
        yield from _drawn(declaration.no)
    elif isinstance(declaration, Link | Links):
        yield declaration
