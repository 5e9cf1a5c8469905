"""Remove the rows of models, and of what cannot stay without them: all, or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ... import advice
from ...data.backends import writing
from ...databases.engines import create_engine, trouble
from ...databases.locks import migration_lock
from ...errors import DatabaseError
from ...interrupts import explaining
from ...models import is_managed
from ...sql.dialects import MARIADB
from ...sql.raw import stored_name
from ..running.transaction import large_writes
from .deletion import Deletion, locked_tables, with_delete_triggers
from .growth import Growth, Referring, link_tables
from .restarts import restart_after, restart_within
from .seed_runs import forget_rows, require_ended
from .selection import Selection, select_rows

if TYPE_CHECKING:
    from ...project import Project


_THERE = "Nothing was removed."
_GONE = "The rows are removed; repeat it to restart the numbers."


@dataclass(frozen=True)
class FlushPlan:
    """``rows``: table -> how many go; ``why``: table -> because of what.

    ``changed``: rows that stay and lose their reference to what goes. ``blocking``: rows that
    stay and must not. ``missing``: tables that the database does not have.
    """

    rows: dict[str, int]
    why: dict[str, str]
    changed: tuple[Referring, ...]
    blocking: tuple[Referring, ...]
    missing: tuple[str, ...]

    @property
    def total(self) -> int:
        """All rows that go."""
        return sum(self.rows.values())


@dataclass(frozen=True)
class Flushed:
    """``undone``: the seed runs of which nothing is left. ``counting_on``: the tables and
    sequences whose numbers could not be restarted."""

    plan: FlushPlan
    undone: tuple[int, ...]
    counting_on: tuple[str, ...]


class StillReferred(DatabaseError):
    """Rows that stay refer to rows that were to go; ``blocking`` says which."""

    def __init__(self, message: str, hint: str, blocking: tuple[Referring, ...]) -> None:
        super().__init__(message, hint)
        self.blocking = blocking


class Flush:
    """One flush: what ``names`` name, of the project's database.

    ``cascade``: rows that refer to what goes, go too.
    """

    def __init__(self, project: Project, names: Sequence[str], *, cascade: bool = False) -> None:
        self.project = project
        self.cascade = cascade
        self.selection: Selection = select_rows(project, names)

    def plan(self) -> FlushPlan:
        """What would go, as the database is now; changes nothing."""
        with self.project.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            try:
                with self._growth(connection) as growth:
                    return self._planned(growth)
            finally:
                connection.rollback()

    def run(self) -> Flushed:
        """Remove the rows in one transaction, and restart the numbers of the named tables.

        SQLite and PostgreSQL restart them in that transaction; MariaDB afterwards, and a flush
        that is repeated does it if one was killed in between. The tool's own tables stay, and
        the seed runs forget what is gone. Raises StillReferred, SeedError where a seed is
        running, Locked, DatabaseError; then nothing was removed.
        """
        project = self.project
        wait = project.settings.lock_wait
        removed = False
        with ExitStack() as stack:
            stack.enter_context(explaining("The flush", lambda: _GONE if removed else _THERE))
            with project.connect():
                pass  # says in words what is wrong with the database
            # Not one of the pool's connections, which may have no second one.
            locking = create_engine(project.database, project.settings.root, poolclass=sa.NullPool)
            stack.callback(locking.dispose)
            stack.enter_context(migration_lock(locking, wait, lambda who: None))
            connection = stack.enter_context(project.connect())
            try:
                checked = self._checked(connection)
                connection.rollback()
                self._patience(connection)
                with large_writes(connection, by_keys=not checked), writing(connection):
                    plan, undone, kept = self._remove(connection, checked)
                removed = True
                whole = self._there(plan)
                every = {table.fullname: table for table in project.tables}
                kept += restart_after(connection, whole, every)
            except DBAPIError as error:
                raise trouble(error) from error
        return Flushed(plan, tuple(undone), tuple(kept))

    def _remove(
        self, connection: sa.Connection, checked: bool
    ) -> tuple[FlushPlan, list[int], list[str]]:
        with self._growth(connection, lock=True) as growth:
            plan = self._planned(growth)
            if plan.blocking:
                raise still_referred(plan.blocking)
            require_ended(connection, growth)
            Deletion(growth, checked=checked).run()
            undone = forget_rows(connection, growth)
            every = {table.fullname: table for table in self.project.tables}
            kept = restart_within(connection, growth.whole.values(), every)
        return plan, undone, kept

    def _there(self, plan: FlushPlan) -> list[sa.Table]:
        return [table for table in self.selection.whole if table.fullname not in plan.missing]

    def _checked(self, connection: sa.Connection) -> bool:
        """Whether the database is to check foreign keys: on SQLite without triggers the plan
        already has all that it could find, and looking each row up takes long."""
        if connection.dialect.name != "sqlite":
            return True
        if with_delete_triggers(connection):
            return True
        inspector = sa.inspect(connection)
        rules = {
            (key.get("options") or {}).get("ondelete")
            for keys in inspector.get_multi_foreign_keys().values()
            for key in keys
        }
        return "SET DEFAULT" in rules

    def _patience(self, connection: sa.Connection) -> None:
        seconds = self.project.settings.lock_timeout
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET lock_timeout = {int(seconds * 1000)}")
            connection.commit()
        elif connection.dialect.name in MARIADB:
            for name in ("innodb_lock_wait_timeout", "lock_wait_timeout"):
                connection.exec_driver_sql(f"SET SESSION {name} = {max(1, int(seconds))}")
            connection.rollback()

    @contextmanager
    def _growth(self, connection: sa.Connection, *, lock: bool = False) -> Iterator[Growth]:
        project = self.project
        known = [t for m in project.metadatas for t in m.tables.values() if _is_table(t)]
        schemas = {table.schema for table in known}
        inspector = sa.inspect(connection)
        there = {(schema, name) for schema in schemas for name in inspector.get_table_names(schema)}
        if connection.dialect.name == "sqlite":
            low = {(schema, name.lower()) for schema, name in there}
            found = [t for t in known if (t.schema, t.name.lower()) in low]
        else:
            dialect = connection.dialect
            found = [t for t in known if (t.schema, stored_name(t.name, dialect)) in there]
        tables = {table.fullname: table for table in found}
        managed = {table.fullname for table in found if is_managed(table)}
        links = link_tables(project.mappers, tables)
        growth = Growth(connection, tables, managed, links, project.mappers, self.cascade)
        try:
            if lock:
                locked_tables(connection, self._touched(growth))
            growth.grow(self.selection)
            yield growth
        finally:
            growth.drop()

    def _touched(self, growth: Growth) -> dict[str, sa.Table]:
        """The tables that may be changed: those named, and those that refer to them."""
        names = {table.fullname for table in self.selection.whole} & set(growth.tables)
        more = True
        while more:
            found = {r.name for r in growth.references if r.parent.fullname in names} - names
            names |= found
            more = bool(found)
        return {name: growth.tables[name] for name in names}

    def _planned(self, growth: Growth) -> FlushPlan:
        staying = growth.staying()
        acts = ("SET NULL", "SET DEFAULT")
        missing = [t.fullname for t in self.selection.whole if t.fullname not in growth.tables]
        return FlushPlan(
            growth.counts(),
            growth.why,
            tuple(each for each in staying if each.rule in acts),
            tuple(each for each in staying if each.rule not in acts),
            tuple(missing),
        )


def _is_table(table: sa.Table) -> bool:
    from ...declared.create_all import is_view

    return not is_view(table)


def still_referred(blocking: tuple[Referring, ...]) -> StillReferred:
    """The error that names the rows in the way, and the ways on."""
    lines = [
        f"  {each.count:,} of {each.table} ({', '.join(each.columns)}) refer to {each.parent}"
        for each in blocking
    ]
    foreign = sorted({each.table for each in blocking if not each.managed})
    own = list(dict.fromkeys(each.table for each in blocking if each.managed))
    hint = []
    if own:
        hint.append(
            f"To remove these rows too:\n{advice.FLUSH_REFERRING()}\n"
            f"To empty their tables:\n{advice.FLUSH_TABLES_TOO(tables=own)}"
        )
    if foreign:
        hint.append(
            f"flush removes no rows of {', '.join(foreign)}, which no model has or another "
            "program manages: remove them yourself."
        )
    return StillReferred(
        "Rows that would stay refer to rows that would go. Nothing was removed.\n"
        + "\n".join(lines),
        "\n".join(hint),
        blocking,
    )
