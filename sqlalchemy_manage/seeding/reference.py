"""Reference rows: each exists once, with the declared values, however often it is seeded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ..errors import SeedError
from .factory_boy_internals import model_of
from .generating.numbering import Counters
from .generating.objects import ObjectMaker
from .profiles import Reference
from .row_blocks import WrittenKeys
from .undoing.accounts import Accounts


def seed_reference(
    connection: sa.Connection,
    it: Reference,
    counters: Counters,
    tables: Sequence[sa.Table],
    accounts: Accounts,
) -> tuple[WrittenKeys, int]:
    """The keys of the rows that were missing, and how many others were given new values."""
    changed: set[int] = set()

    def create(number: int, session: Session) -> Any:
        values = it.rows[number]
        found = _find(session, it, values)
        if found is None:
            return it.factory.create(**values)
        for name, value in values.items():
            if getattr(found, name) != value:
                setattr(found, name, value)
                changed.add(number)
        return found

    maker = ObjectMaker(connection, it.factory, len(it.rows), create, counters, tables, accounts)
    return maker.make(), len(changed)


def _find(session: Session, it: Reference, values: dict[str, Any]) -> Any:
    model = model_of(it.factory)
    key = {name: values[name] for name in it.key}
    found = session.scalars(sa.select(model).filter_by(**key).limit(2)).all()
    if len(found) > 1:
        raise SeedError(
            f"{it.factory.__name__}: several rows of {model.__name__} have the key {key}. "
            "Nothing was written.",
            "The key of a Reference must identify one row; name more attributes.",
        )
    return found[0] if found else None
