"""factory_boy itself, for what cannot be evaluated by columns: one object at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import InvalidRequestError, StatementError
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.attributes import set_committed_value

from ...conf import raised
from ...errors import ManageError, SeedError
from ..collector import without_collector
from ..factories import mapped_factories, mapper_of
from ..factory_boy_internals import model_of, next_number, sequence_owner
from ..links import POOLS
from ..row_blocks import WrittenKeys
from ..undoing.accounts import Accounts
from ..undoing.inserts import watched_inserts
from ..writers.refusals import refused
from .numbering import Counters, key_name, sequence_name
from .sessions import SeedSessions

Create = Callable[[int, Session], Any]
"""Creates row number n, from 0, and returns it; None if there is nothing to write."""


@dataclass(frozen=True)
class ObjectMaker:
    """Makes ``count`` rows of a factory, one by one, in the transaction of ``connection``."""

    connection: sa.Connection
    owner: Any
    count: int
    create: Create
    counters: Counters
    tables: Sequence[sa.Table]
    accounts: Accounts
    sessions: SeedSessions

    def make(self) -> WrittenKeys:
        """Create and flush the rows.

        Raises SeedError that names the factory, and the column and value that was refused.
        """
        before, mark = dict(self.counters.next), self.accounts.mark()
        savepoint = self.connection.begin_nested()
        try:
            keys = self._make()
            savepoint.commit()
        except InvalidRequestError as error:
            raise SeedError(f"{self.owner.__name__}: {error}. Nothing was written.") from error
        except StatementError as error:
            _back(savepoint)
            self.accounts.rolled_back(mark)
            self.counters.next = before
            raise self._explained(error) from error
        return keys

    def _make(self, flush_each: bool = False) -> WrittenKeys:
        with (
            _keys_given(self.sessions, self.counters),
            watched_inserts(self.connection, self.accounts) as keys,
            self.sessions.making() as session,
            _numbered(self.counters, self.tables),
            without_collector(),
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
                    what = raised(error)
                    if isinstance(error, StopIteration):
                        what = "an Iterator has no value left"
                    raise SeedError(
                        f"{self.owner.__name__} failed at row {number + 1}: {what}. "
                        "Nothing was written.",
                        self.sessions.advice(self.owner),
                    ) from error
            session.flush()
        for table, rows in self.accounts.new.take().items():
            keys.setdefault(table, []).extend(rows)
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
            _back(savepoint)
            event.remove(Session, "before_flush", before_flush)
        names = {model_of(each): each.__name__ for each in [*mapped_factories(), self.owner]}
        return refused(error, flushed, names, self.tables)


def _back(savepoint: sa.NestedTransaction) -> None:
    """A session that a declaration opened may have gone back already."""
    if savepoint.is_active:
        savepoint.rollback()


@contextmanager
def _numbered(counters: Counters, tables: Sequence[sa.Table]) -> Iterator[None]:
    """Each factory's Sequence continues where the seed's numbers are, and they with it."""
    counted: dict[str, Any] = {}
    for each in mapped_factories():
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
def _keys_given(sessions: SeedSessions, counters: Counters) -> Iterator[None]:
    """New rows get their keys from the seed's numbers."""

    numbered: dict[type, tuple[str, sa.Table] | None] = {}

    def before_flush(session: Session, context: Any, instances: Any) -> None:
        for row in session.new:
            kind = type(row)
            if kind not in numbered:
                numbered[kind] = _numbered_key(sa.inspect(kind))
            found = numbered[kind]
            if found is None or not sessions.holds(session, sa.inspect(kind)):
                continue
            name, table = found
            if vars(row).get(name) is None:
                # As SQLAlchemy sets a key that the database gave: no listener is told.
                set_committed_value(row, name, counters.take(key_name(table), table, 1).start)

    event.listen(Session, "before_flush", before_flush)
    try:
        yield
    finally:
        event.remove(Session, "before_flush", before_flush)


def _numbered_key(mapper: Mapper[Any]) -> tuple[str, sa.Table] | None:
    """The attribute with the number that identifies a row, and the table that counts it."""
    table: Any = mapper.base_mapper.local_table
    column = getattr(table, "autoincrement_column", None)
    if column is None or column.foreign_keys:
        return None
    return mapper.get_property_by_column(column).key, table
