"""Schemas, extensions, domains and sequences: those that the models need and nobody made.

A declared one is written where no revision makes it, whatever the database has, so that a
new database gets it too. What the models only use is written where the database lacks it
as well: else a DBA has made it. Dropped is what an operation of a revision made and no
model needs any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.dialects import postgresql

from ...declared.surroundings import declared_surroundings
from ...sql.dialects import MARIADB
from ...sql.raw import RawType
from ...sqlalchemy_internals import sequences_of
from ..operations import standalone
from ..operations.enums.types import leaves
from ..operations.standalone import KINDS, StandaloneOp
from ..revisions.editing import function, parsed
from ..revisions.history import History

Name = tuple[str | None, str]
"""Schema (None for the default one) and name."""
Made = dict[tuple[str, str], bool]
"""By kind and name, whether an operation of ours makes it, and not only a statement."""


def compare_standalone(
    context: Any, upgrade: ops.UpgradeOps, made: Made, tables: Iterable[sa.Table]
) -> None:
    """Put what is to be created at the beginning of ``upgrade``, and the drops at its end.

    ``made`` is what ``made_by`` says of the history.
    """
    compared = _Compared(context, made, list(tables))
    upgrade.ops[:0] = list(compared.created())
    upgrade.ops += compared.dropped()


def arrange_standalone(upgrade: ops.UpgradeOps) -> None:
    """What is created goes before everything else, what is dropped after it."""
    found = [op for op in upgrade.ops if isinstance(op, StandaloneOp)]
    rest = [op for op in upgrade.ops if not isinstance(op, StandaloneOp)]
    creates = sorted((op for op in found if op.creates), key=lambda op: KINDS.index(op.kind))
    drops = sorted((op for op in found if not op.creates), key=lambda op: -KINDS.index(op.kind))
    upgrade.ops = [*creates, *rest, *drops]


class _Compared:
    """What the models need, beside what the database has and the history made."""

    def __init__(self, context: Any, made: Made, tables: list[sa.Table]) -> None:
        self.inspector = context.inspector
        self.dialect: sa.Dialect = context.dialect
        self.tables = tables
        self.made = made
        metadata = context.metadata
        self.metadatas = [metadata] if isinstance(metadata, sa.MetaData) else list(metadata or ())

    def _schema(self, schema: str | None) -> str | None:
        return None if schema == self.dialect.default_schema_name else schema

    def created(self) -> Iterator[Any]:
        sequences = self._sequences()
        for name, sequence in sequences.items():
            if not self.inspector.has_sequence(name[1], schema=name[0]):
                yield standalone.CreateSequenceOp(sequence)
        if self.dialect.name in MARIADB:
            yield from self._missing_schemas(self._schemas(sequences))
        if self.dialect.name != "postgresql":
            return
        domains = self._domains()
        there = self._there() if domains else {}
        for name, domain in domains.items():
            if name not in there and domain.create_type:
                yield standalone.CreateDomainOp(domain)
        for item in self._declared("extension"):
            if ("extension", item.name) not in self.made:
                yield standalone.CreateExtensionOp(item.name, item.schema)
        declared = {item.name for item in self._declared("schema")}
        yield from self._missing_schemas(self._schemas(sequences, domains), declared)

    def _missing_schemas(self, used: set[str], declared: Iterable[str] = ()) -> Iterator[Any]:
        there = {*self.inspector.get_schema_names()} if used else set()
        for schema in sorted({*declared} | (used - there)):
            if ("schema", schema) not in self.made:
                yield standalone.CreateSchemaOp(schema)

    def dropped(self) -> Iterator[Any]:
        """What an operation made, and neither a model nor a declaration needs."""
        ours = {(kind, name) for (kind, name), by_tool in self.made.items() if by_tool}
        sequences, domains = self._sequences(), self._domains()
        for schema, name in self._sequence_names() if ours else ():
            if ("sequence", name) in ours and (schema, name) not in sequences:
                yield standalone.DropSequenceOp(sa.Sequence(name, schema=schema))
        if self.dialect.name != "postgresql" or not ours:
            return
        for key, domain in self._there().items():
            if ("domain", key[1]) in ours and key not in domains:
                yield standalone.DropDomainOp(domain)
        used = self._schemas(sequences, domains)
        used |= {item.name for item in self._declared("schema")}
        needed = {item.name for item in self._declared("extension")}
        for kind, name in sorted(ours):
            if kind == "extension" and name not in needed:
                yield standalone.DropExtensionOp(name)
            elif kind == "schema" and name not in used:
                yield standalone.DropSchemaOp(name)

    def _declared(self, kind: str) -> list[Any]:
        found = (d for metadata in self.metadatas for d in declared_surroundings(metadata))
        return [item for item in found if item.kind == kind]

    def _sequences(self) -> dict[Name, sa.Sequence]:
        """The sequences of the models that this database has to have."""
        if not self.dialect.supports_sequences:
            return {}
        found: list[Any] = [s for metadata in self.metadatas for s in sequences_of(metadata)]
        for table in self.tables:
            for column in table.columns:
                found.append(getattr(getattr(column.server_default, "arg", None), "sequence", None))
        return {
            (self._schema(s.schema), s.name): s
            for s in found
            if s is not None and not (s.optional and self.dialect.sequences_optional)
        }

    def _sequence_names(self) -> Iterator[Name]:
        for schema in {None, *(schema for schema, _ in self._sequences())}:
            for name in self.inspector.get_sequence_names(schema=schema):
                yield schema, name

    def _domains(self) -> dict[Name, postgresql.DOMAIN]:
        return {
            (self._schema(type_.schema), str(type_.name)): type_
            for table in self.tables
            for column in table.columns
            for type_ in leaves(column.type)
            if isinstance(type_, postgresql.DOMAIN)
        }

    def _there(self) -> dict[Name, postgresql.DOMAIN]:
        found = {}
        for item in self.inspector.get_domains(schema="*"):
            name = (self._schema(item["schema"]), item["name"])
            check = next(iter(item["constraints"]), {"name": None, "check": None})
            found[name] = postgresql.DOMAIN(
                item["name"],
                RawType(item["type"]),
                schema=name[0],
                default=None if item["default"] is None else sa.text(item["default"]),
                not_null=not item["nullable"],
                constraint_name=check["name"],
                check=check["check"],
            )
        return found

    def _schemas(self, *named: Iterable[Name]) -> set[str]:
        """The schemas that something of the models is in."""
        found = {self._schema(table.schema) for table in self.tables}
        # Elsewhere a type is in no schema, whatever its schema says.
        for table in self.tables if self.dialect.name == "postgresql" else ():
            for column in table.columns:
                types = leaves(column.type)
                found |= {self._schema(getattr(type_, "schema", None)) for type_ in types}
        return {s for s in found | {name[0] for names in named for name in names} if s}


_MAKES = re.compile(
    r"""(op\.)?\b(create|drop)[\s_]*(schema|extension|domain|sequence)\s*\(?(?:\s*(?:if\s+not\s+exists"""
    r"""|if\s+exists|[\w.]+\())*\s*["'`]*(\w+)""",
    re.IGNORECASE,
)


def made_by(history: History) -> Made:
    """What the revisions make, in statements or operations, read from their text."""
    made: Made = {}
    for revision in history.revisions:
        source = revision.source
        if not _MAKES.search(source):
            continue
        undo = function(parsed(source), "downgrade")
        if undo is not None:
            lines = source.splitlines(keepends=True)
            source = "".join([*lines[: undo.lineno - 1], *lines[undo.end_lineno :]])
        for ours, verb, kind, name in _MAKES.findall(source):
            key = (kind.lower(), name)
            if verb.lower() == "create":
                made[key] = made.get(key, False) or bool(ours)
            else:
                made.pop(key, None)
    return made
