"""A history replayed into an empty database: what the revisions create.

The revisions run as ever, through :func:`run_env`, so that naming conventions and the
transaction recipe are the same. The ``env.py`` is the tool's own, never the project's:
one that connects by itself would run the revisions on the project's database.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from importlib.resources import files
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from ...conf import failing_line
from ...database_settings import Database
from ...databases.embedded import INSTALL, embedded_postgresql
from ...databases.engines import create_engine, database_url
from ...databases.scratch_file import scratch_sqlite
from ...databases.servers import scratch_database
from ...errors import DatabaseError, ManageError, MigrationError
from ...models import create_copies, unmanaged_tables
from ...project import Project
from ..alembic_internals import proxies_kept
from ..analysis.created import tables_created
from ..revisions.files import alembic_config
from ..revisions.history import History
from ..runner.run import Run
from .scratch_fence import LeavesScratch, fenced
from .surroundings import give_surroundings

_replays: set[URL] = set()


class Scratch(Database):
    """A scratch database; rows of the project's database are not in it.

    Where it is of another kind, ``refused`` says why, and ``note`` what a comparison with
    it cannot see.
    """

    rows_visible = False

    def __init__(
        self, database: Database, where: str, refused: str = "", note: str | None = None
    ) -> None:
        super().__init__(database.alias, database.url, database.options, database.protected)
        self.where = where
        self.refused = refused
        self.note = note

    def connect(self) -> sa.Connection:
        """A connection of its own."""
        return create_engine(self, None, poolclass=sa.NullPool).connect()


class ProjectElsewhere(Project):
    """A project on another database, its engine included."""

    def __init__(self, project: Project, database: Database) -> None:
        _ = project.settings  # loaded once, for both
        self.__dict__.update(project.__dict__)
        self.__dict__.pop("engine", None)
        self._elsewhere = database

    @property
    def database(self) -> Database:
        return self._elsewhere


@contextmanager
def replayed(
    project: Project, history: History, *, upto: Sequence[str] = (), same_kind: bool = False
) -> Iterator[Scratch]:
    """A scratch database to which ``history`` was applied, up to ``upto``, some
    of its revisions (else all of it).

    ``same_kind``: never SQLite in place of MariaDB. The database is gone afterwards,
    whatever happens in between. Raises MigrationError that names the revision which needs
    more than an empty database; DatabaseError when there is no place for a scratch database.
    """
    with ExitStack() as stack:
        database = _replay(stack, project, history, upto, same_kind)
        _replays.add(database_url(database))
        stack.callback(_replays.discard, database_url(database))
        yield database


def _replay(
    stack: ExitStack,
    project: Project,
    history: History,
    upto: Sequence[str],
    same_kind: bool,
) -> Scratch:
    """The scratch database; ``stack`` drops it."""
    database = stack.enter_context(scratch_like(project, same_kind))
    given = give_surroundings(project, history, database)
    try:
        with fenced(database):
            _apply(project, history, database, upto)
    except LeavesScratch as error:
        # On its own server it may do anything.
        if not database.url.startswith("postgresql"):
            raise
        stack.close()
        database = stack.enter_context(_embedded(project, error))
        give_surroundings(project, history, database)
        _apply(project, history, database, upto)
    except MigrationError as error:
        if not given:
            raise
        # A revision may make some of that in a way which its text does not show.
        stack.close()
        database = stack.enter_context(scratch_like(project, same_kind))
        try:
            with fenced(database):
                _apply(project, history, database, upto)
        except MigrationError:
            raise error from None
    return database


def holds_replay(url: URL) -> bool:
    """Whether ``url`` is of a scratch database that a history was replayed into."""
    return url in _replays


@contextmanager
def scratch_like(project: Project, same_kind: bool) -> Iterator[Scratch]:
    """An empty scratch database as similar to the project's as possible.

    SQLite: in a temporary file. A server: a database of its own there; where there is no server,
    or no right to create one, the embedded PostgreSQL for PostgreSQL, and SQLite
    for MariaDB and MySQL.
    """
    database, root = project.database, project.settings.root
    backend = database_url(database, root).get_backend_name()
    with ExitStack() as stack:
        try:
            made = stack.enter_context(scratch_database(database, root))
            where = (
                "a temporary file"
                if backend == "sqlite"
                else "a scratch database on the same server"
            )
            scratch = Scratch(made, where)
        except DatabaseError as error:
            if backend == "postgresql":
                scratch = stack.enter_context(_embedded(project, error))
            elif same_kind:
                raise
            else:
                made = stack.enter_context(scratch_sqlite(database.alias))
                scratch = Scratch(
                    made,
                    where="SQLite in a temporary file",
                    refused=error.message,
                    note="What only MariaDB and MySQL have was not compared: "
                    "some types, the values of an ENUM.",
                )
        yield scratch


@contextmanager
def _embedded(project: Project, refused: ManageError) -> Iterator[Scratch]:
    with ExitStack() as stack:
        try:
            url = stack.enter_context(embedded_postgresql(database_url(project.database)))
        except DatabaseError as error:
            hint = INSTALL if error.hint == INSTALL else None
            raise type(refused)(
                f"{refused.message}\n{error.message}",
                f"Start the server; or, to compare without it: {hint}" if hint else refused.hint,
            ) from error
        yield Scratch(Database(project.alias, url), "the embedded PostgreSQL")


def _apply(project: Project, history: History, database: Scratch, upto: Sequence[str]) -> None:
    if not history.by_id:
        return
    if others := unmanaged_tables(project.metadatas):
        made = set(tables_created(history))  # a table may have been handed over since
        with database.connect() as connection, connection.begin():
            create_copies([t for t in others.values() if t.fullname not in made], connection)
    for target in upto or ("heads",):
        _run(project, history, database, command.upgrade, target)


def record_heads(
    project: Project, history: History, database: Scratch, heads: Sequence[str]
) -> None:
    """Record the revisions that a database with their tables is at."""
    for head in heads:
        _run(project, history, database, command.stamp, head)


def undo_newest(project: Project, history: History, database: Scratch, below: str) -> None:
    """Downgrade what was replayed to ``below``, a revision or ``base``.

    Raises MigrationError, LeavesScratch among them, as the replay does.
    """
    with fenced(database):
        _run(project, history, database, command.downgrade, below)


def _run(
    project: Project,
    history: History,
    database: Scratch,
    what: Callable[[Config, str], None],
    target: str,
) -> None:
    failed: list[str] = []

    def watch(event: tuple[str, str, float]) -> None:
        if event[0] == "failed":
            failed.append(event[1])

    run = Run(ProjectElsewhere(project, database), database, watch, recorded=False, prove=False)
    templates = Path(str(files("sqlalchemy_manage.migrations") / "templates"))
    versions = [revision.path.parent for revision in history.revisions]
    config = alembic_config(project, templates, versions=versions, run=run)
    try:
        with proxies_kept(), _silent():
            what(config, target)
    except CommandError as error:
        raise MigrationError(str(error)) from error
    except MigrationError as error:
        raise _explained(failed[-1] if failed else "A revision", error, database) from error


@contextmanager
def _silent() -> Iterator[None]:
    """Run these revisions silently: no log of Alembic, no print() of a revision."""
    logger = logging.getLogger("alembic.runtime.migration")
    before = logger.disabled
    logger.disabled = True
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.disabled = before


def _explained(name: str, error: MigrationError, scratch: Scratch) -> MigrationError:
    cause = error.__cause__
    if cause is None:
        return error
    if isinstance(cause, LeavesScratch):
        return LeavesScratch(
            f"{name} reaches beyond its own database, so it was not replayed: {cause}.\n"
            "Nothing was changed.",
            "Compare with a database that the revisions were applied to.",
        )
    reason = str(getattr(cause, "orig", cause)).strip()
    reason = f"{type(cause).__name__}: {reason}{failing_line(cause)}"
    if scratch.refused:
        return MigrationError(
            f"{scratch.refused}\n{name} cannot run on {scratch.where} instead: {reason}.",
            "Repeat the command when the server answers and lets you create databases.",
        )
    # An error of no database may be of an application that is not set up.
    start = (
        ""
        if isinstance(cause, SQLAlchemyError)
        else (
            "or, if it needs what the application sets up at its start, name what does that in the "
            "settings, AROUND; "
        )
    )
    return MigrationError(
        f"{name} cannot run on an empty scratch database: {reason}.\nNothing was changed.",
        f"Change the revision to need no rows, and no tables that no revision creates; {start}or "
        "compare with a database that the revisions were applied to.",
    )
