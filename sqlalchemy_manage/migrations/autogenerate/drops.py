"""Drops: nothing that the history did not make, and nothing that holds data without asking.

An object that another program owns is reported and left alone; a table or a column that
holds data is dropped only when somebody said so, knowing how much.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from ..questions import Key, Option, Question, dotted, flag, many, quoted
from ..revisions.describe import changes, flat, prune
from .context import ComparisonContext


def resolve_drops(review: ComparisonContext, operations: ops.UpgradeOps) -> None:
    """Remove forbidden drops from ``operations``, and ask about those that lose data."""
    leave_foreign(review, operations)
    tables = [op for op in operations.ops if isinstance(op, ops.DropTableOp)]
    created = [op for op in operations.ops if isinstance(op, ops.CreateTableOp)]
    unimported = review.unimported([op.table_name for op in tables]) if tables else []
    kept: set[Key] = set()
    for op in tables:
        key = (op.schema, op.table_name)
        models = [model for model in unimported if model.table == op.table_name]
        hints = [f"{model}." for model in models]
        if len(tables) == len(created) == 1:
            names = (quoted(*key), quoted(created[0].schema, created[0].table_name))
            hints.append(f"If it was renamed: {flag('--rename-table', '='.join(names))}")
        if not _table_may_go(review, key, hints, empty_may_go=not models):
            kept.add(key)
    dropped = {(op.schema, op.table_name) for op in tables}
    for holder, op in list(flat(operations.ops)):
        key = (getattr(op, "schema", None), str(getattr(op, "table_name", "")))
        if key in kept:
            # Its indexes and constraints stay with it.
            if isinstance(op, (ops.DropTableOp, ops.DropIndexOp, ops.DropConstraintOp)):
                holder.remove(op)
        elif getattr(op, "loses_data", False):
            # A column of values becomes a computed one.
            if not _column_may_go(review, key, op.column_name, computed=True):
                holder.remove(op)
        elif isinstance(op, ops.DropColumnOp) and key not in dropped:
            if not _column_may_go(review, key, op.column_name):
                holder.remove(op)
                _warn_of_inserts(review, key, op.to_column())
            elif not op.to_column().nullable and review.rows(*key) != 0:
                holder[holder.index(op)] = _back_without_values(review, key, op)
    prune(operations)
    review.losses = list(_losses(review, operations))


def _losses(review: ComparisonContext, operations: ops.UpgradeOps) -> Iterator[str]:
    """What may be dropped with its data, as the revision must declare it; empty things need not.

    The runner looks before each commit whether rows or links are lost: where the table
    holds some all the same, on another database, it stops.
    """
    for _, op in flat(operations.ops):
        key = (getattr(op, "schema", None), str(getattr(op, "table_name", "")))
        if isinstance(op, ops.DropTableOp):
            if dotted(*key) in review.answers.allow_drop or review.rows(*key) != 0:
                yield quoted(*key)
        elif isinstance(op, ops.DropColumnOp):
            column = op.column_name
            allowed = dotted(*key, column) in review.answers.allow_drop
            if allowed or review.values(*key, column) != 0:
                yield quoted(*key, column)


def leave_foreign(review: ComparisonContext, operations: ops.UpgradeOps) -> None:
    """Take out every drop of an object that the history did not create, with a notice.

    Where create_all may have created it, it is asked about, were it ever so empty.
    """
    drops = (ops.DropTableOp, ops.DropColumnOp, ops.DropIndexOp, ops.DropConstraintOp)
    found = [(holder, op) for holder, op in flat(operations.ops) if isinstance(op, drops)]
    if not found:
        return
    owned = review.owned()
    if owned.guess:
        review.notices.append(f"What this history created is a guess: {owned.guess}")
    made = {thing for _, op in flat(operations.ops) for thing in _made(op)}
    foreign = {
        (op.schema, op.table_name)
        for _, op in found
        if isinstance(op, ops.DropTableOp) and not review.surely_made(op.schema, op.table_name)
    }
    for holder, op in found:
        key = (op.schema, str(op.table_name))
        real = review.stored(*key)[0]
        if isinstance(op, ops.DropTableOp):
            mine = key not in foreign
        elif isinstance(op, ops.DropColumnOp):
            mine = review.surely_made(*key, op.column_name)
        elif isinstance(op, ops.DropIndexOp):
            mine = owned.index(*real, str(op.index_name))
            mine = mine or (*key, str(op.index_name)) in made
        else:
            name = op.constraint_name
            mine = name is None or owned.constraint(*real, str(name))
            mine = mine or (*key, str(name)) in made
        if not mine and owned.create_all:
            if isinstance(op, (ops.DropTableOp, ops.DropColumnOp)):
                review.doubtful.add(dotted(*key, getattr(op, "column_name", "")))
            elif key not in foreign and not (
                _takes_its_place(op, operations) or _part_may_go(review, key, op)
            ):
                holder.remove(op)
        elif not mine:
            # The notice answers a flag that would have it dropped.
            review.answers.drop_allowed(dotted(*key, getattr(op, "column_name", "")))
            holder.remove(op)
            if key not in foreign or isinstance(op, ops.DropTableOp):
                what = changes([op])[0].words.removeprefix("drop ")
                review.notices.append(
                    f"{what}: no revision of this history created it, and no model has it; "
                    "it is left alone."
                )
    for holder, op in [] if owned.create_all else list(flat(operations.ops)):
        if (getattr(op, "schema", None), str(getattr(op, "table_name", ""))) in foreign:
            holder.remove(op)
    prune(operations)


_DOUBT = (
    " No revision created it: create_all did, or another program (then name the table in "
    "UNMANAGED)."
)


def _takes_its_place(op: Any, operations: ops.UpgradeOps) -> bool:
    """Whether one of the same columns comes in the place of an index or constraint: a rename."""
    kind = ops.CreateIndexOp if isinstance(op, ops.DropIndexOp) else ops.AddConstraintOp

    def columns(found: Any) -> tuple[str, str, list[str]]:
        is_index = isinstance(found, (ops.DropIndexOp, ops.CreateIndexOp))
        item = found.to_index() if is_index else found.to_constraint()
        names = [getattr(column, "name", str(column)) for column in getattr(item, "columns", ())]
        return type(item).__name__, str(item.table.fullname), names

    here = columns(op)
    return bool(here[2]) and any(
        columns(other) == here for _, other in flat(operations.ops) if isinstance(other, kind)
    )


def _part_may_go(review: ComparisonContext, key: Key, op: Any) -> bool:
    """Whether an index or constraint of a table may go, which nobody knows to be the models'."""
    what = changes([op])[0].words.removeprefix("drop ")
    name = str(getattr(op, "index_name", None) or op.constraint_name)
    if review.answers.drop_allowed(dotted(*key, name)):
        return True
    text = f"No model has {what}.{_DOUBT} Drop it?"
    allowed = flag("--allow-drop", quoted(*key, name))
    return _may_go(review, "drop-part", dotted(*key, name), text, allowed)


