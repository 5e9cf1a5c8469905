"""The values of a column whose type is to change: which cannot, and which would not come back.

A value survives if the way there and back gives an equal one. Documents of JSON are equal
whatever their spacing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from .... import advice
from ....errors import MigrationError
from ....sql.dialects import MARIADB
from ....sql.raw import execute, qualified
from ...questions import dotted, quoted
from ...revisions.expected_loss import Expected
from . import mariadb, postgresql, sqlite
from .harm import Harm, shown
from .kinds import is_lossless, kind_of, name_of

_COPY = "sqlalchemy_manage_values"
# MariaDB: without the right to make a temporary table; and what it says of a value.
_FORBIDDEN = (1044, 1045, 1142, 1290, 1792)
_NO_VALUE = (1264, 1265, 1292, 1366, 1406, 4025, 4078)


@dataclass(frozen=True)
class Conversion:
    """A column, the type that it has and the one that it is to get.

    ``sql``: what the values are, if not the column itself.
    """

    connection: sa.Connection
    schema: str | None
    table: str
    column: str
    old: Any
    new: Any
    sql: str = ""

    def require(self, expected: Expected | None) -> Harm | None:
        """What the change does to the values, which may be: None if all survive.

        Raises MigrationError for values that cannot be converted, or that are lost and not
        ``expected``; with None whatever is lost may be.
        """
        harm = self.harm()
        if harm is None:
            return None
        if harm.refused:
            raise MigrationError(
                str(harm),
                "Fix them first, by hand or with an UPDATE in the revision before the change; "
                f"then: {advice.AFTER_FIX_OF_VALUES}",
            )
        names = (self.schema, self.table, self.column)
        if expected is None or expected.allows(*names, harm.count):
            return harm
        place = quoted(*names)
        raise MigrationError(
            str(harm),
            "Fix the values first. Or, if this is intended, declare it in the revision: "
            f'{expected.attribute} = {{"{place}": "all"}}\n'
            f"Or allow it once: {advice.ALLOW_LOSS(flags=['--allow-loss', place])}",
        )

    def harm(self) -> Harm | None:
        """What the change does to the values that there are; None if all survive."""
        try:
            if is_lossless(self.old, self.new, self.dialect):
                return None
        except sa.exc.CompileError:
            return None  # a type that has no name; the database has to know
        if self.dialect.name == "sqlite":
            return self._on_sqlite()
        if self.dialect.name in MARIADB:
            return self._on_mariadb()
        return self._on_postgresql()

    # What they share

    @cached_property
    def dialect(self) -> sa.Dialect:
        return self.connection.dialect

    @cached_property
    def value(self) -> str:
        return self.sql or self._name(self.column)

    def _name(self, *parts: str | None) -> str:
        return qualified(self.dialect, *parts)

    @cached_property
    def keys(self) -> list[str]:
        found = sa.inspect(self.connection).get_pk_constraint(self.table, schema=self.schema)
        return [str(name) for name in found["constrained_columns"]]

    def _found(
        self, source: str, condition: str, wanted: list[str], keys: list[str], *, refused: bool
    ) -> Harm | None:
        """The rows of ``source`` with ``condition``; ``wanted``: value, becomes and back."""
        source = f"{source} WHERE {condition}"
        count = int(execute(self.connection, f"SELECT count(*) FROM {source}").scalar() or 0)
        if not count:
            return None
        order = f" ORDER BY {', '.join(keys)}" if keys else ""
        columns = ", ".join([*keys, *wanted])
        row = execute(self.connection, f"SELECT {columns} FROM {source}{order} LIMIT 1").one()
        values = [*row[len(keys) :], None, None]
        return self._harm(count, refused=refused, key=self._key(row), values=values)

    def _key(self, row: Sequence[Any]) -> str:
        return ", ".join(f"{name}={shown(v)}" for name, v in zip(self.keys, row, strict=False))

    def _harm(
        self,
        count: int | None,
        *,
        refused: bool,
        key: str = "",
        values: Sequence[Any] = (None,) * 3,
        why: str = "",
    ) -> Harm:
        name, type_ = dotted(self.schema, self.table, self.column), name_of(self.new, self.dialect)
        value, becomes, back = values[:3]
        return Harm(name, type_, count, refused, key, value, becomes, back, why)

    @cached_property
    def _quoted_keys(self) -> list[str]:
        return [self._name(key) for key in self.keys]

    # On each database

    def _on_sqlite(self) -> Harm | None:
        there = sqlite.converted(self.value, self.old, self.new)
        back = sqlite.converted(f"({there.sql})", self.new, self.old)
        table, given = self._name(self.schema, self.table), f"{self.value} IS NOT NULL"
        keys = self._quoted_keys
        bad = f"{given} AND ({there.possible}) IS NOT 1"
        harm = self._found(table, bad, [self.value], keys, refused=True) or self._undecodable()
        if harm is None:
            same = sqlite.equal(f"({back.sql})", self.value, self.old)
            wanted = [self.value, there.sql, back.sql]
            harm = self._found(table, f"{given} AND NOT ({same})", wanted, keys, refused=False)
        return harm

    def _undecodable(self) -> Harm | None:
        """Bytes that are no text, which SQLite would store as one that nobody can read."""
        if (kind_of(self.old), kind_of(self.new)) != ("binary", "text"):
            return None
        columns = ", ".join([*self._quoted_keys, self.value])
        table = self._name(self.schema, self.table)
        given = f"typeof({self.value}) = 'blob'"
        found: list[Any] = []
        for row in execute(self.connection, f"SELECT {columns} FROM {table} WHERE {given}"):
            try:
                row[-1].decode()
            except UnicodeDecodeError:
                found.append(row if not found else None)
        if not found:
            return None
        first = [*found[0]]
        return self._harm(len(found), refused=True, key=self._key(first), values=[first[-1]] * 3)

    def _on_postgresql(self) -> Harm | None:
        table, value, dialect = self._name(self.schema, self.table), self.value, self.dialect
        old, new = self.old, self.new
        there = postgresql.converted(value, old, new, dialect, self.connection)
        back = postgresql.converted(f"({there})", new, old, dialect, self.connection)
        wanted, keys = [value, f"({there})::text", f"({back})::text"], self._quoted_keys
        try:
            with self.connection.begin_nested():
                differs = self._differs(value, there, back)
                return self._found(table, differs, wanted, keys, refused=False)
        except sa.exc.DBAPIError as error:
            if not str(getattr(error.orig, "sqlstate", "")).startswith(("22", "42846")):
                raise
            why = str(error.orig).splitlines()[0]
        # The way there may fail, or the way back of what got there.
        for made, columns in ((there, [value]), (back, wanted[:2])):
            with suppress(sa.exc.DBAPIError), self._trying(made) as possible:
                bad = f"{value} IS NOT NULL AND NOT {possible}({value})"
                harm = self._found(table, bad, columns, keys, refused=made is there)
                if harm is not None:
                    return harm
        return self._harm(None, refused=True, why=why)

    def _differs(self, value: str, there: str, back: str) -> str:
        if name_of(self.new, self.dialect) == "JSONB" and kind_of(self.old) in ("text", "json"):
            return f"{value} IS NOT NULL AND ({there}) IS NULL"
        if kind_of(self.old) in ("", "json"):
            value, back = f"{value}::text", f"({back})::text"  # some types have no equality
        return f"({back}) IS DISTINCT FROM {value}"

    @contextmanager
    def _trying(self, made: str) -> Iterator[str]:
        """PostgreSQL 15 cannot be asked whether a cast would fail, but by a function."""
        nested = self.connection.begin_nested()
        name = f"pg_temp.{_COPY}"
        try:
            execute(
                self.connection,
                f"CREATE FUNCTION {name}({self.value} {name_of(self.old, self.dialect)}) "
                f"RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM {made}; RETURN true; "
                "EXCEPTION WHEN data_exception THEN RETURN false; END $$",
            )
            yield name
        finally:
            nested.rollback()

    def _on_mariadb(self) -> Harm | None:
        table, given = self._name(self.schema, self.table), f"{self.value} IS NOT NULL"
        if not execute(self.connection, f"SELECT 1 FROM {table} WHERE {given} LIMIT 1").first():
            return None
        possible = mariadb.possible(self.value, self.old, self.new)
        if possible is not None:
            bad = f"{given} AND NOT {possible}"
            harm = self._found(table, bad, [self.value], self._quoted_keys, refused=True)
            if harm is not None:
                return harm
        try:
            with self._copied("") as harm:
                return harm
        except sa.exc.DBAPIError as error:
            number, why = (*getattr(error.orig, "args", ()), 0, str(error))[:2]
            if number in _FORBIDDEN:
                return None  # the server itself will refuse what it cannot convert
            if number not in _NO_VALUE:
                raise
        with suppress(sa.exc.DBAPIError), self._copied("IGNORE") as harm:
            if harm is not None:
                return replace(harm, refused=True)
        return self._harm(None, refused=True, why=str(why))

    @contextmanager
    def _copied(self, ignore: str) -> Iterator[Harm | None]:
        """A copy of the values that the server converts, and back; it commits nothing."""
        value, dialect = self.value, self.dialect
        keys = [f"k{number}" for number in range(len(self.keys))]
        columns = [f"{key} AS {k}" for key, k in zip(self._quoted_keys, keys, strict=True)]
        there = mariadb.before(value, self.old, self.new, dialect) or value
        back = mariadb.before("becomes", self.new, self.old, dialect) or "becomes"
        table = self._name(self.schema, self.table)
        changes = {
            "becomes": mariadb.after("becomes", self.old, self.new, dialect),
            "back": back,
            "back ": mariadb.after("back", self.new, self.old, dialect),
        }
        wanted, differs = ["value", "becomes", "back"], "NOT (back <=> value AND {0} <=> {1})"
        differs = differs.format(*(f"CAST({name} AS BINARY)" for name in ("back", "value")))
        try:
            execute(
                self.connection,
                f"CREATE TEMPORARY TABLE {_COPY} (becomes {name_of(self.new, dialect)} NULL) "
                f"{ignore} SELECT {', '.join([*columns, f'{value} AS value'])}, "
                f"{there} AS becomes, {value} AS back FROM {table} WHERE {value} IS NOT NULL",
            )
            try:
                for name, made in changes.items():
                    if made is not None:
                        execute(self.connection, f"UPDATE {ignore} {_COPY} SET {name} = {made}")
            except sa.exc.DBAPIError:
                wanted, differs = wanted[:2], "true"  # there is no way back
            yield self._found(_COPY, differs, wanted, keys, refused=False)
        finally:
            execute(self.connection, f"DROP TEMPORARY TABLE IF EXISTS {_COPY}")
