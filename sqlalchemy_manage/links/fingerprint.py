"""How many rows and links a table has, and which: a number that their order does not change.

Two fingerprints of one process can be compared, for equality only. A hash of each row's
key, and of each pair of a row's key and the key it refers to, summed modulo 2**64: unlike
an exclusive or, a sum sees a row that occurs twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa

from .catalog import StoredTable, quoted

_WORD = 1 << 64


@dataclass(frozen=True)
class Fingerprint:
    """``links``: for the columns of each link, how many rows have it, and the pairs' hash."""

    rows: int
    keys: int
    links: dict[tuple[str, ...], tuple[int, int]] = field(default_factory=dict)


def fingerprint(connection: sa.Connection, table: StoredTable) -> Fingerprint:
    """Of one table. A million rows with one link take a second or two."""
    parts = [table.identity, *((*table.identity, *link.columns) for link in table.links)]
    made = _sqlite if connection.dialect.name == "sqlite" else _in_sql
    found = made(connection, table, parts)
    links = {link.columns: counted for link, counted in zip(table.links, found[1:], strict=True)}
    return Fingerprint(*found[0], links)


def _filled(connection: sa.Connection, columns: Iterable[str]) -> str:
    return " AND ".join(f"{quoted(connection, column)} IS NOT NULL" for column in columns)


def _in_sql(
    connection: sa.Connection, table: StoredTable, parts: list[tuple[str, ...]]
) -> list[tuple[int, int]]:
    """Every sum in one pass over the table."""
    wanted = []
    for number, columns in enumerate(parts):
        if connection.dialect.name == "postgresql":
            # Each value with its length before it, so that two columns cannot run together.
            texts = (f"{quoted(connection, column)}::text" for column in columns)
            joined = " || ".join(f"coalesce(length({t}) || ':' || {t}, '-')" for t in texts)
            hashed = f"hashtextextended({joined}, 0)" if columns else "0"
        else:
            texts = (f"CAST({quoted(connection, column)} AS CHAR)" for column in columns)
            joined = ", ".join(f"COALESCE(CONCAT(LENGTH({t}), ':', {t}), '-')" for t in texts)
            half = f"CONV(LEFT(MD5(CONCAT({joined})), 16), 16, 10)"
            hashed = f"CAST({half} AS DECIMAL(20))" if columns else "0"
        if number:
            filled = _filled(connection, table.links[number - 1].columns)
            wanted.append(f"count(CASE WHEN {filled} THEN 1 END)")
            wanted.append(f"sum(CASE WHEN {filled} THEN {hashed} END)")
        else:
            wanted += ["count(*)", f"sum({hashed})"]
    sql = f"SELECT {', '.join(wanted)} FROM {quoted(connection, table.name)}"
    row = connection.exec_driver_sql(sql).one()
    return [
        (int(row[2 * i]), int(row[2 * i + 1] or 0) % _WORD if columns else 0)
        for i, columns in enumerate(parts)
    ]


def _sqlite(
    connection: sa.Connection, table: StoredTable, parts: list[tuple[str, ...]]
) -> list[tuple[int, int]]:
    """SQLite has no hash function, and calling one of Python's for each row takes longer.

    Of the text of the row, not of the tuple: Python's hash of a tuple is nearly linear in
    its last member, so that two links that change places would leave the sum as it is.
    """
    found = []
    cursor = connection.connection.cursor()
    try:
        for number, columns in enumerate(parts):
            names = ", ".join(quoted(connection, column) for column in columns) or "1"
            sql = f"SELECT {names} FROM {quoted(connection, table.name)}"
            if number:
                sql += f" WHERE {_filled(connection, table.links[number - 1].columns)}"
            cursor.execute(sql)
            count = total = 0
            while rows := cursor.fetchmany(50_000):
                count += len(rows)
                total += sum(map(hash, map(repr, rows)))
            found.append((count, total % _WORD if columns else 0))
    finally:
        cursor.close()
    return found
