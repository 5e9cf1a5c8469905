"""What ``migrations/env.py`` runs: one transaction recipe for manage.py and plain alembic."""

from __future__ import annotations

import functools
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError

from ..conf import Database, failing_line
from ..databases import connecting, create_engine
from ..errors import HistoryError, ManageError, MigrationError
from ..output import redact
from ..project import Project
from .directives import answers_of, directives_hook
from .history import read_history
from .locks import locked, migration_lock
from .plugins import include
from .questions import Answers
from .scripts import Request

Event = tuple[str, str, float]
"""What happened, to which revision, after how many seconds: start, done, failed, wait."""


@dataclass
class Run:
    """What a manage.py command hands to ``env.py`` in ``config.attributes["run"]``."""

    project: Project
    database: Database
    on_event: Callable[[Event], None] = lambda event: None
    request: Request | None = None
    read_only: bool = False
    rows_visible: bool = True
    answers: Answers = field(default_factory=Answers)


class _MovedOn(Exception):
    """Another process applied revisions since the plan was made."""


def run_env(context: Any) -> None:
    """Run what the Alembic command asks for, on the database of the project's settings.

    ``context`` is ``alembic.context``. Started by plain ``alembic``, the settings are
    found as by manage.py, and ``-x database=ALIAS`` names the database. Errors that a
    user can mend end as Alembic's CommandError there.
    """
    run: Run | None = context.config.attributes.get("run")
    if run is not None:
        _run(context, run)
        return
    try:
        project = Project(
            alias=context.get_x_argument(as_dictionary=True).get("database", "default")
        )
        _log_steps()
        answers = answers_of(context.get_x_argument())
        _run(context, Run(project, project.database, answers=answers))
    except ManageError as error:
        text = redact(f"{error.message}\n{error.hint}" if error.hint else error.message)
        raise CommandError(text) from error


def _run(context: Any, run: Run) -> None:
    script = ScriptDirectory.from_config(context.config)
    history = read_history(*version_folders(script)).require_sound()
    metadatas = run.project.metadatas
    options: dict[str, Any] = {
        # Only a single MetaData can lend its naming convention to the operations.
        "target_metadata": metadatas[0] if len(metadatas) == 1 else metadatas,
        "transaction_per_migration": True,
        "render_as_batch": run.project.settings.uses_sqlite,
        "process_revision_directives": directives_hook(history, context.config, run),
    }
    if context.is_offline_mode():
        name = sa.make_url(run.database.url).get_backend_name()
        options |= {"literal_binds": True, "dialect_opts": {"paramstyle": "named"}}
        context.configure(dialect_name=name, transactional_ddl=_transactional(name), **options)
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = migration_engine(run.database, run.project.settings.root, run)
    try:
        while True:
            try:
                with connecting(engine, create=not run.read_only) as connection:
                    _online(context, run, connection, options)
                return
            except _MovedOn:
                # Plan again from where the database stands now; "+1" would be one more.
                if re.match(r"[+-]", str(context.get_context().opts["destination_rev"])):
                    raise HistoryError(
                        "Another process migrated this database meanwhile.",
                        "Look where it stands, then repeat: alembic current",
                    ) from None
    except OperationalError as error:
        if "database is locked" in str(error.orig):
            raise locked(run.project.settings.lock_wait) from error
        raise
    finally:
        engine.dispose()


def _transactional(dialect: str) -> bool | None:
    # SQLite can roll DDL back; Alembic assumes the driver's default mode, which cannot.
    return True if dialect == "sqlite" else None


def _online(context: Any, run: Run, connection: sa.Connection, options: dict[str, Any]) -> None:
    steps = _Steps(run, connection)
    options = options | {
        "connection": connection,
        "transactional_ddl": _transactional(connection.dialect.name),
        "on_version_apply": steps.applied,
    }
    if run.read_only:
        options["dont_mutate"] = True
    options |= include(run.project.metadatas, connection.dialect.default_schema_name)
    context.configure(**options)
    command = context.get_context().opts
    # Alembic's upgrade, downgrade and stamp are the commands with a destination.
    if "destination_rev" not in command:
        with context.begin_transaction():
            context.run_migrations()
        return
    connection.info["writes"] = True
    # On a second try the plan of the first is still there, with its guard around it.
    plan = command["fn"]
    context.configure(**options, fn=steps.guard(getattr(plan, "unguarded", plan)))
    if connection.in_transaction():
        raise AssertionError("a transaction began before Alembic's own; it would not commit")
    engine = connection.engine
    wait = run.project.settings.lock_wait
    with (
        migration_lock(engine, wait, lambda: run.on_event(("wait", "", wait))),
        context.begin_transaction(),
    ):
        context.run_migrations()


