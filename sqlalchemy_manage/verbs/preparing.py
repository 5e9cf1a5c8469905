"""From nothing to a migrated, filled and checked database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..data.stored_rows import row_counts
from ..databases.engines import require_tables
from ..databases.protection import why_protected
from ..links.check import Report, check_links
from ..links.declared_links import NotJudged, links_of, not_judged
from ..seeding.discovery import project_factories
from ..seeding.plan import SeedRequest
from ..seeding.running.result import Seeded
from .seeds import SILENT, SeedWatcher, seed

if TYPE_CHECKING:
    from ..project import Project


@dataclass(frozen=True)
class FilledTables:
    """What was seeded, or ``why_not``. ``rows``: those of each table afterwards."""

    rows: dict[str, int]
    seeded: Seeded | None = None
    why_not: str | None = None


def fill(project: Project, random_seed: int, watcher: SeedWatcher = SILENT) -> FilledTables:
    """Seed the database if it has no rows, may have some, and there are factories.

    All revisions are applied. Raises DatabaseError for tables that none of them made.
    """
    with project.connect() as connection:
        require_tables(connection, project.tables, all_applied=True)
        filled = any(row_counts(connection, project.tables).values())
    seeded, why = None, None
    if filled:
        why = "the tables already have rows"
    elif (why := why_protected(project)) is None:
        if project_factories(project):
            seeded = seed(project, SeedRequest(), random_seed, watcher=watcher)
        else:
            why = "there are no factories"
    with project.connect() as connection:
        return FilledTables(row_counts(connection, project.tables), seeded, why)


@dataclass(frozen=True)
class CheckedLinks:
    """What was found of every link; ``left``: relationships that cannot be judged, and why."""

    report: Report
    left: tuple[NotJudged, ...]

    @property
    def ok(self) -> bool:
        return self.report.ok


def checked_links(
    project: Project, *, circles: bool = False, limit: int | None = None
) -> CheckedLinks:
    """Every link of the models followed in the database; ``limit``: broken ones named of each."""
    links, left = links_of(project.mappers, project.tables), not_judged(project.mappers)
    with project.connect() as connection:
        report = check_links(connection, links, limit=limit, with_circles=circles)
    return CheckedLinks(report, tuple(left))
