"""The factories of a project, and the session they are given while they run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from factory.alchemy import SQLAlchemyModelFactory

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from ..project import Project

Factory = type[SQLAlchemyModelFactory]


def project_factories(project: Project) -> dict[str, Factory]:
    """Name -> factory, for every factory that a ``factories`` module of an app defines.

    Abstract factories are left out, and so are names that are merely imported there.
    Raises AppError for a module that cannot be imported.
    """
    found: dict[str, Factory] = {}
    for app in project.apps:
        module = project.app_module(app, "factories")
        if module is None:
            continue
        for name, value in vars(module).items():
            if (
                isinstance(value, type)
                and issubclass(value, SQLAlchemyModelFactory)
                and value.__module__ == module.__name__
                and not value._meta.abstract
            ):
                found.setdefault(name, value)
    return found


def subclasses(factory: Factory) -> Iterator[Factory]:
    """Every factory derived from ``factory``, however far."""
    for subclass in factory.__subclasses__():
        yield subclass
        yield from subclasses(subclass)


@contextmanager
def bound(session: Session) -> Iterator[None]:
    """Every factory of the process works on ``session``, and neither flushes nor commits.

    All of them, because a SubFactory may name a factory of any module. A factory that
    commits of its own accord (``sqlalchemy_session_persistence = "commit"``) would end
    the caller's transaction half-way. Their own settings are put back at the end.
    """
    names = ("sqlalchemy_session", "sqlalchemy_session_factory", "sqlalchemy_session_persistence")
    before: list[tuple[Any, dict[str, Any]]] = []
    for factory in dict.fromkeys(subclasses(SQLAlchemyModelFactory)):
        options: Any = factory._meta
        before.append((options, {name: getattr(options, name, None) for name in names}))
        options.sqlalchemy_session = session
        options.sqlalchemy_session_factory = None
        options.sqlalchemy_session_persistence = None
    try:
        yield
    finally:
        for options, values in before:
            for name, value in values.items():
                setattr(options, name, value)
