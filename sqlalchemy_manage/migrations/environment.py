"""What ``migrations/env.py`` runs: one transaction recipe for manage.py and plain alembic."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from functools import partial
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from .. import advice
from ..conf import Settings
from ..database_settings import Database
from ..databases.bookkeeping import create_schema
from ..databases.engines import connecting, trouble
from ..databases.error_kinds import is_busy
from ..databases.locks import lock_on, locked, migration_lock
from ..errors import HistoryError, Interrupted, Locked, ManageError
from ..interrupts import explaining, listening
from ..library_warnings import own_words
from ..migration_settings import BOOKKEEPING
from ..output import leave, redact
from ..project import Project
from .actions.scratch import ProjectElsewhere
from .actions.sqlite_text import write_sql
from .foreign_env.harvested import HarvestedEnv
from .foreign_env.merging import merged
from .guards.destructive import DestructiveGuard, allowed_of
from .guards.first_tables import FirstTablesGuard
from .guards.id_width import IdWidthGuard
from .guards.journal.journal import JournalGuard
from .guards.ledger import LedgerGuard
from .guards.losses.guard import LossGuard, wanted_of
from .guards.new_database import NewDatabaseGuard
from .guards.seed_ledger import SeedLedgerGuard
from .guards.sqlite_foreign_keys import ForeignKeyGuard
from .guards.sqlite_objects import SqliteObjectsGuard
from .operations.implementations import without_needless_warnings
from .operations.registry import register
from .revisions.history import schemas_in
from .revisions.locations import history_in, version_folders
from .runner.engine import lent_connection, migration_engine, own_transaction
from .runner.revision_runner import Guard, HeadsMoved, RevisionRunner
from .runner.run import Event, Run
from .runner.state import RunState
from .runner.status import require_sound
from .runner.timeouts import open_transactions, pauses


def run_env(context: Any) -> None:
    """Run what the Alembic command asks for, on the database of the project's settings.

    ``context`` is ``alembic.context``. Started by plain ``alembic``, the settings are
    found as by manage.py, and ``-x database=ALIAS`` names the database; a Connection or an
    Engine in ``config.attributes["connection"]`` takes its place, and a transaction that
    is open on it stays open. Errors that a user can fix end as Alembic's CommandError there.
    """
    run: Run | None = context.config.attributes.get("run")
    if run is not None:
        _run(context, run)
        return
    try:
        with ExitStack() as stack:
            project = Project(
                alias=context.get_x_argument(as_dictionary=True).get("database", "default")
            )
            advice.begin(())
            if project.alias != "default":
                advice.choose("--database", project.alias)
            stack.enter_context(project.around())
            _log_steps()
            lent, state = context.config.attributes.get("connection"), RunState()
            connection = None
            if lent is not None and not context.is_offline_mode():
                connection = stack.enter_context(lent_connection(lent, state))
                url = connection.engine.url.render_as_string(hide_password=False)
                project = ProjectElsewhere(project, _lent_database(project, url))
            run = Run(project, project.database, _log_note, borrowed=lent is not None, state=state)
            if lent is None:
                stack.enter_context(own_words())
            if given := context.get_x_argument():
                from .directives import answers_of

                run.answers = answers_of(given)
            run.allowed = allowed_of(context.get_x_argument(as_dictionary=True))
            run.prove, run.allow_loss = wanted_of(context.get_x_argument())
            advice.go_on_with(_again(context.config.cmd_opts, run))
            _run(context, run, connection)
    except ManageError as error:
        if isinstance(error, Interrupted) and context.config.cmd_opts is not None:
            # Alembic's own command line would exit with 255.
            leave(error.message, error.hint, error.exit_code)
        text = redact(f"{error.message}\n{error.hint}" if error.hint else error.message)
        raise CommandError(text) from error
    except DBAPIError as error:
        found = trouble(error)
        raise CommandError(redact(f"{found.message}\n{found.hint or ''}".rstrip())) from error


def _lent_database(project: Project, url: str) -> Database:
    return Database(project.alias, url, bookkeeping=project.database.bookkeeping)


def _run(context: Any, run: Run, borrowed: sa.Connection | None = None) -> None:
    register()
    online = run.project if run.recorded and not context.is_offline_mode() else None
    run.history = history_in(version_folders(context.script), run.project.migrations)
    require_sound(run.history, online)
    metadatas = run.project.metadatas
    env = _harvested(context, run)
    options: dict[str, Any] = {
        # Only a single MetaData can lend its naming convention to the operations.
        "target_metadata": metadatas[0] if len(metadatas) == 1 else metadatas,
        "transaction_per_migration": True,
        "render_as_batch": run.project.settings.uses_sqlite,
        "version_table": run.database.bookkeeping.version_table,
        "version_table_schema": run.database.bookkeeping.version_table_schema,
    }
    if context.is_offline_mode():
        name = sa.make_url(run.database.url).get_backend_name()
        options |= {"literal_binds": True, "dialect_opts": {"paramstyle": "named"}}
        options |= {"dialect_name": name, "transactional_ddl": _transactional(name)}
        options = merged(options, env, scratch=True)  # nothing is applied
        if name == "sqlite":
            write_sql(context, run, _arguments(env), **options)
            return
        context.configure(**options)
        with context.begin_transaction():
            context.run_migrations(**_arguments(env))
        return
    if borrowed is not None:
        try:
            with without_needless_warnings():
                _online(context, run, borrowed, options)
        except HeadsMoved:
            raise _moved() from None
        return
    engine = migration_engine(run.database, run.project.settings.root, run)
    left = pauses(run.project.settings.lock_wait)
    try:
        while True:
            try:
                with (
                    without_needless_warnings(),
                    _stoppable() if run.recorded else nullcontext(),
                    connecting(engine, create=not run.read_only) as connection,
                ):
                    _online(context, run, connection, options)
                return
            except HeadsMoved:
                # Plan again from where the database is now; "+1" would be one more.
                if _is_relative(context):
                    raise _moved() from None
            except DBAPIError as error:
                if not is_busy(error):
                    raise
                again = not (run.applied and _is_relative(context))
                if not again or next(left, None) is None:
                    raise _held_up(engine, run.project.settings) from error
    finally:
        engine.dispose()


def _harvested(context: Any, run: Run) -> HarvestedEnv | None:
    """The project's own env.py, if it has one; its functions may ask which command this is."""
    env: HarvestedEnv | None = context.config.attributes.get("harvested_env")
    if env is not None and env.config.cmd_opts is not None:
        env.config.cmd_opts.autogenerate = bool(run.request and not run.request.empty)
    return env


