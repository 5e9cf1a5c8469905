"""What revisions drop and delete, read from their source, by the names that things have now.

Names are followed back through the renames of the revisions that run before; what these
create holds nothing yet. SQL in a string is searched for DROP TABLE, DROP COLUMN, TRUNCATE
and DELETE; what a helper in another module does is not seen.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ...sql.tokens import NAME
from ..revisions.expected_loss import ATTRIBUTE, declared_in
from .calls import OperationCall, SourceCode, TablePart
from .counts import CountedDrop, Drop, StoredTables

if TYPE_CHECKING:
    from ..operations.violating_rows import ViolatingRows
    from .operations import OperationStep

_SQL = {"execute", "exec_driver_sql", "scalar", "scalars", "bulk_insert", "getattr"}
_NAME = f"({NAME})"
_DROP_TABLE = re.compile(
    rf"\b(DROP\s+TABLE(?:\s+IF\s+EXISTS)?|TRUNCATE(?:\s+TABLE)?(?:\s+ONLY)?)\s+"
    rf"{_NAME}((?:\s*,\s*{_NAME})*)",
    re.IGNORECASE,
)
# f"DROP TABLE {name}": what follows is not in the string.
_NAMELESS = re.compile(
    r"\b(DROP\s+TABLE(?:\s+IF\s+EXISTS)?|TRUNCATE(?:\s+TABLE)?)\s+[\"`]?(?:;|$)", re.I
)
_DELETE = re.compile(rf"\bDELETE\s+FROM\s+(?:ONLY\s+)?{_NAME}", re.IGNORECASE)
_DELETE_ALL = re.compile(rf"\s*{_DELETE.pattern}\s*;?\s*", re.IGNORECASE)
_ALTER = re.compile(rf"\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{_NAME}\s+([^;]*)", re.I)
_DROP_COLUMN = re.compile(
    r"\bDROP\s+(?!CONSTRAINT|INDEX|KEY|PRIMARY|FOREIGN|CHECK|DEFAULT|NOT|EXPRESSION|IDENTITY"
    r"|PARTITION|SYSTEM|PERIOD)(?:COLUMN\s+)?(?:IF\s+EXISTS\s+)?" + _NAME,
    re.IGNORECASE,
)
_RENAME_COLUMN = re.compile(rf"^RENAME\s+(?:COLUMN\s+)?{_NAME}\s+TO\s+{_NAME}", re.IGNORECASE)
_RENAME_TABLE = re.compile(rf"^RENAME\s+(?:TO|AS)\s+{_NAME}", re.IGNORECASE)
_WRITE = re.compile(rf"\b(?:UPDATE(?:\s+ONLY)?|INSERT\s+INTO)\s+{_NAME}", re.IGNORECASE)
# What a function or a trigger does, it does later.
_STORED = re.compile(
    r"\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:ALGORITHM\s*=\s*\w+\s+)?"
    r"(?:DEFINER\s*=\s*\S+(?:\s*@\s*\S+)?\s+)?(?:SQL\s+SECURITY\s+\w+\s+)?"
    r"(?:(?:TEMP|TEMPORARY|MATERIALIZED|RECURSIVE|CONSTRAINT|AGGREGATE)\s+)*"
    r"(?:FUNCTION|TRIGGER|VIEW|PROCEDURE|RULE|EVENT)\b",
    re.IGNORECASE,
)


def may_drop(function: Any) -> bool:
    """Whether reading the source of a revision's function is worthwhile: a quick check."""
    if not isinstance(function, FunctionType):
        return function is not None
    names = set(_names_in(function.__code__))
    return (
        any(name.startswith(("drop", "alter_")) or name in _SQL for name in names)
        # A helper of the file may do it.
        or any(isinstance(function.__globals__.get(name), FunctionType) for name in names)
    )


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def losses(connection: sa.Connection, scripts: Iterable[tuple[Path, str]]) -> list[CountedDrop]:
    """What ``scripts``, revision files each with the function to run, would destroy in turn.

    By the names of now. Things that hold nothing are no loss, nor is what the database does
    not have, nor what a DELETE with a condition takes.
    """
    reader = Reader(StoredTables(connection))
    drops = [drop for script in scripts for drop in reader.read(*script).drops if drop.whole]
    dropped = {drop.table for drop in drops if drop.kind == "table"}
    emptied = {drop.table for drop in drops if drop.kind == "rows"} - dropped
    counted = {
        drop.name: loss
        for drop in drops
        if drop.kind == "table"
        or (drop.table not in dropped and (drop.kind == "rows" or drop.table not in emptied))
        for loss in reader.stored.losses(drop, drop.name)
    }
    return [loss for loss in counted.values() if loss]


