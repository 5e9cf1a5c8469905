"""The SQL of revisions on SQLite: they run on tables in a scratch file, and what arrives is noted.

SQLite alters a table by making it again from its definition, so that the SQL depends on the
tables that are there. Alembic's offline mode, which has none, cannot show that.
"""

from __future__ import annotations

import functools
import io
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from inspect import currentframe
from pathlib import Path
from types import FrameType
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event

from ...database_settings import Database
from ...databases.engines import connecting, create_engine
from ...databases.scratch_file import scratch_sqlite
from ...errors import DatabaseError, MigrationError
from ...project import Project
from ..alembic_internals import TEMPORARY_PREFIX, proxies_kept, runs_execute
from ..operations.implementations import without_needless_warnings
from ..revisions.history import project_heads
from ..runner.create_all import create_all
from ..runner.engine import migration_engine
from ..runner.run import Run
from .scratch import Scratch, record_heads, replayed, undo_newest
from .unshown import not_shown

# What a connection does for itself; "--" begins what SQLite reports of a trigger's statements.
_OWN = re.compile(r"\s*(PRAGMA|SELECT|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|--)", re.I)
_READS = re.compile(r"\s*(PRAGMA|SELECT|WITH|VALUES)\b", re.I)
_FOLLOWS = "PRAGMA legacy_alter_table="
# As the runner sets them, before BEGIN: https://sqlite.org/lang_altertable.html#otheralter
_SETTINGS = f"PRAGMA foreign_keys=OFF;\n\n{_FOLLOWS}ON;\n\n"


@dataclass(frozen=True)
class SentSql:
    """What a revision sent, in order, without what only asks.

    ``reads_at``: the line in which the revision's own code asks the database; None if it does not.
    """

    statements: list[str]
    reads_at: int | None

    def comment(self) -> Iterator[str]:
        """What the reader has to know, as comments in SQL."""
        if self.reads_at is not None:
            yield (
                f"-- The revision asks the database while it runs (line {self.reads_at}), and what "
                "it sends may depend\n-- on the answer. Shown is what it sends where the tables "
                "hold only the rows that revisions write."
            )


