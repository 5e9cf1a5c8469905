"""A table compared with what was kept of it: which rows, links and values are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from ....links.catalog import Column, StoredLink, StoredTable, quoted
from ....links.fingerprint import fingerprint
from .key_copies import NAMED, KeyCopy, copy_of, labels, shown
from .loss import Loss


def losses(
    connection: sa.Connection, kept: KeyCopy, now: StoredTable, *, columns_too: bool = True
) -> list[Loss]:
    """What was kept but is missing in ``now``, the table as it is.

    ``columns_too``: a column that is gone is a loss of its values.
    """
    names = labels(kept, now)
    found = {column: kept.name_of(column, now) for column in kept.stored.columns}
    comparison = TableComparison(connection, kept, now, found, names)
    lost = list(comparison.rows_and_links())
    if columns_too:
        lost += comparison.dropped_columns()
    return lost


@dataclass
class TableComparison:
    """A kept table and what has become of it; ``names``: of each old column, None if gone."""

    connection: sa.Connection
    kept: KeyCopy
    now: StoredTable
    names: Mapping[str, str | None]
    labels: tuple[tuple[str, ...], ...]

    def rows_and_links(self) -> Iterator[Loss]:
        kept, now = self.kept, self.now
        identity = kept.stored.identity
        current = [self.names[column] for column in identity]
        links = [link for link in kept.stored.links if all(self.names[c] for c in link.columns)]
        if kept.copy is None or not identity or None in current:
            yield from self._counted()
            return
        by_key = kept.stored.key and tuple(current) == now.key and not self._changed(identity)
        if by_key and self._all_there(links):
            return
        yield from self._rows(identity, bool(by_key))
        if not kept.stored.key:
            return  # the links are the rows
        for link in links:
            yield from self._links(link, bool(by_key))

    def _counted(self) -> Iterator[Loss]:
        """Where rows cannot be distinguished: by their number, and their hash."""
        kept = self.kept
        rows = self._scalar(f"SELECT count(*) FROM {quoted(self.connection, self.now.name)}")
        if rows < kept.rows:
            yield Loss(self.labels, "rows", kept.rows - rows, kept.rows)
        elif kept.before is not None and rows == kept.rows:
            found = fingerprint(self.connection, self.now)
            key = kept.stored.identity
            if self.now.identity != key or self._changed(key):
                return
            if found.keys != kept.before.keys:
                yield Loss(self.labels, "rows", None, kept.rows)
            for link in kept.stored.links:
                after = found.links.get(link.columns)
                same = after in (None, kept.before.links[link.columns])
                if not same and not self._changed(link.columns):
                    yield self._link_loss(link, None)

    def _changed(self, columns: tuple[str, ...]) -> bool:
        return any(self._old(c).type != self._new(c).type for c in columns)

    def _old(self, column: str) -> Column:
        return self.kept.stored.columns[column]

    def _new(self, column: str) -> Column:
        return self.now.columns[self.names[column] or column]

    def _all_there(self, links: list[StoredLink]) -> bool:
        """One pass along the primary key, which nearly always finds nothing."""
        if any(self._changed(link.columns) for link in links):
            return False
        wanted = ["count(*)"] + [
            f"coalesce(sum(CASE WHEN {self._differs(link)} THEN 1 ELSE 0 END), 0)" for link in links
        ]
        row = self.connection.exec_driver_sql(
            f"SELECT {', '.join(wanted)} FROM {self._joined()}"
        ).one()
        return int(row[0]) == self.kept.rows and not any(row[1:])

    def _joined(self, join: str = "JOIN") -> str:
        on = " AND ".join(f"{self._now(c)} = {self._then(c)}" for c in self.kept.stored.identity)
        return f"{self._source()} k {join} {quoted(self.connection, self.now.name)} t ON {on}"

    def _differs(self, link: StoredLink) -> str:
        filled = " AND ".join(f"{self._then(c)} IS NOT NULL" for c in link.columns)
        other = " OR ".join(
            f"{self._now(c)} IS NULL OR {self._now(c)} <> {self._then(c)}" for c in link.columns
        )
        return f"({filled} AND ({other}))"

    def _source(self) -> str:
        assert self.kept.copy is not None
        return copy_of(self.connection, self.kept.copy)

    def _then(self, column: str) -> str:
        return self._value(f"k.{quoted(self.connection, column)}", column, self._old(column).type)

    def _now(self, column: str) -> str:
        name = quoted(self.connection, self.names[column] or column)
        return self._value(f"t.{name}", column, self._new(column).type)

    def _value(self, value: str, column: str, type_: str) -> str:
        """A column that changed its type is compared as text, a UUID without its hyphens."""
        if not self._changed((column,)):
            return value
        dialect = self.connection.dialect.name
        binary = any(word in type_.lower() for word in ("blob", "binary", "bytea"))
        if dialect == "postgresql":
            text = f"encode({value}, 'hex')" if binary else f"{value}::text"
        elif dialect == "sqlite":
            text = f"CASE typeof({value}) WHEN 'blob' THEN hex({value}) ELSE {value} END"
            text = f"CAST({text} AS TEXT)"
        else:
            text = f"HEX({value})" if binary else f"CAST({value} AS CHAR)"
        return f"replace(lower({text}), '-', '')"

    def _missing(self, columns: tuple[str, ...], filled: tuple[str, ...] = ()) -> str:
        """The values of ``columns`` that are more often in the copy than in the table."""
        then = ", ".join(f"{self._then(c)} AS c{i}" for i, c in enumerate(columns))
        now = ", ".join(f"{self._now(c)} AS c{i}" for i, c in enumerate(columns))
        names = ", ".join(f"c{i}" for i in range(len(columns)))
        where = ["", ""]
        if filled:
            where[0] = " WHERE " + " AND ".join(f"{self._then(c)} IS NOT NULL" for c in filled)
            where[1] = " WHERE " + " AND ".join(f"{self._now(c)} IS NOT NULL" for c in filled)
        table = quoted(self.connection, self.now.name)
        return (
            f"SELECT {names}, sum(n) AS n FROM (SELECT {then}, 1 AS n FROM {self._source()} k"
            f"{where[0]} UNION ALL SELECT {now}, -1 AS n FROM {table} t{where[1]}) u"
            f" GROUP BY {names} HAVING sum(n) > 0"
        )

    def _scalar(self, sql: str) -> int:
        return int(self.connection.exec_driver_sql(sql).scalar() or 0)

    def _rows(self, identity: tuple[str, ...], by_key: bool) -> Iterator[Loss]:
        query = self._missing(identity)
        counted = f"SELECT sum(n) FROM ({query}) m"
        null = " OR ".join(f"{self._then(c)} IS NULL" for c in identity)
        # SQLite lets a primary key be NULL, which joins nothing.
        if by_key and not self._scalar(f"SELECT count(*) FROM {self._source()} k WHERE {null}"):
            joined = f"{self._joined('LEFT JOIN')} WHERE {self._now(identity[0])} IS NULL"
            query = f"SELECT {', '.join(self._then(c) for c in identity)} FROM {joined}"
            counted = f"SELECT count(*) FROM {joined}"
        count = self._scalar(counted)
        if count:
            examples = self._examples(f"{query} ORDER BY {_ordinals(identity)}", identity)
            yield Loss(self.labels, "rows", count, self.kept.rows, examples)

    def _links(self, link: StoredLink, by_key: bool) -> Iterator[Loss]:
        columns = tuple(dict.fromkeys((*self.kept.stored.key, *link.columns)))
        if by_key:
            query = (
                f"SELECT {', '.join(self._then(c) for c in columns)} FROM {self._joined()}"
                f" WHERE {self._differs(link)}"
            )
            count = self._scalar(
                f"SELECT count(*) FROM {self._joined()} WHERE {self._differs(link)}"
            )
        else:
            query = self._missing(columns, link.columns)
            count = self._scalar(f"SELECT sum(n) FROM ({query}) m")
        if count:
            examples = self._examples(f"{query} ORDER BY {_ordinals(columns)}", columns)
            yield self._link_loss(link, count, examples)

    def _link_loss(
        self, link: StoredLink, count: int | None, examples: tuple[str, ...] = ()
    ) -> Loss:
        current = [self.names.get(column) or column for column in link.columns]
        names = tuple(
            dict.fromkeys((*label, c) for c in (*link.columns, *current) for label in self.labels)
        )
        return Loss(names, f"links to {link.parent} changed or gone", count, None, examples, True)

    def _examples(self, query: str, columns: tuple[str, ...]) -> tuple[str, ...]:
        found = self.connection.exec_driver_sql(f"{query} LIMIT {NAMED}")
        return tuple(shown(columns, row[: len(columns)]) for row in found)

    def dropped_columns(self) -> Iterator[Loss]:
        kept = self.kept
        links = {c: link for link in kept.stored.links for c in link.columns}
        told: set[StoredLink] = set()
        for column, name in self.names.items():
            if name is not None or not kept.values.get(column):
                continue
            link = links.get(column)
            if link is None:
                names = tuple((*label, column) for label in self.labels)
                yield Loss(names, "values", kept.values[column], column=True)
            elif link not in told and not self._moved(link):
                told.add(link)
                yield from self._dropped_link(link)

    def _dropped_link(self, link: StoredLink) -> Iterator[Loss]:
        if self.kept.copy is None:
            yield self._link_loss(link, None)
            return
        columns = tuple(dict.fromkeys((*self.kept.stored.key, *link.columns)))
        names = ", ".join(quoted(self.connection, c) for c in columns)
        filled = " AND ".join(f"{quoted(self.connection, c)} IS NOT NULL" for c in link.columns)
        query = f"FROM {self._source()} WHERE {filled}"
        count = self._scalar(f"SELECT count(*) {query}")
        if count:
            query = f"SELECT {names} {query} ORDER BY {names}"
            yield self._link_loss(link, count, self._examples(query, columns))

    def _moved(self, link: StoredLink) -> bool:
        """Whether the same links are in a column that is new in the table."""
        old = link.columns[0]
        key = self.kept.stored.key
        if len(link.columns) > 1 or self.kept.copy is None or not key:
            return False
        if any(self.names[c] is None for c in key):
            return False
        for column in set(self.now.columns) - set(self.names.values()):
            if self.now.columns[column].type != self._old(old).type:
                continue
            other = TableComparison(
                self.connection, self.kept, self.now, {**self.names, old: column}, self.labels
            )
            differing = f"{other._differs(link)} OR t.{quoted(self.connection, column)} IS NULL"
            join = other._joined("LEFT JOIN")
            filled = f"k.{quoted(self.connection, old)} IS NOT NULL"
            if not self._scalar(f"SELECT count(*) FROM {join} WHERE {filled} AND ({differing})"):
                return True
        return False


def _ordinals(columns: tuple[str, ...]) -> str:
    return ", ".join(str(i + 1) for i in range(len(columns)))
