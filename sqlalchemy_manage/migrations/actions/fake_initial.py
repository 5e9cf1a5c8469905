"""A database that had tables before it had a history: does it match the first revision?

With NEW_DATABASE = "create_all" the application made the tables from the models, which are
those of the heads: then they are compared with what create_all makes, and the heads are
recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations
from alembic.runtime.migration import MigrationContext
from sqlalchemy.sql.elements import quoted_name

from ... import advice
from ...databases.engines import is_bookkeeping
from ...databases.locks import migration_lock
from ...errors import DatabaseMissing, MigrationError, NotAdopted
from ..guards.journal.unfinished import recorded
from ..operations.implementations import without_needless_warnings
from ..revisions.describe import changes
from ..revisions.history import History, Revision, current_heads
from ..revisions.plan import Plan
from ..runner.engine import migration_engine
from ..runner.run import Event, Run
from ..schema.unnamed import is_name_for
from .migrate import apply_plan
from .new_database import makes_all
from .scratch import Scratch, replayed
from .scratch_models import made_from_models
from .server_names import ServerName, give_names, server_names

if TYPE_CHECKING:
    from ...project import Project


@dataclass(frozen=True)
class TableMatch:
    """How one table, as it is expected, compares with the database."""

    name: str
    exists: bool
    differences: tuple[str, ...] = ()

    @property
    def matches(self) -> bool:
        return self.exists and not self.differences

    def __str__(self) -> str:
        if not self.exists:
            return f"{self.name}: is not in the database"
        return f"{self.name}: " + (
            "differs: " + "; ".join(self.differences) if self.differences else "matches"
        )


@dataclass(frozen=True)
class InitialComparison:
    """The first revision, or else the models, compared with the database.

    ``revisions``: what is recorded if they match. ``others``: the tables that are there
    besides.
    """

    revisions: tuple[Revision, ...]
    tables: tuple[TableMatch, ...]
    names: tuple[ServerName, ...] = ()
    of_models: bool = False
    others: tuple[str, ...] = ()

    @property
    def maker(self) -> str:
        """Whose tables they are compared with."""
        if self.of_models:
            return 'create_all makes of the models (NEW_DATABASE = "create_all")'
        return f"{self.revisions[0].id} would create"

    @property
    def matches(self) -> bool:
        return all(table.matches for table in self.tables)

    @property
    def touches(self) -> bool:
        """Whether the database has any of the tables; if not, there is nothing to adopt."""
        return any(table.exists for table in self.tables)


def adopt(
    project: Project,
    history: History,
    *,
    allowed: bool,
    on_event: Callable[[Event], None] = lambda event: None,
) -> tuple[str, ...]:
    """Record the first revision as applied where the database has its tables already.

    Where a new database is made from the models, all revisions are. Returns the ids
    recorded; none when the database has none of the tables, so that there is nothing to
    adopt, or has a history by now. Raises NotAdopted, with nothing changed, when the tables
    differ or when it was not ``allowed``.
    """
    try:
        with project.connect() as connection:
            if not _tables(project, connection):
                return ()
    except DatabaseMissing:
        return ()
    # Tables without a history may be those of another process that is at its first revision.
    run = Run(project, project.database)
    engine = migration_engine(project.database, project.settings.root, run)
    wait = project.settings.lock_wait
    with (
        project.connect() as connection,
        migration_lock(engine, wait, lambda who: on_event(("wait", who, wait)), connection),
    ):
        # Where a revision was interrupted, the tables are its own.
        if current_heads(connection) or recorded(connection) or _has_first(project, connection):
            return ()
        comparison = compare_first(project, history, connection)
    if comparison is None or not (comparison.touches or comparison.of_models):
        return ()
    if not (allowed and comparison.matches):
        raise refusal(comparison, asked=allowed)
    if comparison.names:
        with project.connect() as connection:
            give_names(connection, comparison.names)
        for name in comparison.names:
            on_event(("note", f"{name.table}: {name.old} is called {name.new} now.", 0.0))
    found = comparison.revisions
    ids = history.heads if comparison.of_models else (found[0].id,)
    target = ids[0] if len(ids) == 1 else "heads"
    apply_plan(project, Plan(target, False, found), fake=True)
    return ids


def _tables(project: Project, connection: sa.Connection) -> list[str]:
    return [n for n in sa.inspect(connection).get_table_names() if _is_ours(project, n)]


def _has_first(project: Project, connection: sa.Connection) -> bool:
    """Whether the tables are those that the first revision expects, by their columns' names."""
    expected = {
        table.name: {column.name for column in table.columns}
        for metadata in project.first_metadatas
        for table in metadata.tables.values()
    }
    inspector = sa.inspect(connection)
    return bool(expected) and all(
        {column["name"] for column in inspector.get_columns(name)} == expected.get(name)
        for name in _tables(project, connection)
    )


def _is_ours(project: Project, name: str) -> bool:
    return not is_bookkeeping(name) and not project.leaves_alone(None, name)


