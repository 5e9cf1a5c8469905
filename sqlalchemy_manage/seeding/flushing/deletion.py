"""How rows are deleted, so that every foreign key holds: each database in its own fastest way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import sqlalchemy as sa

from ...errors import DatabaseError
from ...sql.dialects import MARIADB
from ...sql.raw import execute, undoubled
from ..undoing.keys import KeyTables
from ..undoing.references import ForeignReference
from ..writers.values import without_defaults
from .growth import Growth

_ROUNDS = 3
_TRUNCATE_FROM = 1000

_TRIGGERS = {
    "sqlite": "SELECT NULL, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT n.nspname, c.relname, 'DELETE' FROM pg_catalog.pg_trigger t"
        " JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE NOT t.tgisinternal AND t.tgtype & 8 > 0"
        " UNION ALL SELECT n.nspname, c.relname, 'DELETE' FROM pg_catalog.pg_rewrite r"
        " JOIN pg_catalog.pg_class c ON c.oid = r.ev_class"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE r.ev_type = '4'"
    ),
}


def with_delete_triggers(connection: sa.Connection) -> set[tuple[str | None, str]]:
    """Schema (None on SQLite) and name of the tables on which a DELETE does more than delete.

    Empty on MariaDB, where nothing depends on it.
    """
    statement = _TRIGGERS.get(connection.dialect.name)
    found: set[tuple[str | None, str]] = set()
    for schema, table, text in connection.exec_driver_sql(statement).all() if statement else ():
        # CREATE TRIGGER name [BEFORE|AFTER|INSTEAD OF] event [OF column, ...] ON table
        if "DELETE" in re.split(r"(?i)\bON\b", str(text), maxsplit=1)[0].upper():
            found.add((schema, str(table).lower() if schema is None else str(table)))
    return found


class Deletion:
    """Deletes what a Growth has found. ``checked``: the database checks foreign keys meanwhile."""

    def __init__(self, growth: Growth, *, checked: bool) -> None:
        self.growth = growth
        self.connection = growth.connection
        self.checked = checked
        self.name = self.connection.dialect.name
        self._going = dict.fromkeys([*growth.whole, *growth.parts])
        self._among = [
            r for r in growth.references if r.name in self._going and self._is_going(r.parent)
        ]

    def run(self) -> None:
        """Delete; raises DatabaseError if a trigger keeps, or fills again, what is to be empty."""
        if not self.checked:
            for reference in self.growth.references:
                outside = reference.name not in self.growth.whole
                nulls = reference.rule == "SET NULL" and reference.enforced
                if nulls and outside and self._is_going(reference.parent):
                    self.growth.unlink(reference)
        left = set(self._going) - self._truncate()
        self._in_order(left)
        for _ in range(_ROUNDS):
            filled = [name for name in self.growth.whole if self._has_rows(name)]
            if not filled:
                return
            self._in_order(set(filled))
        raise DatabaseError(
            f"{', '.join(filled)}: rows are left after each DELETE. A trigger or a rule of the "
            "database keeps them, or writes new ones. Nothing was removed.",
            "Disable it for the while, then repeat the command.",
        )

    def _is_going(self, table: sa.Table) -> bool:
        return table.fullname in self._going

    def _has_rows(self, name: str) -> bool:
        one: sa.ColumnElement[int] = sa.literal_column("1")
        query = sa.select(one).select_from(self.growth.whole[name]).limit(1)
        return self.connection.execute(query).first() is not None

    def _quoted(self, table: sa.Table) -> str:
        quote = self.connection.dialect.identifier_preparer
        return undoubled(quote.format_table(table), self.connection.dialect)

    def _truncate(self) -> set[str]:
        """PostgreSQL: empty at once the large tables to which only such tables refer."""
        if self.name != "postgresql":
            return set()
        fire = with_delete_triggers(self.connection)
        default = self.connection.dialect.default_schema_name
        able = {
            name
            for name, table in self.growth.whole.items()
            if (table.schema or default, table.name) not in fire and self._may_truncate(table)
        }
        while True:
            kept = {r.parent.fullname for r in self.growth.references if r.name not in able}
            if not able & kept:
                break
            able -= kept
        counts = (self._at_least(name, _TRUNCATE_FROM) for name in sorted(able))
        if not any(counts):
            return set()
        names = ", ".join(self._quoted(self.growth.whole[name]) for name in sorted(able))
        execute(self.connection, f"TRUNCATE TABLE {names}")
        return able

    def _at_least(self, name: str, count: int) -> bool:
        one: sa.ColumnElement[int] = sa.literal_column("1")
        some = sa.select(one.label("one")).select_from(self.growth.whole[name]).limit(count)
        found = self.connection.scalar(sa.select(sa.func.count()).select_from(some.subquery()))
        return (found or 0) >= count

    def _may_truncate(self, table: sa.Table) -> bool:
        query = sa.text("SELECT has_table_privilege(CAST(:name AS regclass), 'TRUNCATE')")
        return bool(self.connection.scalar(query, {"name": self._quoted(table)}))

    def _in_order(self, names: set[str]) -> None:
        """Delete from the tables, the referring ones before those that they refer to."""
        left = set(names)
        while left:
            free = sorted(name for name in left if not self._referring(name, left))
            for name in free:
                self._delete(name)
            left -= set(free)
            if not free:
                circle = self._circle(left)
                self._delete_circle(sorted(circle))
                left -= circle

    def _referring(self, name: str, among: set[str]) -> set[str]:
        return {r.name for r in self._among if r.parent.fullname == name and r.name in among}

    def _circle(self, left: set[str]) -> set[str]:
        """Tables that all refer to each other, and that no other of ``left`` refers to."""

        def reached(name: str) -> set[str]:
            found: set[str] = set()
            new = {name}
            while new:
                new = {o for each in new for o in self._referring(each, left)} - found
                found |= new
            return found

        return min((reached(name) for name in sorted(left)), key=len)

    def _delete_circle(self, names: list[str]) -> None:
        inside = [r for r in self._among if r.name in names and r.parent.fullname in names]
        if self.name == "postgresql":
            # Foreign keys are checked at the end of a statement: of one for all of them.
            *first, last = [self._compiled(self._statement(name)) for name in names]
            leading = ", ".join(f"d{i} AS ({part})" for i, part in enumerate(first))
            execute(self.connection, f"WITH {leading} {last}" if leading else last)
        elif self.name in MARIADB and self._may_go_unchecked(names):
            self._unchecked(lambda: self._each(names))
        else:
            if self.checked:
                for reference in inside:
                    self._cut(reference)
            self._each(names)

    def _may_go_unchecked(self, names: list[str]) -> bool:
        """Whether the server has nothing to do to rows that stay when these go.

        InnoDB checks row by row, also among rows that all go.
        """
        return not any(
            r.parent.fullname in names
            and r.name not in self.growth.whole
            and r.rule in ("SET NULL", "SET DEFAULT")
            for r in self.growth.references
        )

    def _each(self, names: list[str]) -> None:
        for name in names:
            self._delete(name)

    def _unchecked(self, work: Callable[[], None]) -> None:
        run = self.connection.exec_driver_sql
        checks = int(run("SELECT @@foreign_key_checks").scalar() or 0)
        run("SET SESSION foreign_key_checks = 0")
        try:
            work()
        finally:
            run(f"SET SESSION foreign_key_checks = {checks}")

    def _cut(self, reference: ForeignReference) -> None:
        """Set a link among rows that all go to NULL, if it may be."""
        table = self.growth.tables[reference.name]
        own = key_names(table)
        columns = [table.c[key] for key in reference.columns]
        may = [c.name for c in columns if c.nullable and c.key not in own]
        if not may:
            return
        bare = without_defaults(table)
        update = sa.update(bare).where(*(bare.c[name].is_not(None) for name in may))
        if (keys := self._keys(reference.name)) is not None:
            near = [bare.c[table.c[name].name] for name in keys.columns]
            there = sa.exists().where(keys.equal(near, keys.of(keys.gone))).correlate(bare)
            update = update.where(there)
        self.connection.execute(update.values(dict.fromkeys(may, sa.null())))

    def _keys(self, name: str) -> KeyTables | None:
        return None if name in self.growth.whole else self.growth.parts[name]

    def _delete(self, name: str) -> None:
        itself = [r for r in self._among if r.itself and r.parent.fullname == name]
        if not itself or self.name not in MARIADB:
            self._run(name)
        elif self._may_go_unchecked([name]):
            self._unchecked(lambda: self._run(name))
        else:
            for reference in itself:
                self._cut(reference)
            self._run(name)

    def _run(self, name: str) -> None:
        if (keys := self._keys(name)) is not None:
            keys.delete_rows(keys.gone)
        else:
            self.connection.execute(self._statement(name))

    def _statement(self, name: str) -> sa.Delete:
        table = self.growth.tables[name]
        if (keys := self._keys(name)) is None:
            return sa.delete(table)
        there = sa.exists().where(keys.match(table, keys.gone)).correlate(table)
        return sa.delete(table).where(there)

    def _compiled(self, statement: sa.Delete) -> str:
        return undoubled(
            str(statement.compile(dialect=self.connection.dialect)), self.connection.dialect
        )


def key_names(table: sa.Table) -> set[str]:
    """The keys of the columns of the primary key."""
    return {column.key for column in table.primary_key}


def locked_tables(connection: sa.Connection, tables: Mapping[str, sa.Table]) -> None:
    """PostgreSQL: let nobody write to ``tables`` until the transaction ends; reading goes on.

    SQLite has one writer; MariaDB's DELETE locks what it reads.
    """
    if connection.dialect.name != "postgresql" or not tables:
        return
    quote = connection.dialect.identifier_preparer
    names = ", ".join(
        undoubled(quote.format_table(tables[name]), connection.dialect) for name in sorted(tables)
    )
    execute(connection, f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
