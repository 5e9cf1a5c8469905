"""A change of models walked through as its user would: up, down, up, to nothing and up again.

After every step the rows are compared, and ``makemigrations --check`` has to be clean.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from support.programs import Result
from support.project import ProjectFolder

Rows = Mapping[str, list[dict[str, Any]]]
HEADER = """\
import datetime
import decimal
import enum
import uuid
from typing import Any, Optional

import sqlalchemy as sa
from sqlalchemy import *
from sqlalchemy.orm import *


class Base(DeclarativeBase):
    pass


metadata = Base.metadata
"""


@dataclass(frozen=True)
class Asked:
    """A question that was printed, as the flags of each of its answers."""

    text: str
    answers: tuple[str, ...]


Choose = Callable[[Asked], str]
"""Which of the answers of a question is given."""


@dataclass(frozen=True)
class Evolution:
    """Models before and after, without the header that all share, and the rows in between.

    ``names``: the new names of tables (``a``) and columns (``a.x``, by the old name of
    the table) that hold the same data. ``becomes``: how the values of a column, by its old
    name, are changed on purpose, and ``stays`` the columns where the way back leaves that
    so: NULLs that were filled. ``choose``: which of the printed answers is given; the
    first by default.
    """

    before: str
    after: str
    rows: Rows = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    becomes: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    stays: Collection[str] = ()
    choose: Choose = lambda asked: asked.answers[0]

    def expected(self, data: Rows, new: Rows) -> Rows:
        """What ``data`` has to be after the change: the columns that ``new`` has too."""
        found = {}
        for table, rows in data.items():
            target = self.names.get(table, table)
            if target not in new or not rows:
                continue
            names = {c: self.names.get(f"{table}.{c}", c) for c in rows[0]}
            shared = {c for c in names if not new[target] or names[c] in new[target][0]}
            found[target] = [
                {
                    names[c]: self.becomes.get(f"{table}.{c}", _same)(value)
                    for c, value in row.items()
                    if c in shared
                }
                for row in rows
            ]
        return found


def _same(value: Any) -> Any:
    return value


def asked(result: Result) -> list[Asked]:
    """The questions that a command without a terminal ended with."""
    found: list[Asked] = []
    text: list[str] = []
    answers: list[str] = []
    for line in [*result.stderr.splitlines(), "  "]:
        if line.startswith("    "):
            if (flags := re.search(r":\s+(--.*)$", line)) is not None:
                answers.append(flags[1])
        elif line.startswith("  "):
            if answers:
                found.append(Asked("\n".join(text), tuple(answers)))
                text, answers = [], []
            text.append(line.strip())
    return found


def make(app: ProjectFolder, choose: Choose) -> Result:
    """``makemigrations`` with the flags that it prints, for as long as it asks."""
    flags: list[str] = []
    for _ in range(8):
        result = app.manage("makemigrations", "--no-input", *flags)
        if result.code != 3:
            break
        questions = asked(result)
        assert questions, result
        new = [word for question in questions for word in shlex.split(choose(question))]
        assert new, result
        flags += new
    assert result.code == 0, result
    return result


def _comparable(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """``row`` as words: 1.50 and 1.5 are the same number."""
    return sorted(
        (name, f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, Decimal) else repr(value))
        for name, value in row.items()
    )


def _places(data: Rows) -> list[tuple[str, str]]:
    return [(table, column) for table, rows in data.items() if rows for column in rows[0]]


def _clean(app: ProjectFolder) -> None:
    checked = app.manage("makemigrations", "--check", "--no-input")
    assert checked.code == 0, checked


def walk(app: ProjectFolder, it: Evolution) -> None:
    """Raises AssertionError at the first step after which something is not as it has to be."""
    app.file.write_text(HEADER + it.before)
    make(app, it.choose)
    app.done("migrate")
    _clean(app)
    app.insert(it.rows)
    data, schema = app.data(), app.schema()

    app.file.write_text(HEADER + it.after)
    make(app, it.choose)
    text = app.newest()
    app.done("migrate")
    upgraded, described = app.data(), app.schema()
    expected = it.expected(data, upgraded)
    # Those of the columns that were there; of the new ones each has its default.
    columns = {table: set(rows[0]) for table, rows in expected.items() if rows}
    found = {
        table: [{c: row[c] for c in names} for row in upgraded[table]]
        for table, names in columns.items()
    }
    for table, rows in expected.items():
        old, now = (sorted(map(_comparable, many)) for many in (rows, found[table]))
        assert now == old, f"{table}: {old} became {now}\n{text}"
    _clean(app)

    app.file.write_text(HEADER + it.before)
    app.done("rollback")
    undone = app.data()
    gone = _lost(it, data, upgraded)
    for table, column in _places(data):
        if (table, column) not in gone and (table, "") not in gone:
            place = f"{table}.{column}"
            as_is = it.becomes[place] if place in it.stays else _same
            old = sorted(_comparable({column: as_is(row[column])}) for row in data[table])
            now = sorted(_comparable({column: row[column]}) for row in undone[table])
            assert now == old, f"{table}: {old} became {now} after the rollback\n{text}"
    again = app.schema()
    same_schema(_but_nullable(schema, gone), _but_nullable(again, gone), text)
    if not gone:
        with app.without_newest():
            _clean(app)

    app.file.write_text(HEADER + it.after)
    app.done("migrate", "zero")
    assert not app.tables(), text
    app.done("migrate")
    same_schema(described, app.schema(), text)
    _clean(app)


def same_schema(old: dict[str, Any], new: dict[str, Any], text: str) -> None:
    """Raises AssertionError for the first difference; ``text`` is what has made it."""
    for table in sorted(old.keys() | new.keys()):
        for kind in sorted(old.get(table, {}).keys() | new.get(table, {}).keys()):
            was, now = (_named(schema.get(table, {}), kind) for schema in (old, new))
            if any("name" not in item for item in was if isinstance(item, dict)):
                # The way back gives a name to what had none.
                was, now = ([item | {"name": None} for item in items] for items in (was, now))
            assert sorted(now, key=repr) == sorted(was, key=repr), (
                f"{kind} of {table}: {was} became {now}\n{text}"
            )


def _named(table: dict[str, Any], kind: str) -> list[Any]:
    """What reflection tells, without the indexes that MariaDB makes and names for its keys."""
    found = table.get(kind, [])
    if kind != "indexes":
        return found if isinstance(found, list) else [found]
    made = [key["constrained_columns"] for key in table.get("foreign_keys", ())]
    return [item for item in found if item.get("unique") or item["column_names"] not in made]


def _lost(it: Evolution, data: Rows, upgraded: Rows) -> set[tuple[str, str]]:
    """The columns, and with an empty name the tables, that the change drops."""
    found = set()
    for table, column in _places(data):
        target = it.names.get(table, table)
        if target not in upgraded:
            found.add((table, ""))
        elif (
            upgraded[target]
            and it.names.get(f"{table}.{column}", column) not in upgraded[target][0]
        ):
            found.add((table, column))
    return found


def _but_nullable(schema: dict[str, Any], gone: set[tuple[str, str]]) -> dict[str, Any]:
    """``schema``, but for NOT NULL of columns that come back without their values."""
    for table, column in gone:
        for described in schema.get(table, {}).get("columns", []):
            if described["name"] == column:
                described["nullable"] = True
    return schema
