"""The attributes of a model that a factory has to give, and what it gives them."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.orm import Mapper

from ...sql.evaluation import NotEvaluated, evaluated
from ...sql.expression_parser import tree
from ...sql.raw import sql_of
from ...sqlalchemy_internals import bound_by, original_constructor, read_by
from .checks import Limits, checks_of, parts
from .declared import NOTHING, DeclaredValue, samples
from .kinds import annotated, argument_types, kind_of, kind_of_python
from .references import ForeignLink, accepted_names, tables_of
from .uniqueness import unique_sets
from .values import Wanted, candidates

TRIED = 12
"""Rows that are made to see whether they pass the CHECKs."""

# Kinds that can count, the best first.
_COUNTING = ("text", "integer", "uuid", "date", "datetime", "number", "inet", "bytes", "interval")


class Stand:
    """Stands for the key of a row that is drawn."""


@dataclass
class ModelColumns:
    """The columns of a model, apart from those that its references fill."""

    mapper: Mapper[Any]
    references: Sequence[ForeignLink]
    dialect: sa.Dialect
    declared: dict[str, DeclaredValue] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tables = tables_of(self.mapper)
        self.checks = [check for table in self.tables for check in checks_of(table, self.dialect)]
        self.sets = [each for table in self.tables for each in unique_sets(table, self.dialect)]
        # Of a link that stays empty, a part that may not be NULL is a value.
        self.linked = {
            c for each in self.references for c in each.columns if c.nullable or not each.left_empty
        }
        self.accepted = accepted_names(self.mapper.class_)
        self.counting = self._counting()
        for each in self.references:
            names = {column.name.lower() for column in each.columns}
            each.filled = bool(names & self.compared) or any(
                self.limits(column).required for column in each.columns
            )

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """Attribute -> its column; of a joined inheritance, the columns of the bases too."""
        found = {}
        for prop in self.mapper.column_attrs:
            columns = [c for c in prop.columns if isinstance(c, sa.Column)]
            columns = [c for c in columns if c.table in self.tables]
            if columns:  # of a key that joins two tables, the base's
                found[prop.key] = min(columns, key=lambda c: self.tables.index(c.table))
        return found

    def name_of(self, column: str) -> str | None:
        """The attribute of a column that a CHECK names."""
        return next((n for n, c in self.attributes.items() if c.name.lower() == column), None)

    @cached_property
    def compared(self) -> set[str]:
        """Columns in conditions on several columns."""
        return {name for check in self.checks if len(check.columns) > 1 for name in check.columns}

    @property
    def room(self) -> int | None:
        """How many different rows the columns that may not repeat alone have values for."""
        rooms = [
            declared.room
            for name, column in self.attributes.items()
            if column in self.counting and (declared := self.declared.get(name))
            if {column} in self.sets or declared.source.startswith("factory.Sequence")
        ]
        return min((room for room in rooms if room is not None), default=None)

    def limits(self, column: Any) -> Limits:
        """What the CHECKs on this column alone, and its domain, say."""
        limits = Limits()
        own = frozenset((column.name.lower(),))
        for check in self.checks:
            if check.columns == own:
                limits.read(check)
        if isinstance(column.type, postgresql.DOMAIN) and column.type.check is not None:
            text = sql_of(column.type.check, self.dialect)
            for check in parts(
                str(column.type.name), text, _renamed(tree(text), column.name.lower())
            ):
                limits.read(check)
        return limits

    def fill(self) -> None:
        """Declare each column that needs it; ``problems`` gets what cannot be declared."""
        for name, column in self.attributes.items():
            if not self._left(name, column):
                self.declare(name, column)
        self._others()

    def declare(self, name: str, column: Any) -> None:
        limits = self.limits(column)
        optional = column.nullable and not limits.required
        alone = column in self.counting
        for each in self.candidates(name):
            if not self._fits(name, column, limits, each):
                continue
            # NULLs in a condition on several columns are looked at there.
            some = optional and not alone and column.name.lower() not in self.compared
            self.declared[name] = each.sometimes() if some else each
            return
        if optional:
            if self.accepted is not None and name in self.accepted:
                self.declared[name] = NOTHING
            return
        said = "; ".join(dict.fromkeys(check.text for check in limits.checks))
        why = f"has to pass CHECK ({said})" if said else f"no value is known for {column.type!r}"
        self.problems.append(f"{column.table.name}.{column.name}: {why}")

    def takes(self, name: str, value: Any) -> bool:
        """Whether a value is one that ``literal`` can write and the CHECKs of its column let by."""
        column = self.attributes[name]
        plain = isinstance(value, str | int) and not isinstance(value, enum.Enum)
        return plain and self._fits(name, column, self.limits(column), DeclaredValue(repr(value)))

    # --- what is left to others

    def _left(self, name: str, column: Any) -> bool:
        """Whether the column gets its value without the factory."""
        mapper = self.mapper
        if column in self.linked or column.computed is not None or column.identity is not None:
            return True
        if column is mapper.polymorphic_on or column is mapper.version_id_col:
            return True
        if column.table.autoincrement_column is column:
            return True
        if self.accepted is not None and name not in self.accepted:
            return True
        if self.accepted is not None and self._parameter(name).default is inspect.Parameter.empty:
            return False
        if column.name.lower() in self.compared and not column.primary_key:
            return self.given(column) is not UNKNOWN and column.default is not None
        if column.default is None and column.server_default is None:
            return False
        return column not in self.counting or self._counts_itself(column)

    def _parameter(self, name: str) -> inspect.Parameter:
        return inspect.signature(self.mapper.class_.__init__).parameters[name]

    def given(self, column: Any) -> Any:
        """The value of a column that is not declared; UNKNOWN where that is not known here."""
        if column.default is not None:
            return column.default.arg if column.default.is_scalar else UNKNOWN
        default = column.server_default
        if isinstance(default, sa.DefaultClause):
            with suppress(NotEvaluated):
                text = default.arg if isinstance(default.arg, str) else None
                value = (
                    text
                    if text is not None
                    else evaluated(tree(sql_of(default.arg, self.dialect)), {})
                )
                return value
            return UNKNOWN
        return None if default is None and column.nullable else UNKNOWN

    def _counts_itself(self, column: Any) -> bool:
        """Whether a default gives each row another value, as a UUID does."""
        default = column.default if column.default is not None else column.server_default
        if isinstance(default, sa.Sequence):
            return True
        if column.default is not None:
            return not column.default.is_scalar and kind_of(column.type) in ("uuid", "text")
        return self.given(column) is UNKNOWN and kind_of(column.type) in ("uuid", "text")

    # --- what must not repeat

    def _counting(self) -> set[Any]:
        """The columns that get another value in each row, so that no set repeats."""
        found: set[Any] = set()
        fixed = {each for table in self.tables if (each := table.autoincrement_column) is not None}
        fixed -= self.linked
        for columns in sorted(self.sets, key=len):
            own = [c for c in self.attributes.values() if c in columns and c not in self.linked]
            for reference in self.references:
                if reference.drawn and columns == set(reference.columns):
                    reference.unique = True
            if columns & (found | fixed) or not own:
                continue
            if any(r.unique and columns >= set(r.columns) for r in self.references):
                continue
            able = [c for c in own if self._able(c)]
            if able:
                able.sort(
                    key=lambda c: (
                        bool(c.server_default or c.default),
                        _COUNTING.index(kind_of(c.type)),
                    )
                )
                found.add(able[0])
            else:
                found |= set(own)  # of few values each, but not always the same
        return found

    def _able(self, column: Any) -> bool:
        limits = self.limits(column)
        return (
            kind_of(column.type) in _COUNTING
            and limits.choices is None
            and column.computed is None
            and not isinstance(column.type, sa.Enum)
        )

    # --- values

    def candidates(self, name: str) -> Iterator[DeclaredValue]:
        """Declarations for an attribute, the best first."""
        column = self.attributes[name]
        limits = self.limits(column)
        python = annotated(self.mapper.class_, name)
        owner = self.mapper.class_.__name__
        alone = column in self.counting
        found = kind_of(column.type)
        kinds: list[str | None] = [found]
        enum_class = None
        type_ = column.type.data_type if isinstance(column.type, postgresql.DOMAIN) else column.type
        if isinstance(column.type, sa.TypeDecorator) and not isinstance(
            column.type, sa.Interval | sa.PickleType
        ):
            classes = [v for v in vars(column.type).values() if _is_enum(v)]
            enum_class = python if _is_enum(python) else next(iter(classes), None)
            named = type(column.type).__name__.lower()
            kinds = [kind_of_python(python), "enum" if enum_class else None]
            kinds += ["uuid" if "uid" in named else None, "json" if "json" in named else None]
            kinds += [
                found,
                "uuid",
                "datetime",
                "date",
                "json",
                "list",
                "number",
                "integer",
                "text",
            ]
            type_ = column.type.impl
        elif found == "json" and kind_of_python(python) == "list":
            kinds = ["list"]
        for kind in dict.fromkeys(kinds):
            if kind is not None:
                given = type_ if kind == found else sa.types.NullType()
                wanted = Wanted(name, owner, given, kind, limits, alone, python, enum_class)
                if kind == "enum" and enum_class is None and found != "enum":
                    continue
                yield from candidates(wanted)

    def _fits(self, name: str, column: Any, limits: Limits, each: DeclaredValue) -> bool:
        """Whether sample values pass the CHECKs, the validators and the type's own function."""
        decorated = isinstance(column.type, sa.TypeDecorator)
        validated = self.mapper.validators.get(name)
        if not (limits.checks or limits.longest or decorated or validated):
            return True
        try:
            values = [row[name] for row in samples({name: each}, {}, TRIED)]
            if validated:
                owner = self.mapper.class_manager.new_instance()
                values = [_validated(validated, owner, name, value) for value in values]
            stored = [stored_value(column, value, self.dialect) for value in values]
            if decorated and not all(_is_read_back(column.type, v, self.dialect) for v in stored):
                return False
        except Exception:  # whatever the project's own functions raise: not these values
            return False
        # A type may be another one on each database: bytes here, a UUID there.
        here = column.type.load_dialect_impl(self.dialect) if decorated else column.type
        length = getattr(here, "length", None)
        if isinstance(length, int) and any(isinstance(v, str) and len(v) > length for v in stored):
            return False
        return limits.pass_all(stored, column.name.lower())

    # --- what the constructor asks for besides

    def _others(self) -> None:
        """Required arguments of the constructor that are no columns."""
        if self.accepted is None:
            return
        given = {*self.declared, *(each.name for each in self.references if each.drawn)}
        relations = self.mapper.relationships
        # SQLAlchemy's own around it has no annotations.
        constructor = original_constructor(self.mapper)
        types = argument_types(constructor)
        for name, parameter in list(inspect.signature(constructor).parameters.items())[1:]:
            if parameter.default is not inspect.Parameter.empty or name in given:
                continue
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            if name in relations:
                many = relations[name].uselist
                self.declared[name] = (
                    DeclaredValue("factory.LazyFunction(list)") if many else NOTHING
                )
            elif name in self.attributes:
                self.declared[name] = NOTHING  # the relationship beside it fills the column
            else:
                self._argument(name, types.get(name) or parameter.annotation)

    def _argument(self, name: str, annotation: Any) -> None:
        python = annotated(self.mapper.class_, name) or _builtin(annotation) or str
        kind = kind_of_python(python) or "text"
        wanted = Wanted(name, self.mapper.class_.__name__, sa.String(), kind, Limits())
        found = next(candidates(wanted), None)
        if found is None:
            self.problems.append(f"{self.mapper.class_.__name__}() needs '{name}'")
        else:
            self.declared[name] = found