def _arguments(env: HarvestedEnv | None) -> dict[str, Any]:
    """What the project's env.py hands to the functions of its revisions."""
    return {} if env is None else dict(env.run_arguments)


@contextmanager
def _stoppable() -> Iterator[None]:
    with (
        listening(),
        explaining(
            "The migration", "No transaction is left open.", f"To continue: {advice.CONTINUE}"
        ),
    ):
        yield


def _again(options: Any, run: Run) -> list[str]:
    """What goes on with a command of plain alembic, as a command of manage.py."""
    if getattr(options, "cmd", [command.upgrade])[0] is not command.downgrade:
        return ["migrate"]
    target = str(options.revision)
    relative = re.search(r"[+-]\d+$", target) and target != "-1"  # a part may be done
    words = ["migrate", "REVISION" if relative else target]
    return words + ["--allow-data-loss"] * run.allowed.data_loss


def _moved() -> HistoryError:
    return HistoryError(
        "Another process migrated this database in the meantime.",
        "Check its revision, then repeat the command: alembic current",
    )


def _is_relative(context: Any) -> bool:
    opts = context.get_context().opts
    return re.match(r"[+-]", str(opts.get("destination_rev", ""))) is not None


def _held_up(engine: sa.Engine, settings: Settings) -> Locked:
    """Another session kept a table, or the file, locked for all of LOCK_WAIT."""
    if engine.dialect.name == "sqlite":
        return locked(settings.lock_wait)
    found: list[str] = []
    with suppress(DBAPIError), engine.connect() as connection:
        found = open_transactions(connection)
    # What MariaDB has committed by then is in the journal, and is not repeated.
    undone = "The revision was rolled back. " if engine.dialect.name == "postgresql" else ""
    return Locked(
        f"Another session keeps a table locked that the revision needs; it was tried for "
        f"{settings.lock_wait:g} s, {settings.lock_timeout:g} s each time."
        + "".join(f"\n  open transaction: {line}" for line in found),
        f"{undone}End the other transaction, or raise LOCK_WAIT, then: {advice.AFTER_LOCK}",
    )


def _transactional(dialect: str) -> bool | None:
    # SQLite can roll DDL back; Alembic assumes the driver's default mode, which cannot.
    return True if dialect == "sqlite" else None


