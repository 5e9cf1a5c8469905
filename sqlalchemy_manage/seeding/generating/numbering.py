"""Sequence numbers of factories, keys of tables, values of Iterators: where each continues."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ...conf import raised
from ...errors import ManageError, SeedError
from ...sql.dialects import MARIADB
from ..factories import bound, mapper_of
from ..factory_boy_internals import first_number, sequence_owner
from .failures import NeedsConnection


class Counters:
    """The next number under each name. ``first``: where this seed began to count; ``turn``: the
    factory that is at work.

    ``steps``: how far the next one is, where that is not 1. ``load`` gives both for a name.
    """

    def __init__(
        self,
        next_: Mapping[str, int],
        first: Mapping[str, int] | None = None,
        load: Callable[[str, Any], tuple[int, int]] | None = None,
        steps: Mapping[str, int] | None = None,
        turn: Mapping[str, int] | None = None,
    ) -> None:
        self.next = dict(next_)
        self.first = dict(next_ if first is None else first)
        self.steps = dict(steps or {})
        self.turn = dict(turn or {})
        self._load = load

    def reset(self, to: Mapping[str, int]) -> None:
        """The next numbers are those of an earlier moment again."""
        self.next = {name: to.get(name, self.first[name]) for name in self.next}

    def take(self, name: str, what: Any, count: int) -> range:
        """The next ``count`` numbers; raises NeedsConnection in a worker."""
        if name not in self.next:
            if self._load is None:
                raise NeedsConnection(name)
            self.next[name], step = self._load(name, what)
            if step != 1:
                self.steps[name] = step
        start, step = self.next[name], self.steps.get(name, 1)
        self.first.setdefault(name, start)
        self.turn.setdefault(name, start)
        self.next[name] = start + count * step
        return range(start, start + count * step, step)


def sequence_name(owner: Any) -> str:
    """The counter of a factory: of its base, if that has the same model or a base of it."""
    counting = sequence_owner(owner)
    return f"{counting.__module__}.{counting.__qualname__}"


def key_name(table: Any) -> str:
    return f"#{table.fullname}"


def iterator_name(iterator: str) -> str:
    return f"~{iterator}"


@dataclass(frozen=True)
class Starts:
    """Where numbers start: sequences after the highest of all runs, keys after the largest.

    ``locked``: nobody else adds a row, and so a key, until the transaction ends. ``used``:
    the number after the highest that earlier runs used, for each sequence.
    """

    connection: sa.Connection
    tables: Mapping[str, sa.Table]
    locked: bool
    used: Callable[[], Mapping[str, int]] = dict

    def __call__(self, name: str, what: Any) -> tuple[int, int]:
        """The next number, and how far it is from one to the next."""
        if name.startswith("~"):
            return 0, 1
        if name.startswith("#"):
            return self._next_key(what)
        return self._next_number(name, sequence_owner(what)), 1

    def _next_number(self, name: str, owner: Any) -> int:
        """After the highest that is known; where none is, as many as there are rows."""
        mapper = mapper_of(owner)
        table: Any = getattr(mapper, "local_table", None)
        if table is None or table.fullname not in self.tables:
            return 0
        used = self.used().get(name, 0)
        own = self._first_number(owner)
        if own is not None:
            return max(own, used)
        count = self.connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        return max(count, used)

    def _first_number(self, owner: Any) -> int | None:
        """What the factory itself begins with, which may be in the database."""
        with (
            Session(self.connection, join_transaction_mode="rollback_only") as session,
            bound(session),
        ):
            try:
                return first_number(owner)
            except ManageError:
                raise
            except Exception as error:
                raise SeedError(
                    f"{owner.__name__}._setup_next_sequence() failed: {raised(error)}. "
                    "Nothing was written."
                ) from error

    def _next_key(self, table: sa.Table) -> tuple[int, int]:
        """The next key that no row has. SQLite has one writer as it is."""
        dialect = self.connection.dialect
        column: Any = table.autoincrement_column
        start, step = declared_numbers(column, dialect)
        ordered = column.desc() if step > 0 else column
        query = sa.select(column).order_by(ordered).limit(1)
        if self.locked and dialect.name == "postgresql":
            name = dialect.identifier_preparer.format_table(table)
            self.connection.exec_driver_sql(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")
        if dialect.name in MARIADB:
            query = query.with_for_update()
        last = self.connection.scalar(query)
        if dialect.name == "sqlite":
            last = max(last or 0, self._remembered(table))
        if last is None or (start - last) * step > 0:
            return start, step
        return start + ((last - start) // step + 1) * step, step

    def _remembered(self, table: sa.Table) -> int:
        """The highest key that SQLite ever gave, where the table has AUTOINCREMENT."""
        schema = f"{self._quoted(table.schema)}." if table.schema else ""
        there = f"SELECT 1 FROM {schema}sqlite_master WHERE name = 'sqlite_sequence'"
        if self.connection.exec_driver_sql(there).first() is None:
            return 0
        found = self.connection.exec_driver_sql(
            f"SELECT seq FROM {schema}sqlite_sequence WHERE name = ?", (table.name,)
        )
        return found.scalar() or 0

    def _quoted(self, name: str) -> str:
        return self.connection.dialect.identifier_preparer.quote(name)


def declared_numbers(column: sa.Column[Any], dialect: sa.Dialect) -> tuple[int, int]:
    """The first number that the database gives the column, and the step to the next.

    Of its Identity or Sequence, where the database has them, or its table's AUTO_INCREMENT.
    """
    options: Any = None
    if isinstance(column.default, sa.Sequence) and dialect.supports_sequences:
        options = column.default
    elif column.identity is not None and dialect.supports_identity_columns:
        options = column.identity
    if options is not None:
        step = options.increment or 1
        start = options.start
        if start is None:
            start = options.minvalue if step > 0 else options.maxvalue
        return (1 if step > 0 else -1) if start is None else start, step
    given = {key.lower(): value for key, value in column.table.kwargs.items()}
    return int(given.get(f"{dialect.name}_auto_increment") or 1), 1
