"""What a run has to know of the rows that it writes, and the count that shows what it missed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

import sqlalchemy as sa

from ...databases.engines import is_bookkeeping
from ...errors import SeedError
from ...links.catalog import quoted
from .known_tables import KnownTables
from .new_rows import NewRows
from .triggers import Triggers, read_triggers

# Rows that this transaction has inserted and deleted, triggers, functions and COPY included; what
# is counted of earlier ones may be in it, until the server has taken it over.
_INSERTED = (
    "SELECT n.nspname, c.relname, sum(s.n_tup_ins)::int8, sum(s.n_tup_del)::int8"
    " FROM pg_catalog.pg_stat_xact_user_tables s JOIN pg_catalog.pg_class c"
    " ON c.oid = coalesce(pg_catalog.pg_partition_root(s.relid), s.relid)"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname !~ '^pg_' GROUP BY 1, 2 HAVING sum(s.n_tup_ins) > 0"
)


class Accounts:
    """``new`` finds the rows of the tables that it watches; ``tables`` are all that exist."""

    def __init__(self, connection: sa.Connection, tables: Mapping[str, sa.Table]) -> None:
        self.connection = connection
        self.tables = KnownTables(connection, tables)
        self.new = NewRows(connection)
        self._wasted: Counter[str] = Counter()
        self._unsure: set[str] = set()

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

    def mark(self) -> frozenset[str]:
        """Where a savepoint begins: what is watched then."""
        return frozenset(self.new.watched)

    def rolled_back(
        self,
        mark: frozenset[str],
        told: Mapping[str, int] | None = None,
        refused: Collection[str] = (),
    ) -> None:
        """The savepoint has taken back ``told`` rows of each table, whose keys were known.

        ``refused``: the table whose rows the database did not take.
        """
        watched = set(self.new.watched)
        self.new.forget(watched - mark)
        if self.connection.dialect.name == "postgresql":  # it counts them all the same
            self._unsure |= watched | set(refused)
            self._wasted.update(told or {})

    @contextmanager
    def checked(self, fate: str, by_columns: bool = False) -> Iterator[dict[str, int]]:
        """The caller puts in how many rows it knows of each table, by its full name.

        At the end of the block SeedError, if the database holds more; ``fate``: what
        becomes of what was written. ``by_columns``: only a trigger can have written more.
        """
        if by_columns and not self.triggers.to_insert:
            yield {}
            return
        before = self._counts()
        known: dict[str, int] = {}
        self._wasted.clear()
        self._unsure.clear()
        yield known
        for name, (inserted, deleted) in self._counts().items():
            earlier = before.get(name, (0, 0))
            more = inserted - earlier[0] - known.get(name, 0) - self._wasted[name]
            if name in self.new.watched:  # of these, only rows that are still there are known
                more -= deleted - earlier[1]
            if more > 0 and name not in self._unsure:
                raise SeedError(
                    f"{name} got {more:,} {'row' if more == 1 else 'rows'} more than this seed "
                    f"knows of, so seed --undo could not remove them. {fate}",
                    "A function of the database, or SQL that a listener sends past SQLAlchemy "
                    "to the\ndriver, does so. Switch it off for the seed, or let it use the "
                    "session's connection.",
                )

    def _counts(self) -> dict[str, tuple[int, int]]:
        """Full name -> rows and 0; or on PostgreSQL how many were inserted and deleted."""
        run, default = self.connection.exec_driver_sql, self.connection.dialect.default_schema_name
        if self.connection.dialect.name == "postgresql":
            return {
                self.tables.label((None if schema == default else schema, name)): (made, deleted)
                for schema, name, made, deleted in run(_INSERTED)
                if not is_bookkeeping(name)
            }
        query = "SELECT count(*) FROM {}".format
        return {
            self.tables.label(name): (run(query(quoted(self.connection, name))).scalar_one(), 0)
            for name in self.tables.names
        }
