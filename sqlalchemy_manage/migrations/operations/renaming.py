"""``op.rename_column``, ``op.rename_table``, ``op.rename_index``, ``op.rename_constraint``.

Each is the database's own RENAME, so that no table is copied: views, triggers, collations
and sequences stay. Alembic has the first two, but on SQLite under the runner's settings
its rename_table leaves the foreign keys of other tables pointing to the old name, on
MariaDB its column rename restates the whole column, and neither can be reversed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import sqlalchemy as sa
from alembic.operations import Operations, ops
from sqlalchemy.sql.elements import conv

from ...errors import MigrationError
from ...sql.dialects import MARIADB
from ...sql.raw import literally, undoubled
from ..questions import dotted
from ..revisions.describe import Change
from ..schema.unnamed import constraints_of
from .base import Operation
from .mysql_renames import follow_renames
from .objects.follow_renames import functions_follow
from .raw_sql import SqlWriter
from .rendering import call
from .sqlite.sqlite_master import references_follow


class Rename(Operation):
    """What the renames share: a table, an old name and a new one; reversing swaps them."""

    kind: ClassVar[str]
    compared = ("table_name", "old", "new")

    table_name: str
    old: str
    new: str

    def between(self, old: str, new: str) -> Self:
        """The same for other names."""
        return replace(self, old=old, new=new)  # type: ignore[type-var]  # of a subclass

    def reverse(self) -> Self:
        return self.between(self.new, self.old)

    def describe(self) -> Change:
        table = dotted(self.schema, self.table_name)
        words = f"rename {self.kind} {self.old} of {table} to {self.new}"
        return Change("~", words, f"rename_{self.old}_{self.new}", self.table_name)


@dataclass(eq=False)
class RenameColumnOp(Rename):
    """Rename a column, without copying the table on any database.

    Indexes, constraints and foreign keys go along.
    """

    kind = "column"
    verb = "rename_column"

    table_name: str
    old: str
    new: str
    schema: str | None = None

    def describe(self) -> Change:
        old = dotted(self.schema, self.table_name, self.old)
        # Django's fragment: rename_OLD_MODEL_NEW.
        slug = f"rename_{self.old}_{self.table_name}_{self.new}"
        return Change("~", f"rename column {old} to {self.new}", slug, self.table_name)


@dataclass(eq=False)
class RenameIndexOp(Rename):
    """Rename an index; SQLite must build it again."""

    kind = "index"
    verb = "rename_index"

    table_name: str
    old: str
    new: str
    schema: str | None = None


@dataclass(eq=False)
class RenameConstraintOp(Rename):
    """Rename a constraint; where the database cannot, it is created again.

    ``type_`` is ``unique``, ``check`` or ``foreignkey``. With ``if_exists`` nothing is done
    where there is none: some types bring a CHECK along on some databases only.
    """

    kind = "constraint"
    verb = "rename_constraint"

    table_name: str
    old: str
    new: str
    type_: str
    schema: str | None = None
    if_exists: bool = False


class RenameTableOp(ops.RenameTableOp):
    """Alembic's operation, with a reverse."""

    def reverse(self) -> ops.MigrateOperation:
        return RenameTableOp(self.new_table_name, self.table_name, schema=self.schema)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return ("rename_table", self.schema, self.table_name, self.new_table_name)

    def describe(self) -> Change:
        return Change(
            "~",
            f"rename table {dotted(self.schema, self.table_name)} to {self.new_table_name}",
            f"rename_{self.table_name}_{self.new_table_name}",
            self.new_table_name,
        )


@contextmanager
def _references_follow(operations: Operations) -> Iterator[None]:
    if operations.impl.dialect.name != "sqlite" or operations.get_context().as_sql:
        yield
        return
    with references_follow(operations.get_bind()):
        yield


def _functions_follow(operations: Operations, *table: Any, **names: Any) -> None:
    if operations.impl.dialect.name == "postgresql" and not operations.get_context().as_sql:
        functions_follow(operations.get_bind(), *table, **names)


def rename_column(operations: Operations, operation: RenameColumnOp) -> None:
    with (
        _references_follow(operations),
        follow_renames(
            operations,
            operation.schema,
            operation.table_name,
            column=(operation.old, operation.new),
        ),
    ):
        write = SqlWriter(operations)
        table = write.name(operation.schema, operation.table_name)
        old, new = write.name(operation.old), write.name(operation.new)
        write.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    column = operation.old, operation.new
    _functions_follow(operations, operation.schema, operation.table_name, column=column)


