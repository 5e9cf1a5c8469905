"""``op.create_schema``, ``create_extension``, ``create_sequence``, ``create_domain``; drops.

What tables need and no table brings along. One that is there is not created again, and
one that something still uses, or somebody else owns, is not dropped; on a database
without such things nothing is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql

from ...sql.dialects import MARIADB
from ...sql.raw import undoubled
from ..alembic_internals import render_type
from ..questions import dotted
from ..revisions.describe import Change
from .base import Operation
from .enums.postgresql_types import note_made
from .raw_sql import SqlWriter
from .rendering import call

KINDS = ("schema", "extension", "domain", "sequence")
"""In the order of their creation: each may need one before it."""


class StandaloneOp(Operation):
    """What these operations share; ``compared`` by kind and name."""

    kind: ClassVar[str]
    compared = ("thing",)

    name: str

    @property
    def thing(self) -> str:
        return dotted(self.schema, self.name)

    @property
    def creates(self) -> bool:
        return self.verb.startswith("create")

    def describe(self) -> Change:
        if self.creates:
            words, slug = f"create {self.kind} {self.thing}, unless it is there", self.name
            return Change("+", words, f"{self.kind}_{slug}", self.name)
        words = f"drop {self.kind} {self.thing}, unless it is still used"
        return Change("-", words, f"remove_{self.kind}_{self.name}", self.name)


@dataclass(eq=False)
class CreateSchemaOp(StandaloneOp):
    """Create a schema, unless it exists: a database on MariaDB, nothing on SQLite."""

    kind = "schema"
    verb = "create_schema"

    name: str

    schema: ClassVar[None] = None  # type: ignore[misc]

    def reverse(self) -> DropSchemaOp:
        return DropSchemaOp(self.name)


@dataclass(eq=False)
class DropSchemaOp(StandaloneOp):
    """Drop a schema of PostgreSQL, unless something is in it.

    On MariaDB it stays: DROP SCHEMA would take along whatever other programs have in it.
    """

    kind = "schema"
    verb = "drop_schema"

    name: str

    schema: ClassVar[None] = None  # type: ignore[misc]

    def reverse(self) -> CreateSchemaOp:
        return CreateSchemaOp(self.name)


@dataclass(eq=False)
class CreateExtensionOp(StandaloneOp):
    """Create an extension of PostgreSQL, unless it exists."""

    kind = "extension"
    verb = "create_extension"

    name: str
    schema: str | None = None

    def reverse(self) -> DropExtensionOp:
        return DropExtensionOp(self.name, self.schema)


@dataclass(eq=False)
class DropExtensionOp(StandaloneOp):
    """Drop an extension of PostgreSQL, unless something uses it.

    ``schema`` is for the downgrade.
    """

    kind = "extension"
    verb = "drop_extension"

    name: str
    schema: str | None = None

    def reverse(self) -> CreateExtensionOp:
        return CreateExtensionOp(self.name, self.schema)


class _OfElementOp(StandaloneOp):
    element: Any

    @property
    def name(self) -> str:  # type: ignore[override]
        return str(self.element.name)

    @property
    def schema(self) -> str | None:  # type: ignore[override]
        schema: str | None = self.element.schema
        return schema


@dataclass(eq=False)
class CreateSequenceOp(_OfElementOp):
    """Create a sequence, unless it exists; PostgreSQL and MariaDB have them."""

    kind = "sequence"
    verb = "create_sequence"

    element: sa.Sequence

    def reverse(self) -> DropSequenceOp:
        return DropSequenceOp(self.element)


@dataclass(eq=False)
class DropSequenceOp(_OfElementOp):
    """Drop a sequence, unless something uses it; a downgrade lets it begin again."""

    kind = "sequence"
    verb = "drop_sequence"

    element: sa.Sequence

    def reverse(self) -> CreateSequenceOp:
        return CreateSequenceOp(self.element)


@dataclass(eq=False)
class CreateDomainOp(_OfElementOp):
    """Create a domain of PostgreSQL, unless it exists."""

    kind = "domain"
    verb = "create_domain"

    element: postgresql.DOMAIN

    def reverse(self) -> DropDomainOp:
        return DropDomainOp(self.element)


@dataclass(eq=False)
class DropDomainOp(_OfElementOp):
    """Drop a domain of PostgreSQL, unless something uses it."""

    kind = "domain"
    verb = "drop_domain"

    element: postgresql.DOMAIN

    def reverse(self) -> CreateDomainOp:
        return CreateDomainOp(self.element)


OPERATIONS = (
    *(CreateSchemaOp, DropSchemaOp, CreateExtensionOp, DropExtensionOp),
    *(CreateSequenceOp, DropSequenceOp, CreateDomainOp, DropDomainOp),
)


def run(operations: Operations, operation: StandaloneOp) -> None:
    write = SqlWriter(operations)
    dialect = write.dialect
    if operation.kind == "sequence":
        if dialect.supports_sequences:
            _sequence(write, operation)
    elif dialect.name == "postgresql":
        if operation.kind == "domain":
            key = (operation.schema, operation.name)
            note_made(write, key, operation.creates, memo="pg_DOMAIN")
        if operation.creates:
            _create(write, operation)
        else:
            _drop(write, operation)
    elif dialect.name in MARIADB and operation.kind == "schema" and operation.creates:
        _create(write, operation)


def _sequence(write: SqlWriter, operation: Any) -> None:
    if operation.creates:
        create = sa.schema.CreateSequence(operation.element, if_not_exists=True)
        write.execute(undoubled(str(create.compile(dialect=write.dialect)), write.dialect))
    elif write.dialect.name == "postgresql":
        _drop(write, operation)
    else:
        name = write.name(operation.schema, operation.name)
        write.execute(f"DROP SEQUENCE IF EXISTS {name}")


def _create(write: SqlWriter, operation: Any) -> None:
    name = write.name(operation.name)
    if operation.kind == "domain":
        create = postgresql.CreateDomainType(operation.element).compile(dialect=write.dialect)
        statement = undoubled(str(create), write.dialect)
        write.block(f"  {statement};\nEXCEPTION WHEN duplicate_object THEN NULL;\n")
    else:
        where = f" SCHEMA {write.name(operation.schema)}" if operation.schema else ""
        write.execute(f"CREATE {operation.kind.upper()} IF NOT EXISTS {name}{where}")


def _drop(write: SqlWriter, operation: Any) -> None:
    schema = None if operation.kind == "extension" else operation.schema
    write.block(
        f"  DROP {operation.kind.upper()} IF EXISTS {write.name(schema, operation.name)};\n"
        "EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN NULL;\n",
    )


def render(context: Any, operation: Any) -> str:
    element = getattr(operation, "element", None)
    if element is None:
        return call(context, operation.verb, operation, repr(operation.name))
    if isinstance(element, sa.Sequence):
        text = f"{context.opts['sqlalchemy_module_prefix']}Sequence({', '.join(_options(element))})"
    else:
        text = render_type(element, context)
    return f"{context.opts['alembic_module_prefix']}{operation.verb}({text})"


_OF_SEQUENCES = (
    *("start", "increment", "minvalue", "maxvalue", "nominvalue", "nomaxvalue", "cycle", "cache"),
    "schema",
)


def _options(sequence: sa.Sequence) -> list[str]:
    given = ((name, getattr(sequence, name, None)) for name in _OF_SEQUENCES)
    return [repr(str(sequence.name)), *(f"{name}={value!r}" for name, value in given if value)]