@without_needless_warnings()
def compare_first(
    project: Project, history: History, connection: sa.Connection
) -> InitialComparison | None:
    """The tables that the first revision creates, each compared with the one in the database.

    The revision is run in a scratch database and read back, so raw DDL counts too; in its
    place stand the models where a new database is made from them. None when the history
    does not begin with a single revision. The database is only read. Raises NotAdopted where
    the first revision needs tables that are there before it.
    """
    of_models = makes_all(project) and bool(history.revisions)
    first = [r for r in history.revisions if not r.down]
    if len(first) != 1 and not of_models:
        return None
    present = _tables(project, connection)
    if not present:
        return None
    with ExitStack() as stack:
        if of_models:
            revisions = tuple(history.revisions)
            scratch = stack.enter_context(made_from_models(project, history, same_kind=True))
        else:
            revisions = (first[0],)
            scratch = stack.enter_context(_first_replayed(project, history, first[0], present))
        scratch_connection = stack.enter_context(scratch.connect())
        expected = sa.MetaData()
        expected.reflect(scratch_connection)
        keys = {n: _primary_key(scratch_connection, n) for n in expected.tables}
        both = sorted(set(expected.tables) & set(present))
        names = tuple(server_names(connection, scratch_connection, both))
    for table in list(expected.tables.values()):
        if not _is_ours(project, table.name):
            expected.remove(table)
        for constraint in table.constraints:
            if isinstance(constraint, sa.UniqueConstraint) and _takes_any_name(constraint, table):
                constraint.name = None
        _as_there(table, names)
    maker = "the model" if of_models else "the revision"
    differences = _differences(connection, expected, present, maker)
    for name in expected.tables:
        if name in present and (key := _primary_key(connection, name)) != keys[name]:
            differences.setdefault(name, []).append(
                f"its primary key is ({', '.join(key)}), not ({', '.join(keys[name])})"
            )
    return InitialComparison(
        revisions,
        tuple(
            TableMatch(name, name in present, tuple(differences.get(name, ())))
            for name in sorted(expected.tables)
        ),
        names,
        of_models,
        tuple(name for name in present if name not in expected.tables),
    )


@contextmanager
def _first_replayed(
    project: Project, history: History, first: Revision, present: Iterable[str]
) -> Iterator[Scratch]:
    """The first revision in a scratch database; raises NotAdopted where it cannot run there."""
    with ExitStack() as stack:
        try:
            scratch = stack.enter_context(
                replayed(project, history, upto=(first.id,), same_kind=True)
            )
        except MigrationError as error:
            raise NotAdopted(
                f"The database has tables but no migration history ({', '.join(present)}), and "
                f"{first.id} cannot be compared with them, since it does not run on an empty "
                f"database:\n{error.message}",
                "If it begins with the tables that are there, run it and those after it: "
                f"{advice.RUN_ON_TABLES}\n"
                "If they are as a later revision leaves them, record that one: "
                f"{advice.RECORD_STATE}",
            ) from error
        yield scratch


def _as_there(table: sa.Table, names: Iterable[ServerName]) -> None:
    """Call the indexes of ``table``, as it is expected, what they are in the database."""
    old = {name.new: name.old for name in names if name.table == table.name}
    keys = {key.name for key in table.foreign_key_constraints}
    for index in list(table.indexes):
        if index.name in old and index.name in keys:
            table.indexes.remove(index)  # MariaDB made it for the key
        elif index.name in old:
            index.name = quoted_name(old[str(index.name)], None)


def _takes_any_name(unique: sa.UniqueConstraint, table: sa.Table) -> bool:
    """Whether a revision names it for want of a name: then any will do."""
    columns = [column.name for column in unique.columns]
    return is_name_for(str(unique.name), "unique", table.name, columns)


def _primary_key(connection: sa.Connection, table: str) -> tuple[str, ...]:
    return tuple(sa.inspect(connection).get_pk_constraint(table)["constrained_columns"])


def _differences(
    connection: sa.Connection, expected: sa.MetaData, present: Iterable[str], maker: str
) -> dict[str, list[str]]:
    wanted = set(expected.tables) & set(present)

    def include(name: str | None, kind: str, parents: Any) -> bool:
        return kind != "table" or name in wanted

    def include_object(item: Any, name: str, kind: str, reflected: bool, other: Any) -> bool:
        return kind != "table" or name in wanted

    context = MigrationContext.configure(
        connection,
        opts={"include_name": include, "include_object": include_object, "compare_type": True},
    )
    found: dict[str, list[str]] = {}
    for change in changes(produce_migrations(context, expected).upgrade_ops.ops):  # type: ignore[union-attr]
        # The operations would turn the database into what the revision, or create_all, makes.
        verb = {"+": f"lacks what {maker} has", "-": f"has more than {maker}"}
        found.setdefault(change.table, []).append(
            f"{verb.get(change.symbol, f'is not what {maker} makes')} ({change.words})"
        )
    return found


def refusal(comparison: InitialComparison, *, asked: bool) -> NotAdopted:
    """The error for a database with tables and no history; ``asked`` with --fake-initial."""
    lines = "\n  ".join(str(table) for table in comparison.tables)
    compared = f"Compared with what {comparison.maker}:\n  {lines}"
    if comparison.others and not comparison.touches:
        compared += f"\nIt has {', '.join(comparison.others)}."
    which = "every revision" if comparison.of_models else "that revision"
    if comparison.matches:
        return NotAdopted(
            f"The database has tables but no migration history; nothing was changed.\n{compared}",
            f"They match. To keep the tables and their rows, record {which} as applied "
            f"and continue:\n  {advice.RECORD_INITIAL}",
        )
    message = (
        "The database has tables but no migration history"
        f"{', and they do not match' if asked else ''}; nothing was changed.\n{compared}"
    )
    if comparison.of_models:
        return NotAdopted(
            message,
            "If they are as a revision leaves them, record that one, then apply those after it: "
            f"{advice.RECORD_STATE}\n"
            f"If the first revision begins with them: {advice.RUN_ON_TABLES}\n"
            f"Or change them until they match, then: {advice.RECORD_INITIAL}",
        )
    first = comparison.revisions[0].id
    return NotAdopted(
        message,
        f"Change {first} or the tables until they match, then: {advice.RECORD_INITIAL}",
    )
