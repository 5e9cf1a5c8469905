"""Alembic's implementations of the databases, with fixes for what they lose.

A subclass with ``__dialect__`` replaces Alembic's own
(https://alembic.sqlalchemy.org/en/latest/api/ddl.html).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from alembic.ddl.impl import DefaultImpl
from alembic.ddl.mysql import MariaDBImpl, MySQLImpl
from alembic.ddl.postgresql import PostgresqlImpl
from sqlalchemy.exc import SQLAlchemyError

from ...sql.raw import Sql, SqlExpression, literally, qualified, sql_of, undoubled
from ..alembic_internals import MySQLChangeColumn, StatementsChanged, flushed_batch
from ..schema.reflection_fixes import complete_computed
from ..schema.server_types import ServerTypes
from ..schema.sqlite_types import COMPLETE, complete_type, declared_type, folded, same
from .conversions import mariadb, sqlite
from .conversions.altering import LooksAtValues
from .conversions.postgresql import cast, using
from .mysql_indexes import ServesForeignKeys
from .rules import NamesRefusedRows
from .sqlite.rebuild import RebuildingImpl


@contextmanager
def without_needless_warnings() -> Iterator[None]:
    """Around revisions and comparisons: they warn of what is lost, and here it is not.

    Neither in a rebuild, nor of a type that SQLAlchemy does not know.
    """
    with warnings.catch_warnings():
        for message in (
            "Unnamed CHECK constraint on reflected table",
            "Skipped unsupported reflection of expression-based index",
            "Did not recognize type",
            # Their foreign keys follow when all of them are there.
            "Cannot correctly sort tables",
            # Of names with quotes in them.
            "Unknown schema content: '  CONSTRAINT",
            "WARNING: SQL-parsed foreign key constraint",
        ):
            warnings.filterwarnings("ignore", message)
        yield


class _Literally(DefaultImpl):
    """Expressions go into a revision as they are.

    Alembic writes them compiled for the driver; the revision, compiled once more, would
    say ``LIKE 'a%%'`` to the database.
    """

    def render_ddl_sql_expr(self, expr: Any, *args: Any, **kw: Any) -> str:
        text = super().render_ddl_sql_expr(expr, *args, **kw)
        return literally(undoubled(text, self.dialect))


class _AsksTheServer(DefaultImpl):
    """A type is another one where the server makes another of it.

    Alembic compares the words as far as both sides have them, with a list of synonyms.
    """

    @cached_property
    def _types(self) -> ServerTypes:
        assert self.connection is not None
        return ServerTypes(self.connection)

    def compare_type(self, inspector_column: Any, metadata_column: Any) -> bool:
        same = self._types.same(inspector_column, metadata_column)
        return super().compare_type(inspector_column, metadata_column) if same is None else not same


class PostgreSQL(NamesRefusedRows, _AsksTheServer, _Literally, LooksAtValues, PostgresqlImpl):
    __dialect__ = "postgresql"

    def add_constraint(self, const: Any, **kw: Any) -> None:
        # Alembic makes a table of the columns that are unique, without those of INCLUDE.
        for name in const.dialect_kwargs.get("postgresql_include") or ():
            if name not in const.table.columns:
                const.table.append_column(sa.Column(name, sa.types.NullType()))
        super().add_constraint(const, **kw)

    def alter_column(self, table_name: str, column_name: str, **kw: Any) -> None:
        # For MariaDB; Alembic warns of them here, though it has written them itself.
        kw |= {"autoincrement": None, "existing_autoincrement": None}
        new, schema = kw.get("type_"), kw.get("schema")
        old = how = None
        if new is not None and "postgresql_using" not in kw:
            old = self.type_there(table_name, column_name, schema, kw.get("existing_type"))
        if old is not None:
            loses = self.look(table_name, column_name, schema, old, new)
            column = self.dialect.identifier_preparer.quote(column_name)
            connection = None if self.as_sql else self.connection
            how = using(column, old, new, self.dialect, connection)
            if loses and how is None:
                how = cast(column, new, self.dialect)  # which cuts a text that is too long
        default = kw.get("existing_server_default")
        if how is not None:
            kw["postgresql_using"] = how
            if default not in (None, False):
                # The default would have to be converted too, and is not.
                super().alter_column(table_name, column_name, server_default=None, schema=schema)
                if kw.get("server_default", False) is False:
                    kw["server_default"] = default
        super().alter_column(table_name, column_name, **kw)
        if isinstance(old, sa.Integer) and isinstance(new, sa.Integer):
            self._widen_sequence(table_name, str(kw.get("name") or column_name), new, kw)

    def _widen_sequence(self, table_name: str, column_name: str, type_: Any, kw: Any) -> None:
        """Give the sequence of a SERIAL the type of its column; it would end before it."""
        table = qualified(self.dialect, kw.get("schema"), table_name)
        place = ", ".join(sql_of(sa.literal(text), self.dialect) for text in (table, column_name))
        words = type_.compile(self.dialect)
        self.execute(
            Sql(
                f"DO $do$ DECLARE s text := pg_get_serial_sequence({place}); BEGIN IF s IS NOT NULL"
                f" THEN EXECUTE format('ALTER SEQUENCE %s AS {words}', s); END IF; END $do$"
            )
        )


class _KeepsChecks(StatementsChanged, _Literally):
    """MODIFY restates a column; a CHECK within its definition would be gone."""

    def changed(self, statement: Any) -> Any:
        if isinstance(statement, MySQLChangeColumn) and not self.as_sql:
            check = self._check_of(statement)
            if check is not None:
                sql = undoubled(str(statement.compile(dialect=self.dialect)), self.dialect)
                return Sql(f"{sql} CHECK ({check})")
        return super().changed(statement)

    def _check_of(self, change: MySQLChangeColumn) -> str | None:
        if not getattr(self.dialect, "is_mariadb", False):
            return None
        assert self.connection is not None
        check: str | None = self.connection.scalar(
            sa.text(
                "SELECT check_clause FROM information_schema.check_constraints"
                " WHERE level = 'Column' AND constraint_schema = COALESCE(:schema, DATABASE())"
                " AND table_name = :table AND constraint_name = :column"
            ),
            {"schema": change.schema, "table": change.table_name, "column": change.column_name},
        )
        from sqlalchemy.dialects import mysql

        is_json = check is not None and check.startswith("json_valid(")
        # JSON is LONGTEXT with that CHECK; the type by its name brings one along.
        return None if is_json and not isinstance(change.type_, mysql.LONGTEXT) else check


class _Respells(LooksAtValues, _KeepsChecks):
    """What the server would not convert as it has to be, is respelt: the shorter form fits."""

    def alter_column(self, table_name: str, column_name: str, **kw: Any) -> None:
        new, schema = kw.get("type_"), kw.get("schema")
        old = kw.get("existing_type")
        if new is not None:
            old = self.type_there(table_name, column_name, schema, old)
        if old is None or new is None:
            return super().alter_column(table_name, column_name, **kw)
        self.look(table_name, column_name, schema, old, new)
        column = qualified(self.dialect, column_name)
        made = mariadb.before(column, old, new, self.dialect)
        # Also where no value is lost, so that an interrupted revision takes the same steps.
        if made is not None and not (self.as_sql and mariadb.cuts(old, new, self.dialect)):
            self._respell(table_name, column, made, schema)
        between = mariadb.by_way_of(old, new, self.dialect)
        if between is not None:
            same = {k: v for k, v in kw.items() if k.startswith("existing_")}
            super().alter_column(
                table_name, column_name, schema=schema, **same | {"type_": between}
            )
            kw["existing_type"] = between
        super().alter_column(table_name, column_name, **kw)
        column = qualified(self.dialect, kw.get("name") or column_name)
        made = mariadb.after(column, old, new, self.dialect)
        if made is not None:
            self._respell(table_name, column, made, schema)

    def _respell(self, table: str, column: str, made: str, schema: str | None) -> None:
        where = f"NOT (CAST({column} AS BINARY) <=> CAST({made} AS BINARY))"
        name = qualified(self.dialect, schema, table)
        self.execute(Sql(f"UPDATE {name} SET {column} = {made} WHERE {where}"))


class _NeverDefers(DefaultImpl):
    """A constraint is checked at once there: the words DEFERRABLE and INITIALLY are left out."""

    def create_table(self, table: sa.Table, **kw: Any) -> None:
        for const in table.constraints:
            const.deferrable = const.initially = None
        super().create_table(table, **kw)

    def add_constraint(self, const: Any, **kw: Any) -> None:
        const.deferrable = const.initially = None
        super().add_constraint(const, **kw)


class MySQL(
    NamesRefusedRows, _AsksTheServer, _NeverDefers, ServesForeignKeys, _Respells, MySQLImpl
):
    __dialect__ = "mysql"


class MariaDB(
    NamesRefusedRows, _AsksTheServer, _NeverDefers, ServesForeignKeys, _Respells, MariaDBImpl
):
    __dialect__ = "mariadb"


UNNAMED = "_sqlalchemy_manage_unnamed"
"""For Alembic's batch, which refuses a primary key without a name: SQLite makes it without."""


