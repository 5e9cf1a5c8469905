"""Our comparators as plugins of Alembic's autogenerate, so that plain ``alembic`` has them too."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import sqlalchemy as sa
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority, PriorityDispatchResult

from ..operations import registry
from ..operations.types import render_item
from . import checks, columns, declared_objects, indexes, keys
from .enums import compare as enums
from .state import state_of

PLUGINS = ["alembic.autogenerate.*", "sqlalchemy_manage.*"]
"""For ``autogenerate_plugins`` of Alembic's configure."""


def _read_in_bulk(autogen_context: Any, upgrade_ops: Any) -> PriorityDispatchResult:
    """Before anything is compared: read the schema from a snapshot."""
    autogen_context.inspector = state_of(autogen_context.migration_context).snapshot.fresh()
    return PriorityDispatchResult.CONTINUE


@contextmanager
def comparing() -> Iterator[None]:
    """Around a comparison: no garbage collection during it.

    It makes many objects that stay to its end, and each collection goes through all of
    them for nothing, which takes a quarter of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def setup(plugin: Plugin) -> None:
    plugin.add_autogenerate_comparator(
        _read_in_bulk, "autogenerate", "snapshot", priority=DispatchPriority.FIRST
    )


def include(metadatas: list[sa.MetaData], dialect_default: str | None) -> dict[str, Any]:
    """The options of Alembic's configure that say what is compared.

    The schemas that the models name, besides the default one; not the tool's own tables,
    and not the views that SQLAlchemy 2.1's CreateView puts among the tables.
    """
    register()
    schemas = {table.schema for metadata in metadatas for table in metadata.tables.values()}
    named = {schema for schema in schemas if schema not in (None, dialect_default)}

    def include_name(name: str | None, kind: str, parents: Any) -> bool:
        if kind == "schema":
            return name is None or name in named
        return kind != "table" or not str(name).startswith("sqlalchemy_manage_")

    def include_object(item: Any, name: Any, kind: str, reflected: bool, other: Any) -> bool:
        return not (kind == "table" and not reflected and getattr(item, "is_view", False))

    return {
        "include_schemas": bool(named),
        "include_name": include_name,
        "include_object": include_object,
        "autogenerate_plugins": PLUGINS,
        "compare_server_default": True,
        "render_item": render_item,
    }


_COMPARATORS = {
    "snapshot": sys.modules[__name__],
    "enums": enums,
    "checks": checks,
    "indexes": indexes,
    "keys": keys,
    "columns": columns,
    "objects": declared_objects,
}


@cache
def register() -> None:
    """Register our operations and comparators with Alembic, once per process."""
    registry.register()
    for name, module in _COMPARATORS.items():
        Plugin.setup_plugin_from_module(module, f"sqlalchemy_manage.{name}")
