"""SQLite: a batch that loses nothing.

What SQLite can alter by itself is altered so, and everything that mentions it follows. Else
the table is made again (https://sqlite.org/lang_altertable.html#otheralter), with its
indexes, triggers, rowids and the last number of AUTOINCREMENT, and compared with what it
was: what the batch did not ask to drop exists again, or the revision stops.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from alembic.ddl.sqlite import SQLiteImpl
from alembic.operations import Operations
from sqlalchemy.exc import CompileError, DBAPIError, OperationalError

from ....databases.constraint_errors import violation
from ....databases.error_kinds import is_busy
from ....errors import MigrationError
from ....sql.raw import Sql
from ...alembic_internals import (
    RebuiltTable,
    StatementsChanged,
    flushed_batch,
)
from ...schema.create_table import CreateTable, TableSql, read_table
from ..rules import check, not_null, rows_named, unique
from ..violating_rows import Rule
from .rebuilt_table import BatchChange, change_of, existing_types, leave_out, mentions, merged
from .sqlite_master import SqliteMaster, references_follow

# SQLite renames nothing while a view or trigger anywhere is broken; in a rebuild it may be.
_BROKEN = re.compile(r"error in (view|trigger) (.*?)(?: after rename)?: ", re.DOTALL)
_ROWIDS = ("_rowid_", "rowid", "oid")


@dataclass
class Rebuild:
    """One table during a rebuild: what it was, and what must be restored."""

    connection: sa.Connection
    table: sa.Table
    temporary: str
    old: TableSql
    change: BatchChange
    indexes: dict[str, str] = field(default_factory=dict)
    triggers: dict[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    last: int | None = None

    @classmethod
    def of(
        cls,
        connection: sa.Connection,
        batch_impl: RebuiltTable,
        table: sa.Table,
        batch: Sequence[Any],
        dropped: set[tuple[str, str]],
    ) -> Rebuild:
        """Called when Alembic has made up the new table, and created nothing yet.

        The indexes and options that do not come back are added to ``dropped``.
        """
        master = SqliteMaster(connection, table.schema)
        (sql,) = master.of(table.name, "table").values()
        old = read_table(sql)
        found = cls(
            connection,
            table,
            batch_impl.temp_table_name,
            old,
            change_of(old, batch_impl, table, batch),
            triggers=master.of(table.name, "trigger"),
            key=master.primary_key(table.name),
            last=master.last_number(table.name),
        )
        read = {str(index.name) for index in table.indexes}
        for name, text in master.of(table.name, "index").items():
            goes = name in read and name not in batch_impl.indexes
            if goes or mentions(text.partition("(")[2], found.change.dropped):
                dropped.add(("index", name.casefold()))
            else:
                found.indexes[name] = text
        for option, stays in found.change.options.items():
            if not stays:
                dropped.add((option, table.name.casefold()))
        return found

    def refused(self, error: DBAPIError) -> Iterator[Rule]:
        """What the new table wants of the rows, and ``error`` says that they are not."""
        found, dialect = violation(error, ()), self.connection.dialect
        if found.kind == "UNIQUE" and found.columns:
            yield unique(dialect, "", found.columns)
        elif found.kind == "NOT NULL":
            yield not_null(dialect, found.columns)
        elif found.kind == "CHECK":
            # SQLite says the name, or the whole expression of one that has none.
            master = SqliteMaster(self.connection, self.table.schema)
            (sql,) = master.of(self.temporary, "table").values()
            name = str(found.constraint)
            named = [c for c in read_table(sql).clauses if c.name == name.casefold()]
            yield check(dialect, name if named else "", named[0].what if named else name)

    def hand_on(self) -> None:
        """The new table is filled, and the old one is still there."""
        master = SqliteMaster(self.connection, self.table.schema)
        (sql,) = master.of(self.temporary, "table").values()
        if read_table(sql).counts:
            master.hand_on_last_number(self.table.name, self.temporary)

    def finish(self, columns: dict[str, sa.Column[Any]]) -> None:
        """The new table has its name: create again what belongs to it, and compare."""
        for sql in (*self.indexes.values(), *self.triggers.values()):
            self.connection.exec_driver_sql(sql)
        master = SqliteMaster(self.connection, self.table.schema)
        (sql,) = master.of(self.table.name, "table").values()
        new = read_table(sql)
        lost = list(self._lost(new, master))
        if lost:
            raise MigrationError(
                f"{self.table.name} cannot be rebuilt without losing: {'; '.join(lost)}",
                "Change the table with SQL of your own in op.execute, and decide there what "
                "becomes of it.",
            )
        for old, name in _in_order(self.change.renamed):
            self._rename(master, old, name)
        for old, name in self.change.renamed.items():
            columns[old].name = name

    def _lost(self, new: TableSql, master: SqliteMaster) -> Iterator[str]:
        for column in self.old.columns:
            if column.name not in self.change.dropped and new.column(column.name) is None:
                yield f"column {column.name}"
        there = list(new.clauses)
        for clause in self.old.clauses:
            if self.change.keeps(clause):
                if clause.kind == "primary key":
                    clause = self.change.of_key(clause)
                same = next((c for c in there if clause.is_kept_by(c)), None)
                if same is None:
                    where = ", ".join(clause.columns)
                    yield f"{clause.text} of {where}" if where else clause.text
                else:
                    there.remove(same)
        key = self.old.primary_key
        stays = key is not None and self.change.keeps(key)
        # Not only as the statement reads: rows are found by it.
        if stays and master.primary_key(self.table.name) != self.key:
            yield f"primary key ({', '.join(self.key)})"
        stay = [option for option in self.old.options if self.change.options.get(option, True)]
        yield from (option for option in stay if option not in new.options)
        for kind, before in (("index", self.indexes), ("trigger", self.triggers)):
            now = master.of(self.table.name, kind)
            yield from (f"{kind} {name}" for name in before if name not in now)
        if self.last is not None and new.counts and master.last_number(self.table.name) is None:
            yield "the last number of AUTOINCREMENT"

    def _rename(self, master: SqliteMaster, old: str, new: str) -> None:
        statement = (
            f"ALTER TABLE {master.where}{master.quote(self.table.name)} "
            f"RENAME COLUMN {master.quote(old)} TO {master.quote(new)}"
        )
        aside: list[str] = []
        with references_follow(self.connection):
            while True:
                try:
                    with self.connection.begin_nested():
                        self.connection.exec_driver_sql(statement)
                    break
                except OperationalError as error:
                    if not _is_refusal(error):
                        raise
                    found = _BROKEN.match(str(error.orig))
                    if found is None:
                        raise
                    aside += master.take_away(found[1], found[2])
        for sql in aside:
            self.connection.exec_driver_sql(sql)


def _in_order(renamed: dict[str, str]) -> Iterator[tuple[str, str]]:
    """One rename after the other, so that two columns may swap their names."""
    taken = {name.casefold() for name in renamed}
    aside = {}
    for number, (old, new) in enumerate(renamed.items()):
        if new.casefold() in taken - {old.casefold()}:
            aside[f"_sqlalchemy_manage_{number}"] = new
            yield old, f"_sqlalchemy_manage_{number}"
        else:
            yield old, new
    yield from aside.items()


def _is_refusal(error: OperationalError) -> bool:
    """Whether SQLite understood the statement and will not do it (SQLITE_ERROR)."""
    return getattr(error.orig, "sqlite_errorcode", 1) == 1 and not is_busy(error)


Values = Mapping[str, Mapping[str, str]]


def rebuild_edited(
    operations: Operations,
    schema: str | None,
    table: str,
    edit: Callable[[CreateTable], None],
    values: Values,
) -> None:
    """Rebuild a table from its edited statement; rows, indexes and triggers stay.

    ``values``: for a column, the old values that others take the place of.
    """
    if operations.get_context().as_sql:
        raise MigrationError(
            f"SQLite must rebuild {table} from its definition; this cannot be shown as SQL "
            "without a database."
        )
    impl: Any = operations.impl
    impl.edited = (edit, values)
    try:
        with warnings.catch_warnings():
            # What reflection does not know is taken from the old statement.
            warnings.simplefilter("ignore")
            with operations.batch_alter_table(table, schema=schema, recreate="always"):
                pass
    finally:
        impl.edited = None


class RebuildingImpl(StatementsChanged, SQLiteImpl):
    """Alembic's implementation of SQLite with the above; offline, only what needs no database."""

    edited: tuple[Callable[[CreateTable], None], Values] | None = None
    """For ``rebuild_edited``: what changes the statement, and the columns' new values."""
    _rebuild: Rebuild | None = None
    _columns: dict[str, sa.Column[Any]]

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.dropped: set[tuple[str, str]] = set()
        """Kind and name of what is dropped of tables made again; a run reads it."""

    @property
    def existing_types(self) -> dict[str, Any]:
        """What the revision says that altered columns were: a Uuid is reflected as CHAR(32)."""
        return existing_types(getattr(flushed_batch(), "batch", ()))

    def create_table_comment(self, table: Any) -> None:
        """SQLite keeps no comments; the revision is for the databases that do."""

    def drop_table_comment(self, table: Any) -> None:
        """The same."""

    def requires_recreate_in_batch(self, batch_op: Any) -> bool:
        batch_op.batch[:] = _without_comments(batch_op.batch)
        required = super().requires_recreate_in_batch(batch_op)
        given = (batch_op.copy_from is not None, batch_op.table_args, batch_op.table_kwargs)
        if not required or flushed_batch() is None or any(given) or batch_op.partial_reordering:
            return required
        if not all(map(_may_be_native, batch_op.batch)):
            return True
        if self.as_sql:
            return any(operation == "drop_column" for operation, _, _ in batch_op.batch)
        return not self._natively(batch_op.batch)

    def _natively(self, batch: list[Any]) -> bool:
        """Do all of it where SQLite can, else nothing. Nothing is left in ``batch`` then."""
        assert self.connection is not None
        if not self.connection.in_transaction():
            return False
        try:
            with self.connection.begin_nested(), references_follow(self.connection):
                for operation, args, kw in batch:
                    getattr(self, operation)(*args, **kw)
        except OperationalError as error:
            if not _is_refusal(error):
                raise
            return False
        batch.clear()
        return True

    def prep_table_for_batch(self, batch_impl: Any, table: sa.Table) -> None:
        # Called when the new table is made up, and before it is created.
        super().prep_table_for_batch(batch_impl, table)
        self._rebuild = None
        if not self.as_sql:
            self._prepare(batch_impl, table)
        for column, transfer in batch_impl.column_transfers.items():
            if batch_impl.columns[column].computed is not None:
                transfer.pop("expr", None)

    def _prepare(self, batch_impl: RebuiltTable, table: sa.Table) -> None:
        assert self.connection is not None
        if self.connection.exec_driver_sql("PRAGMA foreign_keys").scalar():
            raise MigrationError(
                f"PRAGMA foreign_keys is on: {table.name} cannot be rebuilt safely, because "
                "dropping the old one would delete the rows that refer to it.",
                "The runner sets it OFF before each transaction; do not set it in a revision.",
            )
        batch = getattr(flushed_batch(), "batch", ())
        rebuild = self._rebuild = Rebuild.of(
            self.connection, batch_impl, table, batch, self.dropped
        )
        leave_out(batch_impl, rebuild.old, table, rebuild.change)
        batch_impl.indexes.clear()
        self._columns = batch_impl.columns
        for name in rebuild.change.renamed:
            # Renamed by SQLite when all else is done, so that everything follows.
            batch_impl.columns[name].name = name
        for name, values in (self.edited[1] if self.edited is not None else {}).items():
            if values and (transfer := batch_impl.column_transfers.get(name)):
                old = transfer["expr"]
                transfer["expr"] = sa.case(values, value=old, else_=old)
        new_table = batch_impl.new_table
        has_rowid = new_table.dialect_options["sqlite"]["with_rowid"]
        if has_rowid and not rebuild.old.is_keyed and not self._is_rowid(new_table.primary_key):
            free = [n for n in _ROWIDS if n not in {c.name.casefold() for c in new_table.c}]
            for rowid in [n for n in free if rebuild.old.column(n) is None][:1]:
                # system: it exists without being created.
                new_table.append_column(sa.Column(rowid, sa.Integer, system=True))
                batch_impl.column_transfers[rowid] = {"expr": sa.literal_column(rowid)}
                batch_impl.columns[rowid] = new_table.c[rowid]

    def _is_rowid(self, key: sa.PrimaryKeyConstraint) -> bool:
        with suppress(CompileError):
            return [c.type.compile(self.dialect).upper() for c in key.columns] == ["INTEGER"]
        return False

    def changed(self, statement: Any) -> Any:
        if isinstance(statement, sa.schema.CreateTable) and self._rebuild is not None:
            table = statement.element
            if isinstance(table, sa.Table) and table.name == self._rebuild.temporary:
                sql = str(statement.compile(dialect=self.dialect))
                sql = merged(self._rebuild.old, sql, self._rebuild.change)
                return Sql(self._edited(sql) if self.edited is not None else sql)
        return super().changed(statement)

    def _edited(self, sql: str) -> str:
        assert self.edited is not None and self._rebuild is not None
        statement = CreateTable(sql)
        self.edited[0](statement)
        # This is what has to be there in the end.
        self._rebuild.old = read_table(str(statement))
        return str(statement)

    def _exec(self, construct: Any, *args: Any, **kw: Any) -> Any:
        rebuild = self._rebuild
        if rebuild is None or not isinstance(construct, sa.Insert):
            return super()._exec(construct, *args, **kw)
        with rows_named(self, rebuild.table.schema, rebuild.table.name, rebuild.refused):
            return super()._exec(construct, *args, **kw)

    def drop_table(self, table: sa.Table, **kw: Any) -> None:
        if self._rebuild is not None and table is self._rebuild.table:
            self._rebuild.hand_on()
        super().drop_table(table, **kw)

    def rename_table(self, old_table_name: str, new_table_name: Any, schema: Any = None) -> None:
        super().rename_table(old_table_name, new_table_name, schema)
        rebuild = self._rebuild
        if rebuild is not None and old_table_name == rebuild.temporary:
            self._rebuild = None
            rebuild.finish(self._columns)


def _without_comments(batch: list[Any]) -> Iterator[Any]:
    """Nothing is rebuilt for a comment, which SQLite does not keep."""
    for name, args, kw in list(batch):
        if name in ("create_table_comment", "drop_table_comment"):
            continue
        if name == "alter_column" and kw.get("comment", False) is not False:
            kw = {key: value for key, value in kw.items() if key != "comment"}
            given = [kw.get(key) is not None for key in ("nullable", "type_", "name")]
            if not any([*given, kw.get("server_default", False) is not False]):
                continue
        yield name, args, kw


def _may_be_native(operation: Any) -> bool:
    name, _, kw = operation
    if name == "add_column" and kw.keys() & {"insert_before", "insert_after"}:
        return False
    if name != "alter_column":
        return name in ("add_column", "drop_column", "create_index", "drop_index")
    alters = [kw.get(key) is not None for key in ("nullable", "type_", "autoincrement")]
    alters += [kw.get(key, False) is not False for key in ("server_default", "comment")]
    return bool(kw.get("name")) and not any(alters)
