"""What finds the broken rows of a link: one statement for each kind of damage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, aliased

from ..errors import AppError
from ..models import column_named
from ..output import clean
from .conditions import Clauses, adapted
from .link_types import Directions, LinkColumns, LinkTable, LinkTypes, ToOne

Row = dict[str, Any]


@dataclass(frozen=True)
class RowCheck:
    """``statement`` has one row for each finding: the columns that name it.

    ``reason``: says of such a row what is wrong; it may take out what is not part of the key.
    """

    kind: str
    table: str
    statement: sa.Select[Any]
    reason: Callable[[Row], str]


@dataclass(frozen=True)
class Followed:
    """``count``: how many links there are; None where each row of ``table`` is one."""

    table: sa.Table
    count: sa.Select[Any] | None
    checks: tuple[RowCheck, ...]


def shown_key(key: Row) -> str:
    """``a=1, b='x'``, safe to print."""
    return clean(", ".join(f"{name}={value!r}" for name, value in key.items()))


def any_guard(guards: Iterable[Clauses], aliases: dict[sa.Table, Any]) -> list[Any]:
    """That one of the guards holds; nothing where there are none."""
    found = [adapted(guard, aliases) for guard in guards]
    return [sa.or_(*found)] if found else []


def filled(columns: Iterable[Any]) -> Any:
    """That none of the columns is NULL."""
    return sa.and_(*(column.is_not(None) for column in columns))


class ReferenceStatements:
    """The statements of a LinkColumns."""

    def __init__(self, link: LinkColumns) -> None:
        self.link = link
        self.child, self.parent = link.child.alias("child"), link.parent.alias("parent")
        self.columns = [self.child.c[column.key] for column in link.columns]
        self.targets = [self.parent.c[column.key] for column in link.targets]
        self.equal = sa.and_(*(t == c for c, t in zip(self.columns, self.targets, strict=True)))
        self.guard = any_guard(link.guard, {link.child: self.child})
        self.follows = [filled(self.columns), *self.guard]
        key = [self.child.c[column.key] for column in link.child.primary_key]
        self.shown = [c.label(c.name) for c in dict.fromkeys([*key, *self.columns])]

    def followed(self) -> Followed:
        every = not self.guard and not any(column.nullable for column in self.link.columns)
        count = sa.select(sa.func.count()).select_from(self.child).where(*self.follows)
        return Followed(self.link.child, None if every else count, tuple(self._checks()))

    def _checks(self) -> Iterator[RowCheck]:
        yield self._check("dangling", self._dangling(), f"no {self.link.parent.fullname} with {{}}")
        # MATCH SIMPLE: the database does not check a key with a null part. Where a part can
        # never be null (a tenant's id, say), null in the other is how to have none.
        if len(self.columns) > 1 and all(column.nullable for column in self.link.columns):
            some = sa.or_(*(column.is_not(None) for column in self.columns))
            none = sa.or_(*(column.is_(None) for column in self.columns))
            half = sa.select(*self.shown).where(some, none, *self.guard)
            yield self._check("half link", half, "only part of the key is filled")
        if self.link.classes:
            names = " or ".join(sorted({owner.class_.__name__ for _, owner in self.link.classes}))
            reason = f"{self.link.parent.fullname} with {{}} is no {names}"
            yield self._check("other class", self._other_class(), reason)
        for name, target in self.link.single:
            yield self._several_targets(name, target)
        if deleted := self._is_deleted(self.link.parent, self.parent):
            yield self._check(
                "soft-deleted",
                self._soft_deleted(deleted[0]),
                f"{self.link.parent.fullname} with {{}} is deleted",
            )

    def _check(self, kind: str, statement: sa.Select[Any], reason: str) -> RowCheck:
        pairs = list(zip(self.link.columns, self.link.targets, strict=True))

        def said(row: Row) -> str:
            return reason.replace("{}", shown_key({t.name: row[c.name] for c, t in pairs}))

        return RowCheck(kind, self.link.child.fullname, statement, said)

    def _dangling(self) -> sa.Select[Any]:
        joined = self.child.outerjoin(self.parent, self.equal)
        # An equality that held leaves no null on the parent's side.
        wanted = sa.select(*self.shown).select_from(joined)
        return wanted.where(*self.follows, self.targets[0].is_(None))

    def _other_class(self) -> sa.Select[Any]:
        """The row is there, and of none of the classes to which the relationships lead."""
        joined = self.child.join(self.parent, self.equal)
        wanted = sa.select(*self.shown).select_from(joined).where(*self.follows)
        key = list(self.link.child.primary_key)
        mine = [self.child.c[column.key] for column in key]
        asked, right = [], []
        for holder, owner in self.link.classes:
            of_class = self._of_class(owner, self.link.targets, self.columns)
            here = sa.true() if holder is None else self._of_class(holder, key, mine)
            asked.append(here)
            right.append(of_class if holder is None else sa.and_(here, of_class))
        every = any(holder is None for holder, _ in self.link.classes)
        # A relationship of a subclass says nothing about the rows of other classes.
        return wanted.where(*([] if every else [sa.or_(*asked)]), *(~each for each in right))

    @staticmethod
    def _of_class(mapper: Mapper[Any], keys: Iterable[Any], values: Iterable[Any]) -> Any:
        """That a row of the class has these values in the columns ``keys``."""
        entity = aliased(mapper, flat=True)
        same = [
            getattr(entity, mapper.get_property_by_column(key).key) == value
            for key, value in zip(keys, values, strict=True)
        ]
        return sa.select(*class_key(entity, mapper)).where(*same).exists()

    def _several_targets(self, name: str, target: Clauses) -> RowCheck:
        """Rows of the parent that cannot be told apart, and to which a row refers."""
        link = self.link
        shown = [t.label(t.name) for t in self.targets]
        twice = (
            sa.select(*shown, sa.func.count().label("rows"))
            .where(filled(self.targets), adapted(target, {link.parent: self.parent}))
            .group_by(*self.targets)
            .having(sa.func.count() > 1)
            .subquery()
        )
        same = [c == twice.c[t.name] for c, t in zip(self.columns, link.targets, strict=True)]
        used = sa.select(sa.literal(1)).select_from(self.child).where(*same, *self.guard)
        return RowCheck(
            "several targets",
            link.parent.fullname,
            sa.select(twice).where(used.exists()),
            lambda row: f"occurs {row.pop('rows')} times, and {name} is to one",
        )

    def _is_deleted(self, table: sa.Table, alias: Any) -> list[Any]:
        """The condition that a row is deleted by; the model says which column tells."""
        name = table.info.get("soft_deleted")
        if name is None:
            return []
        declared = column_named(table, name)
        if declared is None:
            raise AppError(f"info 'soft_deleted': '{name}' is no column of table {table.fullname}.")
        column = alias.c[declared.key]
        if isinstance(column.type, sa.Boolean):
            return [column.is_(sa.true())]
        return [column.is_not(None)]

    def _soft_deleted(self, deleted: Any) -> sa.Select[Any]:
        wanted = sa.select(*self.shown).select_from(self.child.join(self.parent, self.equal))
        mine = self._is_deleted(self.link.child, self.child)
        return wanted.where(*self.follows, deleted, *(sa.not_(each) for each in mine))


def of_types(link: LinkTypes) -> Followed:
    """Generic links whose type stands for no table."""
    known = sa.or_(*(adapted(guard, {}) for guard in link.known))
    there = filled(link.columns)
    shown = [c.label(c.name) for c in (*link.table.primary_key, *link.types, *link.columns)]
    # A type that is NULL is equal to none.
    unknown = sa.select(*shown).where(there, sa.case((known, 0), else_=1) == 1)

    def reason(row: Row) -> str:
        said = shown_key({column.name: row[column.name] for column in link.types})
        return f"no relationship is for {said}"

    count = sa.select(sa.func.count()).select_from(link.table).where(there)
    check = RowCheck("unknown type", link.table.fullname, unknown, reason)
    return Followed(link.table, count, (check,))


def of_link_table(link: LinkTable, unique: bool) -> Followed:
    """``unique``: the database itself lets no pair occur twice."""
    table, checks = link.table, []
    there = filled(link.columns)
    if not unique and not link.repeats:
        for guard in link.guards:
            columns = (*link.columns, *(() if guard else link.apart))
            checks.append(_twice(table, columns, there, guard, "duplicate", ""))
    columns = tuple(dict.fromkeys(c for each in link.whole for c in each))
    if any(column.nullable for column in columns):
        some = sa.or_(*(column.is_not(None) for column in columns))
        shown = [c.label(c.name) for c in dict.fromkeys([*table.primary_key, *columns])]
        half = sa.select(*shown).where(some, *(~filled(each) for each in link.whole))
        checks.append(
            RowCheck("half link", table.fullname, half, lambda _: "only part of the row is filled")
        )
    count = None
    if any(column.nullable for column in link.columns) or all(link.guards):
        wanted = sa.select(sa.func.count()).select_from(table)
        count = wanted.where(there, *(any_guard(link.guards, {}) if all(link.guards) else ()))
    return Followed(table, count, tuple(checks))


def of_to_one(link: ToOne) -> Followed:
    """Rows that the one row of the other side has, where it may have one."""
    join = link.join
    source: Any = link.table
    conditions = [*join.guard, *join.target, *join.both]
    if len(link.tables) > 1:
        parent = join.parent.alias("parent")
        equal = [parent.c[target.key] == column for column, target in join.pairs]
        source = link.table.join(parent, sa.and_(*equal))
        conditions = [adapted(conditions, {join.parent: parent})]
    there = filled(link.columns)
    reason = f", and {link.relationship} is to one"
    twice = _twice(source, link.columns, there, conditions, "several rows", reason)
    wanted = sa.select(sa.func.count()).select_from(source).where(there, *conditions)
    return Followed(link.table, wanted, (twice,))


def _twice(
    source: Any, columns: Sequence[Any], there: Any, guard: Iterable[Any], kind: str, more: str
) -> RowCheck:
    statement = (
        sa.select(*(column.label(column.name) for column in columns), sa.func.count().label("rows"))
        .select_from(source)
        .where(there, *guard)
        .group_by(*columns)
        .having(sa.func.count() > 1)
    )
    name = columns[0].table.fullname
    return RowCheck(kind, name, statement, lambda row: f"occurs {row.pop('rows')} times{more}")


def of_directions(link: Directions) -> Followed:
    """The pairs that one relationship has and the other has not."""
    here, there = aliased(link.there.parent), aliased(link.there.mapper)
    key = [*class_key(here, link.there.parent), *class_key(there, link.there.mapper, "to ")]
    out = sa.select(*key).select_from(here).join(getattr(here, link.there.key).of_type(there))
    back = sa.select(*key).select_from(there).join(getattr(there, link.back.key).of_type(here))
    checks = []
    if not link.same_columns:
        for kind, one, other, has, lacks in (
            ("one way", out, back, link.there, link.back),
            ("one way back", back, out, link.back, link.there),
        ):
            only = sa.select(sa.except_(one, other).subquery())
            reason = f"{has} links them, {lacks} does not"
            checks.append(_one_way(kind, link, only, reason))
    count = sa.select(sa.func.count()).select_from(out.subquery())
    return Followed(link.tables[0], count, tuple(checks))


def _one_way(kind: str, link: Directions, only: sa.Select[Any], reason: str) -> RowCheck:
    return RowCheck(kind, link.there.parent.class_.__name__, only, lambda _: reason)


def class_key(entity: Any, mapper: Mapper[Any], prefix: str = "") -> Iterator[Any]:
    """The primary key of an aliased class, by the names of its columns."""
    for column in mapper.primary_key:
        key = mapper.get_property_by_column(column).key
        yield getattr(entity, key).label(f"{prefix}{column.name}")