def rename_table(operations: Operations, operation: ops.RenameTableOp) -> None:
    with (
        _references_follow(operations),
        follow_renames(
            operations, operation.schema, operation.table_name, table_to=operation.new_table_name
        ),
    ):
        operations.impl.rename_table(
            operation.table_name, operation.new_table_name, schema=operation.schema
        )
    table, new = operation.table_name, operation.new_table_name
    _functions_follow(operations, operation.schema, table, table_to=new)


def _cut(operations: Operations, operation: Rename) -> tuple[str, str]:
    """The names of an index or a constraint as they are sent, cut where they are too long."""
    dialect = operations.impl.dialect
    preparer = dialect.identifier_preparer
    names = [conv(operation.old), conv(operation.new)]
    sent = (str(preparer.truncate_and_render_constraint_name(name)) for name in names)
    cut = [undoubled(name, dialect) for name in sent]
    old, new = (str(preparer.unformat_identifiers(name)[-1]) for name in cut)
    return old, new


def rename_index(operations: Operations, operation: RenameIndexOp) -> None:
    write, (old, new) = SqlWriter(operations), _cut(operations, operation)
    if write.dialect.name == "sqlite":
        _recreate_index(operations, operation)
    elif write.dialect.name in MARIADB:
        table = write.name(operation.schema, operation.table_name)
        write.execute(f"ALTER TABLE {table} RENAME INDEX {write.name(old)} TO {write.name(new)}")
    else:
        index = write.name(operation.schema, old)
        write.execute(f"ALTER INDEX {index} RENAME TO {write.name(new)}")


def _recreate_index(operations: Operations, operation: RenameIndexOp) -> None:
    """SQLite has no RENAME INDEX: the stored statement is run again with the new name."""
    _needs_database(operations, operation)
    write = SqlWriter(operations)
    stored = write.connection.execute(
        sa.text("SELECT sql FROM sqlite_master WHERE type = 'index' AND name = :name"),
        {"name": operation.old},
    ).scalar()
    if stored is None:
        raise MigrationError(f"There is no index {operation.old} to rename.")
    head = re.match(
        r'\s*CREATE\s+(UNIQUE\s+)?INDEX\s+(IF\s+NOT\s+EXISTS\s+)?("(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]'
        r"|'(?:[^']|'')*'|[^\s]+)",
        stored,
        re.IGNORECASE,
    )
    assert head is not None, stored
    unique = "UNIQUE " if head[1] else ""
    write.execute(f"DROP INDEX {write.name(operation.old)}")
    write.execute(f"CREATE {unique}INDEX {write.name(operation.new)}{stored[head.end() :]}")


def _needs_database(operations: Operations, operation: Rename) -> None:
    if operations.get_context().as_sql:
        raise MigrationError(
            f"op.{operation.verb} on {operations.impl.dialect.name} must read the "
            f"definition of {operation.old}; "
            "it cannot be shown as SQL without a database."
        )


def rename_constraint(operations: Operations, operation: RenameConstraintOp) -> None:
    write = SqlWriter(operations)
    if operation.if_exists and not _exists(operations, operation):
        return
    thing = {"postgresql": "CONSTRAINT"}.get(write.dialect.name)
    if write.dialect.name in MARIADB and operation.type_ == "unique":
        thing = "INDEX"
    if thing is None:
        _remake_constraint(operations, operation)
        return
    table = write.name(operation.schema, operation.table_name)
    old, new = map(write.name, _cut(operations, operation))
    write.execute(f"ALTER TABLE {table} RENAME {thing} {old} TO {new}")


_KINDS = {"unique": "unique", "check": "check", "foreignkey": "foreign key"}


def _exists(operations: Operations, operation: RenameConstraintOp) -> bool:
    """Without a database: whether it is one on which every type's CHECK is made."""
    if operations.get_context().as_sql:
        return operations.impl.dialect.name != "postgresql"
    table, (old, _) = operation.table_name, _cut(operations, operation)
    there = constraints_of(operations.get_bind(), operation.schema, table)
    return any(item["name"] == old for item in there[_KINDS[operation.type_]])


