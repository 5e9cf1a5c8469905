"""Constraints without a name, and the name that each of them goes by.

A revision says by its name which constraint it drops. PostgreSQL names what a statement
does not: ``book_slug_key``. SQLite leaves it without, so there that same name stands for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from ...errors import MigrationError
from ...sql.tokens import words_of
from .create_table import Clause, TableSql, expression_of, normal, read_table

LABELS = {"unique": "key", "foreign key": "fkey", "check": "check", "exclude": "excl"}
"""What the name of a constraint ends with."""

FACTS = {
    "unique": "unique_constraints",
    "foreign key": "foreign_keys",
    "check": "check_constraints",
}
"""What the Inspector calls each kind."""

_LIMIT = 63


class Implied(str):
    """A name that no statement gives: it is another one once the table or a column is renamed."""


def given_name(name: str | None) -> str | None:
    """``name``, or None where no statement gives it."""
    return None if isinstance(name, Implied) else name


def name_for(kind: str, table: str, columns: Iterable[str], taken: Collection[str] = ()) -> str:
    """The name that PostgreSQL would give, cut to its length and numbered if ``taken``.

    ``taken`` is in lower case: on MariaDB the case of a name is no difference.
    """
    added, number = "_".join(columns), 0
    while True:
        label = f"{LABELS[kind]}{number or ''}"
        name = "_".join(filter(None, (*_cut(table, added, len(label)), label)))
        if name.casefold() not in taken:
            return name
        number += 1


def is_name_for(name: str | None, kind: str, table: str, columns: Iterable[str]) -> bool:
    """Whether ``name`` is the one of ``name_for``, whatever its number."""
    return str(name).rstrip("0123456789") == name_for(kind, table, columns)


def _cut(table: str, columns: str, label: int) -> Iterator[str]:
    """The longer of the two is cut first (makeObjectName in PostgreSQL's indexcmds.c)."""
    parts = [table.encode(), columns.encode()]
    room = _LIMIT - label - (2 if columns else 1)
    while len(parts[0]) + len(parts[1]) > room:
        longer = 0 if len(parts[0]) > len(parts[1]) else 1
        parts[longer] = parts[longer][:-1]
    yield from (part.decode(errors="ignore") for part in parts)


def named_by(kind: str, columns: Sequence[str]) -> Sequence[str]:
    """Which ``columns`` are in the name: of a CHECK that mentions several none is."""
    return columns if kind != "check" or len(columns) == 1 else ()


def mentioned(expression: str, columns: Iterable[str]) -> list[str]:
    """Those of ``columns`` that an expression mentions, whatever the case."""
    words = words_of(expression)
    names = {word.name.casefold() for word in words if word.kind in ("word", "quoted")}
    return [column for column in columns if column.casefold() in names]


def clause_names(table: str, statement: TableSql) -> list[tuple[Clause, str, list[str]]]:
    """Every UNIQUE, FOREIGN KEY and CHECK of a CREATE TABLE, its name, and its columns."""
    clauses = [clause for clause in statement.clauses if clause.kind in FACTS]
    columns = {c.name: words_of(c.written, "sqlite")[0].name for c in statement.columns}
    taken = {clause.name for clause in clauses if clause.name}
    found = []
    for clause in clauses:
        of = [columns.get(name, name) for name in clause.columns]
        if clause.kind == "check":
            of = mentioned(expression_of(clause), columns.values())
        if clause.name:
            name = _as_written(clause)
        else:
            name = Implied(name_for(clause.kind, table, named_by(clause.kind, of), taken))
            taken.add(name.casefold())
        found.append((clause, name, of))
    return found


def _as_written(clause: Clause) -> str:
    word = words_of(clause.text, "sqlite")[1]
    return word.value if word.kind == "string" else word.name


Facts = Callable[[str], list[Any] | None]
"""The list that the Inspector has for a table, by what it calls it; None where it has none."""


def complete_names(create_table: str, table: str, facts: Facts) -> None:
    """Name what a table has without a name on SQLite, and add each UNIQUE that is missing.

    SQLAlchemy reads the statement by patterns, which find not all, and one of two that are
    equal.
    """
    lists = {kind: facts(called) for kind, called in FACTS.items()}
    uniques = lists["unique"]
    unnamed = any(item["name"] is None for found in lists.values() for item in found or ())
    missing = uniques is not None and create_table.lower().count("unique") > len(uniques)
    if not unnamed and not missing:
        return
    with suppress(MigrationError):
        for clause, name, columns in clause_names(table, read_table(create_table)):
            found = lists[clause.kind]
            if found is None:
                continue
            match = next((item for item in found if _is(item, clause, name)), None)
            if match is not None:
                # In the order of the statement, which numbers them.
                found.remove(match)
                more = _foreign_options(clause) if clause.kind == "foreign key" else {}
                found.append(match | {"name": name} | more)
            elif clause.kind == "unique":
                found.append({"name": name, "column_names": columns})


def _foreign_options(clause: Clause) -> dict[str, Any]:
    """ON DELETE and so on, which SQLAlchemy does not read of what is within a column."""
    options: dict[str, Any] = {}
    for option in clause.options:
        on, event, *action = option.split(" ", 2)
        if on == "ON":
            options[f"on{event.lower()}"] = action[0]
        elif option.startswith("DEFERRABLE"):
            deferred = option.endswith("DEFERRED")
            options |= {"deferrable": True} | ({"initially": "DEFERRED"} if deferred else {})
    return {"options": options}


def _is(fact: Any, clause: Clause, name: str) -> bool:
    if fact["name"] is not None:
        return str(fact["name"]) == name and not isinstance(fact["name"], Implied)
    if clause.kind == "check":
        return normal(fact["sqltext"]) == clause.what
    if clause.kind == "unique":
        return _folded(fact["column_names"]) == clause.columns
    target = str(fact["referred_table"]).casefold()
    return target == clause.what.partition("(")[0] and (
        _folded(fact["constrained_columns"]) == clause.columns
    )


def _folded(columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(column.casefold() for column in columns)


def rename_implied(table: str, columns: Sequence[str], facts: Facts) -> None:
    """The implied names of a table once it, or some of its columns, have other names."""
    for kind, called in FACTS.items():
        found = facts(called) or []
        taken = {str(i["name"]).casefold() for i in found if not isinstance(i["name"], Implied)}
        for item in found:
            if isinstance(item["name"], Implied):
                of = named_by(kind, _columns(item, columns))
                item["name"] = Implied(name_for(kind, table, of, taken))
                taken.add(item["name"].casefold())


def _columns(fact: Any, columns: Sequence[str]) -> Sequence[str]:
    if "sqltext" in fact:
        return mentioned(fact["sqltext"], columns)
    found: Sequence[str] = fact.get("constrained_columns") or fact["column_names"]
    return found


def constraints_of(connection: sa.Connection, schema: str | None, table: str) -> dict[str, Any]:
    """What the Inspector says of the constraints of one table, by kind, each with its name."""
    inspector = sa.inspect(connection)
    found = {
        called: [dict(item) for item in getattr(inspector, f"get_{called}")(table, schema=schema)]
        for called in FACTS.values()
    }
    if connection.dialect.name == "sqlite":
        complete_names(statement_of(connection, schema, table), table, found.get)
    return {kind: found[called] for kind, called in FACTS.items()}


def statement_of(connection: sa.Connection, schema: str | None, table: str) -> str:
    """SQLite: the CREATE TABLE of a table; empty where there is none."""
    quote = connection.dialect.identifier_preparer.quote
    return (
        connection.scalar(
            sa.text(
                f"SELECT sql FROM {quote(schema or 'main')}.sqlite_master"
                " WHERE type = 'table' AND name = :table COLLATE NOCASE"
            ),
            {"table": table},
        )
        or ""
    )