def _is_read_back(type_: Any, stored: Any, dialect: sa.Dialect) -> bool:
    """Whether what a TypeDecorator makes of a value is of the sort that its type takes.

    Raises what the type's own function raises when it reads it.
    """
    if isinstance(stored, dict | list | tuple | set) and kind_of(type_) in ("text", "bytes"):
        return False
    read_by(type_, stored, dialect)
    return True


class Unknown:
    """No value, and not None either."""


UNKNOWN = Unknown()


def stored_value(column: Any, value: Any, dialect: sa.Dialect) -> Any:
    """The value as a CHECK sees it."""
    if value is None or isinstance(value, Stand):
        return value
    if isinstance(column.type, sa.Enum):
        process = column.type.bind_processor(DefaultDialect())
        return process(value) if process else value
    if isinstance(column.type, sa.TypeDecorator) and not isinstance(
        column.type, sa.Interval | sa.PickleType
    ):
        return bound_by(column.type, value, dialect)
    return value


def _validated(validator: Any, owner: Any, name: str, value: Any) -> Any:
    function, options = validator
    if value is None:
        return value
    if options.get("include_removes"):
        return function(owner, name, value, False)
    return function(owner, name, value)


def _is_enum(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, enum.Enum)


def _builtin(annotation: Any) -> Any:
    return {"str": str, "int": int, "float": float, "bool": bool}.get(str(annotation), annotation)


def _renamed(node: Any, name: str) -> Any:
    """The condition of a domain, in which VALUE stands for the column."""
    if isinstance(node, tuple):
        if node in (("name", "value"), ("call", "value")):
            return ("name", name)
        return tuple(_renamed(part, name) for part in node)
    return node
