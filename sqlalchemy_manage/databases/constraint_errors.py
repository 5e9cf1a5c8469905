"""What a database complained about, read from the driver's error: kind, table, columns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError


@dataclass(frozen=True)
class Violation:
    """A refused row. ``columns`` are column names, empty where the database names none."""

    kind: str
    table: str | None
    columns: tuple[str, ...]
    constraint: str | None = None


# SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
_SQLSTATES = {
    "23502": "NOT NULL",
    "23503": "FOREIGN KEY",
    "23505": "UNIQUE",
    "23514": "CHECK",
    "22001": "too long",
    "22003": "out of range",
    "22007": "wrong type",
    "22P02": "wrong type",
    "42804": "wrong type",
}
_AT_ROW = r"column (?:.*`\.)?['`](?P<column>[^`'.]+)['`] at row"
# https://mariadb.com/kb/en/mariadb-error-code-reference/
_MARIADB = {
    1048: ("NOT NULL", r"Column '(?P<column>[^']+)'"),
    1364: ("NOT NULL", r"Field '(?P<column>[^']+)'"),
    1062: ("UNIQUE", r"for key '(?:[^'.]+\.)?(?P<constraint>[^']+)'"),
    1451: ("FOREIGN KEY", r"CONSTRAINT `(?P<constraint>[^`]+)` FOREIGN KEY"),
    1452: ("FOREIGN KEY", r"CONSTRAINT `(?P<constraint>[^`]+)` FOREIGN KEY"),
    4025: ("CHECK", r"CONSTRAINT `(?P<constraint>[^`]+)` failed"),
    3819: ("CHECK", r"constraint '(?P<constraint>[^']+)'"),
    1406: ("too long", _AT_ROW),
    1264: ("out of range", _AT_ROW),
    1292: ("wrong type", _AT_ROW),
    1366: ("wrong type", _AT_ROW),
}
_SQLITE = re.compile(
    r"(?P<kind>UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: (?P<what>.+))?"
)


def violation(error: DBAPIError, tables: Iterable[sa.Table]) -> Violation:
    """What was violated; kind is ``refused`` where the message is not understood."""
    by_name = {table.name: table for table in tables}
    # Only for a table of ours; a trigger may have failed on another one.
    written = re.search(r"(?:INSERT INTO|UPDATE)\s+([^\s(]+)", error.statement or "", re.I)
    name = re.sub(r'["`]', "", written[1]).rpartition(".")[2] if written else None
    kind, table, columns, constraint = _read(error.orig, name)
    if constraint and table in by_name:
        names = {column.name for column in by_name[table].columns}
        if not columns or not names.issuperset(columns):  # PostgreSQL names an expression
            columns = _columns_of(by_name[table], constraint)
    return Violation(kind, table, columns, constraint)


def _read(error: Any, table: str | None) -> tuple[str, str | None, tuple[str, ...], str | None]:
    diagnostics = getattr(error, "diag", None)
    if diagnostics is not None:
        kind = _SQLSTATES.get(str(diagnostics.sqlstate), "refused")
        columns = _columns_in(diagnostics.message_detail, diagnostics.column_name)
        return kind, diagnostics.table_name or table, columns, diagnostics.constraint_name
    if hasattr(error, "sqlstate") and hasattr(error.__cause__, "constraint_name"):
        return _of_asyncpg(error.__cause__, table)
    arguments: tuple[Any, ...] = getattr(error, "args", ())
    if len(arguments) >= 2 and arguments[0] in _MARIADB:
        kind, pattern = _MARIADB[arguments[0]]
        found = re.search(pattern, str(arguments[1]))
        parts = found.groupdict() if found else {}
        column = parts.get("column")
        return kind, table, (column,) if column else (), parts.get("constraint")
    if match := _SQLITE.search(str(error)):
        what = match["what"]
        if match["kind"] == "CHECK":
            return "CHECK", table, (), what
        if what and "." in what and not what.startswith("index "):
            pairs = [part.strip().rpartition(".") for part in what.split(",")]
            return match["kind"], pairs[0][0], tuple(pair[2] for pair in pairs), None
        index = re.fullmatch(r"index '(.+)'", what or "")
        return match["kind"], table, (), index[1] if index else None
    return "refused", table, (), None


def _columns_in(detail: str | None, column: str | None) -> tuple[str, ...]:
    """The columns that PostgreSQL names."""
    # "Key (maker_id, code)=(1, a) already exists."
    key = re.match(r"Key \((.+?)\)=", detail or "")
    return (column,) if column else tuple(re.split(r", ", key[1])) if key else ()


def _of_asyncpg(
    error: Any, table: str | None
) -> tuple[str, str | None, tuple[str, ...], str | None]:
    kind = _SQLSTATES.get(str(error.sqlstate), "refused")
    columns = _columns_in(error.detail, error.column_name)
    return kind, error.table_name or table, columns, error.constraint_name


def _columns_of(table: sa.Table, constraint: str) -> tuple[str, ...]:
    if constraint == "PRIMARY":
        return tuple(column.name for column in table.primary_key)
    items: list[Any] = [*table.constraints, *table.indexes]
    for item in items:
        if item.name != constraint:
            continue
        if isinstance(item, sa.CheckConstraint):
            words = set(re.findall(r"\w+", str(item.sqltext)))
            return tuple(column.name for column in table.columns if column.name in words)
        return tuple(column.name for column in item.columns)
    for item in items:
        # MariaDB calls an unnamed constraint after its first column, and numbers a second; a
        # revision calls it after the table and all of its columns.
        if isinstance(item, sa.UniqueConstraint) and item.name is None:
            names = tuple(column.name for column in item.columns)
            ours = re.escape("_".join((table.name, *names, "key")))
            if re.fullmatch(rf"{re.escape(names[0])}(_\d+)?|{ours}\d*", constraint):
                return names
    return ()
