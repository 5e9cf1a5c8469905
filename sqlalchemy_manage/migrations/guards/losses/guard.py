"""No row and no link is lost in a revision that does not declare it.

What a statement could harm is read from it before it runs (see ``effects``), and the keys
and links of those tables are kept (see ``key_copies``); at the end of the revision, in its
transaction, they are looked for again. Renames are followed: by PostgreSQL's numbers of
tables and columns, elsewhere as the statements say. Where a table is made again, its other
values are compared too, before the old one goes (see ``copied_values``). A revision that
only creates, adds and inserts costs nothing.

Not seen are statements that go past SQLAlchemy, to the driver's own connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from .... import advice, output
from ....databases.error_kinds import fault_of
from ....errors import GuardFault
from ....links.catalog import Name, quoted, read_tables
from ....sql.raw import undoubled
from ...revisions.expected_loss import Expected
from ...runner.revision_runner import Guard, RevisionStep, guarding
from . import key_copies as keeping
from .compare import losses
from .effects import harmless, moves, pieces, touched, unties
from .loss import Loss, allowed_names, attribute_of, declared, lost
from .schema_tracker import SchemaTracker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...runner.run import Run

UNPROVED = "The check for lost rows and links is skipped: a loss goes unnoticed."

# What PostgreSQL says of all statements after one that failed.
_ABORTED = "current transaction is aborted"
# A statement after which others may act on more than the catalog said before.
_ACTS = ("TRIGGER", "FUNCTION", "PROCEDURE", "VIEW", "RULE", "REFERENCES", "INHERIT", "PARTITION")
_DDL = ("CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE")
# What a table that was copied is compared before.
_ENDS = ("UPDATE", "DELETE", "DROP", "ALTER", "RENAME", "TRUNCATE", "MERGE")
_NO = ("no", "off", "false", "0")
_SAVEPOINT = re.compile(
    r"(?P<verb>SAVEPOINT|ROLLBACK\s+(?:WORK\s+|TRANSACTION\s+)?TO|RELEASE)\s+(?:SAVEPOINT\s+)?"
    r"\W?(?P<name>\w+)",
    re.IGNORECASE,
)

# What is left out of a statement to compare it with others; not where quotes could mean more.
_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")
_UNSURE = re.compile(r"""["`\[\\$#]|--|/\*""")
_MOST_FORMS = 1000


@dataclass(frozen=True)
class TableMark:
    """What was known at a savepoint."""

    name: str
    past: SchemaTracker
    seen: frozenset[Name]
    committed: bool


def wanted_of(arguments: Iterable[str]) -> tuple[bool, tuple[str, ...]]:
    """``-x prove=no`` and ``-x allow-loss=TABLE.COLUMN`` of plain alembic; warns of the first."""
    pairs = [argument.partition("=")[::2] for argument in arguments]
    prove = not any(name == "prove" and value.lower() in _NO for name, value in pairs)
    if not prove:
        output.warn(UNPROVED)
    allowed = [value for name, value in pairs if name.replace("_", "-") == "allow-loss"]
    return prove, allowed_names(allowed)


