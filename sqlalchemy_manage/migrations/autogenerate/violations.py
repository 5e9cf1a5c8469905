"""Constraints that rows do not keep: told before the revision is written that adds one.

No answer lets the database take them, so nothing has to be answered where nobody can: the
revision is written, with a notice, and stops at a database whose rows were not corrected.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from ...sql.create_statements import database_of
from ...sql.raw import qualified, sql_of
from ...sql.tokens import words_of
from ..operations.enums.operations import AlterEnumOp, is_checked
from ..operations.enums.types import form_of
from ..operations.primary_key import ReplacePrimaryKeyOp
from ..operations.rules import primary_key, rule_of
from ..operations.violating_rows import Rule, StoredRows, ViolatingRows
from ..questions import Key, Option, Question, dotted
from ..revisions.describe import flat
from .context import ComparisonContext


def resolve_violations(review: ComparisonContext, operations: ops.UpgradeOps) -> None:
    """Tell of rows that a constraint of ``operations`` does not allow; on a terminal, ask.

    "leave" takes the constraint out of the revision.
    """
    if not review.rows_visible:
        return
    found = list(flat(operations.ops))
    created = {(op.schema, op.table_name) for _, op in found if isinstance(op, ops.CreateTableOp)}
    added: dict[Key, dict[str, sa.Column[Any]]] = {}
    for _, op in found:
        if isinstance(op, ops.AddColumnOp):
            added.setdefault((op.schema, op.table_name), {})[op.column.name] = op.column
    for holder, op in found:
        key = _table_of(op)
        if key is None or key in created:
            continue
        rule = _rule_of(op, review.connection.dialect)
        if rule is None or _mentions(rule, added.get(key, {}), review.connection.dialect):
            continue
        broken = _stored(review, key).violating(rule)
        if broken is not None and not _goes_on(review, broken):
            holder.remove(op)


def _table_of(op: Any) -> Key | None:
    if isinstance(op, ops.CreateForeignKeyOp):
        return op.kw.get("source_schema"), op.source_table
    table = getattr(op, "table_name", None)
    return (getattr(op, "schema", None), table) if table else None


def _stored(review: ComparisonContext, key: Key) -> StoredRows:
    (schema, table), _ = review.stored(*key)
    model = review.tables.get(key)
    names = {
        c.name: review.stored(*key, c.name)[1] for c in (model.columns if model is not None else ())
    }
    return StoredRows(review.connection, schema, table, names, key[1])


def _mentions(rule: Rule, added: dict[str, Any], dialect: sa.Dialect) -> bool:
    """Whether it is also of a column that comes with the revision, and is not filled yet."""
    text = " ".join((*rule.keys, rule.where, rule.condition))
    words = {word.name for word in words_of(text, database_of(dialect.name))}
    return bool(words & added.keys())


def _goes_on(review: ComparisonContext, broken: ViolatingRows) -> bool:
    """Whether the constraint stays in the revision."""
    rows = str(broken)
    rows += "" if rows.endswith("...") else "."
    stops = f"{rows} {broken.rule} cannot be added before they are corrected"
    if review.open:
        review.notices.append(
            f"{stops}: the revision stops there. Correct them first, by hand or with an UPDATE in "
            "the revision before it."
        )
        return True
    answer = review.ask(
        Question(
            "violation",
            dotted(broken.table, broken.rule.name),
            f"{stops}.",
            (
                Option("write", "write the revision as it is; it stops until they are corrected"),
                Option("leave", "leave it out of this revision"),
            ),
            "write",
        )
    )
    return bool(answer.answer == "write")


def _rule_of(op: Any, dialect: sa.Dialect) -> Rule | None:
    """What ``op`` wants of the rows that there are; None where it is no constraint."""
    if isinstance(op, ReplacePrimaryKeyOp):
        if not op.columns or op.columns == op.old:
            return None
        return primary_key(dialect, op.name or "", op.columns)
    if isinstance(op, AlterEnumOp):
        return _of_enum(op, dialect)
    if isinstance(op, ops.CreateIndexOp):
        return rule_of(op.to_index(), dialect)
    if isinstance(op, ops.AddConstraintOp):
        return rule_of(op.to_constraint(), dialect)
    return None


def _of_enum(op: AlterEnumOp, dialect: sa.Dialect) -> Rule | None:
    """The values of an Enum, where it was none, or had no CHECK; what else goes is asked for."""
    known = op.old_values and is_checked(op.type_) == is_checked(op.existing_type)
    if known or not op.new_values or form_of(op.type_, dialect).array:
        return None
    column = qualified(dialect, op.column_name)
    text = f"{column}::text" if dialect.name == "postgresql" else column
    values = [*op.new_values, *op.rename_values]
    listed = ", ".join(sql_of(sa.literal(value, sa.String()), dialect) for value in values)
    name = f"of the values of {dotted(op.table_name, op.column_name)}"
    return Rule("CHECK", name, columns=(op.column_name,), condition=f"{text} IN ({listed})")
