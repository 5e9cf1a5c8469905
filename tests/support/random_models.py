"""Random models, rows for them, and random changes of them.

Everything random comes from one ``random.Random``, which Hypothesis can stand in for.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from support.evolution import Asked, Evolution

CONVENTION = """\
metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""
# How a value of each type is made from a number, and what --default fills in.
TYPES: dict[str, tuple[Callable[[int], Any], str, Any]] = {
    "SmallInteger": (lambda n: n, "7", 7),
    "Integer": (lambda n: n * 1001, "7", 7),
    "BigInteger": (lambda n: n * 10**12, "7", 7),
    "Boolean": (lambda n: bool(n % 2), "true", True),
    "Float": (lambda n: n / 4, "2.5", 2.5),
    "Numeric(10, 2)": (lambda n: Decimal(n) / 4, "2.50", Decimal("2.50")),
    "String(20)": (lambda n: f"0{n}e1", "seven", "seven"),
    "Text": (lambda n: f"{n}\n'%s' \\ ä", "seven", "seven"),
    "LargeBinary": (lambda n: bytes([n % 256, 0, 255]), "seven", b"seven"),
    "Date": (lambda n: dt.date(2000, 1, 1) + dt.timedelta(n), "2001-02-03", dt.date(2001, 2, 3)),
    "DateTime": (
        lambda n: dt.datetime(2000, 1, 1, 2, 3, 4) + dt.timedelta(n),
        "2001-02-03 04:05:06",
        dt.datetime(2001, 2, 3, 4, 5, 6),
    ),
    "Time": (lambda n: dt.time(n % 24, 5, 6), "04:05:06", dt.time(4, 5, 6)),
    "Interval": (lambda n: dt.timedelta(n, 7), "", dt.timedelta(0)),
    "Uuid": (
        lambda n: uuid.UUID(int=n * 7919),
        "00000000-0000-0000-0000-000000000007",
        uuid.UUID(int=7),
    ),
    "JSON": (lambda n: {"n": [n, None]}, '{"n": 7}', {"n": 7}),
}
UNFILLED = {"LargeBinary", "Interval", "JSON"}  # --default has no way to write them
INDEXED = {"SmallInteger", "Integer", "BigInteger", "String(20)", "Date", "DateTime", "Uuid"}
# What each type may become with all of its values, and what they are then.
WIDER: dict[str, list[tuple[str, Callable[[Any], Any]]]] = {
    "SmallInteger": [("Integer", int), ("BigInteger", int), ("String(40)", str)],
    "Integer": [("BigInteger", int), ("String(40)", str), ("Text", str)],
    "BigInteger": [("String(40)", str)],
    "String(20)": [("String(60)", str), ("Text", str)],
    "Numeric(10, 2)": [("Numeric(14, 4)", Decimal)],
    "Uuid": [],
}
ACTIONS = (None, None, "CASCADE", "RESTRICT", "NO ACTION")


@dataclass
class Enumeration:
    """Values by which ``Enum(...)`` is written; ``style`` is what else stands in it."""

    name: str
    values: list[str]
    style: str


@dataclass
class ColumnSpec:
    """``born``: its name in the first models, if it was there; ``key`` and ``inline`` as said."""

    name: str
    type: str
    nullable: bool = True
    key: bool = False
    default: str | None = None
    inline: set[str] = field(default_factory=set)  # of "unique" and "index"
    enumeration: Enumeration | None = None
    touched: bool = False

    def written(self, model: TableSpec) -> str:
        words = [repr(self.name), self.type]
        if e := self.enumeration:
            words[1] = f"Enum({', '.join(map(repr, e.values))}, name={e.name!r}{e.style})"
        for link in model.links:
            if link.inline and link.columns == [self.name]:
                target = f"{link.target}.{link.refers[0]}"
                words.append(f"ForeignKey({target!r})")
        if self.key:
            words.append("primary_key=True")
            if self.type in ("Integer", "BigInteger") and len(model.keys) > 1:
                words.append("autoincrement=False")
        elif not self.nullable:
            words.append("nullable=False")
        words += [f"{word}=True" for word in sorted(self.inline)]
        if self.default is not None:
            words.append(f"server_default={self.default}")
        return f"Column({', '.join(words)})"


