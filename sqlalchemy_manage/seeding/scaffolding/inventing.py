"""A factory for each model that has none: which, in what order, with which declarations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from factory.alchemy import SQLAlchemyModelFactory
from sqlalchemy.orm import Mapper

from ..discovery import project_factories
from ..factories import Factory
from ..factory_boy_internals import model_of
from .columns import ModelColumns
from .conditions import Conditions
from .declared import DeclaredValue, literal
from .references import (
    ForeignLink,
    chosen_sides,
    many_of,
    owners,
    reached,
    references_of,
    tables_of,
)

if TYPE_CHECKING:
    from ...apps import App
    from ...project import Project

TARGET = "<target>"
"""Stands in the source of a link for the factory that it draws from."""


@dataclass
class ModelFactory:
    """A factory to be written. ``links``: attribute -> the model whose rows it draws.

    ``abstract``: it makes no rows itself, others draw from the rows of its subclasses.
    ``room``: how many different rows it can make, where that is few.
    """

    name: str
    app: App
    mapper: Mapper[Any]
    abstract: bool = False
    declared: dict[str, DeclaredValue] = field(default_factory=dict)
    links: dict[str, type] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    room: int | None = None

    @property
    def model(self) -> type:
        return self.mapper.class_


@dataclass(frozen=True)
class Invention:
    """``factories`` in the order of their tables; ``skipped``: model -> why it gets none."""

    factories: list[ModelFactory]
    skipped: dict[str, str]

    def apps(self, project: Project) -> list[App]:
        """The apps of the project, and the packages of models in none."""
        return [*dict.fromkeys([*project.homes, *(each.app for each in self.factories)])]

    def named(self, model: type) -> ModelFactory | None:
        """The factory of a model."""
        return next((each for each in self.factories if each.model is model), None)


def known_factories(project: Project) -> dict[str, Factory]:
    """The project's factories by dotted name, with the abstract ones that they derive from."""
    found: dict[str, Factory] = {}
    for factory in project_factories(project).values():
        for each in factory.__mro__:
            if issubclass(each, SQLAlchemyModelFactory) and model_of(each) is not None:
                found.setdefault(f"{each.__module__}.{each.__qualname__}", each)
    return found


def invent(project: Project, existing: Mapping[str, Factory]) -> Invention:
    """Factories for the models without one; ``existing``: those that the project has.

    The same models give the same factories. What cannot be made is in ``problems``.
    """
    mappers = project.mappers
    has = {model_of(each) for each in existing.values()}
    skipped = {
        m.class_.__name__: why
        for m in mappers
        if m.class_ not in has and (why := _why_not(m, project.tables))
    }
    made = [m for m in mappers if m.class_ not in has and m.class_.__name__ not in skipped]
    factories = list(_named(project, _bases_first(made), existing))
    owned = {
        table: mapper
        for table, mapper in owners(mappers).items()
        if mapper.class_.__name__ not in skipped
    }
    references = {each.model: references_of(each.mapper, owned) for each in factories}
    edges = _ordered(factories, references)
    known = [m for m in mappers if m.class_.__name__ not in skipped]
    sides = chosen_sides(known, owners(mappers), edges)
    for each in factories:
        _declare(each, references[each.model], many_of(each.mapper, sides), project)
    return Invention(factories, skipped)


def _bases_first(mappers: Sequence[Mapper[Any]]) -> list[Mapper[Any]]:
    """In their order, but that a subclass comes after its base: so do their factories."""
    found: dict[Mapper[Any], None] = {}
    for mapper in mappers:
        for each in reversed(list(mapper.iterate_to_root())):
            if each in mappers:
                found.setdefault(each)
    return list(found)


def _why_not(mapper: Mapper[Any], tables: Sequence[sa.Table]) -> str | None:
    if not isinstance(mapper.local_table, sa.Table):
        return "it is not mapped to a table"
    if not all(table in tables for table in tables_of(mapper)):
        return "it is a view, or is left to another program"
    if _is_abstract(mapper) and not any(
        other.polymorphic_identity is not None for other in mapper.self_and_descendants
    ):
        return "it has no polymorphic identity"
    return None


def _is_abstract(mapper: Mapper[Any]) -> bool:
    return mapper.polymorphic_on is not None and mapper.polymorphic_identity is None


def _named(
    project: Project, mappers: Sequence[Mapper[Any]], existing: Mapping[str, Factory]
) -> Iterator[ModelFactory]:
    taken = {(_app_of(project, each), each.__name__) for each in existing.values()}
    for mapper in mappers:
        app = project.home_of(mapper)
        name, number = f"{mapper.class_.__name__}Factory", 2
        while (app, name) in taken:
            name, number = f"{mapper.class_.__name__}{number}Factory", number + 1
        taken.add((app, name))
        yield ModelFactory(name, app, mapper, _is_abstract(mapper))


def _app_of(project: Project, factory: Factory) -> App:
    """The app that a factory is in; that of its model, where it is in none."""
    mapper = sa.inspect(model_of(factory), raiseerr=False)
    if mapper is None or any(app.has(factory.__module__) for app in project.homes):
        return project.home_in(factory.__module__)
    return project.home_of(mapper)


