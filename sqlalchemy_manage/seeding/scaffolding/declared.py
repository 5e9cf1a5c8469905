"""A declaration as the source of a factory has it, and what it gives."""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import factory
from factory import fuzzy

from ..generating.randomness import everywhere
from ..links import Link, Links

NAMES: dict[str, str] = {
    "factory": "import factory",
    "fuzzy": "from factory import fuzzy",
    "Link": "from sqlalchemy_manage.seeding import Link",
    "Links": "from sqlalchemy_manage.seeding import Links",
    "Decimal": "from decimal import Decimal",
    "SQLAlchemyModelFactory": "from factory.alchemy import SQLAlchemyModelFactory",
    "Range": "from sqlalchemy.dialects.postgresql import Range",
    "BitString": "from sqlalchemy.dialects.postgresql import BitString",
    **{n: f"from datetime import {n}" for n in ("UTC", "date", "datetime", "time", "timedelta")},
    "UUID": "from uuid import UUID",
}
"""A name that a declaration may use -> how it is imported."""


@dataclass(frozen=True)
class DeclaredValue:
    """``source``: the declaration in Python. ``room``: how many values it has, where that is
    few. ``objects``: classes of the project that it names: name -> module."""

    source: str
    room: int | None = None
    objects: tuple[tuple[str, str], ...] = ()

    def sometimes(self) -> DeclaredValue:
        """The same, with None for one row in ten."""
        decider = 'factory.Faker("pybool", truth_probability=90)'
        return replace(self, source=f"factory.Maybe({decider}, {self.source}, None)")

    @property
    def is_none(self) -> bool:
        return self.source == "None"


NOTHING = DeclaredValue("None")


def literal(value: Any) -> str:
    """A value as it is written, with the names of ``NAMES``."""
    if isinstance(value, Decimal):
        return str(int(value)) if value == int(value) else f'Decimal("{value:f}")'
    if isinstance(value, dt.datetime):
        parts = f"datetime({value.year}, {value.month}, {value.day}"
        clock = [value.hour, value.minute, value.second]
        parts += "".join(f", {each}" for each in clock) if any(clock) else ""
        return parts + (", tzinfo=UTC)" if value.tzinfo else ")")
    if isinstance(value, dt.date):
        return f"date({value.year}, {value.month}, {value.day})"
    if isinstance(value, dt.time):
        return f"time({value.hour}, {value.minute}, {value.second})"
    if isinstance(value, str):
        text = repr(value)
        if text.startswith("'") and '"' not in text:
            return '"' + text[1:-1].replace("\\'", "'") + '"'
        return text
    return repr(value)


def samples(
    declared: Mapping[str, DeclaredValue], given: Mapping[str, Any], count: int
) -> list[dict[str, Any]]:
    """Rows of these declarations, always the same. Links are not followed: ``given`` has what
    stands in their place."""
    space: dict[str, Any] = {
        "factory": factory,
        "fuzzy": fuzzy,
        "Link": Link,
        "Links": Links,
        "Decimal": Decimal,
        **{name: getattr(dt, name) for name in ("UTC", "date", "datetime", "time", "timedelta")},
    }
    made = {}
    for name, each in declared.items():
        if name in given:
            made[name] = given[name]
            continue
        for root, module in each.objects:
            space[root] = getattr(importlib.import_module(module), root)
        for word in ("Range", "BitString", "UUID"):
            if word in each.source:
                exec(NAMES[word], space)
        made[name] = eval(each.source, space)
    with everywhere(0, "samples"):
        rows: list[dict[str, Any]] = factory.make_factory(dict, **made).build_batch(count)
    return rows
