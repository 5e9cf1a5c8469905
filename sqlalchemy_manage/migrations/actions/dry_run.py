"""The SQL that a revision would send, before its file is written."""

from __future__ import annotations

import io
import re
import sqlite3
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from ...conf import Database
from ...databases.engines import connecting, create_engine, database_url, memory_database
from ...errors import DatabaseError, ManageError
from ..operations.implementations import without_needless_warnings
from ..revisions.files import Draft
from ..revisions.history import project_heads, project_history, revision_in
from ..runner.engine import migration_engine
from ..runner.run import Run
from .scratch import replayed

if TYPE_CHECKING:
    from ...project import Project

# What a connection does for itself; "--" begins what SQLite reports of a trigger's statements.
_NOT_SENT = re.compile(r"\s*(PRAGMA|SELECT|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|--)", re.I)


def draft_sql(project: Project, draft: Draft) -> str:
    """The statements of ``draft``'s upgrade() for the project's database, which stays as it is.

    On PostgreSQL and MariaDB they are only written down; SQLite, where a changed table is
    read and built again, runs them on a copy of the tables without their rows. What cannot
    be shown is a comment that gives the reason.
    """
    backend = database_url(project.database, project.settings.root).get_backend_name()
    shown = _sqlite if backend == "sqlite" else _written
    try:
        statements = list(shown(project, draft))
    except Exception as error:  # upgrade() may do anything
        reason = f"The SQL of {draft.path.stem} cannot be shown: {_reason(error)}"
        return textwrap.indent(reason, "-- ", lambda line: True) + "\n"
    return "\n\n".join(f"{statement};" for statement in statements) + "\n" if statements else ""


def _reason(error: Exception) -> str:
    if isinstance(error, ManageError):
        return error.message
    text = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    reason = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if isinstance(error, AttributeError | TypeError):
        reason += (
            "\nIt seems to query the database while it runs; op.get_context().as_sql is true when "
            "there is none."
        )
    return reason


def _upgrade(draft: Draft) -> Callable[[], None]:
    names: dict[str, Any] = {"__name__": draft.path.stem, "__file__": str(draft.path)}
    exec(compile(draft.text, str(draft.path), "exec"), names)
    upgrade: Callable[[], None] = names["upgrade"]
    return upgrade


def _options(project: Project) -> dict[str, Any]:
    metadatas = project.metadatas
    # As in run_env: its naming convention counts for the constraints of the operations.
    return {"target_metadata": metadatas[0] if len(metadatas) == 1 else metadatas}


def _written(project: Project, draft: Draft) -> Iterator[str]:
    """Alembic's offline mode, for the server that the project has."""
    written: list[str] = []

    class Output(io.StringIO):
        # Alembic writes one statement at a time.
        def write(self, text: str) -> int:
            written.append(text)
            return len(text)

    options = {"as_sql": True, "literal_binds": True, "output_buffer": Output()}
    context = MigrationContext.configure(
        dialect=_dialect(project), opts=options | _options(project)
    )
    with Operations.context(context):
        _upgrade(draft)()
    yield from filter(None, (statement.strip(" \n;") for statement in written))


def _dialect(project: Project) -> sa.Dialect:
    """The dialect as it is after connecting: MariaDB differs from MySQL, old from new.

    Without a server, as it is from the URL alone.
    """
    # A style of parameters in which a percent sign in the SQL is not doubled.
    engine = create_engine(
        project.database, project.settings.root, poolclass=sa.NullPool, paramstyle="named"
    )
    with suppress(DatabaseError), connecting(engine):
        pass
    return engine.dialect


def _sqlite(project: Project, draft: Draft) -> Iterator[str]:
    """Run it on a copy of the schema, in memory, and note what arrives there."""
    with ExitStack() as stack:
        copy = stack.enter_context(memory_database(project.alias))
        engine = migration_engine(copy, project.settings.root, Run(project, copy))
        stack.callback(engine.dispose)
        connection = stack.enter_context(engine.connect())
        raw: Any = connection.connection.dbapi_connection
        with _before(project, draft) as database:
            for sql in _schema(database, project):
                # SQLite's own tables, and those behind a virtual one, come by themselves.
                with suppress(sqlite3.OperationalError):
                    raw.execute(sql)
        sent: list[str] = []
        context = MigrationContext.configure(
            connection, opts={"transactional_ddl": True} | _options(project)
        )
        stack.enter_context(without_needless_warnings())
        with Operations.context(context), context.begin_transaction():
            raw.set_trace_callback(sent.append)
            try:
                _upgrade(draft)()
            finally:
                raw.set_trace_callback(None)
        yield from (s.strip(" \n;") for s in _kept(sent) if not _NOT_SENT.match(s))


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
def _before(project: Project, draft: Draft) -> Iterator[Database]:
    """A database as the draft finds it: the project's, or else its history replayed so far."""
    revision = revision_in(draft.text, draft.path)
    below = revision.down if revision else ()
    with ExitStack() as stack:
        if set(project_heads(project)) == set(below):
            database = project.database
        elif below:
            history = project_history(project)
            # A draft on several heads is a merge, for which all of them have to be there.
            upto = below[0] if len(below) == 1 else None
            database = stack.enter_context(replayed(project, history, upto=upto))
        else:
            database = stack.enter_context(memory_database(project.alias))
        yield database


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
