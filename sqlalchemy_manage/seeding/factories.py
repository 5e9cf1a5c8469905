"""The factories of the process, and the session that they get while they run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from factory.alchemy import SQLAlchemyModelFactory

from .factory_boy_internals import model_of, on_session

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapper, Session

Factory = type[SQLAlchemyModelFactory]


def subclasses(factory: Factory) -> Iterator[Factory]:
    """Every factory derived from ``factory``, however far."""
    for subclass in factory.__subclasses__():
        yield subclass
        yield from subclasses(subclass)


def mapper_of(factory: Any) -> Mapper[Any] | None:
    """The mapper of a factory's model; None where that is missing or not mapped."""
    model = model_of(factory)
    return sa.inspect(model, raiseerr=False) if model else None


@contextmanager
def bound(session: Session) -> Iterator[None]:
    """Every factory of the process works on ``session``, and neither flushes nor commits.

    All of them, because a SubFactory may name a factory of any module. A factory that
    commits of its own accord (``sqlalchemy_session_persistence = "commit"``) would end
    the caller's transaction half-way. Their own settings are put back at the end.
    """
    with ExitStack() as stack:
        for factory in dict.fromkeys(subclasses(SQLAlchemyModelFactory)):
            stack.enter_context(on_session(factory, session))
        yield
