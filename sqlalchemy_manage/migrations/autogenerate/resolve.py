"""From Alembic's comparison to a revision that loses nothing: the steps in order."""

from __future__ import annotations

from typing import Any

from alembic.operations import ops

from ...errors import UsageError
from ..operations.filling import FillNullsOp
from ..operations.rendering import is_concurrent
from ..revisions.describe import flat, prune
from .context import ComparisonContext
from .declared_objects import arrange_objects
from .drops import resolve_drops
from .enums.order import order_enums
from .enums.questions import resolve_enum_values
from .not_null import resolve_not_null
from .renamed_constraints import resolve_constraint_names
from .renames import resolve_renames
from .retyped import resolve_retyped
from .state import state_of
from .violations import resolve_violations


def resolve(review: ComparisonContext, script: ops.MigrationScript) -> None:
    """Change the operations of ``script`` in place; what is open is asked through the review.

    Raises UsageError for a flag that fits nothing, with nothing changed in the database.
    """
    upgrade, downgrade = script.upgrade_ops, script.downgrade_ops
    assert upgrade is not None and downgrade is not None
    state_of(review.context).stored = review.stored
    renames, found = resolve_renames(review, upgrade)
    resolve_enum_values(
        found,
        review.connection if review.rows_visible else None,
        review.answers,
        review.questioner,
        review.stored,
    )
    resolve_drops(review, found)
    # What the comparators have to report, each time that they compare.
    state = state_of(review.context)
    review.notices += [notice for notice in state.notices if notice not in review.notices]
    state.notices.clear()
    names = resolve_constraint_names(review, found)
    resolve_retyped(review, found)
    resolve_not_null(review, found)
    resolve_violations(review, found)
    _require_used(review)
    order_enums(found, review.connection.dialect)
    upgrade.ops = [*renames, *names, *found.ops]
    arrange_objects(review.context, upgrade)
    _concurrent_last(upgrade)
    _reverse(upgrade, downgrade)
    _tidy(downgrade)


def _concurrent_last(upgrade: ops.UpgradeOps) -> None:
    """What no transaction allows goes after it; a table made in it has nobody to wait for."""
    made = {(op.schema, op.table_name) for op in upgrade.ops if isinstance(op, ops.CreateTableOp)}
    last: list[Any] = []
    for holder, op in list(flat(upgrade.ops)):
        if isinstance(op, ops.CreateIndexOp) and is_concurrent(op):
            if (op.schema, op.table_name) in made:
                op.kw = {k: v for k, v in op.kw.items() if k != "postgresql_concurrently"}
            else:
                holder.remove(op)
                last.append(op)
    prune(upgrade)
    upgrade.ops += last


def _require_used(review: ComparisonContext) -> None:
    """Raises UsageError for flags that answer nothing, as a misspelt name does."""
    unused = review.answers.unused()
    if unused:
        raise UsageError(
            f"{', '.join(unused)}: there is no question about "
            f"{'this' if len(unused) == 1 else 'these'}.",
            "Is a name misspelt? Without the flag, makemigrations shows what it finds.",
        )


def _reverse(upgrade: ops.UpgradeOps, downgrade: ops.DowngradeOps) -> None:
    """Have ``downgrade`` undo it; what a hook of the project put there by hand stays first."""
    by_hand = [op for op in downgrade.ops if _is_one_way(op)]
    undone = [op.reverse() for op in reversed(upgrade.ops) if not _is_one_way(op)]
    downgrade.ops[:] = [*by_hand, *undone]


def _is_one_way(op: ops.MigrateOperation) -> bool:
    return type(op).reverse is ops.MigrateOperation.reverse


def _tidy(downgrade: ops.DowngradeOps) -> None:
    """Leave out what a downgrade does to a column that it then drops."""
    dropped = {
        (op.schema, op.table_name, op.column_name)
        for _, op in flat(downgrade.ops)
        if isinstance(op, ops.DropColumnOp)
    }

    def stays(op: Any) -> bool:
        if isinstance(op, ops.AlterColumnOp):
            return (op.schema, op.table_name, op.column_name) not in dropped
        return not isinstance(op, FillNullsOp)

    prune(downgrade, stays)
