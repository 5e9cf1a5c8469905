"""What the comparisons of one Alembic context share: the models are compared more than once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext

from ..questions import Key, dotted
from ..schema.snapshot import Snapshot
from .objects.compare import KnownObjects
from .objects.order import Item

_KEY = "sqlalchemy_manage_comparison"

ColumnTypes = Mapping[tuple[str, str], str]
"""Python's words for types, by a column's table, with its schema if it has one, and its name."""
Comments = Mapping[tuple[str, str], str | None]
"""The comment of a column, by the same two, and with an empty name that of the table."""
Stored = Callable[[str | None, str, str], tuple[Key, str]]
"""Where a table and its column are in the database, given the names in the models."""


@dataclass
class ComparisonState:
    """The schema as read from the database, and what the comparators found besides operations.

    ``notices`` are what the user should know; ``objects`` are the declared views, functions
    and triggers, ``known_objects`` what was read about them; ``made`` are the schemas,
    extensions, domains and sequences of the revisions. ``written`` and ``commented`` read the
    revisions, None where there are none; ``values`` are those of a column that are no members of
    its Enum; ``stored`` knows the renames that were accepted.
    """

    connection: sa.Connection
    written: Callable[[], ColumnTypes] | None = None
    commented: Callable[[bool], Comments] | None = None
    stored: Stored = lambda schema, table, column: ((schema, table), column)
    notices: list[str] = field(default_factory=list)
    objects: list[Item] = field(default_factory=list)
    known_objects: KnownObjects | None = None
    made: dict[tuple[str, str], bool] | None = None
    values: dict[tuple[str | None, str, str], list[str]] = field(default_factory=dict)

    @cached_property
    def _written(self) -> ColumnTypes:
        return self.written() if self.written is not None else {}

    def written_type(self, schema: str | None, table: str, column: str) -> str | None:
        """The type that the revisions gave to a column, in the words of Python."""
        key, column = self.stored(schema, table, column)
        return self._written.get((dotted(*key), column))

    @cached_property
    def _comments(self) -> Comments:
        return self.commented(True) if self.commented is not None else {}

    @cached_property
    def _mentioned_comments(self) -> Comments:
        return self.commented(False) if self.commented is not None else {}

    def written_comment(
        self, schema: str | None, table: str, column: str = "", *, wanted: str | None
    ) -> str | None:
        """The comment that the revisions gave to a column, or to the table.

        Raises KeyError where that is not known, or no more than ``wanted``, None, can be.
        """
        key, column = self.stored(schema, table, column)
        comments = self._comments if wanted else self._mentioned_comments
        return comments[dotted(*key), column]

    @cached_property
    def snapshot(self) -> Snapshot:
        """The schema, read once; accepted renames are made in it."""
        return Snapshot(self.connection)

    def note(self, text: str) -> None:
        """Leave a notice for the user, once."""
        if text not in self.notices:
            self.notices.append(text)


def state_of(context: MigrationContext) -> ComparisonState:
    """The state of the comparisons of ``context``, made by the first that asks for it."""
    if _KEY not in context.opts:
        assert context.connection is not None
        written = context.opts.get("column_types")
        commented = context.opts.get("comments")
        context.opts[_KEY] = ComparisonState(context.connection, written, commented)
    state = context.opts[_KEY]
    assert isinstance(state, ComparisonState)
    return state
