"""``op.create_trigger``, ``op.replace_trigger``, ``op.drop_trigger``; the same for function, view.

One call serves every database: it is given a CREATE statement for each of them, and runs
the one for the database at hand. Where it is given None, whoever wrote the file did not
know the statement, and the revision says so instead of doing nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from alembic.operations import MigrateOperation, Operations

from ....errors import MigrationError
from ....sql.create_statements import DATABASES, arguments, clean, created
from ...questions import dotted
from ...revisions.describe import Change

Statements = dict[str, str | None]
"""Database -> CREATE statement; None where it is not known."""


Op = TypeVar("Op", bound="ObjectOp")


class ObjectOp(MigrateOperation):
    """What is done to one view, function or trigger, on the databases of ``statements``."""

    verb: str
    symbol: str

    def __init__(
        self,
        kind: str,
        name: str,
        table_name: str | None,
        statements: Statements,
        schema: str | None = None,
        **more: Any,
    ) -> None:
        # Dropped only to be created again in the same revision, around a changed table.
        self.aside: bool = more.get("aside", False)
        for database in statements:
            if database not in DATABASES:
                raise MigrationError(
                    f"op.{self.verb}_{kind}('{name}'): there is no database '{database}'.",
                    f"Known: {', '.join(DATABASES)}; mysql is for MariaDB too.",
                )
        self.kind = kind
        self.name = name
        self.table_name = table_name
        self.schema = schema
        self.statements = {
            key: text if text is None else clean(text) for key, text in statements.items()
        }

    def again(self, other: type[Op], statements: Statements, **more: Any) -> Op:
        """Another operation on the same object."""
        more |= {"aside": self.aside}
        return other(self.kind, self.name, self.table_name, statements, self.schema, **more)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        where = tuple(self.statements)
        return (f"{self.verb}_{self.kind}", self.schema, self.table_name, self.name, where)

    def describe(self) -> Change:
        """The operation in words."""
        name = dotted(self.schema, self.name)
        on = f" on {self.table_name}" if self.table_name else ""
        words = f"{self.verb} {self.kind} {name}{on}"
        symbol = self.symbol
        slug = {"create": self.name, "replace": f"alter_{self.name}", "drop": f"remove_{self.name}"}
        part = slug[self.verb]
        if self.aside:
            # The file is named after what it is about.
            symbol, part = "~", ""
            words += " again" if self.verb == "create" else ", to be created again"
        return Change(symbol, words, part, self.table_name or self.name)


class _Made(ObjectOp):
    """The calls of a revision that give statements."""

    @classmethod
    def function(
        cls, operations: Operations, name: str, *, schema: str | None = None, **statements: Any
    ) -> None:
        """A function by its statements: ``postgresql="CREATE FUNCTION ..."``, ``mysql=...``.

        To replace one, its arguments and result must stay the same; otherwise drop and create it.
        """
        operations.invoke(cls("function", name, None, statements, schema))

    @classmethod
    def trigger(
        cls,
        operations: Operations,
        name: str,
        table_name: str,
        *,
        schema: str | None = None,
        **statements: Any,
    ) -> None:
        """A trigger by its statements: ``sqlite="CREATE TRIGGER ..."``, ``postgresql=...``."""
        operations.invoke(cls("trigger", name, table_name, statements, schema))

    @classmethod
    def view(
        cls,
        operations: Operations,
        name: str,
        statement: str | None = None,
        *,
        schema: str | None = None,
        **statements: Any,
    ) -> None:
        """A view by one CREATE VIEW for every database, or by one for each of them."""
        common = dict.fromkeys(DATABASES, statement) if statement is not None else {}
        operations.invoke(cls("view", name, None, {**common, **statements}, schema))


class CreateObjectOp(_Made):
    """CREATE, if there is no such object."""

    verb = "create"
    symbol = "+"

    def reverse(self) -> ObjectOp:
        return self.again(DropObjectOp, self.statements)


class ReplaceObjectOp(_Made):
    """A definition in place of the existing one; ``old`` has the earlier statements."""

    verb = "replace"
    symbol = "~"

    def __init__(self, *args: Any, old: Statements | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self.old = old or {}

    def reverse(self) -> ObjectOp:
        return self.again(ReplaceObjectOp, self.old, old=self.statements)


class DropObjectOp(ObjectOp):
    """DROP on the databases of ``statements``, which say what a downgrade creates again."""

    verb = "drop"
    symbol = "-"

    def __init__(
        self,
        *args: Any,
        signature: str | None = None,
        materialized: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.signature = signature
        self.materialized = materialized
        known = self.statements.get("postgresql")
        if known is not None:
            head = created(known, "postgresql")
            self.materialized = head is not None and head.materialized
            self.signature = arguments(known, "postgresql") if self.kind == "function" else None

    def reverse(self) -> ObjectOp:
        return self.again(CreateObjectOp, self.statements)

    @classmethod
    def function(
        cls,
        operations: Operations,
        name: str,
        signature: str | None = None,
        *,
        schema: str | None = None,
        databases: Iterable[str] = DATABASES,
    ) -> None:
        """Drop a function; PostgreSQL needs its arguments if several have the name."""
        gone: Statements = dict.fromkeys(databases)
        operations.invoke(cls("function", name, None, gone, schema, signature=signature))

    @classmethod
    def trigger(
        cls,
        operations: Operations,
        name: str,
        table_name: str,
        *,
        schema: str | None = None,
        databases: Iterable[str] = DATABASES,
    ) -> None:
        """Drop a trigger of a table."""
        operations.invoke(cls("trigger", name, table_name, dict.fromkeys(databases), schema))

    @classmethod
    def view(
        cls,
        operations: Operations,
        name: str,
        *,
        schema: str | None = None,
        materialized: bool = False,
        databases: Iterable[str] = DATABASES,
    ) -> None:
        """Drop a view."""
        gone: Statements = dict.fromkeys(databases)
        operations.invoke(cls("view", name, None, gone, schema, materialized=materialized))
