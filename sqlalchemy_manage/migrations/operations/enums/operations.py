"""``op.alter_enum``, ``op.create_enum``, ``op.drop_enum``, ``op.rename_enum``.

One file runs on every database: alter_enum does what each one needs (ALTER TYPE on
PostgreSQL, MODIFY on MariaDB, a CHECK where there is one), the others concern types,
which only PostgreSQL has, and do nothing elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

from alembic.operations import ops

from ...questions import dotted
from ...revisions.describe import Change
from ..base import Operation
from .types import leaves


@dataclass(eq=False)
class AlterEnumOp(Operation):
    """Give a column with an Enum type other values, or another type; rows and default follow.

    ``rename_values`` says which old value becomes which, in all rows, at once. An
    error, with nothing changed, when a row holds a value that goes away.

    On PostgreSQL a type is changed for all its columns by the first of these calls.
    A value added there cannot be used in the same revision, unless
    ``postgresql_rewrite`` recreates the type, which copies the tables that use it.
    ``existing_server_default`` and ``existing_nullable`` are for MariaDB and
    PostgreSQL without a connection (``--sql``).
    """

    verb = "alter_enum"
    compared = ("table_name", "column_name", "existing_type", "type_")

    table_name: str
    column_name: str
    type_: Any
    _: KW_ONLY
    existing_type: Any
    rename_values: dict[str, str] = None  # type: ignore[assignment]
    server_default: Any = False
    existing_server_default: Any = False
    existing_nullable: bool | None = None
    postgresql_rewrite: bool = False
    schema: str | None = None
    goes_with: ops.MigrateOperation | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.rename_values = dict(self.rename_values or {})

    @property
    def old_values(self) -> tuple[str, ...]:
        return values_of(self.existing_type)

    @property
    def new_values(self) -> tuple[str, ...]:
        return values_of(self.type_)

    @property
    def changes_nothing(self) -> bool:
        """Whether another step, or an answer, has left nothing of it to do."""
        same = repr(self.type_) == repr(self.existing_type)
        return same and not self.rename_values and self.server_default is False

    def reverse(self) -> AlterEnumOp:
        """The way back; rows of two values that became one stay with the one."""
        back: dict[str, str] = {}
        for old, new in self.rename_values.items():
            # A value that was there before, and stays, is also what others were merged into.
            if new not in self.old_values or self.rename_values.get(new, new) != new:
                back.setdefault(new, old)
        default, existing = self.existing_server_default, self.server_default
        if existing is False:
            # It stays, by the name that its value has then.
            is_value = isinstance(default, str)
            existing = self.rename_values.get(default, default) if is_value else default
            default = False
        return replace(
            self,
            type_=self.existing_type,
            existing_type=self.type_,
            rename_values=back,
            server_default=default,
            existing_server_default=existing,
        )

    def describe(self) -> Change:
        where = dotted(self.schema, self.table_name, self.column_name)
        # What it goes with gives the revision its name.
        slug = "" if self.goes_with is not None else f"{self.table_name}_{self.column_name}"
        old, new = self.old_values, self.new_values
        added = [v for v in new if v not in old and v not in self.rename_values.values()]
        gone = [v for v in old if v not in new and v not in self.rename_values]
        parts = [f"{a} becomes {b}" for a, b in self.rename_values.items()]
        parts += [
            f"{word} {', '.join(vs)}" for word, vs in (("add", added), ("remove", gone)) if vs
        ]
        if old and new and parts:
            return Change(
                "~", f"alter values of {where}: {'; '.join(parts)}", slug, self.table_name
            )
        checked = [is_checked(type_) for type_ in (self.existing_type, self.type_)]
        if checked[0] != checked[1]:
            verb, symbol = ("add", "+") if checked[1] else ("drop", "-")
            return Change(symbol, f"{verb} check of the values of {where}", slug, self.table_name)
        return Change("~", f"alter type of {where}", slug and f"alter_{slug}", self.table_name)


@dataclass(eq=False)
class _TypeOp(Operation):
    """What the operations on types share: the name, with its schema."""

    name: str
    schema: str | None = field(default=None, kw_only=True)

    @property
    def qualified(self) -> str:
        return dotted(self.schema, self.name)


@dataclass(eq=False)
class CreateEnumOp(_TypeOp):
    """Create a PostgreSQL enum type, unless it exists; an error if it has other values.

    Tables created after it in the same run do not create it again.
    """

    verb = "create_enum"
    compared = ("name", "values")

    values: Sequence[str]

    def reverse(self) -> DropEnumOp:
        return DropEnumOp(self.name, self.values, schema=self.schema)

    def describe(self) -> Change:
        return Change("+", f"create type {self.qualified}, unless it is there", "", self.name)


@dataclass(eq=False)
class DropEnumOp(_TypeOp):
    """Drop a PostgreSQL enum type, unless something still uses it.

    ``values`` are for the downgrade.
    """

    verb = "drop_enum"
    compared = ("name",)

    values: Sequence[str] = ()

    def reverse(self) -> CreateEnumOp:
        return CreateEnumOp(self.name, self.values, schema=self.schema)

    def describe(self) -> Change:
        return Change("-", f"drop type {self.qualified}, unless it is still used", "", self.name)


@dataclass(eq=False)
class RenameEnumOp(_TypeOp):
    """Rename a PostgreSQL enum type; its columns go along."""

    verb = "rename_enum"
    compared = ("name", "new_name")

    new_name: str

    def reverse(self) -> RenameEnumOp:
        return RenameEnumOp(self.new_name, self.name, schema=self.schema)

    def describe(self) -> Change:
        words = f"rename type {self.qualified} to {self.new_name}"
        return Change("~", words, f"rename_{self.name}_{self.new_name}", self.name)


def values_of(type_: Any) -> tuple[str, ...]:
    """The values of the Enum in ``type_``; empty where there is none, or nobody knows them."""
    for found in leaves(type_):
        if getattr(found, "enums", None):
            return tuple(found.enums)
    return ()


def is_checked(type_: Any) -> bool:
    """Whether the type brings a CHECK along, on a database that needs one."""
    return any(getattr(found, "create_constraint", False) for found in leaves(type_))
