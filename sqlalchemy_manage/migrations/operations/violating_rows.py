"""The rows that a new constraint would not allow: how many there are, and the first of them.

Asked before a revision is written, before it is run, and when the database has refused it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ...sql.raw import execute, qualified
from ..questions import dotted, many
from .conversions.harm import shown

_SHOWN = 5


@dataclass(frozen=True)
class Rule:
    """What the rows of a table have to keep, in SQL. ``kind`` is the word of SQL.

    ``keys``: the expressions that are unique together, or the columns of a foreign key, as
    the database reads them; ``columns`` the columns that are shown of a row. ``where`` is of a
    partial index; with ``nulls_equal`` two NULLs are no different values, and with ``no_nulls``
    there may be none. ``condition`` is a CHECK's. ``target`` are the table and the columns
    that a foreign key refers to. ``operators``: for an exclusion, how each of ``keys`` is compared.
    """

    kind: str
    name: str
    keys: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    where: str = ""
    nulls_equal: bool = False
    no_nulls: bool = False
    condition: str = ""
    target: tuple[str, tuple[str, ...]] = ("", ())
    operators: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" if self.name else self.kind


@dataclass(frozen=True)
class ViolatingRows:
    """``count`` rows of ``table`` that ``rule`` does not allow, in the words of ``text``."""

    table: str
    rule: Rule
    count: int
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class StoredRows:
    """The rows of a table, with columns called ``names`` (new name to the name there)."""

    connection: sa.Connection
    schema: str | None
    table: str
    names: Mapping[str, str] = field(default_factory=dict)
    label: str = ""
    """What the table is called in words, and in the conditions; its own name by default."""

    def violating(self, rule: Rule) -> ViolatingRows | None:
        """The rows that ``rule`` does not allow; None where there are none, or nobody can tell."""
        finders = {
            "CHECK": self._unchecked,
            "FOREIGN KEY": self._dangling,
            "EXCLUDE": self._excluding,
            "NOT NULL": self._null,
        }
        find = finders.get(rule.kind, self._equal)
        apart: Any = nullcontext()
        if self.connection.dialect.name == "postgresql" and self.connection.in_transaction():
            with suppress(DBAPIError):  # in autocommit mode there is no transaction
                apart = self.connection.begin_nested()
        try:
            with apart:
                found = find(rule)
        except SQLAlchemyError:
            return None  # of a column or a type that comes with the revision
        return ViolatingRows(dotted(self.schema, self._label), rule, *found) if found else None

    # What they share

    @property
    def _label(self) -> str:
        return self.label or self.table

    def _quoted(self, *names: str | None) -> str:
        return qualified(self.connection.dialect, *names)

    @property
    def _source(self) -> str:
        """The table under its new name, its columns too."""
        name = self._quoted(self.schema, self.table)
        renamed = {new: old for new, old in self.names.items() if new != old}
        if not renamed:
            return f"{name} AS {self._quoted(self._label)}"
        there = self._columns
        taken = {old: new for new, old in renamed.items() if old in there}
        listed = ", ".join(
            f"{self._quoted(old)} AS {self._quoted(taken.get(old, old))}" for old in sorted(there)
        )
        return f"(SELECT {listed} FROM {name}) AS {self._quoted(self._label)}"

    @property
    def _columns(self) -> set[str]:
        """The names of the columns there."""
        found = sa.inspect(self.connection).get_columns(self.table, schema=self.schema)
        return {str(column["name"]) for column in found}

    @property
    def _key(self) -> list[str]:
        found = sa.inspect(self.connection).get_pk_constraint(self.table, schema=self.schema)
        new = {old: name for name, old in self.names.items()}
        return [new.get(str(n), str(n)) for n in (found or {}).get("constrained_columns") or ()]

    def _rows(self, sql: str) -> list[Any]:
        return [*execute(self.connection, sql)]

    def _count(self, condition: str) -> int:
        sql = f"SELECT count(*) FROM {self._source} WHERE {condition}"
        return int(execute(self.connection, sql).scalar() or 0)

    def _first(self, condition: str, more: Sequence[str] = ()) -> list[tuple[str, list[Any]]]:
        """The first rows, each by its key in words, and its values of ``more``."""
        key = self._key
        wanted = [*map(self._quoted, key), *more] or ["1"]
        order = f" ORDER BY {', '.join(map(self._quoted, key))}" if key else ""
        found = self._rows(
            f"SELECT {', '.join(wanted)} FROM {self._source} WHERE {condition}{order} "
            f"LIMIT {_SHOWN}"
        )
        return [(_key_words(key, row[: len(key)]), [*row[len(key) :]]) for row in found]

    def _listed(self, condition: str, count: int, columns: Sequence[str]) -> str:
        """``id 1 (price -1), id 2 (price 0) ...``"""
        found = self._first(condition, [self._quoted(column) for column in columns])
        words = []
        for key, values in found:
            held = _held(columns, values[: len(columns)])
            words.append(f"{key} ({held})" if key and held else key or held)
        return f"{', '.join(filter(None, words))}{', ...' if count > len(found) else ''}"

    # Of each kind

    def _unchecked(self, rule: Rule) -> tuple[int, str] | None:
        condition = f"NOT ({rule.condition})"
        count = self._count(condition)
        if not count:
            return None
        verb = "does not keep" if count == 1 else "do not keep"
        there = self._columns
        columns = [c for c in rule.columns if self.names.get(c, c) in there and c not in self._key]
        listed = self._listed(condition, count, columns)
        text = f"{many(count, 'row')} of {self._label} {verb} CHECK ({rule.condition})"
        return count, f"{text}: {listed}"

    def _null(self, rule: Rule) -> tuple[int, str] | None:
        condition = " OR ".join(f"{key} IS NULL" for key in rule.keys)
        count = self._count(condition)
        if not count:
            return None
        verb = "has" if count == 1 else "have"
        columns = " or ".join(rule.columns)
        text = f"{many(count, 'row')} of {self._label} {verb} no value of {columns}"
        listed = self._listed(condition, count, ())
        return count, f"{text}: {listed}" if listed else text

    def _dangling(self, rule: Rule) -> tuple[int, str] | None:
        table, columns = rule.target
        here = [f"{self._quoted(self._label)}.{key}" for key in rule.keys]
        pairs = zip(here, columns, strict=True)
        same = " AND ".join(f"target.{column} = {key}" for key, column in pairs)
        given = " AND ".join(f"{key} IS NOT NULL" for key in here)
        condition = f"{given} AND NOT EXISTS (SELECT 1 FROM {table} AS target WHERE {same})"
        count = self._count(condition)
        if not count:
            return None
        verb = "refers to a row" if count == 1 else "refer to rows"
        text = f"{many(count, 'row')} of {self._label} {verb} of {table} that "
        text += "does not exist" if count == 1 else "do not exist"
        return count, f"{text}: {self._listed(condition, count, rule.columns)}"

    def _equal(self, rule: Rule) -> tuple[int, str] | None:
        if rule.no_nulls and (found := self._null(rule)):
            return found
        key = self._key
        keys = ", ".join(rule.keys)
        conditions = [f"({rule.where})"] if rule.where else []
        if not rule.nulls_equal:
            conditions += [f"{expression} IS NOT NULL" for expression in rule.keys]
        columns = [
            *(f"{expression} AS k{place}" for place, expression in enumerate(rule.keys)),
            *(f"{self._quoted(name)} AS p{place}" for place, name in enumerate(key)),
        ]
        order = ", ".join(map(self._quoted, key)) or keys
        grouped = (
            f"(SELECT {', '.join(columns)}, count(*) OVER (PARTITION BY {keys}) AS many, "
            f"DENSE_RANK() OVER (ORDER BY {keys}) AS place, "
            f"ROW_NUMBER() OVER (PARTITION BY {keys} ORDER BY {order}) AS nth "
            f"FROM {self._source}{' WHERE ' * bool(conditions)}{' AND '.join(conditions)}) AS g"
        )
        number, count = self._rows(
            f"SELECT count(DISTINCT place), count(*) FROM {grouped} WHERE many > 1"
        )[0]
        if not number:
            return None
        names = [f"k{place}" for place in range(len(rule.keys))]
        names += [f"p{place}" for place in range(len(key))]
        groups: dict[int, list[Any]] = {}
        for row in self._rows(
            f"SELECT place, many, {', '.join(names)} FROM {grouped} "
            f"WHERE many > 1 AND nth <= {_SHOWN} ORDER BY place, nth LIMIT {_SHOWN**2}"
        ):
            groups.setdefault(row[0], []).append(row)
        words = []
        for rows in [*groups.values()][:_SHOWN]:
            values, ids = (
                rows[0][2 : 2 + len(rule.keys)],
                [row[2 + len(rule.keys) :] for row in rows],
            )
            listed = ", ".join(map(_values_of, ids)) + (", ..." if rows[0][1] > len(ids) else "")
            named = key[0] if len(key) == 1 else f"({', '.join(key)})"
            words.append(_values_of(values) + (f" ({named} {listed})" if key else ""))
        columns_named = ", ".join(rule.columns)
        if number == 1:
            named = f"({columns_named})" if len(rule.keys) > 1 else columns_named
            return count, f"{count:,} rows of {self._label} have {named} {words[0]}"
        more = ", ..." if number > len(words) else ""
        shared = f"{count:,} rows of {self._label} share their {columns_named} with others"
        return count, f"{shared}: {', '.join(words)}{more}"

    def _excluding(self, rule: Rule) -> tuple[int, str] | None:
        key = self._key
        if not key:
            return None
        table = self._quoted(self.schema, self.table)
        inner = ", ".join(
            [self._quoted(name) for name in key]
            + [f"{expression} AS k{place}" for place, expression in enumerate(rule.keys)]
        )
        one = f"(SELECT ctid AS place, {inner} FROM {table}"
        one += f" WHERE {rule.where})" if rule.where else ")"
        both = " AND ".join(
            f"a.k{place} {operator} b.k{place}" for place, operator in enumerate(rule.operators)
        )
        # By the physical place: a pair is to be counted once.
        joined = f"FROM {one} AS a JOIN {one} AS b ON a.place < b.place AND {both}"
        count = int(execute(self.connection, f"SELECT count(*) {joined}").scalar() or 0)
        if not count:
            return None
        wanted = [f"{side}.{self._quoted(name)}" for side in "ab" for name in key]
        found = self._rows(
            f"SELECT {', '.join(wanted)} {joined} ORDER BY {', '.join(wanted)} LIMIT {_SHOWN}"
        )
        size = len(key)
        words = [
            f"{_key_words(key, row[:size])} and {_key_words(key, row[size:])}" for row in found
        ]
        verb = "excludes" if count == 1 else "exclude"
        text = f"{many(count, 'pair')} of rows of {self._label} {verb} each other"
        listed = ", ".join(words) + (", ..." if count > len(found) else "")
        return count, f"{text}: {listed}"


def _values_of(values: Sequence[Any]) -> str:
    words = ["NULL" if value is None else shown(value) for value in values]
    return words[0] if len(words) == 1 else f"({', '.join(words)})"


def _key_words(names: Sequence[str], values: Sequence[Any]) -> str:
    if not names:
        return ""
    if len(names) == 1:
        return f"{names[0]} {_values_of(values)}"
    return f"({', '.join(names)}) {_values_of(values)}"


def _held(names: Sequence[str], values: Sequence[Any]) -> str:
    return ", ".join(f"{n} {_values_of([v])}" for n, v in zip(names, values, strict=True))