@dataclass
class Link:
    """A foreign key; ``inline`` where it stands in its column."""

    columns: list[str]
    target: str
    refers: list[str]
    ondelete: str | None = None
    inline: bool = True


@dataclass
class TableSpec:
    """A table; ``checks`` by the column that each is about."""

    name: str
    columns: list[ColumnSpec]
    links: list[Link] = field(default_factory=list)
    uniques: list[list[str]] = field(default_factory=list)
    indexes: list[list[str]] = field(default_factory=list)
    checks: dict[str, int] = field(default_factory=dict)
    touched: bool = False
    joins: bool = False

    @property
    def keys(self) -> list[ColumnSpec]:
        return [column for column in self.columns if column.key]

    def column(self, name: str) -> ColumnSpec:
        return next(column for column in self.columns if column.name == name)

    def linked(self) -> set[str]:
        return {name for link in self.links for name in link.columns}

    def plain(self) -> list[ColumnSpec]:
        """The columns that are no key, in no foreign key, and not changed yet."""
        taken = self.linked()
        return [c for c in self.columns if not c.key and c.name not in taken and not c.touched]


def written(tables: list[TableSpec], convention: bool) -> str:
    """The models as text."""
    return (CONVENTION if convention else "") + "\n".join(map(_written, tables))


def _written(table: TableSpec) -> str:
    items = [column.written(table) for column in table.columns]
    for link in table.links:
        if not link.inline:
            refers = [f"{link.target}.{name}" for name in link.refers]
            action = f", ondelete={link.ondelete!r}" if link.ondelete else ""
            items.append(f"ForeignKeyConstraint({link.columns!r}, {refers!r}{action})")
    items += [f"UniqueConstraint({', '.join(map(repr, names))})" for names in table.uniques]
    for name, least in table.checks.items():
        items.append(f"CheckConstraint('{name} >= {least}', name='{name}_least')")
    for names in table.indexes:
        label = "_".join(["ix", table.name, *names])
        items.append(f"Index({label!r}, {', '.join(map(repr, names))})")
    lines = "".join(f"    {item},\n" for item in items)
    return f"Table(\n    {table.name!r},\n    metadata,\n{lines})\n"


