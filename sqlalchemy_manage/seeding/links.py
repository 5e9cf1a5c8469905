"""Links between rows, as declarations beside factory_boy's own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import factory
import sqlalchemy as sa
from sqlalchemy.orm import RelationshipProperty, aliased

from ..errors import SeedError
from ..fitting import count as counted
from .factory_boy_internals import (
    BaseDeclaration,
    attribute_of,
    creates,
    factories_above,
    factory_of,
    model_of,
    randgen,
    renamed,
    session_of,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

POOLS = "sqlalchemy_manage.pools"
"""Key of ``session.info``: model -> rows to draw from, kept while a seed runs."""

Weights = Sequence[float] | Callable[[int], float] | None
"""One weight for each row to choose from, in the order of the keys; or a function of its place."""


class _Drawing(BaseDeclaration):
    """Draws from the rows of another factory's model. The factory may be given by its dotted
    name, as for SubFactory."""

    attribute: str | None = None

    def __init__(self, target: Any, weights: Weights = None, unique: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.weights = weights
        self.unique = unique
        self._wrapped = factory.SubFactory(target)
        self._drawn: dict[int, Any] = {}  # by id(): a row may not be hashable

    @property
    def factory(self) -> Any:
        """The factory of the linked rows."""
        return self._wrapped.get_factory()

    def _free(self, pool: list[Any], step: Any) -> list[Any]:
        """The rows that may be drawn: all, or those that no row is linked to."""
        if not self.unique:
            return pool
        owner = factory_of(step)
        name = attribute_of(owner, self)
        used = _linked(session_of(owner), model_of(owner), renamed(owner).get(name or "", name))
        by_value = self.attribute is not None
        return [
            row
            for row in pool
            if id(row) not in self._drawn
            and (getattr(row, str(self.attribute)) if by_value else id(row)) not in used
        ]

    def _pick(self, pool: list[Any], count: int) -> list[Any]:
        if self.weights is None:
            picked = randgen.sample(pool, count)
        else:
            sums = weight_sums(self.weights, len(pool))
            chosen: dict[int, None] = {}
            while len(chosen) < count:
                chosen.update(dict.fromkeys(randgen.choices(range(len(pool)), cum_weights=sums)))
            picked = [pool[index] for index in chosen]
        if self.unique:
            self._drawn.update((id(row), row) for row in picked)
        return picked


class Links(_Drawing):
    """``departments = Links(DepartmentFactory, min=1, max=3)``: rows to link the new row to.

    For the many side of a many-to-many or one-to-many relationship. ``create()`` draws
    between ``min`` and ``max`` different rows of the factory's model from those in the
    session and the database, and creates what is missing to choose from; ``build()``
    builds them. A value passed by the caller takes the place of all this.

    ``weights`` makes some rows more popular than others; ``unique`` links no row twice.
    """

    def __init__(
        self,
        target: Any,
        min: int = 1,
        max: int = 1,
        weights: Weights = None,
        unique: bool = False,
    ) -> None:
        super().__init__(target, weights, unique)
        if not 0 <= min <= max:
            raise ValueError(f"Links needs 0 <= min <= max, not min={min}, max={max}")
        self.min = min
        self.max = max

    def evaluate(self, instance: Any, step: Any, extra: dict[str, Any]) -> list[Any]:
        target = self.factory
        count = randgen.randint(self.min, self.max)
        if not creates(step):
            return [step.recurse(target, extra) for _ in range(count)]
        pool = rows_to_draw(session_of(factory_of(step)), model_of(target))
        free = self._free(pool, step)
        new = [step.recurse(target, extra) for _ in range(self.max - len(free))]
        pool += new
        return self._pick(free if free is pool else [*free, *new], count)


class Link(_Drawing):
    """``author = Link(AuthorFactory)``: one row of another model, existing or seeded.

    For a many-to-one relationship, where SubFactory would make a new parent for each row.
    ``unique`` uses no row twice (one-to-one). ``none`` is the share of rows, from 0
    to 1, that refer to nobody. ``attribute`` gives that attribute of the drawn row instead
    of the row itself: ``author_id = Link(AuthorFactory, attribute="id")``.

    A link to the factory's own model takes ``depth``: rows form trees of that many levels,
    roots included; without it, it draws from the rows that were there before.
    """

    def __init__(
        self,
        target: Any,
        weights: Weights = None,
        unique: bool = False,
        none: float = 0.0,
        depth: int | None = None,
        attribute: str | None = None,
    ) -> None:
        super().__init__(target, weights, unique)
        if not 0 <= none <= 1:
            raise ValueError(f"Link needs 0 <= none <= 1, not none={none}")
        if depth is not None and depth < 1:
            raise ValueError(f"Link needs a depth of at least 1, not {depth}")
        self.none = none
        self.depth = depth
        self.attribute = attribute

    def evaluate(self, instance: Any, step: Any, extra: dict[str, Any]) -> Any:
        target = self.factory
        if self.none and randgen.random() < self.none:
            return None
        if not creates(step):
            if issubclass(model_of(factory_of(step)), model_of(target)):
                return None  # a built parent would need one of its own, and so on
            row = step.recurse(target, extra)
        else:
            row = self._stored(step, target, extra)
        return row if row is None or self.attribute is None else getattr(row, self.attribute)

    def _stored(self, step: Any, target: Any, extra: dict[str, Any]) -> Any:
        session = session_of(factory_of(step))
        pool = rows_to_draw(session, model_of(target))
        own = issubclass(model_of(factory_of(step)), model_of(target))
        if own and self.depth is not None:
            name = attribute_of(factory_of(step), self)
            pool = [row for row in pool if _depth(row, name) < self.depth]
        if own and not pool:
            return None
        free = self._free(pool, step)
        if not free:
            if self._closes_circle(step, target):
                return None  # that row would need another, and so on
            row = step.recurse(target, extra)
            if self.attribute is not None:
                session.flush()
            pool.append(row)
            free = [row]
        return self._pick(free, 1)[0]

    def _closes_circle(self, step: Any, target: Any) -> bool:
        """Whether a row that is being made wants this link, which may be left out."""
        makers = [model_of(each) for each in factories_above(step)]
        if not any(issubclass(model, model_of(target)) for model in makers):
            return False
        name = attribute_of(factory_of(step), self)
        found = sa.inspect(makers[0]).attrs.get(name) if name is not None else None
        if isinstance(found, RelationshipProperty):
            return all(column.nullable for column in found.local_columns)
        return found is not None and all(column.nullable for column in found.columns)


def _depth(row: Any, name: str | None) -> int:
    depth = 0
    while row is not None and name is not None:
        depth, row = depth + 1, getattr(row, name)
    return depth


def _linked(session: Session, model: type, name: str | None) -> set[Any]:
    """What rows of ``model`` in the database are linked to: ``id()`` of the objects, or values.

    Objects stay in the session, which keeps one for each row.
    """
    if name is None:
        return set()
    known: dict[Any, Any] = session.info.get(POOLS, {})
    if (model, name) not in known:
        attribute = getattr(model, name)
        with session.no_autoflush:
            if not isinstance(attribute.property, RelationshipProperty):
                return set(session.scalars(sa.select(attribute).where(attribute.is_not(None))))
            target = aliased(attribute.property.mapper.class_)
            query: Any = sa.select(target).select_from(model).join(attribute.of_type(target))
            known[model, name] = list(session.scalars(query))
    return {id(row) for row in known[model, name]}


def rows_to_draw(session: Session, model: type) -> list[Any]:
    """The rows of ``model`` in the database, by primary key, and those still pending.

    Read once a seed; elsewhere at each call, because others may have deleted some.
    """
    pools: dict[type, list[Any]] | None = session.info.get(POOLS)
    if pools is not None and model in pools:
        return pools[model]
    with session.no_autoflush:
        stored: Any = session.scalars(sa.select(model).order_by(*sa.inspect(model).primary_key))
        rows = [*stored, *(row for row in session.new if isinstance(row, model))]
    if pools is not None:
        pools[model] = rows
    return rows


def weight_sums(weights: Weights, count: int) -> list[float] | None:
    """The weights of ``count`` rows added up, as random.choices takes them.

    Raises SeedError where their number is not that of the rows, or all weigh nothing.
    """
    if weights is None:
        return None
    each = [weights(place) for place in range(count)] if callable(weights) else list(weights)
    if len(each) != count:
        raise SeedError(
            f"A link has {counted(len(each), 'weight')} for {counted(count, 'row')} to draw.",
            "Give one weight for each row, or a function of the row's place: weights=lambda n: ...",
        )
    if any(weight < 0 for weight in each) or not any(each):
        raise SeedError("The weights of a link are negative, or all are 0.")
    return list(itertools.accumulate(each))