_CONSTRAINTS = (
    ops.CreateUniqueConstraintOp,
    ops.CreateCheckConstraintOp,
    ops.CreatePrimaryKeyOp,
)


def _made(op: Any) -> Iterator[tuple[str | None, str, str]]:
    """What an operation creates: what is dropped and made again is the models' own."""
    if isinstance(op, ops.CreateIndexOp):
        yield op.schema, op.table_name, str(op.index_name)
    elif isinstance(op, ops.CreateForeignKeyOp):
        yield op.kw.get("source_schema"), op.source_table, str(op.constraint_name)
    elif isinstance(op, _CONSTRAINTS):
        yield op.schema, op.table_name, str(op.constraint_name)


def _table_may_go(
    review: ComparisonContext, key: Key, hints: list[str], *, empty_may_go: bool
) -> bool:
    name = dotted(*key)
    if review.answers.drop_allowed(name) or name in review.undecided:
        return True
    rows, doubt = review.rows(*key), _DOUBT if name in review.doubtful else ""
    if rows == 0 and empty_may_go and not doubt:
        return True
    holds = "its rows cannot be seen here" if rows is None else many(rows, "row")
    text = f"No model has the table {name} any more.{doubt} Drop it with its data ({holds})?"
    text = "\n".join([text, *hints])
    return _may_go(review, "drop-table", name, text, flag("--allow-drop", quoted(*key)))


def _column_may_go(
    review: ComparisonContext, key: Key, column: str, *, computed: bool = False
) -> bool:
    name = dotted(*key, column)
    if review.answers.drop_allowed(name) or name in review.undecided:
        return True
    rows = review.rows(*key)
    values = review.values(*key, column)
    doubt = _DOUBT.replace(" (then name the table in UNMANAGED)", "")
    doubt = doubt if name in review.doubtful else ""
    if values == 0 and not doubt:
        return True
    if rows is None or values is None:
        holds = "its rows cannot be seen here"
    else:
        holds = f"{many(values, 'value')} in {many(rows, 'row')}"
    text = f"No model has the column {name} any more.{doubt} Drop it with its data ({holds})?"
    if computed:
        text = f"The column {name} becomes computed. Replace its values ({holds})?"
    return _may_go(review, "drop-column", name, text, flag("--allow-drop", quoted(*key, column)))


def _warn_of_inserts(review: ComparisonContext, key: Key, kept: sa.Column[Any]) -> None:
    if not kept.nullable and kept.server_default is None:
        review.notices.append(
            f"{dotted(*key, kept.name)} is NOT NULL and has no default: the models, which leave it "
            "out, cannot insert rows until it is dropped."
        )


def _back_without_values(
    review: ComparisonContext, key: Key, op: ops.DropColumnOp
) -> ops.DropColumnOp:
    """The drop of a NOT NULL column, which a downgrade can only bring back nullable."""
    old = op.to_column()
    if old.primary_key or old.server_default is not None or old.computed is not None:
        return op
    column = sa.Column(old.name, old.type, nullable=True, comment=old.comment)
    review.notices.append(
        f"A downgrade adds {dotted(*key, old.name)} back empty, and therefore nullable."
    )
    return ops.DropColumnOp.from_column_and_tablename(key[0], key[1], column)


def _may_go(review: ComparisonContext, kind: str, name: str, text: str, allowed: str) -> bool:
    options = (Option("yes", "yes, drop it", (allowed,)), Option("no", "no, keep it", ()))
    answer = review.ask(Question(kind, name, text, options, "no"))
    # While it is open, the drop is what the models ask for: who only looks has to see it.
    if answer.answer == "yes" or answer.open:
        return True
    review.notices.append(f"{name} is kept in the database; the next makemigrations asks again.")
    return False
