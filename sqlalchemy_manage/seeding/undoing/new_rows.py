"""Rows that nobody tells the keys of, found by a comparison of the keys before and after.

Triggers, SQL text and INSERT ... SELECT write such rows. A table is watched from the moment at
which it may get one, and nobody else adds a row to it until the transaction ends.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...sql.dialects import MARIADB
from ..row_blocks import WrittenKeys, key_columns
from .keys import TableKeys


class NewRows:
    """The rows that come into the watched tables."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self._watched: dict[str, tuple[TableKeys, sa.Table]] = {}
        self._made = 0

    def __contains__(self, table: sa.Table) -> bool:
        return table.fullname in self._watched

    @property
    def watched(self) -> list[str]:
        """The full names of the tables."""
        return list(self._watched)

    def watch(self, table: sa.Table) -> None:
        """Note the rows that are there now. Those of others must not come in between."""
        if table in self:
            return
        name = self.connection.dialect.name
        if name == "postgresql":
            quoted = self.connection.dialect.identifier_preparer.format_table(table)
            self.connection.exec_driver_sql(f"LOCK TABLE {quoted} IN SHARE ROW EXCLUSIVE MODE")
        keys = TableKeys(self.connection, table, key_columns(table))
        before = keys.temporary(f"sqlalchemy_manage_before_{self._made}")
        self._made += 1
        # On MariaDB, under REPEATABLE READ, this locks what it reads, and the gaps between.
        rows = sa.select(*(table.c[key] for key in keys.columns))
        self.connection.execute(sa.insert(before).from_select(keys.names, rows))
        if name not in MARIADB and not (keys.whole and name == "postgresql"):
            columns = ", ".join(keys.names)
            self.connection.exec_driver_sql(
                f"CREATE INDEX {before.name}_key ON {before.name} ({columns})"
                if name == "postgresql"
                else f"CREATE INDEX temp.{before.name}_key ON {before.name} ({columns})"
            )
        self._watched[table.fullname] = (keys, before)

    def take(self) -> WrittenKeys:
        """The keys of the rows that came since the last time."""
        found: WrittenKeys = {}
        for keys, before in self._watched.values():
            query = _more(keys, before) if keys.whole else _others(keys, before)
            if rows := keys.read(query):
                found[keys.table] = rows
                keys.load(before, list(zip(*rows, strict=True)))
        return found

    def forget(self, names: set[str]) -> None:
        """No longer watch tables: a rollback has taken away what was noted of them."""
        for name in names:
            keys, before = self._watched.pop(name)
            keys.drop_table(before.name)

    def end(self) -> None:
        """To be called before the transaction ends."""
        self.forget(set(self._watched))


def _others(keys: TableKeys, before: sa.Table) -> sa.Select[Any]:
    row = keys.table.alias()
    there = sa.exists().where(keys.match(row, before)).correlate(row)
    columns = [row.c[key].label(name) for key, name in zip(keys.columns, keys.names, strict=True)]
    return sa.select(*columns).where(~there)


def _more(keys: TableKeys, before: sa.Table) -> sa.Select[Any]:
    """Of rows without a key that are equal, those that there are more of."""
    row = keys.table.alias()
    columns = [row.c[name] for name in keys.columns]
    same, then = keys.identity(columns), keys.identity(keys.of(before))
    place = sa.func.row_number().over(partition_by=same, order_by=same).label("place")
    shown = [c.label(name) for c, name in zip(columns, keys.names, strict=True)]
    labels = [c.label(f"i{number}") for number, c in enumerate(same)]
    numbered = sa.select(*shown, *labels, place).subquery()
    labels = [c.label(f"i{number}") for number, c in enumerate(then)]
    counted = sa.select(*labels, sa.func.count().label("number")).group_by(*then).subquery()
    equal = sa.and_(*(numbered.c[c.name].is_not_distinct_from(counted.c[c.name]) for c in labels))
    return (
        sa.select(*(numbered.c[name] for name in keys.names))
        .select_from(numbered.outerjoin(counted, equal))
        .where(numbered.c.place > sa.func.coalesce(counted.c.number, 0))
    )