class SQLite(NamesRefusedRows, _Literally, LooksAtValues, RebuildingImpl):
    __dialect__ = "sqlite"

    def prep_table_for_batch(self, batch_impl: Any, table: sa.Table) -> None:
        if batch_impl.new_table.primary_key.name == UNNAMED:
            batch_impl.new_table.primary_key.name = None
        super().prep_table_for_batch(batch_impl, table)

    def cast_for_batch_migrate(self, existing: Any, existing_transfer: Any, new_type: Any) -> None:
        if folded(self._words(existing)) == folded(self._words(sa.Column(type_=new_type))):
            return  # it is of that type
        old = self.existing_types.get(existing.name, existing.type)
        given, batch = existing_transfer["expr"], flushed_batch()
        value = sql_of(given, self.dialect)
        if batch is not None:
            self.look(batch.table_name, existing.name, batch.schema, old, new_type, value)
        made = sqlite.converted(value, old, new_type).sql
        if made != value:
            given = SqlExpression(made, given)
        existing_transfer["expr"] = sa.type_coerce(given, new_type)

    def autogen_column_reflect(self, inspector: Any, table: sa.Table, column_info: Any) -> None:
        # For a rebuild; in a comparison the snapshot has it, with the renames made.
        super().autogen_column_reflect(inspector, table, column_info)
        if COMPLETE in column_info or self.connection is None:
            return
        name = declared_type(self.connection, table.schema, table.name, column_info["name"])
        complete_type(column_info, name, self.dialect)
        if column_info.get("computed"):
            create = self.connection.scalar(
                sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table"),
                {"table": table.name},
            )
            if create:
                complete_computed(create, [column_info])

    def _words(self, column: sa.Column[Any]) -> str:
        compiler = self.dialect.type_compiler_instance
        return str(compiler.process(column.type, type_expression=column))

    def compare_type(self, inspector_column: Any, metadata_column: Any) -> bool:
        with suppress(SQLAlchemyError):
            found = same(self._words(inspector_column), self._words(metadata_column))
            if found is not None:
                return not found
        return super().compare_type(inspector_column, metadata_column)

    def correct_for_autogen_constraints(self, *args: Any) -> None:
        """Alembic cannot compare expression indexes here; the indexes module does."""
        _, conn_indexes, _, metadata_indexes = args
        for indexes in (conn_indexes, metadata_indexes):
            for index in list(indexes):
                if not all(isinstance(bare(e), sa.Column) for e in index.expressions):
                    indexes.discard(index)


def bare(expression: Any) -> Any:
    """A column of an index, without DESC and so on."""
    while isinstance(expression, sa.sql.elements.UnaryExpression):
        expression = expression.element
    return expression
