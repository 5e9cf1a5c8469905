"""Follow every link in the database, one or two statements each, and name what is broken."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from ..output import clean
from .declared_links import Directions, Link, LinkColumns, LinkTable, ToOne


@dataclass(frozen=True)
class BrokenLink:
    """One broken link. ``key``: the columns that name the row at fault, and those of the link."""

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
) -> Report:
    """Check ``links`` as the connection's transaction sees them; nothing is written.

    ``limit``: how many broken rows to name for each link (they are counted all).
    ``only``: leave out links that touch none of these tables. A table that the database
    lacks is a finding.
    """
    inspector = sa.inspect(connection)
    present: dict[sa.Table, bool] = {}
    counted: dict[sa.Table, int] = {}
    results: list[LinkResult] = []
    for link in links:
        if only is not None and not set(link.tables) & set(only):
            continue
        for table in link.tables:
            if table not in present:
                present[table] = inspector.has_table(table.name, schema=table.schema)
        missing = [table.fullname for table in link.tables if not present[table]]
        if missing:
            results.append(_missing(link, missing))
        elif isinstance(link, Directions) and link.same_columns and _whole(link, results):
            # Both read the same rows, and all of those refer to existing rows.
            results.append(
                LinkResult(link, _rows(connection, link.there.secondary, counted), 0, ())
            )
        elif isinstance(link, LinkTable) and _unique(inspector, link):
            results.append(LinkResult(link, _rows(connection, link.table, counted), 0, ()))
        else:
            results.append(_check(connection, link, limit, counted))
    return Report(tuple(results))


def _whole(link: Directions, results: Iterable[LinkResult]) -> bool:
    """Whether the references of the link table were followed, and none is broken."""
    followed: set[sa.Column[Any]] = set()
    for result in results:
        if isinstance(result.link, LinkColumns) and result.link.child in link.tables:
            if result.broken:
                return False
            followed |= set(result.link.columns)
    return all(column in followed and not column.nullable for _, column in link.stored)


def _unique(inspector: Any, link: LinkTable) -> bool:
    """Whether the database itself lets no pair occur twice."""
    table = link.table
    wanted = {column.name for column in link.columns}
    key = inspector.get_pk_constraint(table.name, schema=table.schema)["constrained_columns"]
    return bool(key) and set(key) <= wanted


def _rows(connection: sa.Connection, table: Any, counted: dict[sa.Table, int]) -> int:
    if table not in counted:
        query = sa.select(sa.func.count()).select_from(table)
        counted[table] = connection.scalar(query) or 0
    return counted[table]


def _missing(link: Link, tables: list[str]) -> LinkResult:
    findings = tuple(
        BrokenLink("missing table", table, {}, f"table {table} is missing: manage.py migrate")
        for table in tables
    )
    return LinkResult(link, 0, len(findings), findings)


def _check(
    connection: sa.Connection, link: Link, limit: int | None, counted: dict[sa.Table, int]
) -> LinkResult:
    if isinstance(link, LinkColumns):
        followed, checks = _reference(link)
    elif isinstance(link, LinkTable):
        followed, checks = _pairs_once(link.table, link.columns, "duplicate")
    elif isinstance(link, ToOne):
        followed, checks = _pairs_once(link.table, link.columns, "several rows")
    else:
        followed, checks = _both_ways(link)
    findings: list[BrokenLink] = []
    broken = 0
    for kind, statement in checks:
        # A count is cheap where nothing is broken, which is nearly always.
        count = connection.scalar(sa.select(sa.func.count()).select_from(statement.subquery()))
        if count:
            broken += count
            rows = connection.execute(statement.limit(limit) if limit else statement)
            findings += _findings(link, kind, rows.mappings())
    if isinstance(link, LinkColumns) and not any(column.nullable for column in link.columns):
        number = _rows(connection, link.child, counted)
    else:
        number = connection.scalar(followed) or 0
    return LinkResult(link, number, broken, tuple(findings))


Checks = list[tuple[str, "sa.Select[Any]"]]


def _reference(link: LinkColumns) -> tuple[sa.Select[Any], Checks]:
    child, parent = link.child.alias("child"), link.parent.alias("parent")
    columns = [child.c[column.key] for column in link.columns]
    targets = [parent.c[column.key] for column in link.targets]
    filled = sa.and_(*(column.is_not(None) for column in columns))
    key = [child.c[column.key] for column in link.child.primary_key]
    shown = [column.label(column.name) for column in dict.fromkeys([*key, *columns])]
    joined = child.outerjoin(
        parent, sa.and_(*(t == c for c, t in zip(columns, targets, strict=True)))
    )
    # An equality that held leaves no null on the parent's side.
    dangling = sa.select(*shown).select_from(joined).where(filled, targets[0].is_(None))
    checks: Checks = [("dangling", dangling)]
    if len(columns) > 1:
        # MATCH SIMPLE: the database does not check a key with a null part. Where a
        # part can never be null (a tenant's id, say), null in the other is how to have none.
        some = sa.or_(*(column.is_not(None) for column in columns))
        none = sa.or_(*(column.is_(None) for column in columns))
        if all(column.nullable for column in link.columns):
            checks.append(("half link", sa.select(*shown).where(some, none)))
    followed = sa.select(sa.func.count()).select_from(child).where(filled)
    return followed, checks


def _pairs_once(
    table: sa.Table, columns: Iterable[sa.Column[Any]], kind: str
) -> tuple[sa.Select[Any], Checks]:
    shown = [column.label(column.name) for column in columns]
    filled = sa.and_(*(column.is_not(None) for column in columns))
    twice = (
        sa.select(*shown, sa.func.count().label("rows"))
        .where(filled)
        .group_by(*columns)
        .having(sa.func.count() > 1)
    )
    return sa.select(sa.func.count()).select_from(table).where(filled), [(kind, twice)]


def _both_ways(link: Directions) -> tuple[sa.Select[Any], Checks]:
    here, there = aliased(link.there.parent), aliased(link.there.mapper)
    key = [*_key(here, link.there.parent), *_key(there, link.there.mapper, prefix="to ")]
    out = sa.select(*key).select_from(here).join(getattr(here, link.there.key).of_type(there))
    back = sa.select(*key).select_from(there).join(getattr(there, link.back.key).of_type(here))
    checks: Checks = []
    for kind, one, other in (("one way", out, back), ("one way back", back, out)):
        only = sa.except_(one, other).subquery()
        checks.append((kind, sa.select(only)))
    return sa.select(sa.func.count()).select_from(out.subquery()), checks


def _key(entity: Any, mapper: Any, prefix: str = "") -> Iterator[Any]:
    for column in mapper.primary_key:
        key = mapper.get_property_by_column(column).key
        yield getattr(entity, key).label(f"{prefix}{column.name}")


def _findings(link: Link, kind: str, rows: Iterable[Any]) -> Iterator[BrokenLink]:
    for row in rows:
        key = dict(row)
        if isinstance(link, Directions):
            table = link.there.parent.class_.__name__
            one, other = (link.there, link.back) if kind == "one way" else (link.back, link.there)
            reason = f"{one} links them, {other} does not"
        elif isinstance(link, LinkColumns):
            table = link.child.fullname
            if kind == "dangling":
                target = {
                    t.name: key[c.name] for c, t in zip(link.columns, link.targets, strict=True)
                }
                reason = f"no {link.parent.fullname} with {shown_key(target)}"
            else:
                reason = "only part of the key is filled"
        else:
            table = link.tables[0].fullname
            times = key.pop("rows")
            reason = f"occurs {times} times"
            if isinstance(link, ToOne):
                reason += f", and {link.relationship} is to one"
        message = f"{table} ({shown_key(key)}): {reason} ({kind})"
        yield BrokenLink(kind, table, key, message)


def shown_key(key: dict[str, Any]) -> str:
    """``a=1, b='x'``, safe to print."""
    return clean(", ".join(f"{name}={value!r}" for name, value in key.items()))
