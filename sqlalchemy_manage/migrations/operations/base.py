"""What our operations share: each is a dataclass, its fields the arguments of its function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from alembic.operations import ops


@dataclass(eq=False, kw_only=True)
class Operation(ops.MigrateOperation):
    """An operation of our own, in one schema; equal to itself alone, as Alembic's are."""

    verb: ClassVar[str]
    """The function of ``op``."""
    compared: ClassVar[tuple[str, ...]]
    """The attributes that Alembic's ``compare_metadata`` and ``check`` list."""

    schema: str | None = None

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return (self.verb, self.schema, *(getattr(self, name) for name in self.compared))
