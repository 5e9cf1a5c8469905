"""What revisions would destroy: the tables and columns that they drop and that hold data.

Read from their source, then counted in the database. Names are followed back through the
renames of the revisions that run before; what these create holds nothing yet. SQL in a
string is searched for DROP TABLE, DROP COLUMN, TRUNCATE, and DELETE without WHERE; what a
helper in another module does is not seen.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import sqlalchemy as sa

_SQL = {"execute", "exec_driver_sql", "scalar", "scalars", "bulk_insert", "getattr"}
_NAME = r"""((?:[\w$]+|"[^"]+"|`[^`]+`|\[[^\]]+\])(?:\s*\.\s*(?:[\w$]+|"[^"]+"|`[^`]+`))?)"""
_DROP_TABLE = re.compile(
    rf"\b(?:DROP\s+TABLE(?:\s+IF\s+EXISTS)?|TRUNCATE(?:\s+TABLE)?(?:\s+ONLY)?)\s+"
    rf"{_NAME}((?:\s*,\s*{_NAME})*)",
    re.IGNORECASE,
)
# f"DROP TABLE {name}": what follows is not in the string.
_NAMELESS = re.compile(r"\b(?:DROP\s+TABLE(?:\s+IF\s+EXISTS)?|TRUNCATE)\s+[\"`]?(?:;|$)", re.I)
_DELETE = re.compile(rf"^\s*DELETE\s+FROM\s+{_NAME}\s*;?\s*$", re.IGNORECASE)
_ALTER = re.compile(rf"\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{_NAME}\s+([^;]*)", re.I)
_DROP_COLUMN = re.compile(
    r"\bDROP\s+(?!CONSTRAINT|INDEX|KEY|PRIMARY|FOREIGN|CHECK|DEFAULT|NOT|EXPRESSION|IDENTITY"
    r"|PARTITION|SYSTEM|PERIOD)(?:COLUMN\s+)?(?:IF\s+EXISTS\s+)?" + _NAME,
    re.IGNORECASE,
)
_RENAME_COLUMN = re.compile(rf"^RENAME\s+(?:COLUMN\s+)?{_NAME}\s+TO\s+{_NAME}", re.IGNORECASE)
_RENAME_TABLE = re.compile(rf"^RENAME\s+(?:TO|AS)\s+{_NAME}", re.IGNORECASE)


@dataclass(frozen=True)
class Loss:
    """A table, or a column of it, with as many rows or values as it holds now."""

    table: str
    column: str | None
    count: int
    rows: int

    def __str__(self) -> str:
        rows = f"{self.rows:,} row{'s' * (self.rows != 1)}"
        if self.column is None:
            return f"table {self.table} ({rows})"
        return (
            f"column {self.table}.{self.column} ({self.count:,} value{'s' * (self.count != 1)} "
            f"in {rows})"
        )


Drop = tuple[str, str | None]
"""A table and a column of it; None for the whole table."""


def may_drop(function: Any) -> bool:
    """Whether reading the source of a revision's function is worth while: a quick look."""
    if not isinstance(function, FunctionType):
        return function is not None
    names = set(_names_in(function.__code__))
    return (
        any(name.startswith(("drop", "alter_computed")) or name in _SQL for name in names)
        # A helper of the file may do it.
        or any(isinstance(function.__globals__.get(name), FunctionType) for name in names)
    )


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def losses(connection: sa.Connection, scripts: Iterable[tuple[Path, str]]) -> list[Loss]:
    """What ``scripts``, revision files each with the function to run, would destroy in turn.

    Things that hold nothing, or that the database does not have, are no loss.
    """
    reader = Reader(connection)
    for path, function in scripts:
        reader.read(path, function)
    dropped = {table for table, column in reader.drops if column is None}
    drops = [d for d in reader.drops if d[1] is None or d[0] not in dropped]
    return [loss for drop in dict.fromkeys(drops) if (loss := reader.counted(*drop))]