class TracedDatabase:
    """An SQLite database on which revisions run to show what they send."""

    def __init__(self, project: Project, connection: sa.Connection) -> None:
        self.connection = connection
        metadatas = project.metadatas
        # As in run_env: its naming convention counts for the constraints of the operations.
        target = metadatas[0] if len(metadatas) == 1 else metadatas
        self.options: dict[str, Any] = {"transactional_ddl": True, "target_metadata": target}

    def run(self, function: Callable[[], object], file: Path) -> SentSql:
        """Run ``function``, the upgrade() or downgrade() of ``file``, and commit.

        Raises what it raises.
        """
        raw: Any = self.connection.connection.dbapi_connection
        sent: list[str] = []
        wanted: set[str] = set()
        lines: list[int] = []

        def watch(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
            if _READS.match(statement):
                frame, through = _called_by(file)
                if frame is None or through is None:
                    return
                if str(through.f_globals.get("__name__")).startswith("sqlalchemy."):
                    lines.append(frame.f_lineno)
                elif runs_execute(currentframe()):
                    wanted.add(statement)

        context = MigrationContext.configure(self.connection, opts=dict(self.options))
        event.listen(self.connection, "before_cursor_execute", watch)
        try:
            with (
                proxies_kept(),
                without_needless_warnings(),
                Operations.context(context),
                context.begin_transaction(),
            ):
                raw.set_trace_callback(sent.append)
                try:
                    function()
                finally:
                    raw.set_trace_callback(None)
        finally:
            event.remove(self.connection, "before_cursor_execute", watch)
        shown = [
            statement.strip(" \n;")
            for statement in _kept(sent)
            if statement in wanted or statement.startswith(_FOLLOWS) or not _OWN.match(statement)
        ]
        return SentSql(shown, min(lines, default=None))


def _called_by(file: Path) -> tuple[FrameType | None, FrameType | None]:
    """The frame of the revision that is running, and the one that it called."""
    called: FrameType | None = None
    frame: FrameType | None = currentframe()
    while frame is not None:
        if frame.f_code.co_filename == str(file):
            return frame, called
        called, frame = frame, frame.f_back
    return None, None


def _kept(sent: list[str]) -> list[str]:
    """Without what was tried, and undone: a change that SQLite could not make in place."""
    kept: list[str] = []
    for statement in sent:
        if statement.startswith("ROLLBACK TO"):
            begun = f"SAVEPOINT {statement.split()[-1]}"
            while kept.pop() != begun:
                pass
        else:
            kept.append(statement)
    return kept


@contextmanager
def traced(project: Project, database: Database) -> Iterator[TracedDatabase]:
    """``database``, a scratch one, to run revisions of ``project`` on."""
    engine = migration_engine(database, project.settings.root, Run(project, database))
    try:
        with engine.connect() as connection:
            yield TracedDatabase(project, connection)
    finally:
        engine.dispose()


@contextmanager
def schema_copied(project: Project, database: Database) -> Iterator[Database]:
    """A scratch database with all that ``database`` has but its rows."""
    with (
        scratch_sqlite(project.alias) as copy,
        create_engine(copy, None, poolclass=sa.NullPool).connect() as connection,
    ):
        raw: Any = connection.connection.dbapi_connection
        for sql in _schema(database, project):
            # SQLite's own tables, and those behind a virtual one, come by themselves.
            with suppress(sqlite3.OperationalError):
                raw.execute(sql)
        raw.commit()
        yield copy


def _schema(database: Database, project: Project) -> list[str]:
    engine = create_engine(database, project.settings.root, poolclass=sa.NullPool)
    try:
        with connecting(engine) as connection:
            return list(
                connection.exec_driver_sql(
                    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL "
                    "ORDER BY type <> 'table', rowid"
                ).scalars()
            )
    except DatabaseError:
        return []  # the file does not exist yet


@contextmanager
def _at(run: Run, heads: Sequence[str]) -> Iterator[Database]:
    """A scratch database at ``heads``: the history replayed, or else the project's schema.

    Where the project is at other heads, they are undone there. Raises MigrationError.
    """
    with ExitStack() as stack:
        if not heads:
            database: Database = stack.enter_context(scratch_sqlite(run.project.alias))
            with create_engine(database, None, poolclass=sa.NullPool).begin() as connection:
                create_all(run.project.first_metadatas, connection)
        else:
            try:
                database = stack.enter_context(replayed(run.project, run.history, upto=heads))
            except MigrationError as error:
                database = stack.enter_context(schema_copied(run.project, run.project.database))
                if set(now := project_heads(run.project)) != set(heads):
                    _go_back(run, Scratch(database, "a copy of the schema"), now, heads, error)
        yield database


def _go_back(
    run: Run, copy: Scratch, now: Sequence[str], heads: Sequence[str], error: MigrationError
) -> None:
    """Undo what the project's database has above ``heads``; raises ``error`` if it cannot be."""
    if len(heads) != 1 or not set(heads) <= run.history.ancestors(now):
        raise error
    try:
        record_heads(run.project, run.history, copy, now)
        undo_newest(run.project, run.history, copy, heads[0])
    except MigrationError:
        raise error from None


_OFFLINE = ("fn", "as_sql", "starting_rev", "destination_rev", "output_buffer", "literal_binds")
"""The options of Alembic's offline mode alone."""


def write_sql(
    context: Any, run: Run, arguments: Mapping[str, Any] | None = None, **options: Any
) -> None:
    """Alembic's offline mode for SQLite: write the SQL of the steps that the command runs.

    ``context`` is ``alembic.context``, ``options`` are for its ``configure``, and ``arguments``
    for the functions of the revisions. Raises
    MigrationError for a revision that cannot run without rows; nothing is written then.
    """
    context.configure(**options)
    own = {k: v for k, v in context.get_context().opts.items() if k not in _OFFLINE}
    plan = context.get_context().opts["fn"]
    buffer = io.StringIO()
    with ExitStack() as stack:

        def steps(heads: Any, offline: Any) -> Iterator[Any]:
            database: TracedDatabase | None = None
            for step in plan(heads, offline):
                if not step.info.is_stamp:
                    if database is None:
                        try:
                            start = stack.enter_context(_at(run, tuple(heads)))
                        except MigrationError as error:
                            # Some revisions need no tables to be written.
                            step.migration_fn = _without(step, buffer, error)
                            yield step
                            continue
                        database = stack.enter_context(traced(run.project, start))
                    database.options = own | database.options
                    step.migration_fn = _shown(step, database, offline, buffer)
                yield step

        context.configure(**options, fn=steps, output_buffer=buffer)
        with context.begin_transaction():
            context.run_migrations(**arguments or {})
    text = buffer.getvalue()
    if TEMPORARY_PREFIX in text:
        text = _SETTINGS + text
    else:
        text = re.sub(rf"^{_FOLLOWS}\w+;\n\n", "", text, flags=re.MULTILINE)
    target = context.config.output_buffer or sys.stdout
    target.write(text)


def _without(step: Any, buffer: io.StringIO, error: MigrationError) -> Callable[..., None]:
    inner = step.migration_fn

    @functools.wraps(inner)
    def migration_fn(**kw: Any) -> None:
        if not _written(buffer, lambda: inner(**kw)):
            raise error

    return migration_fn


def _shown(
    step: Any, database: TracedDatabase, offline: Any, buffer: io.StringIO
) -> Callable[..., None]:
    inner, name = step.migration_fn, step.revision.revision
    file = Path(step.revision.module.__file__)

    @functools.wraps(inner)  # Alembic's log takes "upgrade" from the name
    def migration_fn(**kw: Any) -> None:
        # It has words of its own for where there is no database.
        prepared = bool(re.search(r"\bas_sql\b|\bis_offline_mode\b", file.read_text("utf-8")))
        written = prepared and _written(buffer, lambda: inner(**kw))
        try:
            sent = database.run(lambda: inner(**kw), file)
        except Exception as error:
            # A table may be one that no revision creates.
            if not (written or _written(buffer, lambda: inner(**kw))):
                raise not_shown(name, error, file, without_rows=True) from error
            return
        if not written:
            for text in sent.comment():
                offline.impl.static_output(text)
            for statement in sent.statements:
                offline.impl.static_output(f"{statement};")

    return migration_fn


def _written(buffer: io.StringIO, function: Callable[[], object]) -> bool:
    """Whether Alembic can write what ``function`` does, without any tables."""
    begun = buffer.tell()
    try:
        function()
    except Exception:  # of a batch, or of a revision that asks None for its rows
        buffer.seek(begun)
        buffer.truncate()
        return False
    return True
