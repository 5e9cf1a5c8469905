"""Names that PostgreSQL cuts to 63 bytes: the models have the whole of them.

The comparison takes them for what they are called in the models; in every statement the
server cuts them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import sqlalchemy as sa

from ...sql.raw import cut_name
from ..schema.snapshot import Snapshot
from .checks import name_of

_AT_LEAST = 60
"""How long a name is at least that has been cut, if its next character had four bytes."""


def use_whole_names(snapshot: Snapshot, tables: Iterable[sa.Table]) -> None:
    """Give the tables of ``snapshot``, and all that belongs to them, the names of the models."""
    if snapshot.dialect.name != "postgresql":
        return
    default = snapshot.dialect.default_schema_name
    for table in tables:
        schema = None if table.schema == default else table.schema
        there = snapshot.get_table_names(schema)
        if names := _cut(there, [table.name]):
            snapshot.rename_tables(schema, names)
        elif table.name not in there:
            continue
        columns = snapshot.columns(schema, table.name)
        if names := _cut(columns, (column.name for column in table.columns)):
            snapshot.rename_columns(schema, table.name, names)
        items = snapshot.item_names(schema, table.name)
        if names := _cut(items, _items(table, snapshot.dialect)):
            snapshot.rename_items(schema, table.name, names)


def _cut(there: Iterable[str], wanted: Iterable[str]) -> Mapping[str, str]:
    """Names in the database that are the beginnings of ``wanted`` names, with the whole name."""
    long = {name for name in there if len(name.encode()) >= _AT_LEAST}
    whole = {cut_name(name): name for name in wanted} if long else {}
    return {name: whole[name] for name in long if whole.get(name, name) != name}


def _items(table: sa.Table, dialect: sa.Dialect) -> Iterator[str]:
    for item in (*table.indexes, *table.constraints):
        if name := name_of(item, dialect):
            yield name
