"""Seed a database: plan how many of each, create them in one transaction, explain a refusal."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import factory.random
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, StatementError
from sqlalchemy.orm import Session

from ..conf import failing_line
from ..databases import require_tables, trouble
from ..errors import ManageError, SeedError, UsageError, did_you_mean
from ..violations import violation
from .factories import Factory, bound, project_factories, reset_sequences
from .links import POOLS, Links
from .refusals import refused

if TYPE_CHECKING:
    from ..project import Project

DEFAULT_COUNT = 10
CHUNK = 1000  # rows between two flushes: few enough to hold, enough to insert in batches


@dataclass(frozen=True)
class Share:
    """How many rows a factory is to make; ``asked`` is False for one that others need."""

    factory: Factory
    count: int
    asked: bool = True

    @property
    def name(self) -> str:
        return str(self.factory.__name__)


@dataclass(frozen=True)
class Seeded:
    """What was written: rows per table, and in how many seconds."""

    rows: dict[str, int]
    seconds: float
    random_seed: int

    @property
    def total(self) -> int:
        return sum(self.rows.values())

    @property
    def rate(self) -> float:
        """Rows a second, link rows included."""
        return self.total / self.seconds if self.seconds else 0.0


def plan_seed(project: Project, session: Session, counts: Sequence[tuple[str, int]]) -> list[Share]:
    """The shares in the order of creation: parents before those that link to them.

    ``counts`` names models (or factories); without any, each model with a factory gets
    10 rows. A model that a Links declaration draws from and whose table is empty gets 10
    as well. Raises UsageError for an unknown name.
    """
    require_tables(session.connection(), project.tables)
    by_model = _one_per_model(project)
    if not by_model:
        raise SeedError(
            "There are no factories to seed through.",
            "Write factory_boy's SQLAlchemyModelFactory classes into factories.py of an app.",
        )
    shares: dict[type, Share] = {}
    for name, count in counts:
        share = Share(_named(project, by_model, name), count)
        if (model := share.factory._meta.model) in shares:
            raise UsageError(f"{name} is named twice.")
        shares[model] = share
    if not counts:
        shares = {m: Share(f, DEFAULT_COUNT) for m, f in by_model.items()}
    for share in list(shares.values()):
        for needed in _drawn_from(share.factory) if share.count else ():
            model = needed._meta.model
            if model not in shares and not session.scalar(sa.select(sa.exists(sa.select(model)))):
                shares[model] = Share(by_model.get(model, needed), DEFAULT_COUNT, asked=False)
    position = {mapper.class_: index for index, mapper in enumerate(project.mappers)}
    return sorted(shares.values(), key=lambda s: position.get(s.factory._meta.model, -1))


def _one_per_model(project: Project) -> dict[type, Factory]:
    """Model -> its factory; of several the one called ``<Model>Factory``."""
    chosen: dict[type, Factory] = {}
    for name, each in project_factories(project).items():
        model = each._meta.model
        if model not in chosen or name == f"{model.__name__}Factory":
            chosen[model] = each
    return chosen


def _named(project: Project, by_model: dict[type, Factory], name: str) -> Factory:
    factories = project_factories(project)
    if name in factories:
        return factories[name]
    model = project.find_model(name).class_
    if model not in by_model:
        raise UsageError(
            f"{model.__name__} has no factory." + did_you_mean(f"{name}Factory", factories),
            f"Factories: {', '.join(factories)}.",
        )
    return by_model[model]


def _drawn_from(each: Factory) -> Iterator[Factory]:
    for declaration in each._meta.base_declarations.values():
        if isinstance(declaration, Links):
            yield declaration.factory


def seed(
    project: Project,
    session: Session,
    shares: Iterable[Share],
    random_seed: int,
    on_progress: Callable[[Share, int], None] = lambda share, done: None,
) -> Seeded:
    """Create all rows and commit, or write nothing.

    The same random seed on equal tables gives equal rows, on every database. Raises
    SeedError that names the factory, and the column and value that the database refused.
    """
    shares = list(shares)
    before = row_counts(session.connection(), project.tables)
    start = time.perf_counter()
    try:
        _create(project, session, shares, random_seed, [], CHUNK, on_progress)
        session.commit()
    except StatementError as error:
        session.rollback()
        if isinstance(error, OperationalError) and (
            violation(error, project.tables).kind == "refused"
        ):
            raise trouble(error) from error  # the database's state, no fault of a row
        raise _explained(project, session, shares, random_seed, error) from error
    seconds = time.perf_counter() - start
    after = row_counts(session.connection(), project.tables)
    rows = {name: count - before[name] for name, count in after.items() if count != before[name]}
    return Seeded(rows, seconds, random_seed)


def _create(
    project: Project,
    session: Session,
    shares: list[Share],
    random_seed: int,
    made: list[Any],
    chunk: int,
    on_progress: Callable[[Share, int], None] = lambda share, done: None,
) -> None:
    """``made`` holds the rows since the last flush, for the one that is to blame."""
    starts = [
        (f, session.scalar(sa.select(sa.func.count()).select_from(f._meta.model)) or 0)
        for f in project_factories(project).values()
    ]
    session.info[POOLS] = {}
    with bound(session), _seeded(random_seed):
        reset_sequences(starts)
        for share in shares:
            for number in range(1, share.count + 1):
                try:
                    made.append(share.factory())
                except StatementError:
                    raise  # a query of the factory flushed what is pending
                except Exception as error:
                    raise _factory_error(share, number, error) from error
                if number % chunk == 0 or number == share.count:
                    session.flush()
                    made.clear()
                    on_progress(share, number)
        del session.info[POOLS]


def _factory_error(share: Share, number: int, error: Exception) -> ManageError:
    return SeedError(
        f"{share.name} failed at row {number}: {type(error).__name__}: {error}"
        f"{failing_line(error)}. Nothing was written."
    )


@contextmanager
def _seeded(random_seed: int) -> Iterator[None]:
    """Python's, factory_boy's and Faker's random numbers start at ``random_seed``, and go on
    afterwards as if nothing had been."""
    python, boy = random.getstate(), factory.random.get_random_state()
    random.seed(random_seed)
    factory.random.reseed_random(random_seed)
    try:
        yield
    finally:
        random.setstate(python)
        factory.random.set_random_state(boy)


def _explained(
    project: Project,
    session: Session,
    shares: list[Share],
    random_seed: int,
    error: StatementError,
) -> SeedError:
    """Which row it was: the same seed makes the same rows, so they are made again one by one."""
    made: list[Any] = []
    try:
        _create(project, session, shares, random_seed, made, chunk=1)
    except StatementError as again:
        error = again
    except ManageError:
        pass
    finally:
        session.rollback()
    names = {f._meta.model: n for n, f in project_factories(project).items()}
    return refused(error, made[-1] if made else None, names, project.tables)


def row_counts(connection: sa.Connection, tables: Iterable[sa.Table]) -> dict[str, int]:
    """Full table name -> number of rows."""
    return {
        table.fullname: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        for table in tables
    }
