"""The tables that a history creates, as far as its files say so."""

from __future__ import annotations

from collections.abc import Iterator

from ..revisions.history import History
from .operations import written_steps


def tables_created(history: History) -> Iterator[str]:
    """The tables, ``schema.table`` outside the default schema, of ``op.create_table``."""
    for revision in history.revisions:
        if "create_table" not in revision.source:
            continue
        for step in written_steps(revision.path, "upgrade"):
            if step.call is not None and step.call.verb == "create_table":
                yield step.call.table
