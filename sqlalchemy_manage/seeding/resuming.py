"""An interrupted run: what it had still to do, read from the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from . import ledger
from .chunks import SIZE, Later
from .links import Link
from .needs import drawn_from
from .plan import Share
from .shapes import shape_of


def later_again(
    connection: sa.Connection,
    run: ledger.Run,
    shares: Sequence[Share],
    tables: Mapping[str, sa.Table],
) -> dict[int, list[Later]]:
    """The links that an interrupted run had put off, from the keys it recorded."""
    found: dict[int, list[Later]] = {}
    for index, share in enumerate(shares):
        names = _put_off(share)
        if not names:
            continue
        table = shape_of(share.factory).tables[0]
        for label, keys in ledger.keys_of_chunks(connection, run.id, table):
            if label.startswith(f"{index}/") and not label.endswith("+"):
                place = int(label.partition("/")[2]) * SIZE
                found.setdefault(index, []).extend(Later(name, place, list(keys)) for name in names)
    return found


def _put_off(share: Share) -> list[str]:
    names = []
    for name, declaration in drawn_from(share.factory, share.overrides):
        relation: Any = sa.inspect(share.model).relationships.get(name)
        if relation is None:
            continue
        tree = isinstance(declaration, Link) and declaration.depth is not None
        if relation.direction.name == "ONETOMANY" or tree:
            names.append(name)
    return names
