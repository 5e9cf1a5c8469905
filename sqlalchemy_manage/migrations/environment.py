"""What ``migrations/env.py`` runs: one transaction recipe for manage.py and plain alembic."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from ..conf import Database, Settings
from ..databases import connecting, create_engine
from ..errors import HistoryError, Locked, ManageError
from ..output import redact
from ..project import Project
from .autogenerate.directives import answers_of, directives_hook
from .autogenerate.plugins import include
from .autogenerate.questions import Answers
from .losses.danger import Allowed, BeforeDanger, allowed_of
from .losses.proof import LinksStay, wanted_of
from .revisions.history import History, read_history
from .revisions.scripts import Request
from .running.interrupts import stoppable, watch_transaction
from .running.journal import Journal
from .running.locks import is_busy, locked, migration_lock
from .running.recorder import Recorder
from .running.tampering import require_sound
from .running.timeouts import open_transactions, pauses, set_timeouts
from .running.watch import Guard, MovedOn, Watcher
from .sqlite.dangling import NoNewDangling
from .sqlite.vanished import NothingVanishes

Event = tuple[str, str, float]
"""What happened, to which revision, after how many seconds: start, done, failed, busy.
A ``note`` is a sentence to be told.

Of a ``wait`` for another run: who it is, as far as known, and how long it may last.
"""


@dataclass
class Run:
    """What a manage.py command hands to ``env.py`` in ``config.attributes["run"]``.

    ``recorded``: whether the ledger is kept, and compared with the files. ``applied`` and
    ``history`` are filled in by Alembic's run.
    """

    project: Project
    database: Database
    on_event: Callable[[Event], None] = lambda event: None
    request: Request | None = None
    read_only: bool = False
    rows_visible: bool = True
    answers: Answers = field(default_factory=Answers)
    allowed: Allowed = field(default_factory=Allowed)
    applied: int = 0
    folder: Path | None = None
    recorded: bool = True
    prove: bool = True
    allow_loss: tuple[str, ...] = ()
    history: History = field(default_factory=lambda: History(()))


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
        run = Run(project, project.database, _log_note)
        run.answers = answers_of(context.get_x_argument())
        run.allowed = allowed_of(context.get_x_argument(as_dictionary=True))
        run.prove, run.allow_loss = wanted_of(context.get_x_argument())
        _run(context, run)
    except ManageError as error:
        text = redact(f"{error.message}\n{error.hint}" if error.hint else error.message)
        raise CommandError(text) from error


def _run(context: Any, run: Run) -> None:
    script = ScriptDirectory.from_config(context.config)
    online = run.project if run.recorded and not context.is_offline_mode() else None
    history = run.history = require_sound(read_history(*version_folders(script)), online)
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
    left = pauses(run.project.settings.lock_wait)
    try:
        while True:
            try:
                with (
                    stoppable() if run.recorded else nullcontext(),
                    connecting(engine, create=not run.read_only) as connection,
                ):
                    _online(context, run, connection, options)
                return
            except MovedOn:
                # Plan again from where the database stands now; "+1" would be one more.
                if _is_relative(context):
                    raise HistoryError(
                        "Another process migrated this database meanwhile.",
                        "Look where it stands, then repeat: alembic current",
                    ) from None
            except DBAPIError as error:
                if not is_busy(error):
                    raise
                again = not (run.applied and _is_relative(context))
                if not again or next(left, None) is None:
                    raise _held_up(engine, run.project.settings) from error
    finally:
        engine.dispose()


def _is_relative(context: Any) -> bool:
    opts = context.get_context().opts
    return re.match(r"[+-]", str(opts.get("destination_rev", ""))) is not None


def _held_up(engine: sa.Engine, settings: Settings) -> Locked:
    """Somebody kept a table, or the file, locked for the whole of LOCK_WAIT."""
    if engine.dialect.name == "sqlite":
        return locked(settings.lock_wait)
    found: list[str] = []
    with suppress(DBAPIError), engine.connect() as connection:
        found = open_transactions(connection)
    # What MariaDB has committed by then is in the journal, and is not repeated.
    undone = "The revision was rolled back. " if engine.dialect.name == "postgresql" else ""
    return Locked(
        f"Another session keeps a table locked that the revision needs; it gave up after "
        f"{settings.lock_timeout:g} s, again and again for {settings.lock_wait:g} s."
        + "".join(f"\n  open transaction: {line}" for line in found),
        f"{undone}End the other transaction, or raise LOCK_WAIT, then: manage.py migrate",
    )


def _transactional(dialect: str) -> bool | None:
    # SQLite can roll DDL back; Alembic assumes the driver's default mode, which cannot.
    return True if dialect == "sqlite" else None


def _online(context: Any, run: Run, connection: sa.Connection, options: dict[str, Any]) -> None:
    watcher = Watcher(run, connection, guards(run))
    options = options | {
        "connection": connection,
        "transactional_ddl": _transactional(connection.dialect.name),
        "on_version_apply": watcher.applied,
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
    context.configure(**options, fn=watcher.guard(getattr(plan, "unguarded", plan)))
    if connection.in_transaction():
        raise AssertionError("a transaction began before Alembic's own; it would not commit")
    engine = connection.engine
    wait = run.project.settings.lock_wait
    with migration_lock(engine, wait, lambda who: run.on_event(("wait", who, wait))):
        watcher.before_run()
        with context.begin_transaction():
            context.run_migrations()


def guards(run: Run) -> list[Guard]:
    """What watches over the revisions of a run, in the order in which it is asked."""
    if not run.recorded:  # a scratch database, which is thrown away
        return [NothingVanishes(), NoNewDangling()]
    found: list[Guard] = [BeforeDanger(run), NothingVanishes(), Recorder(run)]
    if run.prove and run.project.settings.prove_links:
        # Of the two that find a loss it goes first, as it names the rows.
        found.append(LinksStay(run))
    # The journal is the last: it is not to see what the others do as a revision begins.
    return [*found, NoNewDangling(), Journal(run.project.settings.lock_wait)]


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
        # Until a commit has its turn, new readers wait behind it.
        wait = int(run.project.settings.lock_timeout * 1000)

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

    set_timeouts(engine, run.project.settings)
    watch_transaction(engine)
    return engine


def _log_note(event: Event) -> None:
    """What plain alembic says besides the revisions that it runs."""
    if event[0] == "note":
        logging.getLogger("alembic.sqlalchemy_manage").warning(event[1])


def _log_steps() -> None:
    """Let plain alembic say which revisions it runs, as its generated env.py files do."""
    handlers = logging.getLogger().handlers + logging.getLogger("alembic").handlers
    if any(not isinstance(h, logging.NullHandler) for h in handlers):
        return
    handler = logging.StreamHandler()
    handler.addFilter(
        lambda record: record.getMessage().startswith("Running ") or "_manage" in record.name
    )
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("alembic")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
