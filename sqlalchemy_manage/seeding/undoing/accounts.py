"""What a run has to know of the rows that it writes, and the count that shows what it missed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa

from ...databases.engines import is_bookkeeping
from ...errors import SeedError
from ...links.catalog import quoted
from .known_tables import KnownTables
from .new_rows import NewRows
from .triggers import Triggers, read_triggers

# Rows that this transaction has inserted, triggers, functions and COPY included; what is
# counted of earlier ones may be in it, until the server has taken it over.
_INSERTED = (
    "SELECT n.nspname, c.relname, sum(s.n_tup_ins)::int8"
    " FROM pg_catalog.pg_stat_xact_user_tables s JOIN pg_catalog.pg_class c"
    " ON c.oid = coalesce(pg_catalog.pg_partition_root(s.relid), s.relid)"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname !~ '^pg_' GROUP BY 1, 2 HAVING sum(s.n_tup_ins) > 0"
)


@dataclass(frozen=True)
class Mark:
    """What was watched and counted at a savepoint."""

    watched: tuple[str, ...]
    counts: dict[str, int]
    wasted: Counter[str]


class Accounts:
    """``new`` finds the rows of the tables that it watches; ``tables`` are all that exist."""

    def __init__(self, connection: sa.Connection, tables: Mapping[str, sa.Table]) -> None:
        self.connection = connection
        self.tables = KnownTables(connection, tables)
        self.new = NewRows(connection)
        self._wasted: Counter[str] = Counter()

    @cached_property
    def triggers(self) -> Triggers:
        """What the triggers of the database may do."""
        return read_triggers(self.connection, self.tables)

    def begin(self) -> None:
        """To be called as a transaction begins, before its first row."""
        for table in self.triggers.written:
            self.new.watch(table)

    def end(self) -> None:
        """To be called before it ends."""
        self.new.end()

    def mark(self) -> Mark:
        """Where a savepoint begins."""
        counts = self._counts() if self.connection.dialect.name == "postgresql" else {}
        return Mark(tuple(self.new.watched), counts, Counter(self._wasted))

    def rolled_back(self, to: Mark) -> None:
        """What the savepoint has taken back is neither counted nor watched any more."""
        self.new.forget(set(self.new.watched) - set(to.watched))
        if self.connection.dialect.name == "postgresql":  # it counts them all the same
            self._wasted = to.wasted + (Counter(self._counts()) - Counter(to.counts))

    @contextmanager
    def checked(self, fate: str) -> Iterator[dict[str, int]]:
        """The caller puts in how many rows it knows of each table, by its full name.

        At the end of the block SeedError, if the database holds more; ``fate``: what
        becomes of what was written.
        """
        before = self._counts()
        known: dict[str, int] = {}
        self._wasted.clear()
        yield known
        for name, count in self._counts().items():
            more = count - before.get(name, 0) - known.get(name, 0) - self._wasted[name]
            if more > 0:
                raise SeedError(
                    f"{name} got {more:,} {'row' if more == 1 else 'rows'} more than this seed "
                    f"knows of, so seed --undo could not remove them. {fate}",
                    "A function of the database, or SQL that a listener sends past SQLAlchemy "
                    "to the\ndriver, does so. Switch it off for the seed, or let it use the "
                    "session's connection.",
                )

    def _counts(self) -> dict[str, int]:
        """Full name -> rows, or on PostgreSQL how many were inserted."""
        run, default = self.connection.exec_driver_sql, self.connection.dialect.default_schema_name
        if self.connection.dialect.name == "postgresql":
            return {
                self.tables.label((None if schema == default else schema, name)): count
                for schema, name, count in run(_INSERTED)
                if not is_bookkeeping(name)
            }
        return {
            self.tables.label(name): run(
                f"SELECT count(*) FROM {quoted(self.connection, name)}"
            ).scalar_one()
            for name in self.tables.names
        }
