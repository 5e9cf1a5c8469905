"""``op.alter_identity``: how a column is numbered."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations

from ...sql.raw import cut_name
from ...sqlalchemy_internals import ddl_compiler
from ..questions import dotted
from ..revisions.describe import Change
from .base import Operation
from .raw_sql import SqlWriter
from .rendering import call

_OPTIONS = (
    *("start", "increment", "minvalue", "maxvalue", "nominvalue", "nomaxvalue"),
    *("cycle", "cache"),
)


@dataclass(eq=False)
class AlterIdentityOp(Operation):
    """Make a column an identity column, change its options, or make it a plain one (None).

    New values continue after the highest one. Does nothing where there are no identity
    columns. ``serial``: without an identity it draws its values from a sequence of its own.
    ``nullable``: without an identity it may be NULL.
    """

    verb = "alter_identity"
    compared = ("table_name", "column_name")
    outside_batch = True

    table_name: str
    column_name: str
    identity: sa.Identity | None
    _: KW_ONLY
    existing: sa.Identity | None
    serial: bool = False
    nullable: bool = False
    schema: str | None = None

    def reverse(self) -> AlterIdentityOp:
        return replace(self, identity=self.existing, existing=self.identity)

    def describe(self) -> Change:
        table = dotted(self.schema, self.table_name)
        what = "no identity" if self.identity is None else "identity"
        return Change(
            "~",
            f"alter column {table}.{self.column_name}: {what}",
            f"alter_{self.table_name}_{self.column_name}",
            self.table_name,
        )


def render(context: Any, operation: AlterIdentityOp) -> str:
    sides = []
    for side in (operation.identity, operation.existing):
        options = {} if side is None else _given(side)
        text = ", ".join(f"{key}={value!r}" for key, value in options.items())
        module = context.opts["sqlalchemy_module_prefix"]
        sides.append("None" if side is None else f"{module}Identity({text})")
    flags = {name: True for name in ("serial", "nullable") if getattr(operation, name)}
    return call(
        context,
        "alter_identity",
        operation,
        repr(str(operation.table_name)),
        repr(str(operation.column_name)),
        sides[0],
        f"existing={sides[1]}",
        **flags,
    )


def _given(identity: sa.Identity) -> dict[str, Any]:
    found = {name: getattr(identity, name, None) for name in ("always", *_OPTIONS)}
    return {name: value for name, value in found.items() if value is not None}


def alter(operations: Operations, operation: AlterIdentityOp) -> None:
    write = SqlWriter(operations)
    if write.dialect.name != "postgresql":
        return
    name = str(operation.column_name)
    table, column = write.name(operation.schema, operation.table_name), write.name(name)
    sequence = write.name(operation.schema, f"{operation.table_name}_{name}_seq")
    alter = f"ALTER TABLE {table} ALTER COLUMN {column}"
    statements: list[str] = []
    if operation.identity is None:
        statements.append(f"{alter} DROP IDENTITY IF EXISTS")
        if operation.serial:
            statements += [
                f"CREATE SEQUENCE {sequence} OWNED BY {table}.{column}",
                f"{alter} SET DEFAULT nextval({write.literal(sequence)})",
                _go_on(table, column, write.literal(sequence)),
            ]
        if operation.nullable:
            statements.append(f"{alter} DROP NOT NULL")
    elif operation.existing is None:
        if operation.serial:
            statements += [f"{alter} DROP DEFAULT", f"DROP SEQUENCE IF EXISTS {sequence}"]
        if operation.nullable:
            statements.append(f"{alter} SET NOT NULL")
        options = _options(write.dialect, _given(operation.identity))
        owned = f"pg_get_serial_sequence({write.literal(table)}, {write.literal(cut_name(name))})"
        how = "ALWAYS" if operation.identity.always else "BY DEFAULT"
        statements += [
            f"{alter} ADD GENERATED {how} AS IDENTITY{f' ({options})' if options else ''}",
            _go_on(table, column, owned),
        ]
    else:
        changed = _changed(operation.identity, operation.existing)
        always = changed.pop("always", None)
        if always is not None:
            statements.append(f"{alter} SET GENERATED {'ALWAYS' if always else 'BY DEFAULT'}")
        sets = [f"SET {_options(write.dialect, {k: v})}" for k, v in changed.items()]
        statements += [f"{alter} {' '.join(sets)}"] if sets else []
    for statement in statements:
        write.execute(statement)


def _go_on(table: str, column: str, sequence: str) -> str:
    """Let the sequence continue after the highest existing value."""
    return f"SELECT setval({sequence}, max({column})) FROM {table} HAVING max({column}) IS NOT NULL"


def _options(dialect: sa.Dialect, given: dict[str, Any]) -> str:
    compiler = ddl_compiler(dialect)
    options = {name: value for name, value in given.items() if name != "always"}
    return str(compiler.get_identity_options(sa.Identity(**options)))


_UNSAID = {"always": False, "increment": 1, "cycle": False, "cache": 1}
"""PostgreSQL's defaults; the rest depends on the type, or on nothing."""


def _changed(identity: sa.Identity, existing: sa.Identity) -> dict[str, Any]:
    """The options of ``identity`` that differ from those of ``existing``."""
    wanted = _UNSAID | _given(identity)
    there = _UNSAID | _given(existing)
    return {
        name: value
        for name, value in wanted.items()
        if value != there.get(name) and not (name.startswith("no") and name[2:] not in wanted)
    }
