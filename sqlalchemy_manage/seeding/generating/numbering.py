"""Sequence numbers of factories, keys of tables, values of Iterators: where each continues."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ...sql.dialects import MARIADB
from ..factories import mapper_of
from ..factory_boy_internals import sequence_owner
from .failures import NeedsConnection


class Counters:
    """The next number under each name. ``first``: where this seed began to count."""

    def __init__(
        self,
        next_: Mapping[str, int],
        first: Mapping[str, int] | None = None,
        load: Callable[[str, Any], int] | None = None,
    ) -> None:
        self.next = dict(next_)
        self.first = dict(next_ if first is None else first)
        self._load = load

    def take(self, name: str, what: Any, count: int) -> range:
        """The next ``count`` numbers; raises NeedsConnection in a worker."""
        if name not in self.next:
            if self._load is None:
                raise NeedsConnection(name)
            self.next[name] = self._load(name, what)
        start = self.next[name]
        self.first.setdefault(name, start)
        self.next[name] = start + count
        return range(start, start + count)


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
    """Where numbers start: sequences at the number of rows, keys after the largest.

    ``locked``: nobody else adds a row, and so a key, until the transaction ends.
    """

    connection: sa.Connection
    tables: Mapping[str, sa.Table]
    locked: bool

    def __call__(self, name: str, what: Any) -> int:
        if name.startswith("~"):
            return 0
        if name.startswith("#"):
            return self._last_key(what) + 1
        mapper = mapper_of(what)
        table: Any = getattr(mapper, "local_table", None)
        if table is None or table.fullname not in self.tables:
            return 0
        return self.connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0

    def _last_key(self, table: sa.Table) -> int:
        """The largest key of the table, 0 if it has no rows. SQLite has one writer as it is."""
        dialect = self.connection.dialect
        column: Any = table.autoincrement_column
        query = sa.select(column).order_by(column.desc()).limit(1)
        if self.locked and dialect.name == "postgresql":
            name = dialect.identifier_preparer.format_table(table)
            self.connection.exec_driver_sql(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")
        if dialect.name in MARIADB:
            query = query.with_for_update()
        return max(0, self.connection.scalar(query) or 0)
