"""SQLite: what a revision lost when it dropped, renamed or altered a table.

DROP TABLE drops the table's triggers and indexes silently; a table rebuilt manually
has them no more, nor its AUTOINCREMENT. A view or trigger that reads what is gone fails
when it is next used. Either stops the revision before its commit, unless the revision
dropped it by name, or says in its file that it goes::

    expected_gone = ["trigger note_audit", "AUTOINCREMENT of note"]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from ...errors import MigrationError
from ...sql.tokens import Token, words_of
from ..alembic_internals import TEMPORARY_PREFIX
from ..operations.sqlite.sqlite_master import SqliteMaster
from ..runner.revision_runner import Guard, RevisionStep
from ..schema.create_table import TableSql, normal, read_table
from ..schema.reflection_fixes import index_parts

# The first word of a statement, after comments.
_ALTERS = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:drop|alter)\b", re.IGNORECASE | re.DOTALL)
_KINDS = ("trigger", "view", "index")


@dataclass
class TableObject:
    """A trigger, index or view, with the names that its table has had in the revision."""

    name: str
    sql: str
    owners: set[str] = field(default_factory=set)


class SqliteObjectsGuard(Guard):
    """Compares triggers, indexes, views and options of tables, where a table stayed."""

    def __init__(self) -> None:
        self.connection: sa.Connection | None = None
        self.clear()

    def clear(self) -> None:
        self.is_read = False
        self.reading = False
        self.quiet = ""
        self.counts_by_hand = False
        self.named: set[tuple[str, str]] = set()
        self.tables: dict[str, str] = {}
        self.parts: dict[tuple[str, str], TableObject] = {}
        self.numbers: dict[str, int] = {}
        self.failing: dict[str, dict[str, str]] = {}

    def begin(self, step: RevisionStep) -> None:
        if step.connection.dialect.name != "sqlite":
            return
        self.clear()
        step.state.dropped.clear()
        if self.connection is not step.connection:
            self.connection = step.connection
            event.listen(step.connection, "before_cursor_execute", self._seen)

    def failed(self, step: RevisionStep, error: Exception) -> None:
        self.clear()

    def after_run(self, connection: sa.Connection) -> None:
        if self.connection is not None:
            event.remove(self.connection, "before_cursor_execute", self._seen)
            self.connection = None

    def end(self, step: RevisionStep) -> None:
        if not self.is_read or self.connection is None:
            return
        self.reading = True
        self.named |= step.state.dropped
        lost = list(self._lost())
        expected = {str(e).casefold() for e in getattr(step.module, "expected_gone", ())}
        lost = [(label, why) for label, why in lost if label.casefold() not in expected]
        if not lost:
            self._numbers_back()
            self.clear()
            return
        labels = [label for label, _ in lost]
        raise MigrationError(
            f"{step.name} would lose what it does not drop by name, and was rolled back:"
            + "".join(f"\n  {label}{why}" for label, why in lost),
            "Create it again at the end of the revision, drop it by name, or, if it should go, "
            f"write in the file: expected_gone = {labels!r}",
        )

    def _seen(self, connection: Any, cursor: Any, statement: str, *args: Any) -> None:
        """A statement on its way to the database."""
        if self.reading or statement is self.quiet:
            return
        if "sqlite_sequence" in statement and "?" not in statement:
            self.counts_by_hand |= not statement.lstrip().lower().startswith("select")
        if not _ALTERS.match(statement):
            self.quiet = statement  # for the next time at once
            return
        words = words_of(statement, "sqlite")
        if len(words) < 3:
            return  # SQLite will say what is wrong with it
        verb, kind = words[0].text.lower(), words[1].text.lower()
        if verb == "drop" and kind in _KINDS:
            self.named.add((kind, _name(words, 2)))
        if kind == "view" or (kind == "table" and (verb == "drop" or not _adds(words))):
            self.reading = True
            try:
                self._read(connection, _name(words, 2))
            finally:
                self.reading = False

    def _read(self, connection: sa.Connection, table: str) -> None:
        """Remember everything the first time, and what there is of one table each time."""
        query = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        where: tuple[str, ...] = ()
        if self.is_read:
            query, where = f"{query} AND tbl_name = ? COLLATE NOCASE", (table,)
        for kind, name, owner, sql in connection.exec_driver_sql(query, where).all():
            if name.startswith(TEMPORARY_PREFIX):
                continue
            if kind == "table":
                self.tables.setdefault(name.casefold(), sql)
            else:
                part = self.parts.setdefault((kind, name.casefold()), TableObject(name, sql))
                part.owners.add(owner.casefold())
        if not self.is_read:
            self.is_read = True
            self.numbers = {
                name: last
                for name, last in SqliteMaster(connection, None).last_numbers().items()
                if not name.startswith(TEMPORARY_PREFIX)
            }
            self.failing = _failing(connection)

    def _lost(self) -> Iterator[tuple[str, str]]:
        assert self.connection is not None
        rows = self.connection.exec_driver_sql(
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        ).all()
        there = {(row.type, row.name.casefold()) for row in rows}
        tables = {row.name.casefold(): row for row in rows if row.type == "table"}
        for (kind, key), part in self.parts.items():
            stays = any(o in tables or ("view", o) in there for o in part.owners)
            if (kind, key) in there | self.named or not (stays or kind == "view"):
                continue
            if kind != "index" or not _is_replaced(part, rows):
                yield f"{kind} {part.name}", ""
        for key, before in self.tables.items():
            if key in tables and tables[key].sql != before:
                with suppress(MigrationError):  # a virtual table has another syntax
                    now = read_table(tables[key].sql)
                    for option in _options(read_table(before), now):
                        if (option, key) not in self.named:
                            yield f"{option} of {tables[key].name}", ""
        for name, failures in _failing(self.connection).items():
            known = self.failing.get(name)
            new = [] if known is None else [why for v, why in failures.items() if v not in known]
            if new:
                kind = "view" if ("view", name.casefold()) in there else "triggers of table"
                yield f"{kind} {name}", f" ({new[0]})"

    def _numbers_back(self) -> None:
        """AUTOINCREMENT continues where it was: a number is never given twice."""
        assert self.connection is not None
        if self.counts_by_hand or not self.numbers:
            return
        master = SqliteMaster(self.connection, None)
        now = master.last_numbers()
        for name, last in self.numbers.items():
            sql = master.of(name, "table").get(name)
            if sql is not None and now.get(name, -1) < last and read_table(sql).counts:
                master.set_last_number(name, last)


def _options(before: TableSql, now: TableSql) -> Iterator[str]:
    """What a table no longer is: STRICT, WITHOUT ROWID, AUTOINCREMENT."""
    yield from (option for option in before.options if option not in now.options)
    key = now.primary_key
    same_key = before.primary_key and key is not None and before.primary_key.columns == key.columns
    if before.counts and not now.counts and same_key:
        yield "AUTOINCREMENT"


def _is_replaced(index: TableObject, rows: Any) -> bool:
    """Whether there is another index for it, a UNIQUE, or a column of it is gone."""
    columns = normal(index.sql.partition("(")[2])
    for row in rows:
        if row.tbl_name.casefold() not in index.owners or row.type not in ("index", "table"):
            continue
        if row.type == "index" and normal(row.sql.partition("(")[2]) == columns:
            return True
        if row.type == "table":
            table = read_table(row.sql)
            keys = {c.columns for c in table.clauses if c.kind in ("unique", "primary key")}
            mentioned, _ = index_parts(index.sql)
            names = [key[0].name.casefold() for key in mentioned if len(key) == 1]
            if tuple(names) in keys or not all(map(table.column, names)):
                return True
    return False


def _name(words: Sequence[Token], place: int) -> str:
    """The name at ``place``, after IF EXISTS and a schema, in lower case."""
    if [w.text.lower() for w in words[place : place + 2]] == ["if", "exists"]:
        place += 2
    if len(words) > place + 2 and words[place + 1].text == ".":
        place += 2
    word = words[place]
    return (word.value if word.kind == "string" else word.name).casefold()


def _adds(words: Sequence[Token]) -> bool:
    """Whether an ALTER TABLE only adds a column."""
    return any(w.kind == "word" and w.text.lower() == "add" for w in words[3:6])


def _failing(connection: sa.Connection) -> dict[str, dict[str, str]]:
    """What cannot be done with each view, and each table that has triggers, and why.

    SQLite compiles the statements, triggers included, and runs nothing. Not by EXPLAIN alone:
    3.40 crashes on one of a table with triggers that it has to compile again.
    """
    quote = connection.dialect.identifier_preparer.quote
    rows = connection.exec_driver_sql(
        "SELECT type, tbl_name FROM sqlite_master WHERE type IN ('view', 'trigger')"
    ).all()
    triggered = {name.casefold() for kind, name in rows if kind == "trigger"}
    # As it is: there may be hundreds.
    cursor: Any = connection.connection.cursor()
    found: dict[str, dict[str, str]] = {}
    for name in {name.casefold(): name for _, name in rows}.values():
        statements = {"select": f"SELECT * FROM {quote(name)}"}
        failures = found[name] = _refused(connection, cursor, statements)
        if failures or name.casefold() not in triggered:
            continue
        columns = [
            quote(row.name)
            for row in connection.exec_driver_sql(f"PRAGMA table_xinfo({quote(name)})")
            if row.hidden == 0
        ]
        table, names = quote(name), ", ".join(columns)
        statements = {
            "insert": f"INSERT INTO {table} ({names}) SELECT {names} FROM {table}",
            "update": f"UPDATE {table} SET {', '.join(f'{c} = {c}' for c in columns)}",
            "delete": f"DELETE FROM {table}",
        }
        failures |= _refused(connection, cursor, statements)
    cursor.close()
    return found


def _refused(connection: sa.Connection, cursor: Any, statements: dict[str, str]) -> dict[str, str]:
    found = {}
    for verb, statement in statements.items():
        try:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
            cursor.fetchall()
        except connection.dialect.loaded_dbapi.Error as error:
            found[verb] = str(error)
    return found
