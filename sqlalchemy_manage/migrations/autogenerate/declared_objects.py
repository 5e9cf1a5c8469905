"""The comparator for what is declared beside the tables, and where its operations go."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext

from ..revisions.history import History, read_history
from ..revisions.locations import version_folders
from .objects.compare import KnownObjects, compare_objects
from .objects.history import ObjectHistory
from .objects.order import arrange
from .standalone import arrange_standalone, compare_standalone, made_by
from .state import state_of


def compare_declared(autogen_context: Any, upgrade_ops: Any) -> None:
    metadata = autogen_context.metadata
    metadatas = [metadata] if isinstance(metadata, sa.MetaData) else list(metadata or ())
    context = autogen_context.migration_context
    state = state_of(context)
    if state.made is None:
        state.made = made_by(_history(context))
    compare_standalone(
        autogen_context, upgrade_ops, state.made, autogen_context.table_key_to_table.values()
    )
    if state.known_objects is None:
        state.known_objects = KnownObjects(ObjectHistory(_history(context)))
    state.objects = compare_objects(metadatas, autogen_context.inspector, state.known_objects)
    arrange_objects(context, upgrade_ops)


def _history(context: MigrationContext) -> History:
    """The project's revision files; none where Alembic runs without a script folder."""
    script = context.script
    return read_history(*version_folders(script)) if script is not None else History([])


def arrange_objects(context: MigrationContext, upgrade_ops: Any) -> None:
    """Put the operations on declared objects before and after those on tables, as they must be.

    To be called again when operations on tables were added or taken out after the
    comparison: an object that is in the way of one is dropped before it and created
    after it, in ``upgrade_ops`` and so in what reverses it.
    """
    arrange(state_of(context).objects, upgrade_ops)
    arrange_standalone(upgrade_ops)