class Generator:
    """Draws tables and changes; ``names`` are used once each, so that nothing is meant twice."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.numbers = {"t": 0, "c": 0, "e": 0}
        self.convention = random.random() < 0.4

    def name(self, kind: str) -> str:
        self.numbers[kind] += 1
        return f"{kind}{self.numbers[kind]}"

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def column(self) -> ColumnSpec:
        column = ColumnSpec(self.name("c"), self.random.choice([*TYPES, "Enum", "Enum"]))
        column.nullable = self.chance(0.5)
        if column.type == "Enum":
            values = [f"v{n}" for n in range(self.random.randint(2, 4))]
            style = self.random.choice(["", "", ", native_enum=False, create_constraint=True"])
            column.enumeration = Enumeration(self.name("e"), values, style)
        elif column.type in INDEXED and self.chance(0.3):
            column.inline.add(self.random.choice(["unique", "index"]))
        if column.type in ("Integer", "String(20)") and self.chance(0.2):
            column.default = "'3'"
        return column

    def table(self, others: list[TableSpec]) -> TableSpec:
        others = [t for t in others if not t.joins]
        table = TableSpec(self.name("t"), [])
        if len(others) > 1 and self.chance(0.2):
            table.joins = True
            for other in self.random.sample(others, 2):
                self.link(table, other, key=True)
            return table
        kinds = ["Integer"] * 3 + ["Uuid", "String(20)", "pair"]
        kind = self.random.choice(kinds)
        for type_ in ("Integer", "Integer") if kind == "pair" else (kind,):
            table.columns.append(ColumnSpec(self.name("c"), type_, nullable=False, key=True))
        table.columns += [self.column() for _ in range(self.random.randint(1, 4))]
        for _ in range(self.random.randint(0, 2)):
            self.link(table, self.random.choice([*others, table]))
        if self.chance(0.4):
            self.constrain(table)
        return table

    def link(self, table: TableSpec, other: TableSpec, key: bool = False) -> None:
        """A foreign key from ``table``, by new columns of the types of the other's key."""
        names = []
        nullable = not key and (other is table or self.chance(0.6))
        for column in list(other.keys):
            names.append(self.name("c"))
            table.columns.append(ColumnSpec(names[-1], column.type, nullable, key, touched=True))
        action = self.random.choice([*ACTIONS, "SET NULL"] if nullable else ACTIONS)
        inline = len(names) == 1 and action is None and self.chance(0.7)
        refers = [column.name for column in other.keys]
        table.links.append(Link(names, other.name, refers, action, inline))

    def constrain(self, table: TableSpec) -> bool:
        """A new UNIQUE, index or CHECK; False where there is no column for it."""
        fit = [c for c in table.columns if c.type in INDEXED and not c.key and not c.touched]
        numbers = [c for c in fit if "Integer" in c.type and c.name not in table.checks]
        if numbers and self.chance(0.3):
            table.checks[self.random.choice(numbers).name] = -1
            return True
        if not fit:
            return False
        names = [c.name for c in self.random.sample(fit, min(len(fit), self.random.randint(1, 2)))]
        inline = [table.column(names[0]).inline] if len(names) == 1 else []
        if any(inline) or names in table.uniques or names in table.indexes:
            return False
        self.random.choice([table.uniques, table.indexes]).append(names)
        return True

    def rows(self, tables: list[TableSpec]) -> dict[str, list[dict[str, Any]]]:
        """Up to four rows a table; a value of a column occurs once, as far as its type has many."""
        found: dict[str, list[dict[str, Any]]] = {}
        for table in tables:
            found[table.name] = rows = []
            count = self.random.randint(0, 4)
            for number in range(1, count + 1):
                row: dict[str, Any] = {}
                for column in table.columns:
                    if column.nullable and self.chance(0.3):
                        row[column.name] = None
                    elif column.enumeration:
                        row[column.name] = self.random.choice(column.enumeration.values)
                    else:
                        row[column.name] = TYPES[column.type][0](number)
                if all(self.refer(table, link, row, found, number) for link in table.links):
                    rows.append(row)
        return found

    def refer(
        self,
        table: TableSpec,
        link: Link,
        row: dict[str, Any],
        found: dict[str, list[dict[str, Any]]],
        number: int,
    ) -> bool:
        """Have ``row`` refer to a row that is there, or to none; False where it cannot."""
        there = found.get(link.target, [])
        if there and row[link.columns[0]] is not None and (number <= len(there) or not table.joins):
            other = there[(number - 1) % len(there)]
            row |= {c: other[r] for c, r in zip(link.columns, link.refers, strict=True)}
            return True
        row |= dict.fromkeys(link.columns)
        return all(table.column(name).nullable for name in link.columns)

    def models(self) -> list[TableSpec]:
        tables: list[TableSpec] = []
        for _ in range(self.random.randint(3, 6)):
            tables.append(self.table(tables))
        if not tables[0].joins and not tables[-1].joins and self.chance(0.15):
            self.link(tables[0], tables[-1])
            for name in tables[0].links[-1].columns:
                tables[0].column(name).nullable = True
        return tables


@dataclass
class Changed:
    """Models after some changes, and what these are meant to do to the data."""

    tables: list[TableSpec]
    names: dict[str, str] = field(default_factory=dict)
    becomes: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    stays: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)

    def fills(self, table: TableSpec, column: ColumnSpec) -> None:
        self.values[f"{table.name}.{column.name}"] = (
            column.enumeration.values[0] if column.enumeration else TYPES[column.type][1]
        )


def evolution(random: Random) -> Evolution:
    """Models, rows and one to four changes."""
    generator = Generator(random)
    tables = generator.models()
    rows = generator.rows(tables)
    changed = Changed(deepcopy(tables))
    before = written(tables, generator.convention)
    for _ in range(random.randint(1, 4)):
        change = random.choice(CHANGES)
        fit = [t for t in changed.tables if not t.touched]
        if fit:
            change(generator, changed, random.choice(fit))
    if written(changed.tables, generator.convention) == before:
        add_table(generator, changed, changed.tables[0])
    return Evolution(
        before,
        written(changed.tables, generator.convention),
        rows,
        changed.names,
        changed.becomes,
        changed.stays,
        lambda asked: chosen(asked, changed),
    )


