"""Names that a parser, a driver, a terminal or a limit may trip over, in each place for a name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

# SQLAlchemy 2.0 reads the dot in what a foreign key refers to as the end of a schema's name.
DOTS_SPLIT = sa.__version__.startswith("2.0.")

NAMES = {
    "dot": "dot.ted",
    "upper case": "UpPer",
    "reserved": "select",
    "double quote": 'quo"te',
    "backtick": "back`tick",
    "apostrophe": "apos'trophe",
    "three apostrophes": "'''",
    "newline": "new\nline",
    "tab": "ta\tb",
    "percent": "100%",
    "format": "%(x)s %s",
    "braces": "{0} {x}",
    "markup": "[red]x[/red]",
    "brackets": "a[b]",
    "colon": "at :name",
    "backslash": "back\\slash",
    "digit": "1st",
    "parentheses": "n(m)",
    "comma": "a, b",
    "equals": "a=b",
    "slash": "a/b",
    "comment": "a--b /* c",
    "semicolon": "a; b",
    "trailing blank": "blank ",
    "leading blank": " blank",
    "63 characters": "a" * 63,
    "64 characters": "b" * 64,
    "65 characters": "c" * 65,
    "63 bytes": "é" * 31 + "n",
    "over 63 bytes": "ü" * 40,
    "chinese": "名字" * 15,
    "emoji": "smile 😀",
    "decomposed": "cafe\u0301",
    "NUL": "nu\0l",
    "surrogate": "sur\ud800rogate",
    "empty": "",
    "blank": " ",
}


PARENT = """
class Parent(Base):
    __tablename__ = "parent"
    id: Mapped[int] = mapped_column(primary_key=True)
"""
ITEM = """

class Item{number}(Base):
    __tablename__ = {table!r}
    key = mapped_column({key!r}, Integer{sequence}, primary_key=True)
    n = mapped_column({column!r}, {type}{options})
    size = mapped_column(String({width}), nullable={nullable})
    __table_args__ = ({args})
"""
CHILD = """

class Child{number}(Base):
    __tablename__ = "child_{number}"
    id: Mapped[int] = mapped_column(primary_key=True)
    item_id = mapped_column(ForeignKey(Item{number}.key))
    item: Mapped[Item{number}] = relationship()
"""
FACTORIES = """
import factory
from factory.alchemy import SQLAlchemyModelFactory
from staff.models import *
"""
FACTORY = """
class Item{number}Factory(SQLAlchemyModelFactory):
    class Meta:
        model = Item{number}
    size = factory.Sequence(lambda n: f"t{{n}}")

class Child{number}Factory(SQLAlchemyModelFactory):
    class Meta:
        model = Child{number}
    item = factory.SubFactory(Item{number}Factory)
"""
CONVENTION = """
metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""


@dataclass(frozen=True)
class Item:
    """A table of which something has the name, or that itself has."""

    number: int = 0
    table: str | None = None
    key: str = "id"
    column: str = "n"
    type: str = "Integer"
    options: str = ""
    args: str = ""
    sequence: str = ""
    schema: str | None = None
    value: Any = 1

    def text(self, *, later: bool = False) -> str:
        """Its models and those of a table that refers to it; ``later``, changed a little."""
        more = "" if self.schema is None else f"{{'schema': {self.schema!r}}},"
        texts = vars(self) | {"table": self.label, "args": self.args + more}
        item = ITEM.format(**texts, width=20 if later else 10, nullable=not later)
        return item + CHILD.format(number=self.number)

    @property
    def label(self) -> str:
        return f"item_{self.number}" if self.table is None else self.table

    @property
    def rows(self) -> dict[str, list[dict[str, Any]]]:
        item = {self.key: 1, self.column: self.value, "size": "s"}
        name = self.label if self.schema is None else f"{self.schema}.{self.label}"
        return {name: [item], f"child_{self.number}": [{"id": 1, "item_id": 1}]}


def models(items: Iterable[Item], *, later: bool = False, convention: bool = False) -> str:
    """The text of the models of ``items``."""
    start = (CONVENTION if convention else "") + PARENT
    return start + "".join(item.text(later=later) for item in items)


def factories(items: Iterable[Item]) -> str:
    """The text of a factories module for them."""
    return FACTORIES + "".join(FACTORY.format(number=item.number) for item in items)


def rows(items: Iterable[Item]) -> dict[str, list[dict[str, Any]]]:
    """A row in each of their tables."""
    found = {"parent": [{"id": 1}]}
    for item in items:
        found |= item.rows
    return found


KEY = ", ForeignKey(Parent.id), index=True"


def _over_column(name: str, number: int) -> str:
    check = f"CheckConstraint(column({name!r}) > 0, name='pos_{number}')"
    return f"UniqueConstraint({name!r}, 'size'), {check},"


def _table(name: str, number: int) -> Item:
    more = _over_column("n", number)
    return Item(number, table=name, options=f"{KEY}, unique=True", args=more)


def _column(name: str, number: int) -> Item:
    return Item(number, column=name, options=KEY, args=_over_column(name, number))


def _constraint(text: str) -> Callable[[str, int], Item]:
    return lambda name, number: Item(number, args=text.format(repr(name)) + ",")


def _enum(name: str, number: int, more: str) -> Item:
    kind = f"Enum('x', {name!r}, name='kind_{number}'{more})"
    return Item(number, type=kind, value=name)


PLACES: Mapping[str, Callable[[str, int], Item]] = {
    "table": _table,
    "column": _column,
    "key": lambda name, i: Item(i, key=name),
    "index": _constraint("Index({}, 'n')"),
    "unique": _constraint("UniqueConstraint('n', name={})"),
    "check": _constraint("CheckConstraint(column('n') > 0, name={})"),
    "foreign key": _constraint("ForeignKeyConstraint(['n'], [Parent.id], name={})"),
    "primary key": _constraint("PrimaryKeyConstraint('id', name={})"),
    "enum type": lambda name, i: Item(
        i, type=f"Enum('x', 'y', name={name!r}, create_constraint=True)", value="x"
    ),
    "enum value": lambda name, i: _enum(name, i, ", create_constraint=True"),
    "enum value without check": lambda name, i: _enum(name, i, ""),
    "default": lambda name, i: Item(
        i, type="String(99)", options=f", server_default={name!r}", value="x"
    ),
    "comment": lambda name, i: Item(
        i, options=f", comment={name!r}", args=f"{{'comment': {name!r}}},"
    ),
    "sequence": lambda name, i: Item(i, sequence=f", Sequence({name!r})"),
    "schema": lambda name, i: Item(i, schema=name, options=KEY, args=_over_column("n", i)),
}
"""Makes an item whose table, column, ... has a name."""

_ANYWHERE = ("NUL", "surrogate", "empty")
_TEXTS = ("default", "comment", "enum value", "enum value without check")


def refused(backend: str, place: str, name: str) -> bool:
    """Whether a name cannot be had in a place, and makemigrations has to say so."""
    text, word = NAMES[name], place not in _TEXTS
    if name in _ANYWHERE:
        return word or name != "empty"
    if name == "dot" and (place == "key" or (place == "table" and DOTS_SPLIT)):
        return True
    if backend == "mariadb" and word:
        return len(text) > 64 or "\n" in text or text[-1] == " " or name == "emoji"
    if backend == "postgresql":
        if place.startswith("enum value"):
            return len(text.encode()) > 63
        if place in ("column", "key"):
            return "," in text or "\n" in text
        if place not in ("table", "sequence", "schema"):
            return word and len(text) > 63
    return False
