"""Foreign keys that no index of the database begins with.

Without one, the database reads the whole table for each row of the other that is deleted or
whose key is changed, and for each relationship that is followed from there.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.reflection import ObjectKind

from ..declare import is_view


def keys_without_index(
    connection: sa.Connection, tables: Iterable[sa.Table]
) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """(table, the columns of such keys) of the tables that have any, in their order.

    The primary key, a unique constraint and an index count if they begin with the key's
    columns, in whatever order; an index of some rows does not. MariaDB makes an index itself.
    ``info={"index": False}`` of one of the columns says that none is wanted.
    """
    tables = [table for table in tables if table.foreign_keys and not is_view(table)]
    found = _indexes(connection, tables)
    for table in tables:
        lacking, place = [], [column.name for column in table.columns]
        for constraint in table.foreign_key_constraints:
            columns = tuple(column.name for column in constraint.columns)
            wanted = all(column.info.get("index", True) for column in constraint.columns)
            known = found.get((table.schema, table.name))
            if wanted and known is not None and not _covered(columns, known):
                lacking.append(columns)
        if lacking:
            yield (
                table.fullname,
                sorted(set(lacking), key=lambda names: [place.index(n) for n in names]),
            )


def _covered(columns: tuple[str, ...], indexes: list[list[Any]]) -> bool:
    wanted = {column.lower() for column in columns}
    return any({str(name).lower() for name in index[: len(columns)]} == wanted for index in indexes)


def _indexes(
    connection: sa.Connection, tables: list[sa.Table]
) -> dict[tuple[str | None, str], list[list[Any]]]:
    """The columns of each index of the tables that exist; None in the place of an expression."""
    inspector = sa.inspect(connection)
    found: dict[tuple[str | None, str], list[list[Any]]] = {}
    schemas: dict[str | None, list[str]] = {}
    for table in tables:
        schemas.setdefault(table.schema, []).append(table.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)  # an index that it does not know
        for schema, names in schemas.items():
            asked: Any = {"schema": schema, "filter_names": names, "kind": ObjectKind.ANY}
            for (_, name), key in inspector.get_multi_pk_constraint(**asked).items():
                found.setdefault((schema, name), []).append(list(key["constrained_columns"]))
            for (_, name), uniques in inspector.get_multi_unique_constraints(**asked).items():
                found.setdefault((schema, name), []).extend(u["column_names"] for u in uniques)
            for (_, name), indexes in inspector.get_multi_indexes(**asked).items():
                whole = [i["column_names"] for i in indexes if not _is_partial(i)]
                found.setdefault((schema, name), []).extend(whole)
    return found


def _is_partial(index: Any) -> bool:
    options = index.get("dialect_options", {})
    return any(options.get(f"{name}_where") is not None for name in ("postgresql", "sqlite"))