class LossGuard(Guard):
    """Raises MigrationError that names what a revision lost without declaring it.

    SQLite and PostgreSQL roll the revision back. So does MariaDB, unless a DDL statement
    has committed the loss: then the revision is recorded, and the run stops.

    A run that begins on a database without tables is not watched: all rows are then the
    revisions' own, and can be made again.
    """

    what = "the check for lost rows and links"

    def __init__(self, run: Run) -> None:
        self.run = run
        self.fault: GuardFault | None = None
        self.fresh: bool | None = None
        self.step: RevisionStep | None = None
        self.busy = False
        self.listens = False
        self.number = 0
        self.past = SchemaTracker(run.project)
        self._reset()

    def _reset(self) -> None:
        self.past = self.past.emptied()
        self.seen: set[Name] = set()
        self.allowed: dict[str, str | int] = {}
        self.transaction: Any = None
        self.ddl = self.committed = False
        self.marks: list[TableMark] = []
        # The statements of which it is known that there is nothing more to keep.
        self.settled: set[str] = set()

    def begin(self, step: RevisionStep) -> None:
        with self._way_on(step):
            self._begin(step)

    def _begin(self, step: RevisionStep) -> None:
        self.fault = None
        step.state.expected = None
        if self.fresh is None:
            self.fresh = step.verb == "upgrade" and not self.past.read(step.connection).tables
        if self.fresh or step.verb == "stamp":
            return
        if step.verb == "downgrade" and self.run.allowed.data_loss:
            return  # --allow-data-loss: whatever undoing a revision destroys
        self._reset()
        self.allowed = declared(step, self.run.allow_loss)
        step.state.expected = Expected(attribute_of(step), self.allowed)
        self.step = step
        if not self.listens:
            event.listen(step.connection, "before_cursor_execute", self._before)
            self.listens = True

    def failed(self, step: RevisionStep, error: Exception) -> None:
        self.step = None

    def after_run(self, connection: sa.Connection) -> None:
        if self.listens:
            event.remove(connection, "before_cursor_execute", self._before)
            self.listens = False

    def ran(self, step: RevisionStep) -> None:
        if self.fault is not None:  # a revision may catch what its statements raise
            raise self.fault

    def end(self, step: RevisionStep) -> None:
        with self._way_on(step):
            self._end(step)

    @contextmanager
    def _way_on(self, step: RevisionStep) -> Iterator[None]:
        """An error of the proof's own says how to go on without it."""
        without = f"Without this check: {advice.WITHOUT_PROOF}"
        try:
            with guarding(step, self.what):
                yield
        except GuardFault as error:
            self.fault = GuardFault(error.message, f"{error.hint}\n{without}")
            raise self.fault from error.__cause__
        except DBAPIError as error:
            reason = str(error.orig).strip()
            if fault_of(error) is not None or _ABORTED in reason:
                raise
            self.fault = GuardFault(f"The database refused {self.what}: {reason}.", without)
            raise self.fault from error

    def _end(self, step: RevisionStep) -> None:
        if self.step is None:
            return
        self.step = None
        with self._quietly():
            found = [loss for loss in self._losses(step) if not loss.allowed(self.allowed)]
            for kept in self.past.kept.values():
                keeping.forget(step.connection, kept)
        if found:
            stays = self.committed and not step.transactional
            ddl = self.ddl and not step.transactional
            with self._quietly():
                unknown = [name for name in self.allowed if not _is_there(step.connection, name)]
            raise lost(step, found, unknown, recorded=stays, ddl=ddl)

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        self.busy = True
        try:
            yield
        finally:
            self.busy = False

    # While the revision runs.

    def _before(self, connection: sa.Connection, cursor: Any, statement: str, *more: Any) -> None:
        step = self.step
        if step is None or self.busy or statement in self.settled:
            return
        with self._way_on(step):
            self._look(step, connection, statement)

    def _look(self, step: RevisionStep, connection: sa.Connection, statement: str) -> None:
        if step.state.recording:
            # Within a rename that is noted and not made yet, the catalog would mislead.
            return
        form = statement if _UNSURE.search(statement) else _LITERAL.sub("?", statement)
        if form in self.settled:
            return
        texts = pieces(undoubled(statement, connection.dialect), connection.dialect.name)
        if not self._see(step, connection, texts):
            self.settled.clear()
        elif len(self.settled) < _MOST_FORMS:
            self.settled.add(form)

    def _see(self, step: RevisionStep, connection: sa.Connection, texts: list[str]) -> bool:
        """Look at the statements of a text; False if others may act otherwise after them."""
        dialect = connection.dialect.name
        is_settled = True
        for text in texts:
            if savepoint := _SAVEPOINT.match(text):
                self._mark(step, savepoint["verb"].upper(), savepoint["name"].lower())
                is_settled = False
                continue
            safe = harmless(text, dialect)
            if not safe:
                with self._quietly():
                    self._protect(step, text)
            elif unties(text):
                with self._quietly():
                    self.past.untied(connection, text)
            upper = text.upper()
            first = upper.split(None, 1)[0]
            if first in _ENDS and self.past.copied:
                with self._quietly():
                    self.past.compare_copies(connection, text)
            if first in _DDL and not re.match(r"(?:CREATE|DROP)\s+TEMPORARY\b", upper):
                self.ddl = True
                is_settled = False
                self.committed = self.committed or bool(self.past.kept)
                self.past.stale = self.past.stale or any(word in upper for word in _ACTS)
            for move in moves(text):
                self.past.follow(move)
                is_settled = False
            if re.match(r"DROP\s+TABLE\b", upper):
                self.past.dropped(text)
        return is_settled

    def _mark(self, step: RevisionStep, verb: str, name: str) -> None:
        """A rollback to a savepoint also removes the copies that were made since."""
        if verb == "SAVEPOINT":
            mark = TableMark(name, self.past.as_it_is(), frozenset(self.seen), self.committed)
            self.marks.append(mark)
            return
        place = max((n for n, mark in enumerate(self.marks) if mark.name == name), default=None)
        if place is None:
            return
        mark = self.marks[place]
        if verb == "RELEASE":
            del self.marks[place:]
        elif step.transactional or mark.committed == self.committed:
            # Else MariaDB has committed, and no longer knows the savepoint.
            del self.marks[place + 1 :]
            self.past, self.seen = mark.past.as_it_is(), set(mark.seen)

    def _protect(self, step: RevisionStep, text: str) -> None:
        """Keep what a statement could harm, unless it is kept, empty or declared."""
        connection = step.connection
        if self.past.catalog is None and connection.dialect.name == "postgresql":
            self.transaction = self._transaction(connection)
        catalog = self.past.known(connection)
        names = touched(text, catalog)
        if names is None:
            if not self.seen.issuperset(map(self.past.origin, catalog.tables)):
                self.past.stale = True  # some may be gone now
                catalog = self.past.known(connection)
            names = set(catalog.tables)
        elif self._only_undoes(step, text):
            self.seen |= {self.past.origin(name) for name in names}
            return
        new = {name for name in names if self.past.origin(name) not in self.seen}
        self.seen |= {self.past.origin(name) for name in new}
        wanted = {name: catalog.tables[name] for name in new if not self._declared(name)}
        filled = {name: oid for name, oid in wanted.items() if self._filled(connection, name)}
        for name, table in read_tables(connection, filled).items():
            self.number += 1
            copy = f"sqlalchemy_manage_kept_{self.number}"
            kept = keeping.keep(connection, self.past.with_links(table), copy)
            if kept is not None:
                self.past.kept[self.past.origin(name)] = kept
                kept.origin = self.past.origin(name)
        if re.match(r"(?:ALTER|DROP|RENAME)\b", text, re.IGNORECASE):
            for name in names:
                if found := self.past.kept.get(self.past.origin(name)):
                    keeping.count_values(connection, found)

    def _only_undoes(self, step: RevisionStep, text: str) -> bool:
        """A downgrade that drops a table whole; nothing of it was copied before."""
        if step.verb != "downgrade" or not re.match(r"DROP\s+TABLE\b", text, re.IGNORECASE):
            return False
        return not any(copied.source.lower() in text.lower() for copied in self.past.copied)

    def _declared(self, name: Name) -> bool:
        label = ".".join(part for part in name if part)
        return self.allowed.get(label) == "all"

    def _filled(self, connection: sa.Connection, name: Name) -> bool:
        sql = f"SELECT 1 FROM {quoted(connection, name)} LIMIT 1"
        return connection.exec_driver_sql(sql).first() is not None

    # At its end.

    def _losses(self, step: RevisionStep) -> Iterable[Loss]:
        yield from self.past.changed
        if not self.past.kept:
            return
        connection = step.connection
        catalog = self.past.read(connection)
        present = catalog.tables
        by_oid = {oid: name for name, oid in present.items() if oid}
        now: dict[Name, Name | None] = {}
        for name, kept in self.past.kept.items():
            same = by_oid.get(kept.stored.oid, kept.now)
            now[name] = next((n for n in (same, kept.stored.name, name) if n in present), None)
        wanted = {found: present[found] for found in now.values() if found is not None}
        tables = read_tables(connection, wanted)
        untouched = self._untouched(connection, catalog.files)
        upgrade = step.verb == "upgrade"
        for name, kept in self.past.kept.items():
            current = now[name]
            if current is None:
                if upgrade:
                    yield keeping.gone(connection, kept)
                continue
            table = tables[current]
            if table.oid not in untouched or table.columns != kept.stored.columns:
                yield from losses(connection, kept, table, columns_too=upgrade)

    @staticmethod
    def _transaction(connection: sa.Connection) -> Any:
        return connection.exec_driver_sql(
            "SELECT txid_current() WHERE current_setting('track_counts') = 'on'"
        ).scalar()

    def _untouched(self, connection: sa.Connection, files: dict[int, int]) -> set[int]:
        """PostgreSQL: tables in which this transaction deleted and changed no row.

        What is missing there, another session has deleted. The counters are those of
        the transaction, cascades and triggers included; they do not count TRUNCATE, nor
        that a table is rewritten, which both give it another file.
        """
        if connection.dialect.name != "postgresql" or self.transaction is None:
            return set()
        if self._transaction(connection) != self.transaction:
            return set()
        rows = connection.exec_driver_sql(
            "SELECT s.relid::int8 FROM pg_catalog.pg_stat_xact_user_tables s"
            " JOIN pg_catalog.pg_class c ON c.oid = s.relid"
            " WHERE s.n_tup_upd = 0 AND s.n_tup_del = 0 AND c.relkind = 'r'"
            " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_inherits WHERE inhparent = c.oid)"
        )
        return {oid for (oid,) in rows if files.get(oid) == self.past.files.get(oid)}


def _is_there(connection: sa.Connection, name: str) -> bool:
    """Whether a name, as it is declared, is that of a table or of a column of one."""
    first, *more = name.split(".")
    look = sa.inspect(connection).has_table
    return look(first) or (bool(more) and look(more[0], schema=first))
