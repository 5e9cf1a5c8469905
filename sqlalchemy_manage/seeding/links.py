"""Links between rows, as a declaration beside factory_boy's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import factory
import sqlalchemy as sa
from factory import enums
from factory.random import randgen

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

POOLS = "sqlalchemy_manage.pools"
"""Key of ``session.info``: model -> rows to draw from, kept while a seed runs."""


class Links(factory.declarations.BaseDeclaration):
    """``departments = Links(DepartmentFactory, min=1, max=3)``: rows to link the new row to.

    ``create()`` draws between ``min`` and ``max`` different rows of the factory's model
    from those in the session and the database, and creates what is missing to choose
    from; ``build()`` builds them. A value passed by the caller takes the place of all this.
    The factory may be given by its dotted name, as for SubFactory.
    """

    def __init__(self, target: Any, min: int = 1, max: int = 1) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        if not 0 <= min <= max:
            raise ValueError(f"Links needs 0 <= min <= max, not min={min}, max={max}")
        self.min = min
        self.max = max
        self._wrapped = factory.SubFactory(target)

    @property
    def factory(self) -> Any:
        """The factory of the linked rows."""
        return self._wrapped.get_factory()

    def evaluate(self, instance: Any, step: Any, extra: dict[str, Any]) -> list[Any]:
        target = self.factory
        count = randgen.randint(self.min, self.max)
        if step.builder.strategy != enums.CREATE_STRATEGY:
            return [step.recurse(target, extra) for _ in range(count)]
        options = step.builder.factory_meta
        session = options.sqlalchemy_session or options.sqlalchemy_session_factory()
        pool = rows_to_draw(session, target._meta.model)
        while len(pool) < self.max:
            pool.append(step.recurse(target, extra))
        return randgen.sample(pool, count)


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
