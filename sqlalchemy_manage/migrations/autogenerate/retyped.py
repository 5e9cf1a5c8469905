"""Columns that get another type: whether the rows survive it is asked before it is written.

What a value becomes depends on the database; it is looked at on the one that is connected,
and the revision stops on another whose rows it would lose without having said so.
"""

from __future__ import annotations

from typing import Any

from alembic.operations import ops

from ..operations.conversions.harm import Harm
from ..operations.conversions.kinds import name_of
from ..operations.conversions.look import Conversion
from ..questions import Option, Question, dotted, flag, quoted
from ..revisions.describe import flat
from .context import ComparisonContext
from .state import state_of
from .written_types import hidden_type


def resolve_retyped(review: ComparisonContext, operations: ops.UpgradeOps) -> None:
    """Ask about every change of a type that rows do not survive.

    What is answered with "allow" is declared in the revision; "keep" takes the change out.
    """
    for holder, op in list(flat(operations.ops)):
        if isinstance(op, ops.AlterColumnOp) and op.modify_type is not None:
            _complete(review, op)
            _settle(review, holder, op)


def _complete(review: ComparisonContext, op: ops.AlterColumnOp) -> None:
    """Let the revision say what the column was, not what this database keeps it as."""
    state, dialect = state_of(review.context), review.connection.dialect
    source = state.written_type(op.schema, op.table_name, op.column_name)
    written, there = hidden_type(source or "None"), op.existing_type
    known = written is not None and there is not None
    if known and name_of(written, dialect) == name_of(there, dialect):
        op.existing_type = written


def _settle(review: ComparisonContext, holder: list[Any], op: ops.AlterColumnOp) -> None:
    names = (op.schema, op.table_name, op.column_name)
    place = dotted(*names)
    allowed = review.answers.loss_allowed(place)
    harm = _harm(review, op)
    if harm is not None and harm.refused:
        review.notices.append(
            f"{harm} The revision stops there: fix it first, by hand or with an UPDATE in the "
            "revision before the change."
        )
    elif harm is not None and not allowed:
        answer = review.ask(_question(harm, *names))
        if answer.open:
            return
        allowed = answer.answer == "allow"
        if not allowed:
            op.modify_type = None
            if not op.has_changes():
                holder.remove(op)
    if allowed:
        review.losses.append(quoted(*names))


def _harm(review: ComparisonContext, op: ops.AlterColumnOp) -> Harm | None:
    if not review.rows_visible or op.existing_type is None:
        return None
    key, column = review.stored(op.schema, op.table_name, op.column_name)
    return Conversion(review.connection, *key, column, op.existing_type, op.modify_type).harm()


def _question(harm: Harm, schema: str | None, table: str, column: str) -> Question:
    return Question(
        "conversion",
        dotted(schema, table, column),
        f"{harm} What should happen?",
        (
            Option(
                "allow",
                "convert all the same",
                (flag("--allow-loss", quoted(schema, table, column)),),
            ),
            Option("keep", "keep the type that the column has", ()),
        ),
        "keep",
    )
