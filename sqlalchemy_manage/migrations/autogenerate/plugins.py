"""Our comparators as plugins of Alembic's autogenerate, so that plain ``alembic`` has them too."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import sqlalchemy as sa
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority, PriorityDispatchResult

from ...databases.engines import is_bookkeeping
from ...models import is_managed, managed_tables, names_table
from ..operations import registry
from ..operations.types import render_item
from . import (
    checks,
    columns,
    computed,
    declared_objects,
    declared_order,
    default_schema,
    drop_order,
    exclusions,
    foreign_key_order,
    identity,
    indexes,
    keys,
    table_options,
    uniques,
    unnamed_constraints,
)
from .compared import ComparedColumn, ComparedTable
from .enums import compare as enums
from .enums.hoist import hoist_enums
from .long_names import use_whole_names
from .names import require_names
from .state import state_of
from .unmakeable import require_makeable

PLUGINS = ["alembic.autogenerate.*", "sqlalchemy_manage.*"]
"""For ``autogenerate_plugins`` of Alembic's configure."""


def _read_in_bulk(autogen_context: Any, upgrade_ops: Any) -> None:
    """Before anything is compared: read the schema from a snapshot."""
    snapshot = state_of(autogen_context.migration_context).snapshot
    default = snapshot.dialect.default_schema_name
    tables = autogen_context.sorted_tables
    require_names(tables, snapshot.dialect)
    require_makeable(tables, snapshot.dialect)
    snapshot.hide_apart({(None if t.schema == default else t.schema, t.name) for t in tables})
    use_whole_names(snapshot, tables)
    autogen_context.inspector = snapshot.fresh()


def _with_new_schemas(autogen_context: Any, upgrade_ops: Any, schemas: set[str | None]) -> None:
    """Compare in a schema also that the database lacks, where a table is to be moved to it."""
    schemas |= autogen_context.inspector.schemas


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


def include(
    metadatas: list[sa.MetaData],
    dialect_default: str | None,
    unmanaged: Sequence[str] = (),
    more_schemas: Collection[str] = (),
) -> dict[str, Any]:
    """The options of Alembic's configure that say what is compared.

    The schemas that the models name, ``more_schemas``, and the default one; not the tool's
    own tables, and not what is left to other programs: models that are not managed, and
    tables that the patterns ``unmanaged`` name.
    """
    register()
    schemas = {table.schema for table in managed_tables(metadatas)}
    named = {s for s in schemas.union(more_schemas) if s not in (None, dialect_default)}

    def include_name(name: str | None, kind: str, parents: Any) -> bool:
        if kind == "schema":
            return name is None or name in named
        return kind != "table" or not (
            is_bookkeeping(str(name)) or names_table(unmanaged, parents["schema_name"], str(name))
        )

    def include_object(item: Any, name: Any, kind: str, reflected: bool, other: Any) -> bool:
        return kind != "table" or reflected or is_managed(item)

    return {
        "include_schemas": bool(named),
        "include_name": include_name,
        "include_object": include_object,
        "autogenerate_plugins": PLUGINS,
        "compare_server_default": True,
        "render_item": render_item,
    }


def _both(compare: Callable[[ComparedTable], Any]) -> Callable[[ComparedTable], Any]:
    """For tables that are in the database and in the models."""
    return lambda it: it.conn_table is not None and it.table is not None and compare(it)


_FIRST, _MEDIUM, _LAST = DispatchPriority.FIRST, DispatchPriority.MEDIUM, DispatchPriority.LAST
_ALL = ("default",)
_NAMED = ("sqlite", "postgresql", "mysql", "mariadb")
"""Comparators for a dialect by name go before those for all, and may leave them out."""

_COMPARATORS: dict[str, list[tuple[Any, str, str, DispatchPriority, tuple[str, ...]]]] = {
    "snapshot": [
        (_read_in_bulk, "autogenerate", "", _FIRST, _ALL),
        (_with_new_schemas, "schema", "", _FIRST, _ALL),
    ],
    "enums": [
        # After a compare_type of the user's own, before Alembic's.
        (enums.compare_column, "column", "types", _MEDIUM, _ALL),
        (enums.compare_table, "table", "", _MEDIUM, _ALL),
        (hoist_enums, "schema", "", _LAST, _ALL),
    ],
    "checks": [
        (_both(checks.compare_checks), "table", "", _LAST, _ALL),
        (checks.complete_new_tables, "schema", "", _LAST, _ALL),
    ],
    "exclusions": [
        (exclusions.compare_exclusions, "table", "", _LAST, _ALL),
        (exclusions.complete_new_tables, "schema", "", _LAST, _ALL),
    ],
    "table_options": [(_both(table_options.compare_table_options), "table", "", _LAST, _ALL)],
    "uniques": [(_both(uniques.compare_uniques), "table", "", _LAST, _ALL)],
    "indexes": [(indexes.compare_indexes, "table", "", _LAST, _ALL)],
    "default_schema": [(_both(default_schema.compare_default_schema), "table", "", _LAST, _ALL)],
    "keys": [(_both(keys.compare_keys), "table", "", _LAST, _ALL)],
    "columns": [
        (columns.compare_default, "column", "server_default", _FIRST, _NAMED),
        (columns.compare_comment, "column", "comments", _FIRST, _NAMED),
        (_both(columns.compare_table_comment), "table", "comments", _FIRST, _NAMED),
        (_both(computed.compare_computed), "table", "", _LAST, _ALL),
        (_both(identity.compare_identities), "table", "", _LAST, _ALL),
    ],
    "names": [(unnamed_constraints.name_constraints, "schema", "", _LAST, _ALL)],
    "order": [
        (_both(declared_order.order_changes), "table", "", _LAST, _ALL),
        (foreign_key_order.order_foreign_keys, "schema", "", _LAST, _ALL),
        (drop_order.order_drops, "schema", "", _LAST, _ALL),
        (foreign_key_order.out_of_dropped_tables, "schema", "", _LAST, _ALL),
    ],
    "objects": [(declared_objects.compare_declared, "autogenerate", "", _LAST, _ALL)],
}
"""Plugin -> its comparators: the function, target and element, when, for which dialects.

An element that Alembic has is named; a function that returns True is the last to compare it.
"""


def _as_called(compare: Callable[..., Any], target: str) -> Callable[..., PriorityDispatchResult]:
    """The comparator as Alembic calls it."""
    given = {"table": ComparedTable, "column": ComparedColumn}.get(target)

    def called(*args: Any) -> PriorityDispatchResult:
        done = compare(*args) if given is None else compare(given(*args))
        return PriorityDispatchResult.STOP if done else PriorityDispatchResult.CONTINUE

    return called


@cache
def register() -> None:
    """Register our operations and comparators with Alembic, once per process."""
    registry.register()
    for name, comparators in _COMPARATORS.items():
        plugin = Plugin(f"sqlalchemy_manage.{name}")
        for number, (compare, target, element, priority, dialects) in enumerate(comparators):
            called = _as_called(compare, target)
            for dialect in dialects:
                plugin.add_autogenerate_comparator(
                    called,
                    target,
                    element or f"{plugin.name}.{number}",
                    qualifier=dialect,
                    priority=priority,
                )
