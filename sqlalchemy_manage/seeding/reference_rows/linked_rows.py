"""The rows at the many side of a relationship, whatever its collection is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.collections import collection_adapter

from ...errors import SeedError


def set_many(session: Session, row: Any, name: str, wanted: list[Any]) -> bool:
    """Add and remove what is needed for ``row.name`` to hold ``wanted``; whether it was."""
    relation = sa.inspect(type(row)).relationships.get(name)
    collection = getattr(row, name)
    if relation is None:
        if hasattr(collection, "keys"):
            raise SeedError(f"'{name}' holds values by keys: give it a dict, not {wanted!r}.")
        add, remove = _proxied(collection)
        current = list(collection)
    elif relation.lazy == "write_only":
        current = list(session.scalars(collection.select()))
        add, remove = collection.add, collection.remove
    elif relation.lazy == "dynamic":
        current, add, remove = list(collection), collection.append, collection.remove
    else:
        adapter: Any = collection_adapter(collection)
        current = list(adapter)
        add, remove = adapter.append_with_event, adapter.remove_with_event
    # Not sets: a model that defines == has no hash.
    gone = [each for each in current if each not in wanted]
    new = [each for each in wanted if each not in current]
    for each in gone:
        remove(each)
    for each in new:
        add(each)
    if gone or new:
        session.flush()
    return bool(gone or new)


def set_pairs(session: Session, row: Any, name: str, wanted: Mapping[Any, Any]) -> bool:
    """The same for a proxy that is a dictionary."""
    collection = getattr(row, name)
    if dict(collection) == wanted:
        return False
    for key in [key for key in collection if key not in wanted]:
        del collection[key]
    collection.update({k: v for k, v in wanted.items() if collection.get(k) != v})
    session.flush()
    return True


def _proxied(collection: Any) -> tuple[Any, Any]:
    return getattr(collection, "append", None) or collection.add, collection.remove
