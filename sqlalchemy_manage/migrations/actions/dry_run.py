"""The SQL that a revision would send, before its file is written."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from ...database_settings import Database
from ...databases.engines import connecting, create_engine, database_url
from ...databases.scratch_file import scratch_sqlite
from ...errors import DatabaseError
from ..revisions.files import Draft
from ..revisions.history import project_heads, revision_in
from ..revisions.locations import project_history
from .scratch import replayed
from .sqlite_text import schema_copied, traced
from .unshown import asks, why_not

if TYPE_CHECKING:
    from ...project import Project


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
        reason = f"The SQL of {draft.revision} cannot be shown: {why_not(error)}"
        if asks(error, draft.path):
            reason += (
                "\nIt asks the database while it runs; op.get_context().as_sql is true when "
                "there is none."
            )
        return textwrap.indent(reason, "-- ", lambda line: True) + "\n"
    return "\n\n".join(statements) + "\n" if statements else ""


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
    yield from (text + ";" for statement in written if (text := statement.strip(" \n;")))


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
    """Run it on a copy of the schema, and note what arrives there."""
    with (
        _before(project, draft) as database,
        schema_copied(project, database) as copy,
        traced(project, copy) as traced_copy,
    ):
        sent = traced_copy.run(_upgrade(draft), draft.path)
    yield from sent.comment()
    yield from (s + ";" for s in sent.statements if not s.startswith("PRAGMA"))


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
            database = stack.enter_context(replayed(project, history, upto=below))
        else:
            database = stack.enter_context(scratch_sqlite(project.alias))
        yield database
