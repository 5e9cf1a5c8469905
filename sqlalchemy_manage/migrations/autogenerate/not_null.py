"""NOT NULL columns on tables with rows: first decide what the rows get.

The column is added nullable, filled, and only then made NOT NULL: three steps that run on
every database, and leave the model's own definition, with no default it does not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from ...errors import UsageError
from ..operations.filling import FilledOp, FillNullsOp
from ..operations.values import parse_value
from ..questions import Key, Option, Question, dotted, flag, quoted
from ..revisions.describe import flat
from .context import ComparisonContext


def asks_for_value(review: ComparisonContext, key: Key, column: sa.Column[Any]) -> bool:
    """Whether adding ``column`` needs a value for the existing rows."""
    return (
        not column.nullable
        and column.server_default is None
        and column.computed is None
        and column.identity is None
        and not _constant_default(column)
        and review.rows(*key) != 0
    )


def _constant_default(column: sa.Column[Any]) -> bool:
    return column.default is not None and column.default.is_scalar


def resolve_not_null(review: ComparisonContext, operations: ops.UpgradeOps) -> None:
    """Change ``operations`` to run on tables with rows; asks what the flags leave open.

    Raises UsageError for a value that does not fit the column.
    """
    created = {
        (op.schema, op.table_name) for op in operations.ops if isinstance(op, ops.CreateTableOp)
    }
    for modify in list(operations.ops):
        if isinstance(modify, ops.ModifyTableOps):
            key = (modify.schema, modify.table_name)
            if key not in created:
                _settle_table(review, operations, modify, key)


def _settle_table(
    review: ComparisonContext, operations: ops.UpgradeOps, modify: ops.ModifyTableOps, key: Key
) -> None:
    first: list[Any] = []
    for holder, op in list(flat(modify.ops)):
        if isinstance(op, ops.AddColumnOp):
            first += _added(review, key, holder, op)
        elif isinstance(op, ops.AlterColumnOp) and op.modify_nullable is False:
            first += _altered(review, key, holder, op)
    if first:
        index = operations.ops.index(modify)
        operations.ops[index:index] = first


def _added(
    review: ComparisonContext, key: Key, holder: list[Any], op: ops.AddColumnOp
) -> Iterator[Any]:
    column = op.column
    if column.nullable or column.server_default is not None:
        return
    if column.computed is not None or column.identity is not None or column.primary_key:
        return
    rows = review.rows(*key)
    name = dotted(*key, column.name)
    if name in review.undecided:
        return
    if rows == 0 and not _told(review, name):
        review.notices.append(
            f"{dotted(*key)} is empty here, so {column.name} NOT NULL can be added. Where it has "
            f"rows the revision stops; {flag('--default', quoted(*key, column.name) + '=VALUE')} "
            "would fill them."
        )
        return
    fill = _fill(review, key, column, rows, f"The new column {name} is NOT NULL", adds=True)
    if fill is None:
        return
    index = holder.index(op)
    nullable = sa.Column(column.name, column.type, nullable=True, comment=column.comment)
    addition = ops.AddColumnOp(key[1], nullable, schema=key[0])
    if fill == "nullable":
        holder[index] = addition
        return
    holder[index] = FilledOp(
        key[1],
        column.name,
        schema=key[0],
        existing_type=column.type,
        existing_nullable=True,
        existing_comment=column.comment,
        modify_nullable=False,
    )
    # On SQLite outside of a batch: ADD COLUMN copies nothing.
    yield addition
    yield fill


def _altered(
    review: ComparisonContext, key: Key, holder: list[Any], op: ops.AlterColumnOp
) -> Iterator[Any]:
    column = review.tables[key].columns[op.column_name]
    name = dotted(*key, op.column_name)
    rows = review.rows(*key)
    values = review.values(*key, op.column_name)
    without = None if rows is None or values is None else rows - values
    if without == 0 and not _told(review, name):
        return
    fill = _fill(review, key, column, without, f"{name} becomes NOT NULL", adds=False)
    if fill == "nullable":
        op.modify_nullable = None
        if not op.has_changes():
            holder.remove(op)
    elif fill is not None:
        yield fill


def _told(review: ComparisonContext, name: str) -> bool:
    answers = review.answers
    return name in answers.defaults or name in answers.server_defaults or name in answers.nullable


def _fill(
    review: ComparisonContext,
    key: Key,
    column: sa.Column[Any],
    rows: int | None,
    title: str,
    *,
    adds: bool,
) -> Any:
    """The operation that fills the column, ``"nullable"``, or None while that is open."""
    name, answers = dotted(*key, column.name), review.answers
    answers.used |= {(f, name) for f in ("--default", "--server-default", "--nullable")}
    if name in answers.nullable:
        return "nullable"
    if name in answers.server_defaults:
        return FillNullsOp.of(key, column, sql=answers.server_defaults[name])
    if name in answers.defaults:
        value = parse_value(answers.defaults[name], column, name)
        _not_unique(key, column, rows, name, adds)
        return FillNullsOp.of(key, column, value=value)
    if _constant_default(column) and not is_unique(column):
        value = _stored(column, column.default.arg)  # type: ignore[union-attr]
        get = "gets" if rows == 1 else "get"
        review.notices.append(
            f"{_many(rows, key, adds)} {get} {value!r} in {column.name}, the model's default."
        )
        return FillNullsOp.of(key, column, value=value)
    answer = review.ask(_question(review, key, column, rows, title, adds))
    if review.open:
        return None
    if answer.answer == "value":
        value = parse_value(answer.value or "", column, name)
        _not_unique(key, column, rows, name, adds)
        return FillNullsOp.of(key, column, value=value)
    if answer.answer == "sql":
        return FillNullsOp.of(key, column, sql=answer.value)
    return "nullable"


def _many(rows: int | None, key: Key, adds: bool) -> str:
    if rows is None:
        return f"The rows of {dotted(*key)} (they cannot be seen here)"
    what = "row" if adds else "row without a value"
    return f"{rows:,} {what if rows == 1 else what.replace('row', 'rows')} of {dotted(*key)}"


def _question(
    review: ComparisonContext,
    key: Key,
    column: sa.Column[Any],
    rows: int | None,
    title: str,
    adds: bool,
) -> Question:
    place = quoted(*key, column.name)
    type_ = column.type.compile(review.connection.dialect)
    options = [
        Option("nullable", "allow NULL for now", (flag("--nullable", place),)),
    ]
    if not is_unique(column) or rows == 1:
        example = _example(column)
        options[:0] = [
            Option(
                "value",
                "a value, once",
                (flag("--default", f"{place}={example}"),),
                f"a Python literal for {type_}, such as {example}",
                check=lambda text: parse_value(text, column, dotted(*key, column.name)),
            ),
        ]
    options[-1:-1] = [
        Option(
            "sql",
            "an SQL expression, once",
            (flag("--server-default", f"{place}=EXPRESSION"),),
            "an SQL expression, such as CURRENT_TIMESTAMP or another column",
        )
    ]
    does = "What does" if rows == 1 else "What do"
    return Question(
        "required",
        dotted(*key, column.name),
        f"{title} ({type_}). {does} {_many(rows, key, adds).replace('The', 'the')} get?",
        tuple(options),
        "nullable",
    )


def _example(column: sa.Column[Any]) -> str:
    type_ = column.type
    if isinstance(type_, sa.Enum) and type_.enums:
        return f'"{type_.enums[0]}"'
    for kind, text in (
        (sa.Boolean, "False"),
        (sa.Numeric, "0"),
        (sa.Integer, "0"),
        (sa.DateTime, '"2026-01-31T09:00:00"'),
        (sa.Date, '"2026-01-31"'),
        (sa.Time, '"09:00:00"'),
        (sa.JSON, "{}"),
    ):
        if isinstance(type_, kind):
            return text
    return '""'


def _stored(column: sa.Column[Any], value: Any) -> Any:
    """A Python default as the database holds it; members of an Enum by their stored text."""
    if isinstance(column.type, sa.Enum):
        process = column.type.bind_processor(sa.create_mock_engine("sqlite://", print).dialect)
        return process(value) if process else value
    return value


def is_unique(column: sa.Column[Any]) -> bool:
    """Whether two rows may not have the same value in ``column``."""
    table = column.table
    alone: list[Any] = [
        *(c for c in table.constraints if isinstance(c, sa.UniqueConstraint)),
        *(i for i in table.indexes if i.unique),
    ]
    return any([c.name for c in item.columns] == [column.name] for item in alone)


def _not_unique(key: Key, column: sa.Column[Any], rows: int | None, name: str, adds: bool) -> None:
    if is_unique(column) and rows != 1:
        raise UsageError(
            f"--default {name}: the column is unique, so one value cannot fill "
            f"{_many(rows, key, adds).replace('The', 'the')}.",
            f"Allow NULL first, fill it row by row, then repeat: "
            f"{flag('--nullable', quoted(*key, column.name))}",
        )