def _online(context: Any, run: Run, connection: sa.Connection, options: dict[str, Any]) -> None:
    # A connection that was lent does not know it.
    connection.execution_options(**{BOOKKEEPING: run.database.bookkeeping})
    runner = RevisionRunner(run, connection, guards(run))
    options = options | {
        "connection": connection,
        "transactional_ddl": _transactional(connection.dialect.name),
        "on_version_apply": runner.applied,
    }
    if run.read_only:
        options["dont_mutate"] = True
    if run.creates:  # the tables and all heads, or nothing
        options["transaction_per_migration"] = False
    env, scratch = _harvested(context, run), not run.recorded
    context.configure(**merged(options, env, scratch=scratch))
    wanted = context.get_context().opts
    # Alembic's upgrade, downgrade and stamp are the commands with a destination.
    if "destination_rev" not in wanted:
        from .analysis.column_types import column_types
        from .analysis.comments import comments
        from .autogenerate.plugins import comparing, include
        from .directives import directives_hook

        run.project.require_one_of_each()
        metadatas = run.project.metadatas
        default, unmanaged = connection.dialect.default_schema_name, run.project.settings.unmanaged
        options |= include(metadatas, default, unmanaged, schemas_in(run.history))
        options["column_types"] = lambda: column_types(run.history)
        options["comments"] = lambda wanted: comments(run.history, wanted)
        options["process_revision_directives"] = directives_hook(run.history, context.config, run)
        options["render_item"] = partial(options["render_item"], note=partial(_note, run))
        context.configure(**merged(options, env))
        with comparing(), context.begin_transaction():
            context.run_migrations(**_arguments(env))
        return
    run.state.writes, run.state.writer = True, connection
    # On a second try the plan of the first is still there, with its guard around it.
    plan = wanted["fn"]
    options = merged(options, env, scratch=scratch)
    context.configure(**options | {"fn": runner.guard(getattr(plan, "unguarded", plan))})
    # A guard asks what a rebuild has dropped, and knows what a new type may lose.
    context.get_context().impl.dropped = run.state.dropped
    context.get_context().impl.expected = lambda: run.state.expected
    if connection.in_transaction() and not run.state.lent:
        raise AssertionError("a transaction began before Alembic's own; it would not commit")
    wait = run.project.settings.lock_wait

    def tell(who: str) -> None:
        run.on_event(("wait", who, wait))

    with (
        lock_on(connection, wait, tell)
        if run.borrowed
        else migration_lock(connection.engine, wait, tell, connection)
    ):
        for schema in (run.database.schema, run.database.bookkeeping.version_table_schema):
            if schema is not None:
                with own_transaction(connection):
                    create_schema(connection, schema)
        runner.before_run()
        with context.begin_transaction():
            runner.run_migrations(partial(context.run_migrations, **_arguments(env)))


def guards(run: Run) -> list[Guard]:
    """What watches over the revisions of a run, in the order in which it is asked."""
    if not run.recorded:  # a scratch database, which is dropped
        watch = [FirstTablesGuard(run), SqliteObjectsGuard(), ForeignKeyGuard()]
        return in_order([IdWidthGuard(run), *watch])
    found: list[Guard] = [IdWidthGuard(run), DestructiveGuard(run)]
    found += [FirstTablesGuard(run), SqliteObjectsGuard()]
    found.append(LedgerGuard(run))
    found.append(NewDatabaseGuard(run))
    found.append(SeedLedgerGuard())
    if run.prove and run.project.settings.prove_links:
        found.append(LossGuard(run))
    found.append(ForeignKeyGuard())
    if not run.borrowed:  # it watches the engine, and that is others' too
        found.append(JournalGuard(run))
    return in_order(found)


_UNSEEN = "the journal is not to see what the others do as a revision begins"
BEFORE: tuple[tuple[type[Guard], type[Guard], str], ...] = (
    (IdWidthGuard, NewDatabaseGuard, "nothing is made where an id has no room"),
    (DestructiveGuard, JournalGuard, "a downgrade is refused before anything is begun"),
    (FirstTablesGuard, SqliteObjectsGuard, "what it creates is no part of the revision"),
    (FirstTablesGuard, LossGuard, "what it creates is no part of the revision"),
    (FirstTablesGuard, JournalGuard, _UNSEEN),
    (SqliteObjectsGuard, JournalGuard, _UNSEEN),
    (LedgerGuard, LossGuard, "where MariaDB has committed a loss, the revision is recorded"),
    (LedgerGuard, JournalGuard, _UNSEEN),
    (SeedLedgerGuard, JournalGuard, _UNSEEN),
    (LossGuard, ForeignKeyGuard, "of the two that find a loss it names the rows"),
    (LossGuard, JournalGuard, _UNSEEN),
    (ForeignKeyGuard, JournalGuard, _UNSEEN),
)
"""Which guard comes before which other, and why."""


def in_order(found: Sequence[Guard]) -> list[Guard]:
    """``found``; raises AssertionError where one comes too late for another."""
    kinds = [type(guard) for guard in found]
    for first, second, why in BEFORE:
        if first in kinds and second in kinds and kinds.index(first) > kinds.index(second):
            raise AssertionError(f"{first.__name__} comes before {second.__name__}: {why}")
    return list(found)


def _note(run: Run, text: str) -> None:
    """Tell the user, once, what is found out while a revision is written."""
    if run.request is None:
        run.on_event(("note", text, 0.0))
    elif text not in run.request.notices:
        run.request.notices.append(text)


def _log_note(event: Event) -> None:
    """What plain alembic prints besides the revisions that it runs."""
    if event[0] == "note":
        logging.getLogger("alembic.sqlalchemy_manage").warning(event[1])


def _log_steps() -> None:
    """Have plain alembic print which revisions it runs, as its generated env.py files do."""
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