@dataclass(frozen=True)
class Effects:
    """What one revision does. ``tables``: the existing ones it touches, name there -> name now.

    ``violating`` are the rows of now that a constraint of it does not allow.
    """

    steps: list[OperationStep]
    tables: dict[str, str] = field(default_factory=dict)
    drops: list[Drop] = field(default_factory=list)
    violating: list[ViolatingRows] = field(default_factory=list)


class Reader:
    """Follows the names of tables and columns through revisions."""

    def __init__(self, stored: StoredTables, *, looks_at_rows: bool = False) -> None:
        self.stored = stored
        self._looks = looks_at_rows
        # Tables whose rows may be others by then, and columns that only have their NULLs filled.
        self._written: set[str] = set()
        self._filled: set[tuple[str, str]] = set()
        # What a name refers to at this point; None if it does not exist now.
        self._tables: dict[str, str | None] = {}
        self._columns: dict[tuple[str, str], str | None] = {}
        self._effects = Effects([])
        self._path = Path()
        self._declared: list[str] = []
        self._strings: str | None = None

    def read(self, path: Path, function: str) -> Effects:
        """What one revision does, after those that were read before."""
        from .operations import written_steps  # environment, which steps imports, imports this

        self._strings = None
        self._declared = []
        self._path = path
        attribute = ATTRIBUTE if function == "upgrade" else f"{ATTRIBUTE}_{function}"
        with suppress(ValueError):  # not a literal
            self._declared = declared_in(path.read_text(encoding="utf-8"), attribute)
        self._effects = Effects(written_steps(path, function, self.stored.dialect))
        for step in self._effects.steps:
            if step.call is not None:
                self._operation(step.call)
                continue
            if step.composed and not step.sql:
                self._nameless(self._mentioning)
                self._altered(self._mentioning, certain=False)
            else:
                statements = [text for text in step.sql if not _STORED.match(text)]
                self._statements(statements, composed=step.composed)
        return self._effects

    def _operation(self, call: OperationCall) -> None:
        verb, table, names = call.verb, call.table, call.names
        if table:
            self._touch(table)
        if verb == "rename_table":
            self._rename_table(table, call.values.get("new_table_name", ""))
        elif verb == "create_table":
            self._tables[table] = None
        elif verb == "drop_table":
            for name in [table] if table else self._mentioned():
                self._drop_table(name, certain=bool(table))
        elif verb == "add_column":
            self._columns[table, names[0]] = None
        elif verb == "drop_column" or (verb == "alter_computed" and not _was_computed(call)):
            for name in [table] if table else self._mentioned():
                for column in names if names[0] else self._mentioned(name):
                    self._drop_column(name, column, certain=bool(table and names[0]))
        if "type_" in call.values and {table, f"{table}.{names[0]}"} & {*self._declared}:
            self._drop_column(table, names[0], kind="values")
        if table and self._looks:
            self._constrained(call)
        if verb == "fill_nulls":
            self._filled.add((table, names[0]))
        elif verb == "alter_enum":
            self._written.add(table)
        if verb in ("rename_column", "alter_column") and len(names) > 1:
            self._rename_column(table, names[0], names[1])

    def _constrained(self, call: OperationCall) -> None:
        """Note the rows that a constraint does not allow, unless they may be others by then."""
        from .constraints import rule_of, violating

        real, connection = self._real(call.table), self.stored.connection
        if real is None or connection is None or call.table in self._written:
            return
        if not self.stored.has(real):
            return
        names = {c: now for (table, c), now in self._columns.items() if table == call.table}
        rule = rule_of(call, connection.dialect, {**self.stored.columns(real), **names})
        if rule is None or any(names.get(column, column) is None for column in rule.columns):
            return
        filled = {column for table, column in self._filled if table == call.table}
        if rule.columns and not rule.where:  # else an expression may read any column
            filled.intersection_update(rule.columns)
        if filled:
            return
        known = {c: now for c, now in names.items() if now is not None}
        if found := violating(connection, real, rule, known, call.table):
            self._effects.violating.append(found)

    def _statements(self, statements: list[str], *, composed: bool) -> None:
        """``composed``: they may be parts of what is put together while running."""
        text = "; ".join(statements)
        for statement in statements:
            for match in _WRITE.finditer(statement):
                self._touch(_bare(match[1]))
                self._written.add(_bare(match[1]))
        for statement in statements:
            for deleted in _DELETE.finditer(statement):
                whole = not composed and _DELETE_ALL.fullmatch(statement) is not None
                self._delete(_bare(deleted[1]), whole=whole)
        if composed:
            self._nameless(text)
        self._altered(text)

    def _nameless(self, text: str) -> None:
        """What is dropped under a name that is put in while running: any that is mentioned."""
        for verb in {match[1][:4].upper() for match in _NAMELESS.finditer(text)}:
            for name in self._mentioned():
                if verb == "DROP":
                    self._drop_table(name, certain=False)
                else:
                    self._delete(name, certain=False)

    def _altered(self, text: str, *, certain: bool = True) -> None:
        for match in _DROP_TABLE.finditer(text):
            for found in re.findall(_NAME, f"{match[2]} {match[3]}"):
                if match[1].upper().startswith("DROP"):
                    self._drop_table(_bare(found), certain=certain)
                else:
                    self._delete(_bare(found), certain=certain)
        for match in _ALTER.finditer(text):
            table, rest = _bare(match[1]), match[2].strip()
            self._touch(table)
            if renamed := _RENAME_TABLE.match(rest):
                if certain:
                    self._rename_table(table, _bare(renamed[1]))
            elif renamed := _RENAME_COLUMN.match(rest):
                if certain:
                    self._rename_column(table, _bare(renamed[1]), _bare(renamed[2]))
            else:
                for dropped in _DROP_COLUMN.finditer(rest):
                    self._drop_column(table, _bare(dropped[1]), certain=certain)

    @property
    def _mentioning(self) -> str:
        """Every string of the file: what a name, or SQL, may be put together from."""
        if self._strings is None:
            tree = ast.parse(self._path.read_bytes())
            found = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant))
            self._strings = "; ".join(value for value in found if isinstance(value, str))
        return self._strings

    def _mentioned(self, table: str | None = None) -> list[str]:
        """The tables, or the columns of a table, whose names occur in the file's strings."""
        from .operations import mentions

        kind = "table" if table is None else "column"
        names = self.stored.tables() if table is None else list(self.stored.columns(table))
        return [name for name in names if mentions(self._mentioning, (kind, name))]

    def _real(self, table: str) -> str | None:
        return self._tables.get(table, table)

    def _touch(self, table: str) -> None:
        real = self._real(table)
        if real is not None and self.stored.has(real):
            self._effects.tables[table] = real

    def _rename_table(self, old: str, new: Any) -> None:
        """From here on ``old`` is called ``new``."""
        if not isinstance(new, str) or not new:
            return
        schema, dot, _ = old.rpartition(".")
        new = f"{schema}{dot}{new}" if "." not in new else new
        for table, column in [key for key in self._columns if key[0] == old]:
            self._columns[new, column] = self._columns.pop((table, column))
        self._tables[new] = self._real(old)
        self._tables[old] = None

    def _rename_column(self, table: str, old: str, new: str) -> None:
        """The same for a column."""
        self._columns[table, new] = self._columns.get((table, old), old)
        self._columns[table, old] = None

    def _drop_table(self, name: str, *, certain: bool = True) -> None:
        """Note the drop of a table, under the name that it has now."""
        self._touch(name)
        if (real := self._real(name)) is not None:
            self._effects.drops.append(Drop("table", real, "", name, certain=certain))
        if certain:
            self._tables[name] = None

    def _delete(self, table: str, *, whole: bool = True, certain: bool = True) -> None:
        """The same of rows; the table stays."""
        self._written.add(table)
        self._touch(table)
        if (real := self._real(table)) is not None:
            self._effects.drops.append(Drop("rows", real, "", table, whole, certain))

    def _drop_column(
        self, table: str, name: str, *, certain: bool = True, kind: str = "column"
    ) -> None:
        """The same of a column, or of ``values`` in one that stays."""
        self._touch(table)
        real = self._real(table)
        column = self._columns.get((table, name), name)
        if real is not None and column is not None:
            drop = Drop(kind, real, column, f"{table}.{name}", certain=certain)
            self._effects.drops.append(drop)
        if certain and kind == "column":
            self._columns[table, name] = None


def _was_computed(call: OperationCall) -> bool:
    existing = call.values.get("existing")
    return isinstance(existing, TablePart) and any(
        isinstance(argument, SourceCode) and "Computed" in argument.text
        for argument in existing.arguments
    )


def _bare(name: str) -> str:
    """A name of an SQL text without its quotes."""
    return ".".join(part.strip().strip('"`[]') for part in name.split("."))
