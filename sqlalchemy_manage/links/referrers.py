"""Rows that refer to given rows along a relationship that no foreign key declares."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from .link_types import Link, LinkColumns
from .statements import ReferenceStatements, Row

_MANY = 500


@dataclass(frozen=True)
class Referrer:
    """A row of ``link.child``: its primary key, and the key of the row that it refers to."""

    link: LinkColumns
    key: Row
    to: Row


def undeclared_links(links: Iterable[Link], parent: sa.Table) -> list[LinkColumns]:
    """Those links to ``parent`` of which the database itself knows nothing."""
    found = (link for link in links if isinstance(link, LinkColumns) and not link.declared)
    return [link for link in found if link.parent is parent]


def referrers(
    connection: sa.Connection, link: LinkColumns, keys: Iterable[Sequence[Any]]
) -> Iterator[Referrer]:
    """The rows that refer along ``link`` to rows of ``link.parent`` with these primary keys.

    ``keys``: values in the order of the parent's primary key. The condition of the
    relationship counts: a generic link is one to a post only where its type says so.
    A row without a primary key is named by the columns of the link. The rows are of the
    connection's transaction, and are read in parts. For ``seed --undo``, which asks for each of
    ``undeclared_links(links_of(project.mappers, project.tables), table)`` what would dangle.
    """
    reference = ReferenceStatements(link)
    own: list[Any] = [reference.parent.c[column.key] for column in link.parent.primary_key]
    wanted = (
        sa.select(*reference.shown, *(c.label(f"to {c.name}") for c in own))
        .select_from(reference.child.join(reference.parent, reference.equal))
        .where(*reference.follows)
    )
    names = [c.name for c in link.child.primary_key] or [c.name for c in link.columns]
    keys = [tuple(key) for key in keys]
    for start in range(0, len(keys), _MANY):
        part = keys[start : start + _MANY]
        among: Any
        if len(own) == 1:
            among = own[0].in_([value for (value,) in part])
        else:
            among = sa.or_(*(sa.and_(*map(operator.eq, own, key)) for key in part))
        for row in connection.execute(wanted.where(among)).mappings():
            yield Referrer(
                link,
                {name: row[name] for name in names},
                {column.name: row[f"to {column.name}"] for column in own},
            )