class _Steps:
    """Watches each revision from inside its transaction."""

    def __init__(self, run: Run, connection: sa.Connection) -> None:
        self.run = run
        self.connection = connection
        self.heads: set[str] | None = None
        self.dangling: dict[tuple[str, str], int] | None = None
        self.started = 0.0

    def guard(self, plan: Callable[..., Iterable[Any]]) -> Callable[..., Iterator[Any]]:
        """``plan``, with every step checked before and explained after a failure."""

        def guarded(heads: Any, context: Any) -> Iterator[Any]:
            self.heads = set(heads)
            for step in plan(heads, context):
                step.migration_fn = self._guarded(step, step.migration_fn, context)
                yield step

        guarded.unguarded = plan  # type: ignore[attr-defined]
        return guarded

    def _guarded(self, step: Any, inner: Callable[..., None], context: Any) -> Callable[..., None]:
        @functools.wraps(inner)  # Alembic's log takes "upgrade" from the name
        def migration_fn(**kw: Any) -> None:
            # SQLite's lock ends with each revision's transaction: somebody else may have
            # had a turn since the last one.
            if set(context.get_current_heads()) != self.heads:
                raise _MovedOn
            if self.dangling is None:
                self.dangling = _dangling(self.connection)
            name = _name(step.info)
            self.started = time.monotonic()
            self.run.on_event(("start", name, 0.0))
            try:
                inner(**kw)
            except Exception as error:
                self.run.on_event(("failed", name, 0.0))
                raise self.failed(name, error) from error

        return migration_fn

    def applied(self, *, step: Any, heads: set[str], **kw: Any) -> None:
        """Alembic's on_version_apply: the last word before the revision is committed."""
        self.heads = set(heads)
        name = _name(step)
        now = _dangling(self.connection)
        before = self.dangling or {}
        worse = [f"{t} -> {p}" for (t, p), n in now.items() if n > before.get((t, p), 0)]
        if worse:
            self.run.on_event(("failed", name, 0.0))
            raise MigrationError(
                f"{name} leaves dangling foreign keys ({', '.join(worse)}) and was rolled back.",
                "manage.py checklinks names the rows that dangle already; the others are made "
                "by the revision.",
            )
        self.dangling = now
        self.run.on_event(("done", name, time.monotonic() - self.started))

    def failed(self, name: str, error: Exception) -> MigrationError:
        reason = str(error.orig).strip() if isinstance(error, DBAPIError) else str(error)
        reason = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
        if self.connection.dialect.name in ("mysql", "mariadb"):
            state = (
                "MariaDB and MySQL commit every DDL statement at once: what the revision did "
                f"before this point is in the database, though {name} is not recorded."
            )
            hint = "Undo that part by hand, mend the revision, then: manage.py migrate"
        else:
            state = f"It was rolled back: the database is as it was before {name}."
            hint = "Mend the revision, then: manage.py migrate"
        if "already exists" in reason.lower():
            hint = (
                "If the database had these tables before it had migrations: "
                "manage.py migrate --fake-initial\n" + hint
            )
        return MigrationError(f"{name} failed: {reason}{failing_line(error)}.\n{state}", hint)


def _name(info: Any) -> str:
    ids = info.up_revision_ids if not info.is_stamp else info.destination_revision_ids
    return ", ".join(ids) or "base"


def _dangling(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """SQLite only, where the check is off while migrating: (child, parent) -> dangling rows."""
    counts: dict[tuple[str, str], int] = {}
    if connection.dialect.name == "sqlite":
        for table in sa.inspect(connection).get_table_names():
            name = connection.dialect.identifier_preparer.quote(table)
            try:
                rows = connection.exec_driver_sql(f"PRAGMA foreign_key_check({name})").all()
            except DBAPIError:
                continue  # "foreign key mismatch": the key itself is wrong, no row is to blame
            for row in rows:
                counts[row[0], row[2]] = counts.get((row[0], row[2]), 0) + 1
    return counts


def version_folders(script: ScriptDirectory) -> list[Path]:
    """Where the revision files of a script directory are."""
    locations = script.version_locations or [str(Path(script.dir) / "versions")]
    return [Path(location) for location in locations]


def migration_engine(database: Database, root: Path, run: Run) -> sa.Engine:
    """A private engine for migrations, on which the application's own listeners do not act.

    SQLite: Python's driver leaves BEGIN to us, so that DDL is in the transaction;
    BEGIN IMMEDIATE takes the write lock at once; foreign keys must be off before BEGIN,
    or rebuilding a table deletes its cascading children
    (https://sqlite.org/lang_altertable.html#otheralter).
    """
    engine = create_engine(database, root, poolclass=sa.NullPool, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        wait = int(run.project.settings.lock_wait * 1000)

        @event.listens_for(engine, "connect")
        def connect(dbapi_connection: Any, record: Any) -> None:
            dbapi_connection.isolation_level = None
            for pragma in ("foreign_keys=OFF", "legacy_alter_table=ON", f"busy_timeout={wait}"):
                dbapi_connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def begin(connection: sa.Connection) -> None:
            if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
                return
            writes = connection.info.get("writes")
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _log_steps() -> None:
    """Let plain alembic say which revisions it runs, as its generated env.py files do."""
    handlers = logging.getLogger().handlers + logging.getLogger("alembic").handlers
    if any(not isinstance(h, logging.NullHandler) for h in handlers):
        return
    handler = logging.StreamHandler()
    handler.addFilter(lambda record: record.getMessage().startswith("Running "))
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("alembic")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
