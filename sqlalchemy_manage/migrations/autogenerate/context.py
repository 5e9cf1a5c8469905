"""What the steps that refine a comparison share: the models, the database, who answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext

from ...models import managed_tables
from ...sql.raw import cut_name
from ..questions import Answers, Closed, Key, Question, Questioner
from ..schema.snapshot import Snapshot
from .history_objects import Ownership
from .state import state_of


@dataclass(frozen=True)
class UnimportedModel:
    """A model, or a ``Table``, of a table in a module that nobody imported.

    ``class_name`` is the name of the class, or of the variable that holds the Table. It is
    empty for a file that mentions the table and cannot be read (``readable`` is False).
    """

    table: str
    class_name: str
    path: Path
    line: int
    module: str

    @property
    def readable(self) -> bool:
        return bool(self.class_name)

    def __str__(self) -> str:
        path = Path(os.path.relpath(self.path))
        shown = self.path if path.parts[:1] == ("..",) else path
        if not self.readable:
            return f"{shown} mentions {self.table} and cannot be read (line {self.line})"
        return f"{self.table} is {self.class_name} in {shown}, line {self.line}; " + (
            f"nothing imports {self.module}"
        )


@dataclass
class ComparisonContext:
    """One comparison under review.

    ``rows_visible`` is False where the connected database is a scratch one. ``owned`` is
    asked for what the history created, ``unimported`` for models of given tables in
    modules that nobody imported; neither before a drop is proposed. ``notices`` collects
    what the user should know though nothing is asked; ``undecided`` are the tables and
    columns that may have been renamed (the answer is open), so that no more is asked;
    ``doubtful`` those that create_all may have made, or another program.
    """

    context: MigrationContext
    metadatas: list[sa.MetaData]
    answers: Answers
    questioner: Questioner
    owned: Callable[[], Ownership]
    unimported: Callable[[Iterable[str]], list[UnimportedModel]]
    rows_visible: bool = True
    notices: list[str] = field(default_factory=list)
    undecided: set[str] = field(default_factory=set)
    losses: list[str] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)
    _old_tables: dict[Key, Key] = field(default_factory=dict)
    _old_columns: dict[Key, dict[str, str]] = field(default_factory=dict)

    @cached_property
    def connection(self) -> sa.Connection:
        connection = self.context.connection
        assert connection is not None
        return connection

    @property
    def snapshot(self) -> Snapshot:
        """The schema as the comparison sees it: with the accepted renames."""
        return state_of(self.context).snapshot

    @cached_property
    def tables(self) -> dict[Key, sa.Table]:
        """The models' tables, without those that are not managed."""
        default = self.connection.dialect.default_schema_name
        return {
            (None if table.schema == default else table.schema, table.name): table
            for table in managed_tables(self.metadatas)
        }

    def compare(self) -> ops.UpgradeOps:
        """The operations from the snapshot to the models; the database is not asked again."""
        self.snapshot.fresh()
        target: Any = self.metadatas[0] if len(self.metadatas) == 1 else self.metadatas
        found = produce_migrations(self.context, target).upgrade_ops
        assert found is not None
        return found

    def ask(self, question: Question) -> Any:
        return self.questioner.ask(question)

    @property
    def open(self) -> bool:
        """Whether the questioner leaves every question open."""
        return isinstance(self.questioner, Closed)

    def rename_tables(self, schema: str | None, names: dict[str, str]) -> None:
        """Accept renames of tables: from now on the comparison knows them by the new names."""
        real = {old: self._old_tables.pop((schema, old), (schema, old)) for old in names}
        columns = {old: self._old_columns.pop((schema, old), {}) for old in names}
        for old, new in names.items():
            self._old_tables[schema, new] = real[old]
            self._old_columns[schema, new] = columns[old]
        self.snapshot.rename_tables(schema, names)

    def move_table(self, table: str, old: str | None, new: str | None) -> None:
        """Accept that a table moves to another schema."""
        self._old_tables[new, table] = self._old_tables.pop((old, table), (old, table))
        self._old_columns[new, table] = self._old_columns.pop((old, table), {})
        self.snapshot.move_table(table, old, new)

    def rename_columns(self, schema: str | None, table: str, names: dict[str, str]) -> None:
        """Accept renames of columns of a table, the table's name being the new one."""
        known = self._old_columns.setdefault((schema, table), {})
        real = {new: known.pop(old, old) for old, new in names.items()}
        known.update(real)
        self.snapshot.rename_columns(schema, table, names)

    def stored_key(self, schema: str | None, table: str) -> Key:
        """Where a table of the comparison is in the database."""
        return self._old_tables.get((schema, table), (schema, table))

    def stored(self, schema: str | None, table: str, column: str = "") -> tuple[Key, str]:
        """Where a table is in the database, and what a column of it is called there."""
        key = (schema, table)
        (real_schema, name), names = self.stored_key(*key), self._old_columns.get(key, {})
        real = names.get(column, column)
        if self.connection.dialect.name == "postgresql":
            name, real = cut_name(name), cut_name(real)
        return (real_schema, name), real

    def made(self, schema: str | None, table: str, column: str = "") -> bool:
        """Whether the history, or create_all, may have created a table or a column."""
        return self.owned().create_all or self.surely_made(schema, table, column)

    def surely_made(self, schema: str | None, table: str, column: str = "") -> bool:
        """Whether the history created a table, or a column, which may be renamed by now."""
        real, old = self.stored(schema, table, column)
        if column:
            return self.owned().column(*real, old)
        return self.owned().table(*real)

    def rows(self, schema: str | None, table: str) -> int | None:
        """How many rows the table has; None if they cannot be seen."""
        return self._count(schema, table, sa.func.count())

    def values(self, schema: str | None, table: str, column: str) -> int | None:
        """How many rows have a value in the column; None if they cannot be seen."""
        real = self.stored(schema, table, column)[1]
        return self._count(schema, table, sa.func.count(sa.column(real)))

    def _count(self, schema: str | None, table: str, what: Any) -> int | None:
        if not self.rows_visible:
            return None
        real, name = self.stored_key(schema, table)
        query = sa.select(what).select_from(sa.table(name, schema=real))
        return self.connection.scalar(query)