def chosen(asked: Asked, changed: Changed) -> str:
    """The printed answer that fits what the changes mean."""
    renames = {
        f"--rename {place}={new}" for place, new in changed.names.items() if "." in place
    } | {f"--rename-table {old}={new}" for old, new in changed.names.items() if "." not in old}
    values = {n: f for n, f in changed.names.items() if ":" in n}
    renames |= {f"--rename-value {place}={new}" for place, new in values.items()}
    for answer in asked.answers:
        if answer in renames:
            return answer
    usable = [a for a in asked.answers if not a.startswith("--rename")]
    answer = usable[0]
    for place, value in changed.values.items():
        if f" {place}=" in answer or f" '{place}=" in answer:
            answer = f"{answer.split('--default')[0]}--default '{place}={value}'"
    return answer


def add_column(g: Generator, changed: Changed, table: TableSpec) -> bool:
    column = g.column()
    if column.type in UNFILLED or "unique" in column.inline:
        column.nullable = True
    changed.fills(table, column)
    column.touched = True
    table.columns.append(column)
    return True


def add_link(g: Generator, changed: Changed, table: TableSpec) -> bool:
    others = [t for t in changed.tables if not t.joins and not t.touched]
    if table.joins or not others:
        return False
    before = len(table.columns)
    g.link(table, g.random.choice(others))
    for column in table.columns[before:]:
        column.nullable = True
    return True


def drop_column(g: Generator, changed: Changed, table: TableSpec) -> bool:
    fit = table.plain()
    if not fit:
        return False
    _drop(table, g.random.choice(fit).name)
    return True


def _drop(table: TableSpec, *names: str) -> None:
    table.columns = [c for c in table.columns if c.name not in names]
    table.uniques = [u for u in table.uniques if not set(u) & set(names)]
    table.indexes = [u for u in table.indexes if not set(u) & set(names)]
    table.links = [link for link in table.links if not set(link.columns) & set(names)]
    for name in names:
        table.checks.pop(name, None)


def drop_link(g: Generator, changed: Changed, table: TableSpec) -> bool:
    """The foreign key alone, or its columns too."""
    if table.joins or not table.links:
        return False
    link = g.random.choice(table.links)
    if g.chance(0.5):
        table.links.remove(link)
    else:
        _drop(table, *link.columns)
    return True


def change_link(g: Generator, changed: Changed, table: TableSpec) -> bool:
    if not table.links:
        return False
    link = g.random.choice(table.links)
    # The others are one and the same on MariaDB.
    plain = {None, "RESTRICT", "NO ACTION"}
    same = plain if link.ondelete in plain else {link.ondelete}
    link.ondelete = g.random.choice([action for action in ACTIONS if action not in same])
    link.inline = False
    return True


def rename_column(g: Generator, changed: Changed, table: TableSpec) -> bool:
    fit = table.plain()
    if not fit:
        return False
    column = g.random.choice(fit)
    old, column.name, column.touched = column.name, g.name("c"), True
    changed.names[f"{table.name}.{old}"] = column.name
    for names in (*table.uniques, *table.indexes):
        names[:] = [column.name if name == old else name for name in names]
    if old in table.checks:
        table.checks[column.name] = table.checks.pop(old)
    return True


def retype_column(g: Generator, changed: Changed, table: TableSpec) -> bool:
    fit = [c for c in table.plain() if WIDER.get(c.type) and not c.enumeration and not c.default]
    if not fit:
        return False
    column = g.random.choice(fit)
    fit_types = [
        (type_, how)
        for type_, how in WIDER[column.type]
        if type_ != "Text" or not _indexed(table, column)
    ]
    if column.name in table.checks:
        fit_types = [(t, h) for t, h in fit_types if "Integer" in t]
    if not fit_types:
        return False
    column.type, how = g.random.choice(fit_types)
    column.touched = True
    changed.becomes[f"{table.name}.{column.name}"] = lambda v: None if v is None else how(v)
    return True


def _indexed(table: TableSpec, column: ColumnSpec) -> bool:
    return bool(column.inline) or any(
        column.name in names for names in (*table.uniques, *table.indexes)
    )


def retype_key(g: Generator, changed: Changed, table: TableSpec) -> bool:
    """A key and all that refers to it, and what refers to those in turn."""
    if len(table.keys) != 1 or table.joins or table.keys[0].type not in ("Integer", "String(20)"):
        return False
    new = {"Integer": "BigInteger", "String(20)": "String(60)"}[table.keys[0].type]
    table.keys[0].type = new
    for other in changed.tables:
        for link in other.links:
            if link.target == table.name:
                other.column(link.columns[0]).type = new
    return True


