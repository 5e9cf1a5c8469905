"""Many models with many foreign keys, as declarative classes: for what has to fill them.

Everything random comes from one ``random.Random``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

HEADER = """\
import datetime
import enum
import uuid
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import *
from sqlalchemy.orm import *


class Base(DeclarativeBase):
    pass


class Color(enum.Enum):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"


metadata = Base.metadata
"""
COLUMNS = (
    ("email", "str", "String(80), unique=True"),
    ("first_name", "str", "String(40)"),
    ("title", "str | None", "String(120)"),
    ("code", "str", "String(3), unique=True"),
    ("flag", "str", "String(1)"),
    ("slug", "str", "String(60), unique=True"),
    ("body", "str", "Text"),
    ("quantity", "int", "CheckConstraint('quantity > 0 AND quantity <= 500')"),
    ("rating", "int", "SmallInteger, CheckConstraint('rating BETWEEN 1 AND 5')"),
    ("serial", "int", "BigInteger, unique=True"),
    ("price", "Decimal", "Numeric(8, 2), CheckConstraint('price >= 0')"),
    ("share", "Decimal", "Numeric(3, 3)"),
    ("ratio", "float | None", "Float"),
    ("active", "bool", "Boolean"),
    ("state", "str", "String(10), CheckConstraint(\"state IN ('new', 'done')\")"),
    ("color", "Color", "Enum(Color)"),
    ("size", "str", "Enum('S', 'M', 'L', name='size_of_{table}')"),
    ("born_on", "datetime.date | None", "Date"),
    ("created_at", "datetime.datetime", "DateTime, server_default=func.now()"),
    ("at_time", "datetime.time", "Time"),
    ("length", "datetime.timedelta", "Interval"),
    ("token", "uuid.UUID", "Uuid, unique=True"),
    ("data", "dict", "JSON"),
    ("blob", "bytes | None", "LargeBinary(20)"),
    ("phone", "str | None", "String(30)"),
    ("country_code", "str", "String(2)"),
    ("name", "str", "String(50), CheckConstraint('length(name) >= 3')"),
)
PAIRS = (
    ("starts_on", "ends_on", "datetime.date", "Date"),
    ("low", "high", "int", "Integer"),
    ("opened_at", "closed_at", "datetime.datetime", "DateTime"),
)


@dataclass
class ModelSpec:
    """A model to be written: ``key`` is ``int``, ``uuid``, ``str``, ``pair`` or ``links``."""

    name: str
    key: str
    lines: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    base: ModelSpec | None = None
    parts: list[tuple[str, str]] = field(default_factory=list)  # key columns and their types

    @property
    def table(self) -> str:
        return self.name.lower()

    def text(self) -> str:
        lines = [f"class {self.name}({self.base.name if self.base else 'Base'}):"]
        lines.append(f"    __tablename__ = {self.table!r}")
        lines += [f"    {line}" for line in self.lines]
        if self.arguments:
            lines.append(f"    __table_args__ = ({', '.join(self.arguments)},)")
        return "\n".join(lines) + "\n"


TYPES = {"int": "Integer", "uuid.UUID": "Uuid", "str": "String(20)"}


def schema(random: Random, tables: int, keys: int) -> str:
    """Models with so many tables and foreign keys; every one of them can be filled."""
    models: list[ModelSpec] = []
    links: list[str] = []  # tables between two models
    left = keys
    while len(models) + len(links) < tables:
        number = len(models) + len(links)
        rest = tables - number
        plain = [m for m in models if m.key != "links"]
        if len(plain) > 2 and left > 2 and random.random() < 0.08:
            one, other = random.sample([m for m in plain if m.key != "pair"], 2)
            links.append(_link_table(f"link{number}", one, other))
            left -= 2
            continue
        model = _model(f"Model{number}", random, plain, left)
        used = _keys(model)
        for _ in range(max(0, round(left / rest) + random.randint(-1, 1) - used)):
            if used < left:
                others = plain if model.key == "links" else [*plain, model]
                used += _reference(model, random.choice(others), random, used)
        left -= used
        models.append(model)
    number = 0
    while left > 0:  # back to later models, as circles are made of
        early, late = sorted(random.sample(range(len(models)), 2))
        if models[late].key in ("links", "pair") or models[early].base or models[late].base:
            continue
        _reference(models[early], models[late], random, 50 + number, circle=True)
        number, left = number + 1, left - 1
    return HEADER + "\n\n" + "\n\n".join([*(m.text() for m in models), *links])


def _keys(model: ModelSpec) -> int:
    return sum(line.count("ForeignKey(") for line in model.lines) + sum(
        "ForeignKeyConstraint" in each for each in model.arguments
    )


def _model(name: str, random: Random, others: list[ModelSpec], left: int) -> ModelSpec:
    kind = random.choice(["int"] * 6 + ["uuid", "str", "pair"])
    single = [m for m in others if m.key in ("int", "uuid", "str")]
    if len(single) > 3 and left > 3 and random.random() < 0.2:
        kind = random.choice(["links", "shared", "joined"])
    model = ModelSpec(name, kind)
    if kind == "links":
        for place, other in enumerate(random.sample(single, 2)):
            _column_of(model, f"side{place}_id", other, "primary_key=True")
            if random.random() < 0.5:
                _relation(model, f"side{place}", other)
        model.lines.append("note: Mapped[str | None] = mapped_column(String(20))")
        return model
    if kind == "shared":
        _column_of(model, "id", random.choice(single), "primary_key=True")
        model.key = "int" if model.parts[0][1] == "int" else "uuid"
        if model.parts[0][1] == "str":
            model.key = "str"
    elif kind == "joined":
        bases = [m for m in single if m.base is None and "id" in dict(m.parts)]
        plain = [m for m in bases if "kind_of" not in "".join(m.lines)]
        if not plain:
            model.key = kind = "int"
        else:
            base = random.choice(plain)
            base.lines.append("kind_of: Mapped[str] = mapped_column(String(20))")
            base.lines.append(
                "__mapper_args__ = {'polymorphic_on': 'kind_of', "
                f"'polymorphic_identity': {base.table!r}}}"
            )
            model.base, model.key = base, base.key
            _column_of(model, "id", base, "primary_key=True")
            model.lines.append(
                f"__mapper_args__ = {{'polymorphic_identity': {model.table!r}, "
                f"'inherit_condition': id == {base.name}.id}}"
            )
            model.lines.append("extra: Mapped[int | None]")
            return model
    if kind in ("int", "uuid", "str"):
        type_ = {"uuid": "uuid.UUID"}.get(kind, kind)
        default = ", default=uuid.uuid4" if kind == "uuid" and random.random() < 0.5 else ""
        model.parts = [("id", type_)]
        model.lines.append(
            f"id: Mapped[{type_}] = mapped_column({TYPES[type_]}, primary_key=True{default})"
        )
    if kind == "pair":
        model.parts = [("left_key", "int"), ("right_key", "str")]
        for part, type_ in model.parts:
            more = ", autoincrement=False" if type_ == "int" else ""
            model.lines.append(
                f"{part}: Mapped[{type_}] = mapped_column({TYPES[type_]}, primary_key=True{more})"
            )
    for column, type_, how in random.sample(COLUMNS, random.randint(1, 5)):
        how = how.replace("{table}", model.table)
        model.lines.append(f"{column}: Mapped[{type_}] = mapped_column({how})")
    if random.random() < 0.2:
        low, high, type_, how = random.choice(PAIRS)
        for column in (low, high):
            model.lines.append(f"{column}: Mapped[{type_}] = mapped_column({how})")
        model.arguments.append(f"CheckConstraint('{low} < {high}')")
    return model


def _column_of(model: ModelSpec, name: str, other: ModelSpec, more: str) -> None:
    part, type_ = other.parts[0]
    target = f"ForeignKey('{other.table}.{part}')"
    model.lines.append(f"{name}: Mapped[{type_}] = mapped_column({TYPES[type_]}, {target}, {more})")
    model.parts.append((name, type_))


def _relation(model: ModelSpec, name: str, other: ModelSpec) -> None:
    remote = f", remote_side=[{', '.join(p for p, _ in model.parts)}]" if other is model else ""
    model.lines.append(
        f"{name}: Mapped[{other.name!r}] = relationship(foreign_keys=[{name}_id]{remote})"
    )


def _reference(
    model: ModelSpec, other: ModelSpec, random: Random, number: int, circle: bool = False
) -> int:
    """A foreign key to another model, with a relationship or without; returns how many."""
    # A subclass's column of the same name would be one attribute with its base's.
    name = f"ref{number}" if model.base is None else f"{model.table}_ref{number}"
    optional = circle or other is model or random.random() < 0.5
    null = " | None" if optional else ""
    if other.key == "pair":
        names = [f"{name}_{part}" for part, _ in other.parts]
        for column, (_, type_) in zip(names, other.parts, strict=True):
            model.lines.append(f"{column}: Mapped[{type_}{null}] = mapped_column({TYPES[type_]})")
        refers = [f"{other.table}.{part}" for part, _ in other.parts]
        model.arguments.append(f"ForeignKeyConstraint({names!r}, {refers!r})")
        if other is not model and random.random() < 0.7:
            model.lines.append(
                f"{name}: Mapped[{other.name!r}] = relationship(foreign_keys=[{', '.join(names)}])"
            )
        return 1
    part, type_ = other.parts[0]
    words = [TYPES[type_]]
    cycle = f", use_alter=True, name='fk_{model.table}_{name}'" if circle else ""
    words.append(f"ForeignKey('{other.table}.{part}'{cycle})")
    if not circle and other is not model and random.random() < 0.15:
        words.append("unique=True")
    model.lines.append(f"{name}_id: Mapped[{type_}{null}] = mapped_column({', '.join(words)})")
    if circle or random.random() < 0.7:
        _relation(model, name, other)
    return 1


def _link_table(name: str, one: ModelSpec, other: ModelSpec) -> str:
    columns = []
    for place, each in enumerate((one, other)):
        part, type_ = each.parts[0]
        columns.append(
            f"    Column('side{place}', {TYPES[type_]}, ForeignKey('{each.table}.{part}'), "
            "primary_key=True),\n"
        )
    one.lines.append(f"all_{name}: Mapped[list[{other.name!r}]] = relationship(secondary='{name}')")
    return f"{name} = Table(\n    {name!r},\n    metadata,\n{''.join(columns)})\n"
