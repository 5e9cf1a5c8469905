"""CHECKs on several columns of a row."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ...sql.expressions import uncast
from .checks import TURNED, Condition, constants
from .columns import TRIED, UNKNOWN, ModelColumns, Stand, stored_value
from .declared import NOTHING, DeclaredValue, samples
from .kinds import kind_of
from .references import ForeignLink
from .values import choice

MOST = 5_000
"""Combinations of values that are tried."""

_STEPS = {
    "integer": ("{} + 1", "{} - 1"),
    "number": ("{} + 1", "{} - 1"),
    "date": ("{} + timedelta(days=1)", "{} - timedelta(days=1)"),
    "datetime": ("{} + timedelta(days=1)", "{} - timedelta(days=1)"),
    "interval": ("{} + timedelta(days=1)", "{} - timedelta(days=1)"),
}


@dataclass
class Conditions:
    """Changes the declarations of ``columns`` until rows of them pass every CHECK."""

    columns: ModelColumns
    references: Sequence[ForeignLink]

    def meet(self) -> None:
        """What cannot be met is among the problems of ``columns``."""
        several = [check for check in self.columns.checks if len(check.columns) > 1]
        if not several or self.columns.problems:
            return
        self._links(several)
        for group in _groups(several):
            before = dict(self.columns.declared)
            for change in (self._order, self._nulls, self._fixed):
                if not self._broken(group):
                    break
                self.columns.declared.clear()
                self.columns.declared.update(before)
                change(group)
            for check in self._broken(group):
                name = f"CHECK {check.name} " if check.name else "CHECK "
                self.columns.problems.append(f"no row was found that passes {name}({check.text})")

    # --- trying

    def _rows(self, changed: Mapping[str, DeclaredValue] | None = None) -> list[dict[str, Any]]:
        """Sample rows, by the names of their columns, as a CHECK sees them."""
        columns = self.columns
        declared = {**columns.declared, **(changed or {})}
        made = samples(declared, {}, TRIED)
        empty = {c for each in self.references if each.left_empty for c in each.columns}
        rows = []
        for row in made:
            found = {}
            for name, column in columns.attributes.items():
                if name in row and column not in columns.linked:
                    value = stored_value(column, row[name], columns.dialect)
                elif column in columns.linked:
                    value = None if column in empty else Stand()
                else:
                    value = columns.given(column)
                if value is not UNKNOWN:
                    found[column.name.lower()] = value
            rows.append(found)
        return rows

    def _broken(self, checks: Sequence[Condition]) -> list[Condition]:
        try:
            rows = self._rows()
        except Exception:  # a declaration that does not suit the others
            return list(checks)
        return [c for c in checks if any(c.passes(row) is False for row in rows)]

    # --- two columns compared

    def _pairs(self, checks: Sequence[Condition]) -> Iterator[tuple[str, str, str]]:
        for check in checks:
            kind, *parts = check.tree
            if kind == "not" and parts[0][0] == "=":
                kind, parts = "<>", list(parts[0][1:])
            if kind in TURNED and len(parts) == 2:
                left, right = map(uncast, parts)
                if left[0] == right[0] == "name":
                    yield kind, left[1].lower(), right[1].lower()

    def _links(self, checks: Sequence[Condition]) -> None:
        """Two links to the same rows that must differ draw from different rows."""
        by_column = {
            reference.columns[0].name.lower(): reference
            for reference in self.references
            if len(reference.columns) == 1
        }
        for kind, left, right in self._pairs(checks):
            if left not in by_column or right not in by_column:
                continue
            low, high = by_column[left], by_column[right]
            if kind in (">", ">="):
                low, high = high, low
            low.weights, high.weights = "lambda n: n == 0", "lambda n: n > 0"
            if kind == "<>":
                low.weights, high.weights = "lambda n: n % 2 == 0", "lambda n: n % 2"
            for each in (low, high):
                if not each.required:
                    each.left_empty = True
                    break

    def _order(self, checks: Sequence[Condition]) -> None:
        columns, derived = self.columns, dict[str, str]()
        for kind, left, right in self._pairs(checks):
            if kind in (">", ">="):
                left, right = right, left
            low, high = columns.name_of(left), columns.name_of(right)
            if low not in columns.declared or high not in columns.declared or kind == "<>":
                continue
            assert low is not None and high is not None
            column = columns.attributes[high]
            up = high not in derived and column not in columns.counting
            target, source, step = (high, low, 0) if up else (low, high, 1)
            if target in derived or target in _sources(source, derived):
                continue
            if kind == "=":
                new = f'factory.SelfAttribute("{source}")'
            else:
                steps = _STEPS.get(kind_of(column.type) or "")
                if steps is None:
                    continue
                new = f"factory.LazyAttribute(lambda row: {steps[step].format(f'row.{source}')})"
            columns.declared[target] = DeclaredValue(new)
            derived[target] = source

    # --- others

    def _names(self, checks: Sequence[Condition]) -> list[str]:
        """The declared attributes, and the columns of references, that the checks are about."""
        found = [self.columns.name_of(column) for c in checks for column in sorted(c.columns)]
        return list(dict.fromkeys(name for name in found if name is not None))

    def _nulls(self, checks: Sequence[Condition]) -> None:
        """Which of the nullable columns are to be NULL, as few as possible."""
        names = [n for n in self._names(checks) if self.columns.attributes[n].nullable]
        for pattern in _patterns(names):
            before = dict(self.columns.declared)
            empty = [each.left_empty for each in self.references]
            for name in pattern:
                self._empty(name)
            if not self._broken(checks):
                return
            self.columns.declared.clear()
            self.columns.declared.update(before)
            for each, was in zip(self.references, empty, strict=True):
                each.left_empty = was

    def _empty(self, name: str) -> None:
        column = self.columns.attributes[name]
        for reference in self.references:
            if column in reference.columns:
                reference.left_empty = True
        if column not in self.columns.linked:
            self.columns.declared[name] = NOTHING

    def _fixed(self, checks: Sequence[Condition]) -> None:
        """One value for each column in question, the first combination that passes."""
        columns = self.columns
        names = [
            name
            for name in self._names(checks)
            if columns.attributes[name] not in columns.linked
            and columns.attributes[name] not in columns.counting
            and name in columns.declared
        ]
        every = [list(self._values(name)) for name in names]
        about = {column for check in checks for column in check.columns}
        row = self._rows()[0]
        for number, values in enumerate(itertools.product(*every)):
            if number > MOST:
                return
            tried = dict(row)
            for name, (stored, _) in zip(names, values, strict=True):
                tried[columns.attributes[name].name.lower()] = stored
            if all(c.passes(tried) is not False for c in columns.checks if c.columns & about):
                for name, (_, declared) in zip(names, values, strict=True):
                    columns.declared[name] = declared
                return

    def _values(self, name: str) -> Iterator[tuple[Any, DeclaredValue]]:
        """Values for a column, as stored and as declared: from its CHECKs, and of its kind."""
        columns = self.columns
        column = columns.attributes[name]
        numeric = kind_of(column.type) in ("integer", "number")
        own = [c for c in columns.checks if column.name.lower() in c.columns]
        found: dict[Any, DeclaredValue] = {}
        for row in self._rows()[:3]:
            value = row.get(column.name.lower())
            if value is not None and isinstance(value, str | int | float | Decimal):
                found.setdefault(value, choice([value]))
        if kind_of(column.type) == "enum":
            found = {
                stored_value(column, _value(each), columns.dialect): each
                for each in columns.candidates(name)
                if each.room == 1
            }
        for constant in (c for check in own for c in constants(check.tree)):
            if numeric and isinstance(constant, Decimal):
                for near in (constant, constant + 1, constant - 1):
                    if kind_of(column.type) == "number" or near == int(near):
                        found.setdefault(near, choice([near]))
            elif isinstance(constant, str) and kind_of(column.type) == "text":
                found.setdefault(constant, choice([constant]))
        if numeric:
            for near in (Decimal(1), Decimal(0)):
                found.setdefault(near, choice([near]))
        if kind_of(column.type) == "boolean":
            found = {value: DeclaredValue(repr(value), 1) for value in (True, False)}
        yield from found.items()
        if column.nullable:
            yield None, NOTHING


def _sources(name: str, derived: Mapping[str, str]) -> list[str]:
    """An attribute and those that it is made of."""
    found = [name]
    while found[-1] in derived:
        found.append(derived[found[-1]])
    return found


def _groups(checks: Sequence[Condition]) -> list[list[Condition]]:
    """The checks in groups that have no column in common."""
    found: list[list[Condition]] = []
    for check in checks:
        near = [g for g in found if any(check.columns & other.columns for other in g)]
        found = [g for g in found if g not in near]
        found.append([*(each for g in near for each in g), check])
    return found


def _value(declared: DeclaredValue) -> Any:
    return samples({"value": declared}, {}, 1)[0]["value"]


def _patterns(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in range(1, min(len(names), 6) + 1):
        yield from itertools.combinations(names, size)