class Reader:
    """Follows the names of tables and columns through revisions, and collects the drops."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.inspector = sa.inspect(connection)
        self.drops: list[Drop] = []
        # By the names that they have at this point; None for what is not there now.
        self.tables: dict[str, str | None] = {}
        self.columns: dict[tuple[str, str], str | None] = {}
        self._known: dict[str | None, dict[str, str]] = {}
        self._path = Path()
        self._strings: str | None = None

    def read(self, path: Path, function: str) -> None:
        """Follow one revision."""
        from ..revisions.steps import read_steps  # environment, which steps imports, imports this

        self._strings = None
        self._path = path
        for step in read_steps(path, function, self.connection.dialect.name):
            if step.call is not None:
                self._operation(step)
            elif step.change.words.endswith("(...)"):
                self._sql("; ".join(step.sql) or self.strings, whole=False)
            elif step.text:
                self._sql(step.text, whole=True)

    def _operation(self, step: Any) -> None:
        call = step.call
        verb, table = call.verb, call.table
        names = call.names
        if verb == "rename_table":
            self.rename_table(table, call.values.get("new_table_name", ""))
        elif verb == "create_table":
            self.tables[table] = None
        elif verb == "drop_table":
            for name in [table] if table else self._mentioned():
                self.drop_table(name)
        elif verb == "add_column":
            self.columns[table, names[0]] = None
        elif verb in ("drop_column", "alter_computed"):
            for name in [table] if table else self._mentioned():
                for column in names if names[0] else self._mentioned(name):
                    self.drop_column(name, column)
        elif verb in ("rename_column", "alter_column") and len(names) > 1:
            self.rename_column(table, names[0], names[1])

    def _sql(self, text: str, *, whole: bool) -> None:
        """``whole``: the text is one statement, and not whatever the file mentions."""
        if whole and re.match(r"\s*CREATE\s+(?!TABLE)", text, re.IGNORECASE):
            return  # the body of a trigger or a function
        for match in _DROP_TABLE.finditer(text):
            for name in re.findall(_NAME, f"{match[1]} {match[2]}"):
                self.drop_table(_bare(name))
        if not whole and _NAMELESS.search(text):
            for name in self._mentioned():
                self.drop_table(name)
        if whole and (deleted := _DELETE.match(text)):
            self.drop_table(_bare(deleted[1]))
        for match in _ALTER.finditer(text):
            table, rest = _bare(match[1]), match[2].strip()
            if renamed := _RENAME_TABLE.match(rest):
                self.rename_table(table, _bare(renamed[1]))
            elif renamed := _RENAME_COLUMN.match(rest):
                self.rename_column(table, _bare(renamed[1]), _bare(renamed[2]))
            else:
                for found in _DROP_COLUMN.finditer(rest):
                    self.drop_column(table, _bare(found[1]))

    @property
    def strings(self) -> str:
        """Every string of the file: what a name, or SQL, may be put together from."""
        if self._strings is None:
            tree = ast.parse(self._path.read_bytes())
            found = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant))
            self._strings = "; ".join(value for value in found if isinstance(value, str))
        return self._strings

    def _mentioned(self, table: str | None = None) -> list[str]:
        """The tables, or the columns of a table, whose names occur in the file's strings."""
        from ..revisions.steps import mentions

        text = self.strings

        if table is None:
            return [n for n in self._stored(None).values() if mentions(text, ("table", n))]
        return [n for n in self._columns_of(table) if mentions(text, ("column", n))]

    def rename_table(self, old: str, new: Any) -> None:
        """From here on ``old`` is called ``new``."""
        if not isinstance(new, str) or not new:
            return
        schema, dot, _ = old.rpartition(".")
        new = f"{schema}{dot}{new}" if "." not in new else new
        for table, column in [key for key in self.columns if key[0] == old]:
            self.columns[new, column] = self.columns.pop((table, column))
        self.tables[new] = self.tables.get(old, old)
        self.tables[old] = None

    def rename_column(self, table: str, old: str, new: str) -> None:
        """The same for a column."""
        self.columns[table, new] = self.columns.get((table, old), old)
        self.columns[table, old] = None

    def drop_table(self, name: str) -> None:
        """Note the drop of a table, under the name that it has now."""
        real = self.tables.get(name, name)
        if real is not None:
            self.drops.append((real, None))
        self.tables[name] = None

    def drop_column(self, table: str, name: str) -> None:
        """The same for a column."""
        real = self.tables.get(table, table)
        column = self.columns.get((table, name), name)
        if real is not None and column is not None:
            self.drops.append((real, column))
        self.columns[table, name] = None

    def _stored(self, schema: str | None) -> dict[str, str]:
        """The database's tables of a schema, by their names in lower case."""
        if schema not in self._known:
            try:
                names = self.inspector.get_table_names(schema)
            except sa.exc.DBAPIError:
                names = []
            self._known[schema] = {name.lower(): name for name in names}
        return self._known[schema]

    def _columns_of(self, table: str) -> dict[str, bool]:
        """Each column, and whether it is computed from others."""
        schema, _, name = table.rpartition(".")
        stored = self._stored(schema or None).get(name.lower())
        if stored is None:
            return {}
        columns = self.inspector.get_columns(stored, schema or None)
        return {column["name"]: bool(column.get("computed")) for column in columns}

    def counted(self, table: str, column: str | None) -> Loss | None:
        """What goes with a drop; None when that is nothing."""
        schema, _, name = table.rpartition(".")
        stored = self._stored(schema or None).get(name.lower())
        if stored is None:
            return None
        lost = sa.table(stored, schema=schema or None)
        if column is None:
            rows = self.connection.scalar(sa.select(sa.func.count()).select_from(lost)) or 0
            return Loss(table, None, rows, rows) if rows else None
        known = {
            name.lower(): (name, computed) for name, computed in self._columns_of(table).items()
        }
        real, computed = known.get(column.lower(), ("", True))
        if computed:
            return None
        counts = sa.select(sa.func.count(sa.column(real)), sa.func.count()).select_from(lost)
        values, rows = self.connection.execute(counts).one()
        return Loss(table, real, values, rows) if values else None


def _bare(name: str) -> str:
    """A name of an SQL text without its quotes."""
    return ".".join(part.strip().strip('"`[]') for part in name.split("."))