def _remake_constraint(operations: Operations, operation: RenameConstraintOp) -> None:
    """Drop and create again, as the database describes it: SQLite, and most on MariaDB."""
    if operations.get_context().as_sql and operations.impl.dialect.name in MARIADB:
        _write_remake(operations, operation)
        return
    _needs_database(operations, operation)
    table, schema = operation.table_name, operation.schema
    there = constraints_of(operations.get_bind(), schema, table)
    # As they are: a naming convention would be applied to them once more.
    old, new = map(conv, _cut(operations, operation))
    with operations.batch_alter_table(table, schema=schema) as batch:
        if operation.type_ == "unique":
            found = _named(there["unique"], old)
            batch.drop_constraint(old, type_="unique")
            batch.create_unique_constraint(new, found["column_names"])
        elif operation.type_ == "check":
            found = _named(there["check"], old)
            batch.drop_constraint(old, type_="check")
            batch.create_check_constraint(new, sa.text(literally(found["sqltext"])))
        else:
            found = _named(there["foreign key"], old)
            batch.drop_constraint(old, type_="foreignkey")
            batch.create_foreign_key(
                new,
                found["referred_table"],
                found["constrained_columns"],
                found["referred_columns"],
                referent_schema=found["referred_schema"],
                **found.get("options", {}),
            )


_REMADE = {
    "check": """\
SELECT CONCAT('ALTER TABLE {in_text} DROP CONSTRAINT {old_in_text}, ADD CONSTRAINT {new_in_text} \
CHECK (', check_clause, ')') FROM information_schema.check_constraints
WHERE constraint_schema = {schema} AND table_name = {table} AND constraint_name = {old}""",
    "foreignkey": """\
SELECT CONCAT('ALTER TABLE {in_text} DROP FOREIGN KEY {old_in_text}, ADD CONSTRAINT {new_in_text} \
FOREIGN KEY (', GROUP_CONCAT({column} ORDER BY k.ordinal_position), ') REFERENCES ',
{referred_schema}, '.', {referred}, ' (', GROUP_CONCAT({other} ORDER BY k.ordinal_position),
') ON DELETE ', r.delete_rule, ' ON UPDATE ', r.update_rule)
FROM information_schema.key_column_usage AS k JOIN information_schema.referential_constraints AS r
ON r.constraint_schema = k.constraint_schema AND r.table_name = k.table_name
AND r.constraint_name = k.constraint_name
WHERE k.constraint_schema = {schema} AND k.table_name = {table} AND k.constraint_name = {old}
GROUP BY r.constraint_name""",
}
"""MariaDB: the statement that makes a constraint again, from what it is when the SQL runs."""


def _write_remake(operations: Operations, operation: RenameConstraintOp) -> None:
    write = SqlWriter(operations)
    table, schema = operation.table_name, operation.schema
    old, new = _cut(operations, operation)

    def quoted(name: str) -> str:
        return f"CONCAT('`', REPLACE({name}, '`', '``'), '`')"

    in_text = {
        "in_text": write.name(schema, table),
        "old_in_text": write.name(old),
        "new_in_text": write.name(new),
    }
    write.prepared(
        _REMADE[operation.type_].format(
            **{key: text.replace("'", "''") for key, text in in_text.items()},
            schema=write.literal(schema) if schema else "DATABASE()",
            table=write.literal(table),
            old=write.literal(old),
            column=quoted("k.column_name"),
            other=quoted("k.referenced_column_name"),
            referred=quoted("k.referenced_table_name"),
            referred_schema=quoted("k.referenced_table_schema"),
        )
    )


def _named(found: list[Any], name: str) -> Any:
    for item in found:
        if item["name"] == name:
            return item
    raise MigrationError(f"There is no constraint {name} to rename.")


def render(context: Any, operation: Rename) -> str:
    names = (operation.table_name, operation.old, operation.new)
    options: dict[str, Any] = {}
    if isinstance(operation, RenameConstraintOp):
        options = {"type_": operation.type_}
        options |= {"if_exists": True} if operation.if_exists else {}
    return call(context, operation.verb, operation, *(repr(str(n)) for n in names), **options)


# Alembic registers no renderer for its own operation.
def render_table(context: Any, operation: ops.RenameTableOp) -> str:
    names = (operation.table_name, operation.new_table_name)
    return call(context, "rename_table", operation, *map(repr, names))