def _ordered(
    factories: Sequence[ModelFactory], references: Mapping[type, Sequence[ForeignLink]]
) -> dict[type, list[type]]:
    """Model -> the models whose rows must exist before its own. Circles end here: a link that
    may be NULL and cannot be written afterwards stays NULL, others become a problem."""
    edges: dict[type, list[type]] = {each.model: [] for each in factories}
    by_model = {each.model: each for each in factories}
    loose = {model: [r for r in found if r.loose] for model, found in references.items()}
    references = {model: [r for r in found if not r.loose] for model, found in references.items()}
    for model, found in references.items():
        for reference in found:
            own = issubclass(model, reference.target.class_)
            if reference.implied or reference.left_empty:
                if reference.left_empty and reference.required:
                    by_model[model].problems.append(
                        f"{reference} shares a column with another foreign key, and the rows "
                        "that both refer to would have to agree"
                    )
                continue
            alone = reference.unique_alone or not reference.optional
            if own and alone and not reference.required:
                reference.left_empty = True
            elif own and reference.required and model is reference.target.class_:
                by_model[model].problems.append(
                    f"{reference} is NOT NULL and refers to {model.__name__} itself: there is no "
                    "first row"
                )
            elif reference.required and model is not reference.target.class_:
                edges[model].append(reference.target.class_)
    for model, found in references.items():
        for reference in found:
            target = reference.target.class_
            if reference.required or reference.deferrable or not reference.drawn:
                continue
            if issubclass(model, target):
                continue
            if model in reached(edges, target) or model is target:
                reference.left_empty = True
            else:
                edges[model].append(target)
    needs = {model: reached(edges, model) for model in edges}
    for model, found in references.items():
        for reference in found:
            target = reference.target.class_
            if reference.required and model is not target and model in needs.get(target, ()):
                by_model[model].problems.append(
                    f"{reference} and a foreign key of {target.__name__} refer to each other, "
                    "and neither may be NULL"
                )
    for model, found in loose.items():
        for reference in found:
            _order_loose(model, reference, edges)
    return edges


def _order_loose(model: type, reference: ForeignLink, edges: dict[type, list[type]]) -> None:
    """A link without a foreign key: what cannot be drawn in time holds no link, if it may."""
    target = reference.target.class_
    if issubclass(model, target):
        # The first row has nothing to refer to.
        reference.left_empty = reference.unique or not reference.deferrable
    elif model in reached(edges, target):
        reference.left_empty = not reference.deferrable
    else:
        edges[model].append(target)


def _declare(
    each: ModelFactory, references: Sequence[ForeignLink], many: Iterator[Any], project: Project
) -> None:
    # A link that nothing enforces and that cannot be made is no more than a value.
    references = [r for r in references if not (r.loose and r.left_empty and r.required)]
    columns = ModelColumns(each.mapper, references, project.engine.dialect)
    columns.fill()
    Conditions(columns, references).meet()
    each.problems += columns.problems
    each.room = columns.room
    found = dict(columns.declared)
    for reference in references:
        for column, value in reference.guard.items():
            name = each.mapper.get_property_by_column(column).key
            if name in found and columns.takes(name, value):
                found[name] = DeclaredValue(literal(value))
        if reference.drawn:
            assert reference.name is not None
            found[reference.name] = _link(each.model, reference)
            each.links[reference.name] = reference.target.class_
        elif (
            columns.accepted is not None
            and reference.name in columns.accepted
            and not reference.implied
        ):
            found.setdefault(reference.name, DeclaredValue("None"))
    for relation in many:
        found[relation.name] = DeclaredValue(f"Links({TARGET}, min={relation.least}, max=3)")
        each.links[relation.name] = relation.target.class_
    each.declared = {name: found[name] for name in sorted(found, key=_places(each.mapper))}


def _places(mapper: Mapper[Any]) -> Any:
    """Sorts attributes as the columns of the tables are; what is no column comes last."""
    order: dict[str, int] = {}
    place: dict[Any, int] = {
        c: n for n, c in enumerate(c for t in tables_of(mapper) for c in t.columns)
    }
    for prop in mapper.column_attrs:
        order[prop.key] = min(place.get(c, len(place)) for c in prop.columns)
    for relation in mapper.relationships:
        own = [place[c] for _, c in relation.synchronize_pairs or () if c in place]
        is_many = relation.secondary is not None or relation.uselist
        order[relation.key] = len(place) if is_many or not own else min(own)
    return lambda name: order.get(name, len(place) + 1)


def _link(model: type, reference: ForeignLink) -> DeclaredValue:
    own = issubclass(model, reference.target.class_)
    words = [TARGET]
    if reference.attribute is not None:
        words.append(f'attribute="{reference.attribute}"')
    if reference.weights is not None:
        words.append(f"weights={reference.weights}")
    if reference.unique:
        words.append("unique=True")
    elif own and reference.deferrable:
        words.append("depth=3")
    elif reference.optional and not (reference.filled or own):
        words.append("none=0.1")
    return DeclaredValue(f"Link({', '.join(words)})")
