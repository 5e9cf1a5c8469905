"""Operations on views, functions and triggers among those on tables, in an order that runs.

What is dropped goes first and what is created comes last, each after what it is built on;
an object in the way of a changed table is dropped before and created after the change, and
so is everything built on it. Reversed, the same order runs the other way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from alembic.operations import ops

from ....declared.create_all import creation_order
from ....sql.create_statements import DATABASES, columns, language, names_in
from ...operations.objects.operations import (
    CreateObjectOp,
    DropObjectOp,
    ObjectOp,
    ReplaceObjectOp,
    Statements,
)
from ...operations.renaming import RenameColumnOp
from ...revisions.describe import flat


@dataclass(eq=False)
class Item:
    """One object: the statements that make it as declared, and as it is, for each database."""

    kind: str
    name: str
    schema: str | None
    table_name: str | None
    new: dict[str, str]
    old: Statements = field(default_factory=dict)
    # Where something is to be done; where the object is and how it was made is not known.
    changed: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    # Where it cannot be replaced, only dropped and created.
    split: set[str] = field(default_factory=set)
    old_table_name: str | None = None

    def settle(self) -> None:
        """Decide about unknown databases: what changes here changes there too."""
        for database in self.unknown:
            self.old[database] = None if self.changed else self.new[database]
            if self.changed:
                self.changed.add(database)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that a statement of the object uses."""
        statements = [*self.old.items(), *self.new.items()]
        return frozenset().union(*(names_in(s, d) for d, s in statements if s is not None))

    def given_up(self) -> set[str]:
        """Where nothing can stay built on it: it goes, or a view gets other columns."""
        return {
            database
            for database, old in self.old.items()
            if database in self.changed
            and not (
                (new := self.new.get(database))
                and (self.kind != "view" or _same_columns(old, new, database))
            )
        }

    def built_on(self, other: Item) -> bool:
        """Whether this has to be dropped before ``other`` can be."""
        # What a function calls, it looks up when it runs; only BEGIN ATOMIC binds it.
        binds = self.kind != "function" or "atomic" in self.names
        return binds and other.kind != "trigger" and other.name.lower() in self.names

    def part(self, operation: type[ObjectOp], statements: Statements, **more: Any) -> ObjectOp:
        """An operation on the object, on the databases of ``statements``."""
        table = self.old_table_name if operation is DropObjectOp else self.table_name
        name = table or self.table_name
        return operation(self.kind, self.name, name, statements, self.schema, **more)

    def operations(self, split: set[str], doomed: bool) -> Iterator[ObjectOp]:
        """What is to be done, by verb.

        ``split``: where to drop and create, instead of to replace or though nothing changes.
        ``doomed``: the table goes, and the trigger with it.
        """
        old = self.old if self.changed else dict(self.new)
        new = {} if doomed else self.new
        kept = set(old) & set(new) - split
        gone, made = set(old) - kept, set(new) - kept
        aside = bool(gone & made)
        if gone:
            yield self.part(DropObjectOp, _of(old, gone), aside=aside)
        if made:
            yield self.part(CreateObjectOp, _of(new, made), aside=aside)
        if replaced := kept & self.changed:
            yield self.part(ReplaceObjectOp, _of(new, replaced), old=_of(old, replaced))


def _same_columns(old: str | None, new: str, database: str) -> bool:
    return old is not None and columns(old, database) == columns(new, database) is not None


def _of(statements: Any, databases: set[str]) -> Statements:
    return {key: statements[key] for key in DATABASES if key in databases}


def arrange(items: list[Item], upgrade_ops: ops.UpgradeOps) -> None:
    """Place the operations on ``items`` again among the others of ``upgrade_ops``."""
    rest = [op for op in upgrade_ops.ops if not isinstance(op, ObjectOp)]
    tables = {name for _, op in flat(rest) for name in _tables(op)}
    dropped = {_lower(op.table_name) for op in rest if isinstance(op, ops.DropTableOp)}
    doomed = {i for i in items if i.kind == "trigger" and _lower(i.table_name) in dropped}
    split = _split(items, rest)
    front: list[ObjectOp] = []
    early: list[ObjectOp] = []
    late: list[ObjectOp] = []
    last: list[ObjectOp] = []
    for item in creation_order(items, lambda item: item.names):
        # A default or a CHECK of a table may call a function that uses no table itself.
        free = item.kind == "function" and not split[item] and not item.names & tables
        for operation in item.operations(split[item], item in doomed):
            if isinstance(operation, DropObjectOp):
                (last if free else front).insert(0, operation)
            elif free and isinstance(operation, CreateObjectOp):
                early.append(operation)
            else:
                late.append(operation)
    upgrade_ops.ops = [*front, *early, *rest, *late, *last]


def _split(items: list[Item], rest: list[Any]) -> dict[Item, set[str]]:
    """Where which item is to be dropped before the operations on tables and created after them."""
    disturbed = [op for _, op in flat(rest) if _disturbs(op)]
    tables = {name for op in disturbed for name in _tables(op)}
    split = {
        item: set(item.new) if _disturbed(item, disturbed, tables) else set(item.split)
        for item in items
    }
    for item in items:
        if item.kind == "trigger" and item.names & tables:
            # The function's old body fits the table only before the changes, the new one after.
            under = (i for i in items if i.kind == "function" and item.built_on(i))
            split[item] |= {d for i in under for d in i.changed} & set(item.old) & set(item.new)
    found = True
    while found:
        found = False
        for item in items:
            under = (other for other in items if other is not item and item.built_on(other))
            gone = {d for other in under for d in split[other] | other.given_up()}
            more = gone & set(item.old) & set(item.new) - split[item]
            if more:
                split[item] |= more
                found = True
    return split


def _disturbed(item: Item, disturbed: list[Any], tables: set[str]) -> bool:
    if not item.old or not item.new:
        return False
    if item.changed:
        # Its new statement may not fit the tables before the change, nor the old one after.
        checked = item.kind != "function" or _checked_when_created(item)
        moved = item.old_table_name not in (None, item.table_name)
        return moved or (checked and bool(item.names & tables))
    if item.kind == "function":
        return False
    # PostgreSQL lets no column go, or change its type, that a view or a trigger uses.
    return any(
        _tables(op) & item.names
        and (op.column_name.lower() in item.names or _takes_every_column(item))
        for op in disturbed
        if hasattr(op, "column_name")
    )


def _checked_when_created(item: Item) -> bool:
    """Whether PostgreSQL looks up the tables of a function when it is created."""
    return "postgresql" in item.new and language(item.new["postgresql"]) == "sql"


def _takes_every_column(item: Item) -> bool:
    every = r"(?i)(select|distinct|,|\.)\s*\*"
    return any(re.search(every, statement) for statement in item.new.values())


def _disturbs(op: Any) -> bool:
    """Whether an operation changes or takes away what a table had."""
    if isinstance(op, ops.AlterColumnOp):
        return op.modify_type is not None or op.modify_name is not None
    removed = (ops.DropTableOp, ops.RenameTableOp, RenameColumnOp)
    return isinstance(op, removed) or hasattr(op, "column_name")


def _tables(op: Any) -> set[str]:
    names = (getattr(op, name, None) for name in ("table_name", "source_table", "new_table_name"))
    return {_lower(name) for name in names if name}


def _lower(name: Any) -> str:
    return str(name).lower()
