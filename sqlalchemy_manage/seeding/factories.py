"""The factories of the process, and the session that they get while they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from factory import Factory as BaseFactory
from factory.alchemy import SQLAlchemyModelFactory

from .factory_boy_internals import makes_rows, model_of, on_session

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapper, Session

Factory = type[SQLAlchemyModelFactory]


def subclasses(factory: Any) -> Iterator[Any]:
    """Every factory derived from ``factory``, however far."""
    for subclass in factory.__subclasses__():
        yield subclass
        yield from subclasses(subclass)


def mapper_of(factory: Any) -> Mapper[Any] | None:
    """The mapper of a factory's model; None where that is missing or not mapped."""
    model = model_of(factory)
    return sa.inspect(model, raiseerr=False) if model else None


def mapped_factories() -> list[Any]:
    """Every factory of the process that makes rows; not only those of the project."""
    return [each for each in dict.fromkeys(subclasses(BaseFactory)) if makes_rows(each)]


@contextmanager
def bound(session: Session, called: Callable[[Any], None] = lambda factory: None) -> Iterator[None]:
    """Every factory of the process works on ``session``, and saves there as it is declared to.

    All of them, because a SubFactory may name a factory of any module. ``called`` is given
    each factory that is called to make an object. Their own sessions are put back at the end.
    """
    with ExitStack() as stack:
        for factory in mapped_factories():
            stack.enter_context(on_session(factory, session, called))
        yield
