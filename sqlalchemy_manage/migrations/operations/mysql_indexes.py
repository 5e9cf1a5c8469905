"""MariaDB and MySQL: the index that a foreign key needs.

The server makes one where there is none, and takes it away again when another one can
serve; it keeps it when the key goes, and refuses to drop the last one that can (error 1553).
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from alembic.ddl.impl import DefaultImpl

from ...sql.raw import Sql, execute, qualified, sql_of
from .raw_sql import run_what

_INDEXES = """
SELECT index_name, column_name, non_unique FROM information_schema.statistics
WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :table
ORDER BY index_name, seq_in_index
"""
_KEYS = """
SELECT constraint_name, column_name FROM information_schema.key_column_usage
WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :table
  AND referenced_table_name IS NOT NULL ORDER BY constraint_name, ordinal_position
"""

# Where SQL is shown, the database is asked when that runs.
_COLUMNS = """
SELECT {what} AS name, CONCAT(GROUP_CONCAT('`', REPLACE(column_name, '`', '``'), '`'
ORDER BY {order} SEPARATOR ','), ',') AS columns{more}
FROM information_schema.{of} WHERE table_schema = {schema} AND table_name = {table}{where}
GROUP BY {what}"""
_MISSING = """\
SELECT CONCAT('ALTER TABLE {in_text} ADD INDEX `', REPLACE(fk.name, '`', '``'), '` (',
TRIM(TRAILING ',' FROM fk.columns), ')') FROM (
SELECT IF(name REGEXP '_ibfk_[0-9]+$', TRIM('`' FROM SUBSTRING_INDEX(columns, ',', 1)), name)
AS name, columns FROM ({keys}) AS named) AS fk
WHERE NOT EXISTS (SELECT 1 FROM ({indexes}) AS ix WHERE ix.name <> {index}
AND (ix.name = fk.name OR LEFT(ix.columns, LENGTH(fk.columns)) = fk.columns))
AND fk.name <> {index} LIMIT 1"""
_PLAIN = """\
SELECT 'ALTER TABLE {in_text} DROP INDEX {in_name}' FROM ({indexes}) AS ix
WHERE ix.name = {index} AND ix.plain LIMIT 1"""


class ServesForeignKeys(DefaultImpl):
    """No index goes before another one serves the foreign keys of its columns."""

    def drop_index(self, index: sa.Index, **kw: Any) -> None:
        self._make_missing(index.table, str(index.name))  # type: ignore[arg-type]
        super().drop_index(index, **kw)

    def drop_constraint(self, const: Any, **kw: Any) -> None:
        if isinstance(const, sa.UniqueConstraint):
            self._make_missing(const.table, str(const.name))
        super().drop_constraint(const, **kw)
        if isinstance(const, sa.ForeignKeyConstraint):
            name = str(const.name)
            if self.as_sql:
                self._write(_MISSING, const.table, name)
                self._write(_PLAIN, const.table, name)
                return
            if name in self._indexes(const.table, only_plain=True):
                self._make_missing(const.table, name)
            # With another one made, the server may have dropped its own.
            if name in self._indexes(const.table, only_plain=True):
                self._drop(const.table, name)

    def create_index(self, index: sa.Index, **kw: Any) -> None:
        super().create_index(index, **kw)
        self._drop_needless(index.table)  # type: ignore[arg-type]

    def add_constraint(self, const: Any, **kw: Any) -> None:
        super().add_constraint(const, **kw)
        if isinstance(const, sa.UniqueConstraint):
            self._drop_needless(const.table)

    def _make_missing(self, table: sa.Table, index: str) -> None:
        """Before ``index`` goes: another one for each foreign key that it alone serves."""
        if self.as_sql:
            self._write(_MISSING, table, index)
            return
        others = {name: of for name, of in self._indexes(table).items() if name != index}
        for key, columns in self._keys(table).items():
            if not any(of[: len(columns)] == columns for of in others.values()):
                # As the server itself would call it.
                name = columns[0] if re.search(r"_ibfk_\d+$", key) else key
                if name not in (index, *others):
                    listed = ", ".join(qualified(self.dialect, column) for column in columns)
                    self._alter(table, f"ADD INDEX {qualified(self.dialect, name)} ({listed})")
                    others[name] = columns

    def _drop_needless(self, table: sa.Table) -> None:
        """The indexes that only serve foreign keys, where another one does by now."""
        indexes, plain = self._indexes(table), self._indexes(table, only_plain=True)
        for key, columns in self._keys(table).items():
            serve = [name for name, of in indexes.items() if of[: len(columns)] == columns]
            if key in serve and len(serve) > 1 and plain.get(key) == columns:
                self._drop(table, key)
                del indexes[key]

    def _write(self, query: str, table: sa.Table, index: str) -> None:
        """Show SQL that runs the statement which ``query`` makes, if it makes one."""
        name, index_name = (
            qualified(self.dialect, table.schema, table.name),
            qualified(self.dialect, index),
        )
        schema = self._literal(table.schema) if table.schema else "DATABASE()"
        of = {"schema": schema, "table": self._literal(table.name)}
        made = query.format(
            in_text=name.replace("'", "''"),
            in_name=index_name.replace("'", "''"),
            index=self._literal(index),
            indexes=_COLUMNS.format(
                what="index_name",
                order="seq_in_index",
                more=", MIN(non_unique) AS plain",
                of="statistics",
                where="",
                **of,
            ),
            keys=_COLUMNS.format(
                what="constraint_name",
                order="ordinal_position",
                more="",
                of="key_column_usage",
                where=" AND referenced_table_name IS NOT NULL",
                **of,
            ),
        )
        for statement in run_what(made):
            self.execute(Sql(statement))

    def _literal(self, text: str) -> str:
        return sql_of(sa.literal(text, sa.String()), self.dialect)

    def _drop(self, table: sa.Table, index: str) -> None:
        self._alter(table, f"DROP INDEX {qualified(self.dialect, index)}")

    def _alter(self, table: sa.Table, how: str) -> None:
        assert self.connection is not None
        name = qualified(self.dialect, table.schema, table.name)
        execute(self.connection, f"ALTER TABLE {name} {how}")

    def _indexes(self, table: sa.Table, only_plain: bool = False) -> dict[str, list[str]]:
        """The indexes of a table with their columns, maybe without those that are unique."""
        found: dict[str, list[str]] = {}
        for name, column, is_plain in self._read(_INDEXES, table):
            if is_plain or not only_plain:
                found.setdefault(name, []).append(column)
        return found

    def _keys(self, table: sa.Table) -> dict[str, list[str]]:
        """The foreign keys of a table with their columns."""
        found: dict[str, list[str]] = {}
        for name, column in self._read(_KEYS, table):
            found.setdefault(name, []).append(column)
        return found

    def _read(self, query: str, table: sa.Table) -> list[Any]:
        if self.as_sql:
            return []
        assert self.connection is not None
        where = {"schema": table.schema, "table": table.name}
        return [*self.connection.execute(sa.text(query), where)]
