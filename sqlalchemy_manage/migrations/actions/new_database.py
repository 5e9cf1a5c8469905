"""A new database in a project with NEW_DATABASE = "create_all".

It gets the tables of the models, and is recorded as being at the heads: many projects make
theirs so, and the revisions of some cannot run from nothing at all. Models are always those
of today, so that a new database is at the heads or nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ... import advice
from ...databases.engines import database_url
from ...errors import DatabaseMissing, UsageError
from ...fitting import count
from ...sql.create_statements import database_of
from ..analysis.created import tables_created
from ..guards.half_made import half_made
from ..revisions.history import History
from ..revisions.plan import Plan
from ..runner.create_all import described, model_tables, tables_among
from ..runner.run import Event
from .migrate import apply_plan

if TYPE_CHECKING:
    import sqlalchemy as sa

    from ...project import Project


@dataclass(frozen=True)
class NewDatabase:
    """What a new database gets: tables, then ``view x`` and the like; the heads it is at.

    ``again``: an earlier try was interrupted.
    """

    tables: tuple[str, ...]
    others: tuple[str, ...]
    heads: tuple[str, ...]
    again: bool = False

    def __str__(self) -> str:
        what = count(len(self.tables), "table")
        if self.others:
            what += f" and {count(len(self.others), 'other object')}"
        return f"{what} of the models, recorded as {' and '.join(self.heads)}"

    def details(self) -> list[str]:
        """A line for each thing."""
        return [f"+ create table {t}" for t in self.tables] + [f"+ create {o}" for o in self.others]

    def as_json(self) -> dict[str, Any]:
        """As ``migrate --plan --json`` documents it."""
        return {"tables": self.tables, "others": self.others, "heads": self.heads}


def makes_all(project: Project) -> bool:
    """Whether a new database gets its tables from the models."""
    return project.migrations.new_database == "create_all"


def new_database(
    project: Project, history: History, current: tuple[str, ...]
) -> NewDatabase | None:
    """What ``migrate`` is to make of the database; None where the revisions are run.

    It is new while it has no revision and no table of the models, nor one that a revision
    creates. The database, which may not exist, is only read.
    """
    if not makes_all(project) or not history.revisions:
        return None
    again = False
    try:
        with project.connect() as connection:
            again = half_made(connection) is not None
            if not again and (current or not is_new(project, history, connection)):
                return None
    except DatabaseMissing:
        pass
    if not project.metadatas:
        return None
    url = database_url(project.database, project.settings.root)
    tables, others = described(project.metadatas, database_of(url.get_backend_name()))
    return NewDatabase(tuple(tables), tuple(others), history.heads, again)


def is_new(project: Project, history: History, connection: sa.Connection) -> bool:
    """Whether no table is there that the models describe or a revision creates."""
    if tables_among(connection, model_tables(project.metadatas)):
        return False
    names = (name.rpartition(".") for name in tables_created(history))
    written = [(schema or None, table) for schema, _, table in names]
    return not [
        name for name in tables_among(connection, written) if not project.leaves_alone(*name)
    ]


def require_whole(
    plan: Plan, history: History, current: tuple[str, ...], target: str | None
) -> None:
    """Raises UsageError where the plan for a new database ends below the heads."""
    if history.ancestors(plan.after(history, current)) >= history.by_id.keys():
        return
    raise UsageError(
        f"The database is new, and '{target}' is not its newest revision. NEW_DATABASE = "
        '"create_all" makes the tables from the models, which are those of '
        f"{' and '.join(history.heads)}. Nothing was changed.",
        f"For the newest revision: {advice.MAKE_DATABASE}\n"
        f"To run the revisions from the first one on: {advice.RUN_HISTORY(revision=target)}",
    )


def make_database(
    project: Project,
    history: History,
    plan: Plan,
    *,
    on_event: Callable[[Event], None] = lambda event: None,
) -> None:
    """Make the tables of the models in a new database, and record all heads.

    Both or neither: on SQLite and PostgreSQL it is one transaction, on MariaDB the next run
    takes an interrupted one back. Nothing is done when another process has done it
    meanwhile. Raises MigrationError where the tables cannot be made, and as ``apply_plan``.
    """
    target = history.heads[0] if len(history.heads) == 1 else "heads"
    plan = replace(plan, target=target)
    apply_plan(project, plan, fake=True, creates=True, on_event=on_event)
