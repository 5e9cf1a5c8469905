"""Columns of values into tables, as fast as each driver can.

An :class:`Encoder` makes blocks, in any process and without a connection; a
:class:`BlockWriter` sends them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ...data.backends import advance_sequences, giving_identities
from ...errors import ManageError, SeedError
from ...fitting import count
from ...sql.dialects import MARIADB
from ..row_blocks import held, held_values
from . import mysql, postgresql, sqlite
from .block import EncodedBlock
from .postgresql import quiet
from .values import ValueFault, Values, bound, each, is_usual, needs_core, without_defaults

__all__ = ["BlockWriter", "EncodedBlock", "Encoder", "ValueFault"]


class Encoder:
    """Makes blocks for one dialect.

    ``changing``: the full names of tables in which a row may get another key than it is sent with.
    """

    def __init__(self, dialect: sa.Dialect, changing: Collection[str] = ()) -> None:
        self.dialect = dialect
        self.changing = changing
        self._ways: dict[tuple[str, tuple[str, ...]], str] = {}

    def encode(
        self,
        table: sa.Table,
        columns: Sequence[str],
        values: Sequence[Values],
        returned: Sequence[str] = (),
        rows: int = 0,
    ) -> EncodedBlock:
        """A block of rows, from a sequence of Python values for each column (by its key).

        ``rows``: how many there are where no column is given. ``returned``: the columns
        whose values the database has to tell, as it gives them. Raises ValueFault for a
        value that cannot be written.
        """
        keys = tuple(columns)
        count = len(values[0]) if values else rows
        way = self._ways.get((table.fullname, keys))
        if way is None:
            way = self._ways[table.fullname, keys] = _way(table, keys, self.dialect)
        given = [table.columns[key] for key in keys]
        try:
            made = [bound(c, self.dialect, v) for c, v in zip(given, values, strict=True)]
            plain = [
                (c, v) for c, v, m in zip(given, values, made, strict=True) if m is v
            ]  # what their types leave as it is
            if way in ("copy", "literals") and not all(is_usual(c, v) for c, v in plain):
                if way == "copy":
                    for column, each_made in zip(given, made, strict=True):
                        each(column, postgresql.require_no_nul, each_made)
                way = "core"  # the driver and the server convert it, as they do for the ORM
            payload = self._payload(way, given, made, values)
        except ValueFault as fault:
            value = values[keys.index(fault.column)][fault.row]  # as it was given
            raise ValueFault(
                table.fullname, fault.column, fault.row, value, fault.reason
            ) from fault.__cause__
        if returned:
            payload = ("returning", list(values))
        return EncodedBlock(table.fullname, keys, count, payload, tuple(returned))

    def _payload(
        self, way: str, given: list[sa.Column[Any]], made: list[Values], values: Sequence[Values]
    ) -> tuple[str, Any]:
        if way == "copy":
            parts = [postgresql.texts(c, self.dialect, v) for c, v in zip(given, made, strict=True)]
            texts = [part for part in parts if part is not None]
            if len(texts) == len(parts):
                return "copy", postgresql.copy_text(texts) if made and made[0] else b""
            copied = self.dialect.driver == "psycopg" and not any(
                map(postgresql.is_cast, given, made)
            )
            return ("rows", made) if copied else ("core", list(values))
        if way == "literals":
            parts = [mysql.literals(c, v) for c, v in zip(given, made, strict=True)]
            texts = [part for part in parts if part is not None]
            if len(texts) != len(parts):
                return "core", list(values)
            return "literals", mysql.rows(texts) if made and made[0] else []
        return (way, made) if way == "many" else (way, list(values))


def _way(table: sa.Table, columns: Sequence[str], dialect: sa.Dialect) -> str:
    name, driver = dialect.name, dialect.driver
    if name == "postgresql" and driver in ("psycopg", "psycopg2"):
        return "core" if needs_core(table, columns, dialect) else "copy"
    if name in MARIADB and driver in ("pymysql", "mysqldb"):
        return "core" if needs_core(table, columns, dialect) else "literals"
    if name == "sqlite" and driver == "pysqlite" and columns:
        # A default of the model that Python has to work out would be one parameter more.
        plain = set(_insert(table, columns, dialect)[1]) == set(columns)
        return "many" if plain else "core"
    return "core"


def _insert(table: sa.Table, columns: Sequence[str], dialect: sa.Dialect) -> tuple[str, list[str]]:
    compiled: Any = sa.insert(table).inline().compile(dialect=dialect, column_keys=list(columns))
    return str(compiled), list(compiled.positiontup or ())


class BlockWriter:
    """Sends blocks in the transaction of ``connection``, which the caller commits.

    ``tables``: full name -> table. What the database refuses is raised as SQLAlchemy's
    DBAPIError, with the INSERT as its statement. ``sorting``: on SQLite, rows of link tables
    wait, and exist after ``waiting.put_in()``.
    """

    sorting = False

    def __init__(self, connection: sa.Connection, tables: Mapping[str, sa.Table]) -> None:
        self.connection = connection
        self.tables = tables
        self._inserts: dict[tuple[str, tuple[str, ...]], tuple[str, list[str]]] = {}
        self._sent: dict[str, set[str]] = {}
        self.waiting = sqlite.Waiting(connection, tables.values())

    def send(self, block: EncodedBlock) -> list[Values]:
        """Insert the rows of a block. Returns the values of its ``returned`` columns."""
        if not block.count:
            return []
        table = self.tables[block.table]
        self._sent.setdefault(block.table, set()).update(block.columns)
        how, what = block.payload
        if how == "returning":
            return self._returning(table, block, what)
        ways: dict[str, Callable[[sa.Table, EncodedBlock, Any], None]] = {
            "many": self._many,
            "copy": self._copy,
            "rows": self._rows,
            "literals": self._literals,
            "core": self._core,
        }
        ways[how](table, block, what)
        return []

    def _many(self, table: sa.Table, block: EncodedBlock, columns: list[Values]) -> None:
        at = (block.table, block.columns)
        if at not in self._inserts:
            self._inserts[at] = _insert(table, block.columns, self.connection.dialect)
        statement, order = self._inserts[at]
        ordered = [columns[block.columns.index(key)] for key in order]
        if self.sorting and self.waiting.takes(table, block.columns, statement):
            statement = self.waiting.insert(table, order)
        try:
            with self._cursor(statement) as cursor:
                sqlite.insert_rows(cursor, statement, ordered)
        except (OverflowError, UnicodeEncodeError):
            for key, values in zip(block.columns, columns, strict=True):
                each(table.columns[key], _storable, values)
            raise

    def _copy(self, table: sa.Table, block: EncodedBlock, text: bytes) -> None:
        copy = postgresql.copy_statement(table, block.columns, self.connection.dialect)
        with self._cursor(self._named(table, block)) as cursor:
            if self.connection.dialect.driver == "psycopg2":
                import io

                cursor.copy_expert(copy, io.BytesIO(text))
                return
            with cursor.copy(copy) as into:
                into.write(text)

    def _rows(self, table: sa.Table, block: EncodedBlock, columns: list[Values]) -> None:
        copy = postgresql.copy_statement(table, block.columns, self.connection.dialect)
        with self._cursor(self._named(table, block)) as cursor, cursor.copy(copy) as into:
            for row in zip(*columns, strict=True):
                into.write_row(row)

    def _literals(self, table: sa.Table, block: EncodedBlock, rows: list[str]) -> None:
        head = self._named(table, block)
        with self._cursor(head) as cursor:
            written = 0
            for statement in mysql.statements(head, rows, self._packet):
                cursor.execute(statement)
                written += cursor.rowcount
        if written != block.count:
            raise SeedError(
                f"{block.table}: of {count(block.count, 'row')}, {written:,} arrived.",
                "Does a trigger or a view of the database skip rows?",
            )

    def _core(self, table: sa.Table, block: EncodedBlock, columns: list[Values]) -> None:
        rows = [dict(zip(block.columns, row, strict=True)) for row in zip(*columns, strict=True)]
        identities = [table.columns[key] for key in block.columns]
        try:
            with giving_identities(self.connection, identities), quiet():
                self.connection.execute(sa.insert(table), rows)
        except (SQLAlchemyError, ManageError):
            raise
        except Exception as error:  # a driver's own, of a value that it does not know
            raise DBAPIError(self._named(table, block), None, error) from error

    def _returning(
        self, table: sa.Table, block: EncodedBlock, columns: list[Values]
    ) -> list[Values]:
        if not self.connection.dialect.insert_returning:
            raise SeedError(
                f"{block.table}: this database does not tell the keys that it gives, so the rows "
                "could not be removed again. Nothing was written.",
                f"Give {block.table}.{block.returned[0]} its value in the factory, or a default "
                "in the model.",
            )
        rows = [dict(zip(block.columns, row, strict=True)) for row in zip(*columns, strict=True)]
        told = [table.columns[key] for key in block.returned]
        given = [table.columns[key] for key in block.columns]
        dialect = self.connection.dialect
        insert = sa.insert(table).returning(*(held(column, dialect) for column in told))
        with giving_identities(self.connection, given):
            if rows:
                found = self.connection.execute(insert, rows).all()
            else:  # DEFAULT VALUES, of which an INSERT takes one row
                found = [self.connection.execute(insert).one() for _ in range(block.count)]
        return list(zip(*held_values(told, found, dialect), strict=True))

    def _named(self, table: sa.Table, block: EncodedBlock) -> str:
        return mysql.insert_head(table, block.columns, self.connection.dialect)

    @cached_property
    def _packet(self) -> int:
        return int(self.connection.exec_driver_sql("SELECT @@max_allowed_packet").scalar_one())

    @contextmanager
    def _cursor(self, statement: str) -> Iterator[Any]:
        """The driver's cursor; its errors become SQLAlchemy's, as those of ``statement``."""
        connection = self.connection
        if not connection.in_transaction():
            connection.begin()
        dialect = connection.dialect
        driver: Any = connection.connection
        cursor: Any = driver.cursor()
        try:
            yield cursor
        except dialect.loaded_dbapi.Error as error:
            gone = dialect.is_disconnect(error, driver, cursor)
            wrapped = DBAPIError.instance(
                statement,
                None,
                error,
                dialect.loaded_dbapi.Error,
                hide_parameters=connection.engine.hide_parameters,
                connection_invalidated=gone,
                dialect=dialect,
                ismulti=True,
            )
            if gone:
                connection.invalidate(error)
            raise wrapped from error
        finally:
            cursor.close()

    def update(
        self,
        table: sa.Table,
        set_columns: Sequence[str],
        values: Sequence[Values],
        key_columns: Sequence[str],
        keys: Sequence[Values],
    ) -> None:
        """Set columns of the rows with these keys; no ``onupdate`` default takes part."""
        columns = table.columns
        bare = without_defaults(table)
        new = [sa.bindparam(f"v{i}", type_=columns[k].type) for i, k in enumerate(set_columns)]
        old = [sa.bindparam(f"k{i}", type_=columns[k].type) for i, k in enumerate(key_columns)]
        statement = bare.update().values(
            {columns[k].name: p for k, p in zip(set_columns, new, strict=True)}
        )
        for key, parameter in zip(key_columns, old, strict=True):
            statement = statement.where(bare.columns[columns[key].name] == parameter)
        dialect = self.connection.dialect
        given = {p.key: v for p, v in zip([*new, *old], [*values, *keys], strict=True)}
        if not all(map(len, given.values())):
            return
        if (dialect.name, dialect.driver) != ("sqlite", "pysqlite"):
            names = tuple(given)
            rows = zip(*given.values(), strict=True)
            self.connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])
            return
        compiled: Any = statement.compile(dialect=dialect)
        owners = dict(zip(given, [*set_columns, *key_columns], strict=True))
        ordered = [bound(columns[owners[n]], dialect, given[n]) for n in compiled.positiontup]
        with self._cursor(str(compiled)) as cursor:
            cursor.executemany(str(compiled), zip(*ordered, strict=True))

    def sent_otherwise(self, tables: Iterable[sa.Table]) -> None:
        """A session wrote rows of these tables, which may have got any of their numbers here."""
        for table in tables:
            if table.fullname in self.tables:
                self._sent.setdefault(table.fullname, set()).update(table.columns.keys())

    def finish(self) -> None:
        """Sequences continue past the largest of the keys that were sent, and never go back.

        SQLite and MariaDB handle their own AUTOINCREMENT.
        """
        for name, keys in self._sent.items():
            columns = self.tables[name].columns
            advance_sequences(self.connection, [columns[key] for key in sorted(keys)])
        self._sent.clear()


def _storable(value: Any) -> None:
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("SQLite stores whole numbers of 64 bits")
