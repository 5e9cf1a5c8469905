"""Follow every link in the database, one or two statements each, and name what is broken."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from .. import advice
from ..databases.error_kinds import is_passing
from ..output import clean
from ..sql.raw import stored_name
from .circles import circles
from .conditions import literal_columns
from .hierarchy_statements import of_hierarchy
from .link_types import Directions, Link, LinkColumns, LinkTable, LinkTypes, ToOne
from .statements import (
    Followed,
    ReferenceStatements,
    RowCheck,
    of_directions,
    of_link_table,
    of_to_one,
    of_types,
    shown_key,
)
from .stored_keys import StoredKeys, read_stored_keys


@dataclass(frozen=True)
class BrokenLink:
    """One broken link. ``key``: the columns that name the row at fault, and those of the link.

    Empty where the fault is not that of a row.
    """

    kind: str
    table: str
    key: dict[str, Any]
    message: str


@dataclass(frozen=True)
class LinkResult:
    """One link: how many rows were followed, how many are broken, and the first of those."""

    link: Link
    followed: int
    broken: int
    findings: tuple[BrokenLink, ...]


@dataclass(frozen=True)
class Report:
    """All links."""

    results: tuple[LinkResult, ...]

    @property
    def ok(self) -> bool:
        return not self.broken

    @property
    def broken(self) -> int:
        return sum(result.broken for result in self.results)

    @property
    def followed(self) -> int:
        """Links that were followed; a row of a link table is one, though it refers to two rows."""
        tables = {r.link.table for r in self.results if isinstance(r.link, LinkTable)}
        return sum(
            r.followed
            for r in self.results
            if isinstance(r.link, LinkTable)
            or (isinstance(r.link, LinkColumns) and r.link.child not in tables)
        )

    @property
    def findings(self) -> list[BrokenLink]:
        return [finding for result in self.results for finding in result.findings]


def check_links(
    connection: sa.Connection,
    links: Iterable[Link],
    *,
    limit: int | None = None,
    only: Collection[sa.Table] | None = None,
    with_circles: bool = False,
) -> Report:
    """Check ``links`` as the connection's transaction sees them; nothing is written.

    ``limit``: how many broken rows to name for each link (they are counted all).
    ``only``: leave out links that touch none of these tables. A table that the database
    lacks is a finding. ``with_circles``: rows that refer to themselves, be it through
    others, are findings too.
    """
    links = [x for x in links if only is None or set(x.tables) & set(only)]
    return Report(tuple(_Checking(connection, links, limit, with_circles).results()))


class _Checking:
    """One check of all links."""

    def __init__(
        self, connection: sa.Connection, links: list[Link], limit: int | None, circles: bool
    ) -> None:
        self.connection, self.links, self.limit, self.circles = connection, links, limit, circles
        self.inspector = sa.inspect(connection)
        self.present: dict[sa.Table, bool] = {}
        self.counted: dict[sa.Table, int] = {}
        self.done: list[LinkResult] = []

    @cached_property
    def keys(self) -> StoredKeys:
        tables = {t for x in self.links if isinstance(x, LinkColumns) for t in x.tables}
        return read_stored_keys(self.connection, [t for t in tables if self.has(t)])

    def has(self, table: sa.Table) -> bool:
        if table not in self.present:
            self.present[table] = self.inspector.has_table(
                stored_name(table.name, self.inspector.dialect), schema=table.schema
            )
        return self.present[table]

    def results(self) -> list[LinkResult]:
        for link in self.links:
            missing = [table.fullname for table in link.tables if not self.has(table)]
            findings = [
                BrokenLink(
                    "missing table", t, {}, f"table {t} is missing: {advice.ASK_WHY_MISSING}"
                )
                for t in missing
            ]
            self.done.append(
                LinkResult(link, 0, len(findings), tuple(findings))
                if findings
                else self._check(link)
            )
        return self.done

    def _check(self, link: Link) -> LinkResult:
        findings: list[BrokenLink] = []
        if isinstance(link, LinkColumns):
            for kind, reason in self.keys.problems(link):
                message = clean(f"{link.name}: {reason} ({kind})")
                findings.append(BrokenLink(kind, link.child.fullname, {}, message))
            # SQLite compares a number with the text of it, others refuse or guess.
            differ = any(finding.kind == "types differ" for finding in findings)
            if differ and self.connection.dialect.name != "sqlite":
                return LinkResult(link, 0, len(findings), tuple(findings))
        broken = len(findings)
        try:
            with self._apart():
                followed = self._statements(link)
                for check in followed.checks:
                    count, found = self._run(check)
                    broken += count
                    findings += found
                if self.circles and isinstance(link, LinkColumns):
                    for key, reason in circles(self.connection, link):
                        name = link.child.fullname
                        findings.append(_broken("circle", name, key, reason))
                        broken += 1
                number = self._count(followed)
        except DBAPIError as error:
            if is_passing(error):  # it says nothing of the link
                raise
            return self._unreadable(link, error, findings)
        return LinkResult(link, number, broken, tuple(findings))

    def _apart(self) -> Any:
        """PostgreSQL ends a transaction with the first statement that fails in it."""
        on_postgresql = self.connection.dialect.name == "postgresql"
        return self.connection.begin_nested() if on_postgresql else nullcontext()

    def _unreadable(self, link: Link, error: DBAPIError, findings: list[BrokenLink]) -> LinkResult:
        """The link cannot be followed: its columns cannot be compared, or one is missing."""
        told = any(
            finding.kind == "types differ" and set(result.link.tables) & set(link.tables)
            for result in self.done
            for finding in result.findings
        )
        if not told:
            why = (str(error.orig).strip().splitlines() or [type(error.orig).__name__])[0]
            message = clean(f"{link.name}: it cannot be followed: {why} (not readable)")
            findings = [*findings, BrokenLink("not readable", link.tables[0].fullname, {}, message)]
        return LinkResult(link, 0, len(findings), tuple(findings))

    def _statements(self, link: Link) -> Followed:
        if isinstance(link, LinkColumns):
            return ReferenceStatements(link).followed()
        if isinstance(link, LinkTypes):
            return of_types(link)
        if isinstance(link, LinkTable):
            return of_link_table(link, self._unique(link))
        if isinstance(link, ToOne):
            return of_to_one(link)
        if isinstance(link, Directions):
            if link.same_columns and self._whole(link):
                # Both read the same rows, and all of those refer to existing rows.
                assert isinstance(link.there.secondary, sa.Table)
                return Followed(link.there.secondary, None, ())
            return of_directions(link)
        return of_hierarchy(link, self.connection.dialect)

    def _whole(self, link: Directions) -> bool:
        """Whether the references of the link table were followed, and none is broken."""
        if not isinstance(link.there.secondary, sa.Table):
            return False
        followed: set[sa.Column[Any]] = set()
        for result in self.done:
            if isinstance(result.link, LinkColumns) and result.link.child in link.tables:
                if result.broken or result.link.guard:
                    return False
                followed |= set(result.link.columns)
        return all(column in followed and not column.nullable for column, _ in link.stored)

    def _unique(self, link: LinkTable) -> bool:
        """Whether the database itself lets no pair occur twice."""
        wanted = {column.name for column in link.columns}
        fixed = [set(literal_columns(guard, one_value=True)) for guard in link.guards]
        wanted |= {column.name for column in set.intersection(*fixed)}
        key = self.inspector.get_pk_constraint(link.table.name, schema=link.table.schema)
        columns = set(key["constrained_columns"])
        return bool(columns) and columns <= wanted

    def _count(self, followed: Followed) -> int:
        if followed.count is not None:
            return self.connection.scalar(followed.count) or 0
        table = followed.table
        if table not in self.counted:
            query = sa.select(sa.func.count()).select_from(table)
            self.counted[table] = self.connection.scalar(query) or 0
        return self.counted[table]

    def _run(self, check: RowCheck) -> tuple[int, list[BrokenLink]]:
        # A count is cheap where nothing is broken, which is nearly always.
        statement = check.statement
        count = self.connection.scalar(sa.select(sa.func.count()).select_from(statement.subquery()))
        if not count:
            return 0, []
        rows = self.connection.execute(statement.limit(self.limit) if self.limit else statement)
        return count, list(_findings(check, rows.mappings()))


def _findings(check: RowCheck, rows: Iterable[Any]) -> Iterator[BrokenLink]:
    for row in rows:
        key = dict(row)
        reason = check.reason(key)
        yield _broken(check.kind, check.table, key, reason)


def _broken(kind: str, table: str, key: dict[str, Any], reason: str) -> BrokenLink:
    return BrokenLink(kind, table, key, f"{table} ({shown_key(key)}): {reason} ({kind})")
