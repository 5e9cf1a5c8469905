"""The calls of Alembic's operations in a revision file, as far as they can be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

Thing = tuple[str, ...]
"""Its kind, its table's name if it has a table, and its own name."""


@dataclass(frozen=True)
class SourceCode:
    """Source code in place of a value that is not a literal."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class TablePart:
    """A column, an index or a constraint among the arguments."""

    kind: str
    arguments: list[Any]
    keywords: dict[str, Any] = field(default_factory=dict)


def table_of(values: dict[str, Any]) -> str:
    """The table among an operation's arguments, with its schema; empty without one."""
    name = _literal(values, "table_name", "source_table", "old_table_name")
    schema = _literal(values, "schema", "source_schema")
    return f"{schema}.{name}" if schema and name else name


def _literal(values: dict[str, Any], *keys: str) -> str:
    value = next((values[k] for k in keys if values.get(k)), "")
    if isinstance(value, TablePart):
        value = value.arguments[0]
    return value if isinstance(value, str) else ""


def _strings(value: Any) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


@dataclass(frozen=True)
class OperationCall:
    """A call of ``op.verb(...)``, its arguments by the names of their parameters."""

    verb: str
    table: str
    values: dict[str, Any]

    def _literal(self, *keys: str) -> str:
        return _literal(self.values, *keys)

    @property
    def kind(self) -> str:
        """Of what it changes: ``table``, ``column``, ``index``, ``constraint``, ``view``."""
        if self.verb.endswith("_table"):
            return "table"
        for kind in ("column", "index", "constraint"):
            if kind in self.values or f"{kind}_name" in self.values or self.verb.endswith(kind):
                return kind
        return self.verb.partition("_")[2].replace("_", " ")

    @property
    def names(self) -> list[str]:
        """The name of what is changed; after a rename, also the new one."""
        kind = self.kind
        name = self._literal(f"{kind}_name", kind, "old", "name", "0")
        new = self._literal("new_column_name", "new", "new_name")
        return [name, new] if new else [name]

    def changes(self) -> Iterator[Thing]:
        """What it makes, changes or removes; an empty name where that cannot be read."""
        kind = self.kind
        if kind == "table":
            yield "table", self.table
            if new := self._literal("new_table_name"):
                yield "table", new
        elif kind in ("column", "constraint"):
            yield from ((kind, self.table, name) for name in self.names)
        elif self.table and not self.values.keys() & {"index_name", "name", "0", "old"}:
            yield kind, self.table
        else:
            yield from ((kind, name) for name in self.names)

    def uses(self) -> Iterator[Thing]:
        """What has to be there for it."""
        if self.table and self.kind != "table":
            yield "table", self.table
        for key in ("columns", "local_cols"):
            yield from (("column", self.table, c) for c in _strings(self.values.get(key)))
        if referred := self._literal("referent_table"):
            yield "table", referred
            remote = _strings(self.values.get("remote_cols"))
            yield from (("column", referred, c) for c in remote)
        for target in _targets(self.values.values()):
            table, _, column = target.rpartition(".")
            yield "table", table
            yield "column", table, column

    def words(self) -> str:
        """The operation in words, as it would be described on writing it."""
        names = [name or "..." for name in self.names]
        verb = self.verb.replace("_", " ")
        table = self.table or "..."
        kind = self.kind
        if kind == "table":
            new = self._literal("new_table_name")
            return f"{verb} {table}" + (f" to {new}" if new else "")
        if kind == "column":
            altered = ", ".join(self._altered())
            if len(names) > 1 and not altered:
                return f"rename column {table}.{names[0]} to {names[1]}"
            return f"{verb} {table}.{names[0]}" + (f": {altered}" if altered else "")
        to = f" to {names[1]}" if len(names) > 1 else ""
        if kind in ("index", "constraint") or verb == "create foreign key":
            where = "of" if verb.startswith(("drop", "rename")) else "on"
            columns = self.values.get("columns") or self.values.get("local_cols")
            listed = f" ({', '.join(map(str, columns))})" if isinstance(columns, list) else ""
            return f"{verb} {names[0]} {where} {table}{listed}{to}"
        return f"{verb} {table if self.table else names[0]}{to}"

    def _altered(self) -> Iterator[str]:
        if self.verb != "alter_column":
            return
        values = self.values
        if "type_" in values:
            yield "type"
        if values.get("nullable") is not None:
            yield "nullable" if values["nullable"] is True else "NOT NULL"
        yield from (k.replace("_", " ") for k in ("server_default", "comment") if k in values)


def _targets(values: Iterable[Any]) -> Iterator[str]:
    """``table.column`` for each foreign key inside columns and constraints."""
    for value in values:
        if isinstance(value, list):
            yield from _targets(value)
        elif isinstance(value, TablePart):
            if value.kind == "ForeignKey":
                yield from _strings(value.arguments[:1])
            elif value.kind == "ForeignKeyConstraint" and len(value.arguments) > 1:
                yield from _strings(value.arguments[1])
            else:
                yield from _targets(value.arguments)
