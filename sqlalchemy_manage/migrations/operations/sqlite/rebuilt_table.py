"""SQLite: the CREATE TABLE of a batch_impl table, with what Alembic's batch leaves out of it.

Alembic makes the new table from what SQLAlchemy reads back: no COLLATE, AUTOINCREMENT or
ON CONFLICT, no actions of a foreign key within a column, no CHECK without a name. So what
the batch did not ask to change is taken, word for word, from the old statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from ....sql.expressions import in_list
from ....sql.raw import text_of
from ....sql.tokens import words_of
from ....sqlalchemy_internals import is_of_type, target_of
from ...alembic_internals import RebuiltTable
from ...schema.create_table import (
    CONSTRAINTS,
    Clause,
    ColumnSql,
    TableSql,
    counting,
    normal,
    read_table,
    unescaped,
)

_SQLITE = sqlite.dialect()
_KINDS: dict[type[Any], str] = {
    sa.UniqueConstraint: "unique",
    sa.CheckConstraint: "check",
    sa.ForeignKeyConstraint: "foreign key",
}


@dataclass(frozen=True)
class BatchChange:
    """What a batch asks for: the columns that go, and what is new about those that stay.

    ``altered`` has, for each column that stays, the kinds of clauses that the batch gave it
    again, ``type`` among them. ``gone``: constraints that it dropped, or whose column.
    ``options``: those of the table that it turned on or off, by their words in the statement.
    """

    dropped: frozenset[str]
    altered: dict[str, frozenset[str]]
    gone: frozenset[int]
    renamed: dict[str, str]
    options: dict[str, bool]

    def keeps(self, clause: Clause) -> bool:
        """Whether a clause of the old statement has to be in the new one."""
        if clause.kind in CONSTRAINTS:
            return id(clause) not in self.gone
        (column,) = clause.columns
        kind = "not null" if clause.kind == "null" else clause.kind
        return kind not in self.altered.get(column, (kind,))

    def of_key(self, key: Clause) -> Clause:
        """The primary key of the old statement, AUTOINCREMENT or not as the batch says."""
        return counting(key, self.options.get("AUTOINCREMENT", "AUTOINCREMENT" in key.options))


def existing_types(batch: Iterable[Any]) -> dict[str, Any]:
    """What the operations of a batch say that the types of columns were."""
    return {
        args[1]: kw["existing_type"]
        for operation, args, kw in batch
        if operation == "alter_column" and kw.get("existing_type") is not None
    }


def change_of(
    old: TableSql, batch_impl: RebuiltTable, table: sa.Table, batch: Sequence[Any]
) -> BatchChange:
    """What ``batch``, the operations, did to the table that Alembic had read.

    As on PostgreSQL, a column takes along the constraints that mention it.
    """
    types = existing_types(batch)
    dropped = frozenset(
        c.name.casefold() for c in table.c if c.name not in batch_impl.column_transfers
    )
    altered, renamed = {}, {}
    for name, transfer in batch_impl.column_transfers.items():
        before = old.column(name)
        if before is None or name not in table.c or "expr" not in transfer:
            continue
        altered[before.name] = frozenset(_altered(table.c[name], batch_impl.columns[name], before))
        if transfer.get("name", name) != name:
            renamed[name] = transfer["name"]
    retyped = {
        name.casefold()
        for name in batch_impl.columns
        if "type" in altered.get(name.casefold(), ())
        and isinstance(types.get(name, table.c[name].type), (sa.Boolean, sa.Enum))
    }
    there = alive(batch_impl, table)
    # With a column's new name Alembic drops the CHECK that has the name of its type.
    asked = {str(args[0].name) for operation, args, _ in batch if operation == "drop_constraint"}
    names = {str(type_.name) for n, type_ in types.items() if n in renamed and _has_name(type_)}
    there += [c for c in table.constraints if str(c.name) in names - asked]
    asks_key = any(_is_about_key(operation, args, table) for operation, args, _ in batch)
    gone = set()
    for clause in old.clauses:
        if clause.kind == "primary key":
            goes = asks_key and not _keeps_key(clause, batch_impl, table, there)
        else:
            known = [c for c in table.constraints if is_of(c, clause)]
            # Alembic also leaves out one of two that a naming convention calls the same.
            is_dropped = any(str(c.name) in asked for c in known)
            goes = is_dropped and not any(c in there for c in known)
        if clause.kind == "check":
            goes = goes or mentions(clause.text, dropped) or _is_of_type(clause, retyped)
        if goes or dropped & set(clause.columns):
            gone.add(id(clause))
    options = {
        word: bool(batch_impl.table_kwargs[given]) is turns_on
        for given, word, turns_on in _OPTIONS
        if given in batch_impl.table_kwargs
    }
    return BatchChange(dropped, altered, frozenset(gone), renamed, options)


_OPTIONS = (
    ("sqlite_autoincrement", "AUTOINCREMENT", True),
    ("sqlite_strict", "STRICT", True),
    ("sqlite_with_rowid", "WITHOUT ROWID", False),
)


def _is_about_key(operation: str, args: Sequence[Any], table: sa.Table) -> bool:
    """Whether an operation of a batch gives the table another primary key, or none."""
    if operation == "add_column":
        return any(isinstance(item, sa.Column) and item.primary_key for item in args)
    if operation not in ("add_constraint", "drop_constraint"):
        return False
    is_key = isinstance(args[0], sa.PrimaryKeyConstraint)
    return is_key or (args[0].name is not None and args[0].name == table.primary_key.name)


def _altered(before: sa.Column[Any], after: sa.Column[Any], written: ColumnSql) -> Iterator[str]:
    if repr(before.type) != repr(after.type):
        yield "type"
        if getattr(after.type, "collation", None):
            yield "collate"
    if before.nullable != after.nullable:
        yield "not null"
    if _default(before) != _default(after):
        yield "default"
    computed = any(clause.kind == "generated" for clause in written.clauses)
    if computed and after.computed is None:
        yield "generated"


def _default(column: sa.Column[Any]) -> str | None:
    found = getattr(column.server_default, "arg", None)
    return None if found is None else f"{type(found).__name__} {text_of(found, _SQLITE)}"


def _has_name(type_: Any) -> bool:
    return bool(getattr(type_, "name", None))


def _is_of_type(clause: Clause, retyped: set[str]) -> bool:
    """Whether it is the CHECK without a name that a Boolean or Enum had, which it no longer is."""
    found = in_list(clause.what)
    return clause.name is None and found is not None and found[0] in retyped


def mentions(sql: str, columns: Iterable[str]) -> bool:
    """Whether one of these columns is named in a piece of SQL."""
    names = set(columns)
    return any(
        token.kind in ("word", "quoted") and token.name.casefold() in names
        for token in words_of(sql, "sqlite")
    )


def alive(batch_impl: RebuiltTable, table: sa.Table) -> list[Any]:
    """The constraints of the table that the batch did not drop."""
    kept = [*batch_impl.named_constraints.values(), *batch_impl.unnamed_constraints]
    found = []
    for constraint in table.constraints:
        # Those that Alembic puts aside: it cannot know whether they belong to a type.
        aside = isinstance(constraint, sa.CheckConstraint) and (
            (batch_impl.reflected and not constraint.name) or is_of_type(constraint)
        )
        if aside or any(other is constraint for other in kept):
            found.append(constraint)
    return found


def _keeps_key(clause: Clause, batch_impl: RebuiltTable, table: sa.Table, there: list[Any]) -> bool:
    now = {column.key.casefold() for column in batch_impl.new_table.primary_key.columns}
    if not table.primary_key.columns:  # it was not read, or not described
        return not now
    return any(c is table.primary_key for c in there) and now == set(clause.columns)


def is_of(constraint: Any, clause: Clause) -> bool:
    """Whether a constraint that SQLAlchemy has read is what the clause says."""
    if _KINDS.get(type(constraint)) != clause.kind:
        return False
    name = unescaped(str(constraint.name)).casefold() if constraint.name else None
    if name and clause.name and not _is_inline_key(clause):
        return name == clause.name
    if clause.kind == "check":
        return (
            clause.name in (None, name)
            and normal(text_of(constraint.sqltext, _SQLITE)) == clause.what
        )
    if clause.kind == "foreign key":
        target = ".".join(filter(None, target_of(constraint.elements[0])))
        if not f".{target}".casefold().endswith(f".{_referred(clause)}"):
            return False
        return tuple(c.casefold() for c in constraint.column_keys) == clause.columns
    return tuple(column.name.casefold() for column in constraint.columns) == clause.columns


def _referred(clause: Clause) -> str:
    """The table that a foreign key refers to."""
    return clause.what.rpartition("(")[0] if clause.what.endswith(")") else clause.what


def _is_inline_key(clause: Clause) -> bool:
    """Whether it is a foreign key within a column, whose name SQLAlchemy does not read."""
    words = [word.text.lower() for word in words_of(clause.text, "sqlite")[:3]]
    return clause.kind == "foreign key" and "foreign" not in words


def leave_out(
    batch_impl: RebuiltTable, old: TableSql, table: sa.Table, change: BatchChange
) -> None:
    """Remove from Alembic's new table what is taken from the old statement.

    SQLAlchemy reads constraints and generated columns by regular expressions, which get some
    of them wrong, and has no words for a column without a type.
    """
    new_table = batch_impl.new_table
    for name, column in batch_impl.columns.items():
        is_kept = "type" not in change.altered.get(name.casefold(), ("type",))
        if is_kept and isinstance(column.type, sa.types.NullType):
            column.type = sa.BLOB()
        if column.computed is not None and name.casefold() in change.altered:
            column.computed.sqltext = sa.text("NULL")
    there = [c for c in alive(batch_impl, table) if any(is_of(c, clause) for clause in old.clauses)]
    if batch_impl.reflected:
        there += [c for c in alive(batch_impl, table) if _is_read_check(c)]
    for copy in list(new_table.constraints):
        if any(_same(copy, constraint) for constraint in there):
            new_table.constraints.discard(copy)


def _is_read_check(constraint: Any) -> bool:
    return isinstance(constraint, sa.CheckConstraint) and not is_of_type(constraint)


def _same(copy: Any, constraint: Any) -> bool:
    if type(copy) is not type(constraint) or copy.name != constraint.name:
        return False
    if isinstance(copy, sa.CheckConstraint):
        return text_of(copy.sqltext, _SQLITE) == text_of(constraint.sqltext, _SQLITE)
    keys: list[list[str]] = [[column.key for column in c.columns] for c in (copy, constraint)]
    return keys[0] == keys[1]


def merged(old: TableSql, new_sql: str, change: BatchChange) -> str:
    """Alembic's statement with all that ``change`` keeps of the old one."""
    new = read_table(new_sql)
    kept = [clause for clause in old.clauses if change.keeps(clause)]

    def is_added(clause: Clause) -> bool:
        for other in kept:
            if clause.kind == other.kind == "primary key":
                return False
            if clause.kind == other.kind == "check" and (
                clause.what == other.what and clause.name in (None, other.name)
            ):
                return False
        return True

    items = [_item(column, old, change, is_added) for column in new.columns]
    items += [f"\n\t{_kept(c, change)}" for c in old.constraints if change.keeps(c)]
    items += [f"\n\t{c.text}" for c in new.constraints if is_added(c)]
    stay = [option for option in old.options if change.options.get(option, True)]
    options = ", ".join(dict.fromkeys([*stay, *new.options]))
    return f"{new.head}{','.join(items)}\n) {options}".rstrip()


def _item(new: ColumnSql, old: TableSql, change: BatchChange, is_added: Any) -> str:
    before = old.column(new.name)
    if before is None:
        return f"\n\t{new.text.strip()}"
    if new.name not in change.altered:  # dropped, and another of the name added
        carried = [c for c in before.clauses if c.kind in CONSTRAINTS and change.keeps(c)]
        return "\n\t" + " ".join([new.text.strip(), *(c.text for c in carried)])
    altered = change.altered[new.name]
    added = [c for c in new.clauses if c.kind in CONSTRAINTS and is_added(c)]
    if not altered and not added and all(map(change.keeps, before.clauses)):
        text = before.text  # with its comments
        for clause in before.clauses:
            if clause.kind == "primary key":
                text = text[: clause.at.start] + _kept(clause, change) + text[clause.at.stop :]
        return text
    words = [new.written, new.type if "type" in altered else before.type]
    words += [_kept(clause, change) for clause in before.clauses if change.keeps(clause)]
    words += [c.text for c in new.clauses if c in added or c.kind in altered]
    return "\n\t" + " ".join(filter(None, words))


def _kept(clause: Clause, change: BatchChange) -> str:
    return change.of_key(clause).text if clause.kind == "primary key" else clause.text
