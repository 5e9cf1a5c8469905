"""factory_boy itself, for what cannot be evaluated by columns: one object at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from factory.alchemy import SQLAlchemyModelFactory
from sqlalchemy import event
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from ...conf import raised
from ...errors import ManageError, SeedError
from ..factories import mapped_factories, mapper_of, subclasses
from ..factory_boy_internals import model_of, next_number, sequence_owner
from ..links import POOLS
from ..row_blocks import key_columns
from ..writers.refusals import refused
from .numbering import Counters, key_name, sequence_name
from .sessions import SeedSessions

Create = Callable[[int, Session], Any]
"""Creates row number n, from 0, and returns it; None if there is nothing to write."""

WrittenKeys = dict[sa.Table, list[tuple[Any, ...]]]
"""Table -> the keys of the rows that were written: of its primary key, or all columns."""


@dataclass(frozen=True)
class ObjectMaker:
    """Makes ``count`` rows of a factory, one by one, in the transaction of ``connection``."""

    connection: sa.Connection
    owner: Any
    count: int
    create: Create
    counters: Counters
    tables: Sequence[sa.Table]
    sessions: SeedSessions

    def make(self) -> WrittenKeys:
        """Create and flush the rows.

        Raises SeedError that names the factory, and the column and value that was refused.
        """
        before = dict(self.counters.next)
        savepoint = self.connection.begin_nested()
        try:
            keys = self._make()
        except StatementError as error:
            savepoint.rollback()
            self.counters.next = before
            raise self._explained(error) from error
        savepoint.commit()
        return keys

    def _make(self, flush_each: bool = False) -> WrittenKeys:
        with (
            _watched(self.sessions, self.connection, self.counters) as keys,
            self.sessions.making() as session,
            _numbered(self.counters, self.tables),
        ):
            session.info[POOLS] = {}
            for number in range(self.count):
                try:
                    self.create(number, session)
                    if flush_each:
                        session.flush()
                except (StatementError, ManageError):
                    raise
                except Exception as error:
                    raise SeedError(
                        f"{self.owner.__name__} failed at row {number + 1}: {raised(error)}. "
                        "Nothing was written.",
                        self.sessions.advice(self.owner),
                    ) from error
            session.flush()
        return keys

    def _explained(self, error: StatementError) -> ManageError:
        """Which row it was: made again one by one."""
        flushed: list[Any] = []

        def before_flush(session: Session, context: Any, instances: Any) -> None:
            flushed[:] = session.new

        event.listen(Session, "before_flush", before_flush)
        savepoint = self.connection.begin_nested()
        try:
            self._make(flush_each=True)
        except StatementError as again:
            error = again
        except ManageError as other:
            return other
        finally:
            savepoint.rollback()
            event.remove(Session, "before_flush", before_flush)
        names = {model_of(each): each.__name__ for each in [*mapped_factories(), self.owner]}
        return refused(error, flushed, names, self.tables)


@contextmanager
def _numbered(counters: Counters, tables: Sequence[sa.Table]) -> Iterator[None]:
    """Each factory's Sequence continues where the seed's numbers are, and they with it."""
    counted: dict[str, Any] = {}
    for each in dict.fromkeys(subclasses(SQLAlchemyModelFactory)):
        mapper = mapper_of(each)
        if mapper is None or mapper.local_table not in tables:
            continue
        name = sequence_name(each)
        if name not in counted:
            counted[name] = sequence_owner(each)
            counted[name].reset_sequence(counters.take(name, each, 0).start, force=True)
    yield
    for name, counting in counted.items():
        counters.next[name] = next_number(counting)


@contextmanager
def _watched(
    sessions: SeedSessions, connection: sa.Connection, counters: Counters
) -> Iterator[WrittenKeys]:
    """New rows get their keys from the seed's numbers; the keys of what is written are noted."""
    keys: WrittenKeys = {}

    def before_flush(session: Session, context: Any, instances: Any) -> None:
        for row in session.new:
            mapper = sa.inspect(type(row))
            if not sessions.holds(session, mapper):
                continue
            table = mapper.base_mapper.local_table
            column = getattr(table, "autoincrement_column", None)
            if column is None or column.foreign_keys:
                continue
            name = mapper.get_property_by_column(column).key
            if sa.inspect(row).dict.get(name) is None:
                setattr(row, name, counters.take(key_name(table), table, 1).start)

    def after_flush(session: Session, context: Any) -> None:
        for row in session.new:
            mapper = sa.inspect(type(row))
            if not sessions.holds(session, mapper):
                continue
            for table in mapper.tables:
                values = tuple(
                    sa.inspect(row).dict[mapper.get_property_by_column(table.c[key]).key]
                    for key in key_columns(table)
                )
                keys.setdefault(table, []).append(values)

    def after_execute(
        connection: Any, statement: Any, multiparams: Any, params: Any, options: Any, result: Any
    ) -> None:
        if not isinstance(statement, sa.Insert) or statement.table in mapped:
            return
        table: Any = statement.table
        for row in [*multiparams, params] if params else multiparams:
            for each in row if isinstance(row, list | tuple) else [row]:
                if all(key in each for key in key_columns(table)):
                    values = tuple(each[key] for key in key_columns(table))
                    keys.setdefault(table, []).append(values)

    mapped: set[Any] = {
        table
        for each in subclasses(SQLAlchemyModelFactory)
        if (mapper := mapper_of(each)) is not None
        for other in mapper.registry.mappers
        for table in other.tables
    }
    event.listen(Session, "before_flush", before_flush)
    event.listen(Session, "after_flush", after_flush)
    event.listen(connection, "after_execute", after_execute)
    try:
        yield keys
    finally:
        event.remove(connection, "after_execute", after_execute)
        event.remove(Session, "after_flush", after_flush)
        event.remove(Session, "before_flush", before_flush)