def change_null(g: Generator, changed: Changed, table: TableSpec) -> bool:
    fit = [c for c in table.plain() if c.type not in UNFILLED and not _indexed(table, c)]
    fit = [c for c in fit if not c.default]  # with one it is another question
    if not fit:
        return False
    column = g.random.choice(fit)
    column.nullable, column.touched = not column.nullable, True
    if not column.nullable:
        changed.fills(table, column)
        fill = column.enumeration.values[0] if column.enumeration else TYPES[column.type][2]
        changed.becomes[f"{table.name}.{column.name}"] = lambda v: fill if v is None else v
        changed.stays.add(f"{table.name}.{column.name}")
    return True


def change_default(g: Generator, changed: Changed, table: TableSpec) -> bool:
    fit = [c for c in table.plain() if c.type in ("Integer", "String(20)")]
    if not fit:
        return False
    column = g.random.choice(fit)
    column.default = None if column.default and g.chance(0.5) else "'4'"
    column.touched = True
    return True


def add_constraint(g: Generator, changed: Changed, table: TableSpec) -> bool:
    return g.constrain(table)


def drop_constraint(g: Generator, changed: Changed, table: TableSpec) -> bool:
    ways: list[Callable[[], object]] = [many.pop for many in (table.uniques, table.indexes) if many]
    ways += [table.checks.popitem] if table.checks else []
    ways += [c.inline.clear for c in table.columns if c.inline]
    if not ways:
        return False
    g.random.choice(ways)()
    return True


def switch_index(g: Generator, changed: Changed, table: TableSpec) -> bool:
    """``unique=True`` becomes ``unique=True, index=True``, or the other way round."""
    fit = [c for c in table.plain() if "unique" in c.inline]
    if not fit:
        return False
    g.random.choice(fit).inline ^= {"index"}
    return True


def change_enum(g: Generator, changed: Changed, table: TableSpec) -> bool:
    """A value comes, or one gets another name."""
    fit = [c for c in table.plain() if c.enumeration]
    if not fit:
        return False
    column = g.random.choice(fit)
    column.touched = True
    assert column.enumeration is not None
    values = column.enumeration.values
    if g.chance(0.5):
        values.insert(g.random.randint(0, len(values)), "new")
        return True
    old, values[0] = values[0], "other"
    place = f"{table.name}.{column.name}"
    changed.names[f"{place}:{old}"] = "other"
    changed.becomes[place] = lambda v: "other" if v == old else v
    return True


def add_table(g: Generator, changed: Changed, table: TableSpec) -> bool:
    new = g.table([t for t in changed.tables if not t.touched])
    new.touched = True
    changed.tables.append(new)
    return True


def drop_table(g: Generator, changed: Changed, table: TableSpec) -> bool:
    """With the columns of others that refer to it."""
    for other in changed.tables:
        for link in list(other.links):
            keeps = other is not table and (other.joins or other.touched)
            if link.target == table.name and keeps:
                return False
    for other in changed.tables:
        for link in list(other.links):
            if link.target == table.name:
                _drop(other, *link.columns)
    changed.tables.remove(table)
    return True


def rename_table(g: Generator, changed: Changed, table: TableSpec) -> bool:
    if any(place.startswith(f"{table.name}.") for place in (*changed.names, *changed.becomes)):
        return False
    old, table.name, table.touched = table.name, g.name("t"), True
    changed.names[old] = table.name
    for other in changed.tables:
        for link in other.links:
            if link.target == old:
                link.target = table.name
    return True


CHANGES: tuple[Callable[[Generator, Changed, TableSpec], bool], ...] = (
    add_column,
    add_column,
    add_link,
    drop_column,
    drop_link,
    change_link,
    rename_column,
    rename_column,
    retype_column,
    retype_key,
    change_null,
    change_default,
    add_constraint,
    add_constraint,
    drop_constraint,
    switch_index,
    change_enum,
    add_table,
    drop_table,
    rename_table,
)


def seeds(first: int, count: int) -> Iterator[tuple[int, Evolution]]:
    for seed in range(first, first + count):
        yield seed, evolution(Random(seed))
