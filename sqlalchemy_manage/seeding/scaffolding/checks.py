"""The CHECKs of a table, and what they say of each column."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from ...sql.evaluation import NotEvaluated, evaluated, holds
from ...sql.expression_parser import Tree, tree
from ...sql.expressions import uncast
from ...sql.raw import sql_of
from ...sqlalchemy_internals import as_declared, dialects_of, is_of_type

LENGTHS = ("length", "char_length", "character_length", "len", "octet_length")
TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "<>": "<>"}


@dataclass(frozen=True)
class Condition:
    """A condition on the rows of a table: a CHECK, or a part of one that is joined by AND."""

    name: str
    text: str
    tree: Tree

    @cached_property
    def columns(self) -> frozenset[str]:
        """The names in it, in lower case."""
        return frozenset(names_in(self.tree))

    def passes(self, row: Mapping[str, Any]) -> bool | None:
        """Whether it holds for the row; None where only the database can say."""
        try:
            return holds(self.tree, row)
        except NotEvaluated:
            return None


@dataclass
class Limits:
    """What is known of the values of a column."""

    low: Any = None
    high: Any = None
    shortest: int = 0
    longest: int | None = None
    choices: list[Any] | None = None
    required: bool = False
    checks: list[Condition] = field(default_factory=list)

    def read(self, check: Condition) -> None:
        """Take in a condition on this column alone."""
        self.checks.append(check)
        kind, *parts = check.tree
        if kind == "not" and parts[0][0] == "is" and parts[0][2] == ("null",):
            self.required = True
        if kind == "or" and all(part[0] in ("=", "in") for part in parts):
            self.choices = [_constant(value) for part in parts for value in part[2:]]
        if kind == "in":
            self.choices = [_constant(value) for value in parts[1:]]
        if kind in TURNED and len(parts) == 2:
            left, right = map(uncast, parts)
            if right[0] in ("name", "call") and left[0] not in ("name", "call"):
                kind, left, right = TURNED[kind], right, left
            with suppress(NotEvaluated):
                self._compare(kind, left, _constant(right))

    def _compare(self, kind: str, left: Tree, value: Any) -> None:
        if left[0] == "call" and left[1] in LENGTHS and isinstance(value, Decimal):
            length = int(value)
            if kind in (">", ">=", "="):
                self.shortest = max(self.shortest, length + (kind == ">"))
            if kind in ("<", "<=", "="):
                most = length - (kind == "<")
                self.longest = most if self.longest is None else min(self.longest, most)
        elif left[0] == "name" and kind == "=":
            self.choices = [value]
        elif left[0] == "name" and kind in (">", ">="):
            value = _next(value, 1) if kind == ">" else value
            self.low = value if self.low is None else max(self.low, value)
        elif left[0] == "name" and kind in ("<", "<="):
            value = _next(value, -1) if kind == "<" else value
            self.high = value if self.high is None else min(self.high, value)
        elif left[0] == "name" and kind == "<>" and value == "":
            self.shortest = max(self.shortest, 1)

    def pass_all(self, values: Iterable[Any], name: str) -> bool:
        """Whether each value passes the conditions, as far as that can be said here."""
        return all(
            check.passes({name: value}) is not False for value in values for check in self.checks
        )


def _next(value: Any, step: int) -> Any:
    """A value beyond a bound that is excluded: 1 further, or a day."""
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return value + (step * Decimal(1).scaleb(min(0, int(exponent))))
    return value + dt.timedelta(days=step) if isinstance(value, dt.date) else value


def _constant(node: Tree) -> Any:
    """The value of an expression without columns, a date where its text is one."""
    value = evaluated(node, {})
    if isinstance(value, str):
        for read in (dt.date.fromisoformat, dt.datetime.fromisoformat):
            with suppress(ValueError):
                return read(value)
    return value


def names_in(node: Any) -> Iterator[str]:
    """The names of columns in an expression, in lower case."""
    if isinstance(node, tuple) and node:
        if node[0] == "name" or (node[0] == "call" and len(node) == 2):
            yield str(node[1]).lower()
        for part in node[1:]:
            yield from names_in(part)


def constants(node: Any) -> Iterator[Any]:
    """The literals in an expression."""
    if isinstance(node, tuple) and node:
        if node[0] in ("number", "text", "boolean"):
            yield node[1]
        for part in node[1:]:
            yield from constants(part)


def checks_of(table: sa.Table, dialect: sa.Dialect) -> list[Condition]:
    """What the table's CHECKs say, in the parts that AND joins; those of types are left out."""
    found = []
    constraints = [*table.constraints]
    for column in table.columns:
        constraints += [each for each in column.constraints if each not in table.constraints]
    for each in as_declared(constraints):
        if not isinstance(each, sa.CheckConstraint) or is_of_type(each):
            continue
        if (names := dialects_of(each)) is not None and dialect.name not in names:
            continue
        text = sql_of(each.sqltext, dialect)
        name = str(each.name) if each.name is not None else ""
        found += parts(name, text, tree(text))
    return found


def parts(name: str, text: str, read: Tree) -> list[Condition]:
    """A condition in its parts, each as simple as it is for rows that have all values."""
    if read[0] == "and":
        return [each for part in read[1:] for each in parts(name, text, part)]
    if read[0] == "or":
        # ``x IS NULL OR x > 0``: a CHECK holds for NULL in any case.
        filled = [part for part in read[1:] if not (part[0] == "is" and part[2] == ("null",))]
        nulls = {n for part in read[1:] if part not in filled for n in names_in(part)}
        if len(filled) == 1 and nulls and nulls <= set(names_in(filled[0])):
            return parts(name, text, filled[0])
    return [Condition(name, text, read)]
