"""What a change of an Enum column needs on every database: its SQL, its rows, its CHECK."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.operations import Operations

from .... import advice
from ....errors import RowsInTheWay
from ....sql.expressions import in_list
from ....sql.raw import sql_of, stored_name, undoubled
from ....sqlalchemy_internals import ddl_compiler, is_created
from ..raw_sql import SqlWriter
from .types import BOOLEAN, Form, form_of, leaf

if TYPE_CHECKING:
    from .operations import AlterEnumOp


TEXT = {False: "{}::text", True: "unnest({}::text[])"}
"""PostgreSQL: a column, or the items of a column of arrays, as text."""


@dataclass
class EnumChange:
    """One ``op.alter_enum`` on one database: from the form ``old`` to ``new``."""

    write: SqlWriter
    op: AlterEnumOp
    old: Form
    new: Form

    @classmethod
    def of(cls, operations: Operations, op: AlterEnumOp) -> EnumChange:
        write = SqlWriter(operations)
        old, new = (form_of(t, write.dialect) for t in (op.existing_type, op.type_))
        old, new = (replace(f, sql=undoubled(f.sql, write.dialect)) for f in (old, new))
        return cls(write, op, old, new)

    @cached_property
    def mapping(self) -> dict[str, str]:
        """Which value replaces which, all at once."""
        given = {old: new for old, new in self.op.rename_values.items() if old != new}
        pairs = BOOLEAN.items()
        if self._is_boolean(self.op.type_):
            pairs = {word: number for number, word in pairs}.items()
        elif not self._is_boolean(self.op.existing_type):
            return given
        old, new = self.old.values or (), self.new.values or ()
        spelled = {a: b for a, b in pairs if a in old and a not in new and b in new}
        return spelled | given

    def _is_boolean(self, type_: Any) -> bool:
        return isinstance(leaf(type_, self.write.dialect)[0], sa.Boolean)

    @property
    def table(self) -> str:
        return self.write.name(self.op.schema, self.op.table_name)

    @property
    def column(self) -> str:
        return self.write.name(self.op.column_name)

    def default(self) -> Any:
        """The new server default as SQL; None for none, False when it stays."""
        op = self.op
        old = op.existing_server_default
        if op.server_default is False and isinstance(old, str) and old in self.mapping:
            return self.write.literal(self.mapping[old])
        return self._default(op.server_default)

    def existing_default(self) -> Any:
        """The old server default as SQL; None for none, False when it is not known."""
        return self._default(self.op.existing_server_default)

    def _default(self, default: Any) -> Any:
        if default is None or default is False:
            return default
        if isinstance(default, str):
            return self.write.literal(default)
        if isinstance(default, sa.TextClause):
            return default.text
        return sql_of(default, self.write.dialect)

    def mapped(self, expression: str) -> str:
        """``expression``, with the values replaced that get another."""
        if not self.mapping:
            return expression
        cases = " ".join(
            f"WHEN {self.write.literal(old)} THEN {self.write.literal(new)}"
            for old, new in self.mapping.items()
        )
        return f"CASE {expression} {cases} ELSE {expression} END"

    def update_rows(self) -> None:
        """Give rows their new values, where the column takes both old and new ones."""
        if self.mapping:
            self.write.execute(
                f"UPDATE {self.table} SET {self.column} = {self.mapped(self.column)} "
                f"WHERE {self.column} IN ({self.write.literals(list(self.mapping))})"
            )

    def loses(self) -> bool:
        """Whether rows may hold what the new form does not allow."""
        if self.new.values is None:
            length = self.new.length
            return length is not None and any(len(v) > length for v in self.old.values or ())
        if self.old.values is None or (self.new.checked and not self.old.checked):
            return True
        return any(self.mapping.get(v, v) not in self.new.values for v in self.old.values)

    def refuse_lost_values(
        self, columns: Sequence[tuple[str, str]] | None = None, text: str = "{}"
    ) -> None:
        """Raise MigrationError when a row holds a value that would be lost; nothing is done yet.

        ``columns`` are quoted tables and columns, this step's own if not given. ``text``
        makes an expression of plain text from a column.
        """
        if not self.loses() or self.write.offline:
            return
        if self.new.values is not None:
            lost = f"v NOT IN ({self.write.literals([*self.new.values, *self.mapping])})"
        else:
            name = "length" if self.write.dialect.name == "sqlite" else "char_length"
            lost = f"{name}(v) > {self.new.length}"
        for table, column in [(self.table, self.column)] if columns is None else columns:
            value = text.format(column)
            found = self.write.rows(
                f"SELECT v, count(*) FROM (SELECT {value} AS v FROM {table}) AS held "
                f"WHERE v IS NOT NULL AND {lost} GROUP BY v ORDER BY v"
            )
            if found:
                where = f"{table}.{column}".replace('"', "").replace("`", "")
                rows = sum(count for _, count in found)
                values = ", ".join(repr(value) for value, _ in found[:5])
                more = f" and {len(found) - 5} other values" if len(found) > 5 else ""
                raise RowsInTheWay(
                    f"{rows:,} row{'s hold' if rows != 1 else ' holds'} {values}{more} in {where}, "
                    "which is not a value of it after this step. "
                    "Give the rows another value first.",
                    "Do that by hand, or with an UPDATE in the revision before this step; "
                    f"then: {advice.AFTER_FIX_OF_ROWS}",
                )

    def checks(self) -> list[str]:
        """The names of the CHECKs that came with the old type."""
        op = self.op
        if not self.old.checked:
            return []
        own = self._check_name()
        if self.write.offline:
            return [own or f"{op.table_name}_{op.column_name}_check"]
        inspector = sa.inspect(self.write.connection)
        table = stored_name(str(op.table_name), inspector.dialect)
        found = [
            str(check["name"])
            for check in inspector.get_check_constraints(table, schema=op.schema)
            if check["name"] and self.lists_old_values(check["sqltext"])
        ]
        # Where a handwritten one lists the same values, the name decides.
        return [own] if own in found else found

    def lists_old_values(self, text: str) -> bool:
        """Whether the text of a CHECK is the one of the old type."""
        column, values = in_list(text) or ("", ())
        return column == self.op.column_name and set(values) == set(self.old.values or ())

    def _check_name(self) -> str | None:
        for constraint in self._constraints(self.op.existing_type):
            name = self.write.dialect.identifier_preparer.format_constraint(constraint)
            return None if name is None else str(name).strip('"`')
        return None

    def check(self) -> str | None:
        """``CONSTRAINT name CHECK (...)`` of the new type, None if it brings none along."""
        for constraint in self._constraints(self.op.type_):
            return undoubled(
                ddl_compiler(self.write.dialect).process(constraint), self.write.dialect
            )
        return None

    def _constraints(self, type_: Any) -> Iterator[Any]:
        op, dialect = self.op, self.write.dialect
        # As Alembic does it, so that the naming convention of the models counts.
        table = self.write.operations.schema_obj.table(
            op.table_name, sa.Column(op.column_name, type_), schema=op.schema
        )
        for constraint in table.constraints:
            if isinstance(constraint, sa.CheckConstraint) and is_created(constraint, dialect):
                yield constraint


def held_values(
    connection: sa.Connection, schema: str | None, table: str, column: str, type_: Any, value: str
) -> int:
    """How many rows hold ``value`` in a column of ``type_``."""
    held: Any = sa.column(column)
    if connection.dialect.name == "postgresql":
        _, array = leaf(type_, connection.dialect)
        text = sa.cast(held, sa.ARRAY(sa.Text) if array else sa.Text)
        condition = sa.literal(value) == (sa.any_(text) if array else text)
    else:
        condition = held == sa.literal(value, sa.String())
    query = sa.select(sa.func.count()).select_from(sa.table(table, schema=schema))
    return int(connection.scalar(query.where(condition)) or 0)
